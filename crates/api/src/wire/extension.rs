//! A field of Lookback's own in a schema of the contract.

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::{Describe, Loc, Problems, Read, Value};

/// A field that Lookback reads and the contract does not have. The schema, which stays the contract's, does not
/// show it; the operation's description does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Extension<T>(pub T);

impl<T: Read> Read for Extension<T> {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        T::read(value, loc, problems).map(Self)
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self)
    }
}

impl<T: Describe> Describe for Extension<T> {
    const OPTIONAL: bool = true;
    const HIDDEN: bool = true;

    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}
