//! What is the same in many answers is written once.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::{Components, Describe};

/// A `T` that is JSON already.
#[derive(Debug, Clone)]
pub struct Written<T> {
    json: Cow<'static, RawValue>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Written<T> {
    /// Writes `value`, which has to be one that JSON can express.
    pub fn new(value: &T) -> Self {
        let json = to_raw_value(value).expect("an answer has text keys only");
        Self { json: Cow::Owned(json), of: PhantomData }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        self.json.get().len()
    }

    /// The same text, shared.
    pub fn shared(&'static self) -> Self {
        Self { json: Cow::Borrowed(&self.json), of: PhantomData }
    }
}

impl<T> PartialEq for Written<T> {
    fn eq(&self, other: &Self) -> bool {
        self.json.get() == other.json.get()
    }
}

impl<T> Serialize for Written<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<T: Describe> Describe for Written<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}
