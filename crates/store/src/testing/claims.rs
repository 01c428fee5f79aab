//! What every store does, one claim a function. Each is given an empty store.

// A claim takes the store as `check` hands it out, also where it needs no more than a reference.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used, reason = "these are tests, in a library")]

pub mod audit;
pub mod concurrency;
pub mod credential;
pub mod key;
pub mod moving;
pub mod org;
pub mod preference;
pub mod team;

/// The ids that an operation found unknown, or what it did instead.
fn unknown_teams<T: std::fmt::Debug>(answer: crate::Result<T>) -> Vec<lookback_domain::TeamId> {
    match answer {
        Err(crate::Error::UnknownTeams(teams)) => teams,
        other => panic!("expected unknown teams, got {other:?}"),
    }
}

/// Panics unless the answer is this error.
macro_rules! refused {
    ($answer:expr, $($error:tt)+) => {{
        let answer = $answer;
        let expected = stringify!($($error)+);
        assert!(matches!(answer.as_ref().err(), Some(error) if matches!(error, $($error)+)), "expected {expected}, got {answer:?}");
    }};
}
use refused;
