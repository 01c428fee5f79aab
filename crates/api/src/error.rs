//! Everything that is answered instead of a success.
//!
//! Use the variant that says what the client can do about it. What went wrong inside goes to the log, never
//! into the answer: [`Error::Unavailable`], [`Error::OutcomeUnknown`] and [`Error::Internal`] say nothing of their
//! cause.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lookback_domain::TeamId;
use lookback_store as store;
use serde::Serialize;

use crate::routes::team::IntegrationTeamIDConflictResponse;
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
    /// 403: what the key's role never allows, in its own organisation.
    Role,
    /// 404: the text names what is not there.
    NotFound(String),
    /// 405: another method would do.
    MethodNotAllowed,
    /// 408: the client took too long to send its body.
    SlowBody,
    /// 409: it does not go together with what is there; the text says with what.
    Conflict(String),
    /// 409 with a body of its own: this team has the integration's id already.
    IntegrationTeamIdTaken(TeamId),
    /// 413: the body is larger than [`crate::BODY_BYTES_MAX`].
    TooLarge,
    /// 422: these things are wrong with the request.
    Invalid(Vec<Problem>),
    /// 429: too many wrong keys came from this address; another may be tried in so many seconds.
    Guessing(u64),
    /// 500: a fault of ours.
    Internal,
    /// 503: the store cannot work at the moment.
    Unavailable,
    /// 503: the store was lost while it committed. What was asked for has happened, or nothing of it.
    OutcomeUnknown,
    /// 503: it would store a secret, and there is no key to encrypt it with.
    NoMasterKey,
    /// 503: as many requests are worked on as may be.
    Busy,
    /// 503: the request took longer than it may. What it asked for may still happen.
    TooSlow,
}

/// Seconds after which a request that was answered 503 is worth repeating.
const RETRY_AFTER_SECONDS: u64 = 1;

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
            Self::Forbidden | Self::Role => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict(_) | Self::IntegrationTeamIdTaken(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Guessing(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::OutcomeUnknown | Self::NoMasterKey | Self::Busy | Self::TooSlow => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn detail(self) -> String {
        match self {
            Self::Unreadable => "The request could not be read to its end.".to_owned(),
            Self::Unauthorized(why) => why.to_owned(),
            Self::Forbidden => "This management key cannot manage this organisation.".to_owned(),
            Self::Role => "The role of this management key does not allow this.".to_owned(),
            Self::NotFound(what) | Self::Conflict(what) => what,
            Self::MethodNotAllowed => "This method is not supported here; see the Allow header.".to_owned(),
            Self::SlowBody => "The body did not arrive in time.".to_owned(),
            Self::TooLarge => format!("The body is larger than {} bytes.", crate::BODY_BYTES_MAX),
            Self::Guessing(_) => {
                "Too many wrong management keys came from this address; a valid one is still accepted.".to_owned()
            }
            Self::Internal => "Something went wrong on our side; the log has the details.".to_owned(),
            Self::Unavailable => {
                "The storage is unavailable at the moment; repeat the request later.".to_owned()
            }
            Self::OutcomeUnknown => {
                "The storage was lost before it said whether this was done, so the outcome is \
                 unknown; the request can be repeated without harm, a creation if it has an Idempotency-Key."
                    .to_owned()
            }
            Self::NoMasterKey => {
                "The server has no master key to encrypt secrets with; whoever runs it has to set LOOKBACK_MASTER_KEY."
                    .to_owned()
            }
            Self::Busy => "The server is busy; repeat the request later.".to_owned(),
            Self::TooSlow => {
                "The request took too long and its outcome is unknown; it can be repeated without harm, \
                 a creation if it has an Idempotency-Key."
                    .to_owned()
            }
            Self::Invalid(_) | Self::IntegrationTeamIdTaken(_) => unreachable!("it has a body of its own"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let retry_after_seconds = match self {
            Self::Guessing(seconds) => Some(seconds),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
            _ => None,
        };
        let mut response = match self {
            Self::IntegrationTeamIdTaken(team_id) => {
                (status, Json(IntegrationTeamIDConflictResponse { team_id })).into_response()
            }
            Self::Invalid(detail) => (status, Json(Invalid { detail })).into_response(),
            other => (status, Json(Refusal { detail: other.detail() })).into_response(),
        };
        let challenge = (status == StatusCode::UNAUTHORIZED)
            .then_some((header::WWW_AUTHENTICATE, HeaderValue::from_static("ManagementKey")));
        let wait = retry_after_seconds.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds)));
        response.headers_mut().extend(challenge.into_iter().chain(wait));
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
            store::Error::UnknownKey(id) => {
                Self::NotFound(format!("No such management key in this organisation: {id}."))
            }
            store::Error::UnknownCredential(id) => Self::NotFound(format!(
                "No such OAuth application in this organisation, environment and region: {id}."
            )),
            // The key was good when the request began; its organisation is gone since.
            store::Error::UnknownOrg(_) => Self::Forbidden,
            store::Error::IntegrationTeamIdTaken(team) => Self::IntegrationTeamIdTaken(team),
            store::Error::LastAdmin => Self::Conflict(
                "This is the last org_admin key of the organisation; make another one first.".to_owned(),
            ),
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
