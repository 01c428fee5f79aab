//! Fields that may be null, or left out, or both; each in the way the contract has it.

use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::{Components, Describe, Loc, Problems, Read, Value};

/// A field of an answer that is always there and may be null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Describe> Describe for Nullable<T> {
    fn schema() -> RefOr<Schema> {
        Option::<T>::schema()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}

/// A field of an answer that the contract lets be left out, though it never is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Optional<T>(pub T);

impl<T: Describe> Describe for Optional<T> {
    const OPTIONAL: bool = true;

    fn schema() -> RefOr<Schema> {
        T::schema()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}

/// A field of a change: to leave it out is not to make it null.
#[derive(Debug, Clone, PartialEq)]
pub enum Given<T> {
    /// Left out.
    Nothing,
    /// Null.
    Null,
    /// A value.
    Value(T),
}

impl<T> Given<T> {
    /// What to change, if anything: to a value or to nothing.
    pub fn change(self) -> Option<Option<T>> {
        match self {
            Self::Nothing => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl<T: Read> Read for Given<T> {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let given = Option::<T>::read(value, loc, problems)?;
        Some(given.map_or(Self::Null, Self::Value))
    }

    fn absent() -> Option<Self> {
        Some(Self::Nothing)
    }
}

impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<T: Describe> Describe for Given<T> {
    const OPTIONAL: bool = true;

    fn schema() -> RefOr<Schema> {
        Option::<T>::schema()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}
