//! Reading a body as JSON, whatever its content type says.
//!
//! The parser is the one pydantic itself uses. What Python's would take and the wire does not (other
//! encodings than UTF-8, NaN, infinities, lone surrogates, bottomless nesting) is refused as not JSON.

use indexmap::IndexMap;
use jiter::JsonValue;
use num_bigint::BigInt;
use thiserror::Error;

use super::Value;

/// How many arrays and objects may stand inside each other.
const DEPTH_MAX: usize = 128;

/// A body that is not JSON, with the byte near which the fault lies.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidJson {
    /// Bytes before the fault.
    pub position: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a whole body.
pub fn parse(body: &[u8]) -> Result<Value, InvalidJson> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(InvalidJson {
            position: error.valid_up_to(),
            reason: "the body is not UTF-8".to_owned(),
        });
    }
    // One byte order mark is taken, as Python takes it.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json = JsonValue::parse(body, false)
        .map_err(|error| InvalidJson { position: error.index, reason: error.error_type.to_string() })?;
    convert(&json, DEPTH_MAX).map_err(|reason| InvalidJson { position: 0, reason: reason.to_owned() })
}

/// Takes a parsed value over, refusing what the wire refuses. `depth_left` is how many containers may still be
/// entered.
fn convert(json: &JsonValue<'_>, depth_left: usize) -> Result<Value, &'static str> {
    let inside = || depth_left.checked_sub(1).ok_or("arrays and objects are nested too deeply");
    Ok(match json {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(value) => Value::Bool(*value),
        JsonValue::Int(value) => Value::Integer(BigInt::from(*value)),
        JsonValue::BigInt(value) => Value::Integer(value.clone()),
        JsonValue::Float(value) if value.is_finite() => Value::Float(*value),
        JsonValue::Float(_) => return Err("a number is too large"),
        JsonValue::Str(text) => Value::String(text.clone().into_owned()),
        JsonValue::Array(items) => {
            let depth_left = inside()?;
            Value::List(items.iter().map(|item| convert(item, depth_left)).collect::<Result<_, _>>()?)
        }
        JsonValue::Object(entries) => {
            let depth_left = inside()?;
            let mut map = IndexMap::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                map.insert(key.clone().into_owned(), convert(value, depth_left)?);
            }
            Value::Map(map)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_repeated_key_the_last_value_counts_at_the_first_ones_place() {
        let value = parse(br#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn integers_of_any_size_are_echoed_as_they_came() {
        let text = format!("[-0, 9223372036854775808, 1{}]", "0".repeat(100));
        let value = parse(text.as_bytes()).unwrap();
        let echoed = format!("[0,9223372036854775808,1{}]", "0".repeat(100));
        assert_eq!(serde_json::to_string(&value).unwrap(), echoed);
    }

    #[test]
    fn nesting_ends_at_128() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(128).as_bytes()).is_ok());
        assert!(parse(nested(129).as_bytes()).is_err());
        assert!(parse(nested(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn what_only_python_takes_for_json_is_refused() {
        let digits = |count: usize| "9".repeat(count);
        assert!(parse(digits(4_300).as_bytes()).is_ok());
        for body in [
            "NaN",
            "Infinity",
            "-Infinity",
            "1e400",
            "-1e400",
            r#""\ud800""#,
            &digits(4_301),
            "\u{feff}\u{feff}1",
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body:.20}");
        }
        assert_eq!(parse(b"[\"ok\", \"\xff\"]").unwrap_err().position, 8);
    }
}
