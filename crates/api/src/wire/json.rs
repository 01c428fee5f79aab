//! Reading a body as JSON, whatever its content type says.
//!
//! The parser is the one pydantic itself uses. What Python's would take and the wire does not (other
//! encodings than UTF-8, NaN, infinities, lone surrogates, bottomless nesting) is refused as not JSON.

use indexmap::IndexMap;
use jiter::{Jiter, JiterError, NumberAny, NumberInt, Peek};
use num_bigint::BigInt;
use thiserror::Error;

use super::Value;

/// How many arrays and objects may stand inside each other.
const DEPTH_MAX: usize = 128;

/// The mark that some editors put before UTF-8. One is taken, as Python takes it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut reader = Reader(Jiter::new(json));
    reader
        .document()
        .map_err(|fault| InvalidJson { position: fault.position + body.len() - json.len(), ..fault })
}

/// Reads values one by one, refusing what the wire refuses where it stands.
struct Reader<'a>(Jiter<'a>);

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, InvalidJson> {
        let first = self.0.peek()?;
        let value = self.value(first, DEPTH_MAX)?;
        self.0.finish()?;
        Ok(value)
    }

    /// The value that begins with `first`. `depth_left` is how many containers may still be entered.
    fn value(&mut self, first: Peek, depth_left: usize) -> Result<Value, InvalidJson> {
        Ok(match first {
            Peek::Null => {
                self.0.known_null()?;
                Value::Null
            }
            Peek::True | Peek::False => Value::Bool(self.0.known_bool(first)?),
            Peek::String => Value::String(self.0.known_str()?.to_owned()),
            Peek::Array => self.list(self.enter(depth_left)?)?,
            Peek::Object => self.map(self.enter(depth_left)?)?,
            number => self.number(number)?,
        })
    }

    fn enter(&self, depth_left: usize) -> Result<usize, InvalidJson> {
        depth_left.checked_sub(1).ok_or_else(|| InvalidJson {
            position: self.0.current_index(),
            reason: "arrays and objects are nested too deeply".to_owned(),
        })
    }

    fn number(&mut self, first: Peek) -> Result<Value, InvalidJson> {
        let position = self.0.current_index();
        match self.0.known_number(first)? {
            NumberAny::Int(NumberInt::Int(value)) => Ok(Value::Integer(BigInt::from(value))),
            NumberAny::Int(NumberInt::BigInt(value)) => Ok(Value::Integer(value)),
            NumberAny::Float(value) if value.is_finite() => Ok(Value::Float(value)),
            NumberAny::Float(_) => Err(InvalidJson { position, reason: "a number is too large".to_owned() }),
        }
    }

    fn list(&mut self, depth_left: usize) -> Result<Value, InvalidJson> {
        let mut items = Vec::new();
        let mut next = self.0.known_array()?;
        while let Some(first) = next {
            items.push(self.value(first, depth_left)?);
            next = self.0.array_step()?;
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, depth_left: usize) -> Result<Value, InvalidJson> {
        let mut entries = IndexMap::new();
        let mut next = self.0.known_object()?.map(str::to_owned);
        while let Some(key) = next {
            let first = self.0.peek()?;
            entries.insert(key, self.value(first, depth_left)?);
            next = self.0.next_key()?.map(str::to_owned);
        }
        Ok(Value::Map(entries))
    }
}

impl From<JiterError> for InvalidJson {
    fn from(error: JiterError) -> Self {
        Self { position: error.index, reason: error.error_type.to_string() }
    }
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
    }

    #[test]
    fn a_fault_is_placed_where_it_is() {
        let position = |body: &[u8]| parse(body).unwrap_err().position;
        assert_eq!(position(b"[\"ok\", \"\xff\"]"), 8);
        assert_eq!(position(b"{\"a\": [1, 1e400]}"), 10);
        assert_eq!(position("[".repeat(200).as_bytes()), 128);
        assert_eq!(position(b"[1, oops]"), 4);
        assert_eq!(position(b"\xef\xbb\xbf[1, oops]"), 7, "the mark is a part of the body");
        assert_eq!(position(b"[1] 2"), 4);
    }
}
