//! Yes and no, read as leniently as pydantic reads them.

use super::{Loc, Problems, Read, Value};

const TRUE: [&str; 6] = ["1", "on", "t", "true", "y", "yes"];
const FALSE: [&str; 6] = ["0", "off", "f", "false", "n", "no"];

impl Read for bool {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let is_one_of = |words: &[&str], text: &str| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        let number = match value {
            Value::Bool(bit) => return Some(*bit),
            Value::String(text) if is_one_of(&TRUE, text) => return Some(true),
            Value::String(text) if is_one_of(&FALSE, text) => return Some(false),
            Value::Integer(number) => i64::try_from(number).ok(),
            Value::Float(number) => whole(*number),
            _ => None,
        };
        match number {
            Some(1) => return Some(true),
            Some(0) => return Some(false),
            _ => {}
        }
        if number.is_some() || matches!(value, Value::String(_)) {
            let message = "Input should be a valid boolean, unable to interpret input";
            problems.add("bool_parsing", loc, message, value);
        } else {
            problems.add("bool_type", loc, "Input should be a valid boolean", value);
        }
        None
    }
}

/// A number with a fraction or an exponent that is whole and small enough to be looked at.
fn whole(number: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range of the type")]
    (number % 1.0 == 0.0 && number.abs() < BOUND).then_some(number as i64)
}
