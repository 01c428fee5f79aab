//! Only the methods that the document describes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use utoipa::openapi::{OpenApi, PathItem};

use super::around::Around;
use crate::Error;

/// The framework answers `HEAD` wherever it answers `GET`, and says so in `Allow`; the reference does neither.
#[derive(Debug, Clone)]
pub(crate) struct Described(
    /// What `Allow` says, by path.
    Arc<HashMap<String, HeaderValue>>,
);

impl Described {
    /// The methods of this document.
    pub(crate) fn by(document: &OpenApi) -> Self {
        let allowed = |item: &PathItem| {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let described =
                methods.iter().filter(|(_, operation)| operation.is_some()).map(|&(name, _)| name);
            described.collect::<Vec<_>>().join(", ")
        };
        let paths = document.paths.paths.iter();
        Self(Arc::new(
            paths.filter_map(|(path, item)| Some((path.clone(), allowed(item).try_into().ok()?))).collect(),
        ))
    }
}

impl Described {
    fn not_allowed(&self, path: Option<&MatchedPath>) -> Response {
        let mut response = Error::MethodNotAllowed.into_response();
        let allowed = path.and_then(|path| self.0.get(path.as_str()));
        response.headers_mut().extend(allowed.map(|allowed| (ALLOW, allowed.clone())));
        response
    }
}

impl Around for Described {
    type Begun = (Self, Option<MatchedPath>);

    fn begin(&self, request: &mut Request) -> Result<Self::Begun, Box<Response>> {
        let path = request.extensions().get::<MatchedPath>();
        if request.method() == Method::HEAD {
            Err(Box::new(self.not_allowed(path)))
        } else {
            Ok((self.clone(), path.cloned()))
        }
    }

    async fn end((described, path): Self::Begun, answer: impl Future<Output = Response> + Send) -> Response {
        let answer = answer.await;
        if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
            described.not_allowed(path.as_ref())
        } else {
            answer
        }
    }
}
