//! An answer for every client, whatever it says about encodings.
//!
//! Where a client rules out every encoding there is, the layer that compresses would say 406, and only once the request
//! has been worked on. The answer as it is, is of more use.

use axum::extract::Request;
use http::{HeaderValue, header};

/// What a client takes in any case. The first that is said of an encoding counts.
const PLAIN: HeaderValue = HeaderValue::from_static("identity;q=0.001");

/// `request`, of a client that takes an answer as it is rather than none.
pub(crate) fn plain(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let accepted: Vec<_> = headers.get_all(header::ACCEPT_ENCODING).iter().cloned().collect();
    if !accepted.is_empty() {
        headers.insert(header::ACCEPT_ENCODING, PLAIN);
    }
    for value in accepted {
        headers.append(header::ACCEPT_ENCODING, value);
    }
    request
}
