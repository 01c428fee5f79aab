//! `Idempotency-Key`: creating something once, however often the request is sent.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lookback_store::{Created, Once};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::wire::{Loc, Problems, Value};
use crate::{App, Caller, Error};

/// The header, as it is written in answers.
const HEADER: &str = "Idempotency-Key";
/// Characters of a token.
const LENGTH_MAX: usize = 255;

/// The token that a request carries, if any.
#[derive(Debug)]
pub struct Token(Vec<Vec<u8>>);

impl FromRequestParts<App> for Token {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(HEADER).iter().map(|value| value.as_bytes().to_vec()).collect()))
    }
}

impl Token {
    /// What makes the creation happen once: `operation` and `asked` are all that decides what is created. A token
    /// that is none goes to `problems`.
    pub fn once(
        self,
        caller: &Caller,
        operation: &'static str,
        asked: impl Serialize,
        problems: &mut Problems,
    ) -> Option<Once> {
        let token = match &self.0[..] {
            [] => return None,
            [token] => String::from_utf8_lossy(token).into_owned(),
            _ => {
                wrong("send one Idempotency-Key", &Value::Null, problems);
                return None;
            }
        };
        if !(1..=LENGTH_MAX).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let said = format!("an Idempotency-Key has 1 to {LENGTH_MAX} visible characters of ASCII");
            wrong(&said, &Value::String(token), problems);
            return None;
        }
        // Written as it came: a number of it may be larger than what else JSON is kept as can hold.
        let asked = serde_json::to_string(&(operation, asked)).expect("what was asked has text keys only");
        Some(Once { key_id: caller.key_id(), token, fingerprint: Sha256::digest(asked).into() })
    }
}

/// What was created, now or by the first request with the token. `conflict` says what to tell where it cannot be
/// shown again.
pub fn created<T>(created: Created<T>, conflict: impl FnOnce(Uuid) -> String) -> Result<T, Error> {
    match created {
        Created::Done(one) | Created::Replay(one) => Ok(one),
        Created::Conflict(id) => Err(Error::Conflict(conflict(id))),
        Created::Mismatch => {
            let mut problems = Problems::default();
            let said = "this Idempotency-Key came with another request; choose a new one for a new request";
            wrong(said, &Value::Null, &mut problems);
            Err(Error::Invalid(problems.into_vec()))
        }
    }
}

fn wrong(said: &str, input: &Value, problems: &mut Problems) {
    problems.add("value_error", &Loc::root("header").key(HEADER), said, input);
}
