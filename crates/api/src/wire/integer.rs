//! Whole numbers of any size, read as leniently as pydantic reads them.

use num_bigint::BigInt;
use serde::{Serialize, Serializer};

use super::{Loc, Problems, Read, Value};

/// A whole number of any size. Its range is checked later, by the rules of the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integer(pub BigInt);

impl Integer {
    /// The number, or the nearest that fits.
    pub fn saturating(&self) -> i64 {
        let bound = if self.0.sign() == num_bigint::Sign::Minus { i64::MIN } else { i64::MAX };
        i64::try_from(&self.0).unwrap_or(bound)
    }

    /// As it is echoed in an error.
    pub fn to_value(&self) -> Value {
        Value::Integer(self.0.clone())
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

const SIZE: Refusal = Refusal {
    kind: "int_parsing_size",
    message: "Unable to parse input string as an integer, exceeded maximum size",
};

const PARSING: Refusal = Refusal {
    kind: "int_parsing",
    message: "Input should be a valid integer, unable to parse string as an integer",
};

const FRACTION: Refusal = Refusal {
    kind: "int_from_float",
    message: "Input should be a valid integer, got a number with a fractional part",
};

const TYPE: Refusal = Refusal { kind: "int_type", message: "Input should be a valid integer" };

/// Digits in a string beyond which it is not read as a number.
const DIGITS_MAX: usize = 4_300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    kind: &'static str,
    message: &'static str,
}

impl Read for Integer {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let read = match value {
            Value::Integer(number) => Ok(number.clone()),
            Value::Bool(bit) => Ok(i64::from(*bit).into()),
            Value::Float(number) => from_float(*number),
            Value::String(text) => from_text(text),
            Value::Null | Value::List(_) | Value::Map(_) => Err(TYPE),
        };
        match read {
            Ok(number) => Some(Self(number)),
            Err(Refusal { kind, message }) => {
                problems.add(kind, loc, message, value);
                None
            }
        }
    }
}

/// A number with a fraction or an exponent: it has to be whole, and its size below 2⁶³.
fn from_float(number: f64) -> Result<BigInt, Refusal> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if number % 1.0 != 0.0 {
        Err(FRACTION)
    } else if -BOUND < number && number < BOUND {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the range of the type")]
        Ok(BigInt::from(number as i64))
    } else {
        Err(SIZE)
    }
}

/// A string: a number as JSON writes it or, failing that, one that is it after some tidying up.
fn from_text(text: &str) -> Result<BigInt, Refusal> {
    match from_json(text) {
        Err(PARSING) => tidied(text).and_then(|tidy| from_json(&tidy).ok()).ok_or(PARSING),
        decided => decided,
    }
}

/// An integer as JSON writes it: no plus sign, no leading zeros.
fn from_json(text: &str) -> Result<BigInt, Refusal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = unsigned.len() - rest.len();
    let leading_zero = unsigned.starts_with('0') && unsigned.len() > 1;
    if digits == 0 || leading_zero {
        Err(PARSING)
    } else if digits > DIGITS_MAX {
        Err(SIZE)
    } else if rest.is_empty() {
        text.parse().map_err(|_| PARSING)
    } else {
        Err(PARSING)
    }
}

/// `text` without surrounding white space, plus sign, leading zeros, a fraction of zeros and underscores between
/// digits; `None` where that changes nothing or cannot lead to a number.
fn tidied(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let unsigned = match trimmed.strip_prefix('+') {
        Some(rest) if rest.starts_with('-') => return None,
        Some(rest) => rest,
        None => trimmed,
    };
    let (sign, digits) = match unsigned.strip_prefix('-') {
        Some(rest) if rest.starts_with(['-', '+']) => return None,
        Some(rest) => ("-", rest),
        None => ("", unsigned),
    };
    let digits = without_leading_zeros(digits)?;
    let whole = match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => whole,
        _ => digits,
    };
    let grouped =
        whole.contains('_') && !whole.starts_with('_') && !whole.ends_with('_') && !whole.contains("__");
    if grouped {
        return Some(format!("{sign}{}", whole.replace('_', "")));
    }
    (sign.len() + whole.len() != text.len()).then(|| format!("{sign}{whole}"))
}

/// `digits` from the first that counts; underscores among leading zeros go with them.
fn without_leading_zeros(digits: &str) -> Option<&str> {
    match digits.bytes().next()? {
        b'1'..=b'9' | b'-' => return Some(digits),
        b'0' => {}
        _ => return None,
    }
    match digits.bytes().enumerate().skip(1).find(|(_, byte)| !matches!(byte, b'0' | b'_')) {
        Some((at, b'1'..=b'9' | b'-')) => Some(&digits[at..]),
        Some((at, b'.')) => Some(&digits[at - 1..]),
        Some(_) => None,
        None => Some(&digits[digits.len() - 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_as_leniently_as_the_reference_reads_them() {
        for (text, number) in [
            ("120", 120),
            (" 120 ", 120),
            ("+5", 5),
            ("007", 7),
            ("-00", 0),
            ("1_000", 1000),
            ("1.00", 1),
            ("00.0", 0),
            ("1_0.0", 10),
            ("0__1", 1),
            (" -1_0.00 ", -10),
            ("\u{a0}7\u{85}", 7),
        ] {
            assert_eq!(from_text(text), Ok(number.into()), "{text}");
        }
        for text in [
            "",
            " ",
            "1.",
            ".0",
            "1.50",
            "1e2",
            "0x10",
            "1__0",
            "_1",
            "1_",
            "0_",
            "1.0_0",
            "+-5",
            "--5",
            "+ 5",
            "- 5",
            "+_1",
            "١٢",
            "\u{feff}1",
        ] {
            assert_eq!(from_text(text), Err(PARSING), "{text}");
        }
    }

    #[test]
    fn a_string_of_more_than_4300_digits_is_too_long() {
        let nines = "9".repeat(4_300);
        assert!(from_text(&nines).is_ok());
        assert_eq!(from_text(&format!("{nines}9")), Err(SIZE));
        assert_eq!(from_text(&format!("-{nines}9!")), Err(SIZE));
        assert_eq!(from_text(&format!("+{nines}9")), Err(PARSING));
        assert_eq!(from_text(&format!("{}7", "0".repeat(4_301))), Ok(7.into()));
    }

    #[test]
    fn a_float_has_to_be_whole_and_below_2_to_the_63() {
        assert_eq!(from_float(120.0), Ok(120.into()));
        assert_eq!(from_float(-0.0), Ok(0.into()));
        assert_eq!(from_float(1.5), Err(FRACTION));
        assert_eq!(from_float(1e19), Err(SIZE));
        assert_eq!(from_float(-9_223_372_036_854_775_808.0), Err(SIZE));
    }
}
