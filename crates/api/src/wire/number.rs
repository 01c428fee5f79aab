//! Numbers with a fraction.

use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::{Describe, Loc, Problems, Read, Value};

/// A number, read as leniently as a whole one. Its range is checked later, by the rules of the domain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

impl Number {
    /// As it is echoed in an error.
    pub fn to_value(self) -> Value {
        Value::Float(self.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl Describe for Number {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Number).build().into()
    }
}

impl Read for Number {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let number = match value {
            Value::Integer(number) => number.to_string().parse().ok(),
            Value::Bool(bit) => Some(f64::from(u8::from(*bit))),
            Value::Float(number) => Some(*number),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::List(_) | Value::Map(_) => {
                problems.add("float_type", loc, "Input should be a valid number", value);
                return None;
            }
        };
        match number.filter(|number: &f64| number.is_finite()) {
            Some(number) => Some(Self(number)),
            None => {
                let said = "Input should be a valid number, unable to parse string as a number";
                problems.add("float_parsing", loc, said, value);
                None
            }
        }
    }
}
