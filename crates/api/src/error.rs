//! Everything that is answered instead of a success.
//!
//! Use the variant that says what the client can do about it. What went wrong inside goes to the log, never
//! into the answer: [`Error::Unavailable`], [`Error::OutcomeUnknown`] and [`Error::Internal`] say nothing of their
//! cause.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lookback_store as store;
use serde::Serialize;

use crate::wire::{Problem, Problems, model};

/// Why a request was not answered with what it asked for.
#[derive(Debug)]
pub enum Error {
    /// 400: the request broke off or could not be read.
    Unreadable,
    /// 401: the credentials are missing or no good; the text says why.
    Unauthorized(&'static str),
    /// 403: not this key's organisation. One text, whether that organisation exists or not.
    Forbidden,
    /// 404: the text names what is not there.
    NotFound(String),
    /// 405: another method would do.
    MethodNotAllowed,
    /// 408: the client took too long to send its body.
    SlowBody,
    /// 413: the body is larger than [`crate::BODY_BYTES_MAX`].
    TooLarge,
    /// 422: these things are wrong with the request.
    Invalid(Vec<Problem>),
    /// 500: a fault of ours.
    Internal,
    /// 503: the store cannot work at the moment.
    Unavailable,
    /// 503: the store was lost while it committed. What was asked for has happened, or nothing of it.
    OutcomeUnknown,
    /// 503: as many requests are worked on as may be.
    Busy,
    /// 503: the request took longer than it may. What it asked for may still happen.
    TooSlow,
}

/// Seconds after which a request that was answered 503 is worth repeating.
const RETRY_AFTER_SECONDS: u16 = 1;

model! {
    /// The body of every refusal but a 422.
    pub struct Refusal {
        /// What happened and what to do, for people.
        pub detail: String,
    }
}

/// The body of a 422.
#[derive(Serialize)]
struct Invalid {
    detail: Vec<Problem>,
}

impl Error {
    /// The 404 of a path that leads nowhere.
    pub fn no_route() -> Self {
        Self::NotFound("There is nothing at this path; /docs lists what there is.".to_owned())
    }

    /// A 422 where there are problems.
    pub fn check(problems: Problems) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::Invalid(problems.into_vec())) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::OutcomeUnknown | Self::Busy | Self::TooSlow => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn detail(self) -> String {
        match self {
            Self::Unreadable => "The request could not be read to its end.".to_owned(),
            Self::Unauthorized(why) => why.to_owned(),
            Self::Forbidden => "This management key cannot manage this organisation.".to_owned(),
            Self::NotFound(what) => what,
            Self::MethodNotAllowed => "This method is not supported here; see the Allow header.".to_owned(),
            Self::SlowBody => "The body did not arrive in time.".to_owned(),
            Self::TooLarge => format!("The body is larger than {} bytes.", crate::BODY_BYTES_MAX),
            Self::Internal => "Something went wrong on our side; the log has the details.".to_owned(),
            Self::Unavailable => {
                "The storage is unavailable at the moment; repeat the request later.".to_owned()
            }
            Self::OutcomeUnknown => {
                "The storage was lost before it said whether this was done, so the outcome is \
                 unknown; the request can be repeated without harm."
                    .to_owned()
            }
            Self::Busy => "The server is busy; repeat the request later.".to_owned(),
            Self::TooSlow => {
                "The request took too long and its outcome is unknown; it can be repeated without harm."
                    .to_owned()
            }
            Self::Invalid(_) => unreachable!("a 422 has a list of problems"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = match self {
            Self::Invalid(detail) => (status, Json(Invalid { detail })).into_response(),
            other => (status, Json(Refusal { detail: other.detail() })).into_response(),
        };
        let header = match status {
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("ManagementKey")))
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                Some((header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS)))
            }
            _ => None,
        };
        response.headers_mut().extend(header);
        response
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::UnknownTeams(teams) => {
                let teams: Vec<_> = teams.iter().map(ToString::to_string).collect();
                Self::NotFound(format!("No such team in this organisation and region: {}.", teams.join(", ")))
            }
            store::Error::Unavailable(source) => {
                tracing::error!(error = &*source as &dyn std::error::Error, "the store is unavailable");
                Self::Unavailable
            }
            store::Error::OutcomeUnknown(source) => {
                tracing::error!(
                    error = &*source as &dyn std::error::Error,
                    "the outcome of a write is unknown"
                );
                Self::OutcomeUnknown
            }
            unexpected => {
                tracing::error!(
                    error = &unexpected as &dyn std::error::Error,
                    "unexpected answer of the store"
                );
                Self::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_outcome_says_so_and_when_to_repeat() {
        let error = Error::from(store::Error::OutcomeUnknown(std::sync::Arc::from(Box::from("cut off"))));
        let answer = error.into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
        let text = Error::OutcomeUnknown.detail();
        assert!(text.contains("outcome is unknown") && text.contains("repeated without harm"), "{text}");
    }
}
