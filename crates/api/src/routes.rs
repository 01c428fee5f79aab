//! The list of routes.

mod docs;
mod health;
pub mod team_data_pull_preferences;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use http::{HeaderValue, Method, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::layers::{Admission, Metrics, admit, observe, panicked};
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

/// Every route, over one store; `/metrics` too where it has no listener of its own.
pub fn router(app: App, metrics: Metrics, with_metrics: bool) -> Router {
    let (api, document) = api().split_for_parts();
    let mut routes = api.merge(docs::routes(document)).merge(health::probes());
    if with_metrics {
        routes = routes.merge(health::metrics(metrics.clone()));
    }
    guarded(routes, app, metrics)
}

/// `/metrics` and the probes, for a listener of their own.
pub fn metrics_router(app: App, metrics: Metrics) -> Router {
    guarded(health::probes().merge(health::metrics(metrics.clone())), app, metrics)
}

/// `routes` behind the layers that every request passes through.
fn guarded(routes: Router<App>, app: App, metrics: Metrics) -> Router {
    let admission = Admission::new(&app.limits);
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(metrics, observe))
        .layer(CompressionLayer::new())
        .layer(from_fn(no_head))
        .layer(from_fn_with_state(admission, admit))
        .layer(CatchPanicLayer::custom(panicked));
    routes
        .fallback(|| async { Error::no_route() })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(layers)
        .with_state(app)
}

/// The framework answers `HEAD` wherever it answers `GET`; the reference does not for the API's own routes.
async fn no_head(mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/v1/") {
        return next.run(request).await;
    }
    if request.method() == Method::HEAD {
        // A method that no route has is answered as one that is not allowed.
        *request.method_mut() = Method::TRACE;
    }
    let mut response = next.run(request).await;
    if let Some(Ok(allow)) = response.headers().get(header::ALLOW).map(HeaderValue::to_str) {
        let allow = allow.split(',').filter(|method| *method != "HEAD").collect::<Vec<_>>().join(", ");
        response.headers_mut().extend(HeaderValue::try_from(allow).ok().map(|allow| (header::ALLOW, allow)));
    }
    response
}
