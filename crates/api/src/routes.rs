//! The list of routes.

mod docs;
pub mod team_data_pull_preferences;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::Method;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::base;
use crate::{App, Error};

/// The management API: its routes and the document that describes them.
fn api() -> OpenApiRouter<App> {
    use team_data_pull_preferences::{delete, get, post, resolve};
    OpenApiRouter::with_openapi(base())
        .routes(routes!(get::get, post::upsert, delete::delete))
        .routes(routes!(resolve::resolve))
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}

/// Every route, over one store.
pub fn router(app: App) -> Router {
    let (api, document) = api().split_for_parts();
    api.route_layer(from_fn(refuse_head))
        .merge(docs::routes(document))
        .fallback(|| async { Error::no_route() })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .with_state(app)
}

/// The framework answers `HEAD` wherever it answers `GET`; the reference does not.
async fn refuse_head(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    if is_head { Error::MethodNotAllowed.into_response() } else { next.run(request).await }
}
