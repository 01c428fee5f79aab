//! Taking a request apart and checking it against its declared schema.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, MatchedPath, Request};
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use crate::layers::Place;
use crate::wire::{Loc, Params, Problems, Read, Value, parse_json};
use crate::{App, BODY_BYTES_MAX, Error};

/// A request whose path, query and body are as declared.
///
/// Everything that is wrong is answered at once: errors of the path first, then of the query, then of the body.
/// A body that is not JSON is answered alone, and one that is too large before anything is looked at.
#[derive(Debug)]
pub struct Valid<P, Q = (), B = NoBody> {
    /// The path's parameters.
    pub path: P,
    /// The query's parameters.
    pub query: Q,
    /// The body.
    pub body: B,
}

/// Of a request whose body does not matter.
#[derive(Debug)]
pub struct NoBody;

/// What a body can be declared as.
pub trait FromBody: Sized {
    /// Whether the body is looked at.
    const WANTED: bool = true;

    /// Fields whose values are never repeated in an error.
    const SECRETS: &'static [&'static str] = &[];

    /// Reads the body; an empty one comes in as `None`.
    fn read(body: Option<&Value>, problems: &mut Problems) -> Option<Self>;
}

impl FromBody for NoBody {
    const WANTED: bool = false;

    fn read(_: Option<&Value>, _: &mut Problems) -> Option<Self> {
        Some(Self)
    }
}

impl<T: Read> FromBody for T {
    const SECRETS: &'static [&'static str] = T::SECRETS;

    fn read(body: Option<&Value>, problems: &mut Problems) -> Option<Self> {
        let loc = Loc::root("body");
        let Some(body) = body else {
            problems.add("missing", &loc, "Field required", &Value::Null);
            return None;
        };
        T::read(body, &loc, problems)
    }
}

impl<P: Params, Q: Params, B: FromBody> FromRequest<App> for Valid<P, Q, B> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let matched = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let path = path_params(matched, &parts.uri).ok_or_else(Error::no_route)?;
        let body = if B::WANTED { read_json(&parts, body, app.limits.body_time_max).await? } else { None };
        let query: Vec<_> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();

        let mut problems = Problems::default();
        let path = P::read(&path, &Loc::root("path"), &mut problems);
        let query = Q::read(&query, &Loc::root("query"), &mut problems);
        let body = B::read(body.as_ref(), &mut problems);
        match (path, query, body) {
            (Some(path), Some(query), Some(body)) if problems.is_empty() => Ok(Self { path, query, body }),
            _ => {
                problems.redact(B::SECRETS);
                Err(Error::Invalid(problems.into_vec()))
            }
        }
    }
}

/// The body as JSON; `None` where it is empty.
async fn read_json(parts: &Parts, body: Body, time_max: Duration) -> Result<Option<Value>, Error> {
    let reading = timeout(time_max, read(&parts.headers, body));
    let read = match parts.extensions.get::<Place>() {
        Some(place) => place.wait(reading).await?,
        None => reading.await,
    };
    let bytes = read.map_err(|_| Error::SlowBody)??;
    if let Some(place) = parts.extensions.get::<Place>() {
        // What was sent is answered, and written more widely at worst. Where an answer is larger the handler says so.
        place.room.reserve(2 * bytes.len())?;
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    parse_json(&bytes).map(Some).map_err(|error| {
        let mut problems = Problems::default();
        let empty = Value::Map(Default::default());
        let loc = Loc::root("body");
        let loc = loc.index(error.position);
        problems.add_with("json_invalid", &loc, "JSON decode error", &empty, ("error", error.reason));
        Error::Invalid(problems.into_vec())
    })
}

/// The bytes of a body, up to [`BODY_BYTES_MAX`].
async fn read(headers: &HeaderMap, mut body: Body) -> Result<Vec<u8>, Error> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut bytes = Vec::new();
    let mut too_large = announced.is_some_and(|length| length > BODY_BYTES_MAX as u64);
    while !too_large && let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| Error::Unreadable)?.into_data().unwrap_or_default();
        too_large = bytes.len() + data.len() > BODY_BYTES_MAX;
        bytes.extend_from_slice(&data);
    }
    if too_large { Err(Error::TooLarge) } else { Ok(bytes) }
}

/// The parameters of a path, decoded; `None` where a decoded slash means that it is another path.
fn path_params(matched: &str, uri: &Uri) -> Option<Vec<(String, String)>> {
    let names = matched.split('/').map(|name| name.strip_prefix('{')?.strip_suffix('}'));
    let values = uri.path().split('/');
    let params = names.zip(values).filter_map(|(name, value)| {
        Some((name?.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned()))
    });
    let params: Vec<_> = params.collect();
    params.iter().all(|(_, value)| !value.contains('/')).then_some(params)
}
