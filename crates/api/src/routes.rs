//! The list of routes.

mod docs;
mod health;
pub mod team_data_pull_preferences;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::layers::{Admission, Metrics, admit, linger, observe, panicked};
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
    let methods = from_fn_with_state(Arc::new(methods(&document)), only_described_methods);
    let api = api.method_not_allowed_fallback(|| async { Error::MethodNotAllowed }).route_layer(methods);
    let mut operations = health::probes();
    if with_metrics {
        operations = operations.merge(health::metrics(metrics.clone()));
    }
    // A server that turns requests away still lives, and still says so.
    let routes = admitted(api.merge(docs::routes(document)), &app).merge(admitted(operations, &app));
    guarded(routes, app, metrics)
}

/// `/metrics` and the probes, for a listener of their own.
pub fn metrics_router(app: App, metrics: Metrics) -> Router {
    let routes = health::probes().merge(health::metrics(metrics.clone()));
    guarded(admitted(routes, &app), app, metrics)
}

/// `routes` with bounds of their own on how many requests are worked on and for how long.
fn admitted(routes: Router<App>, app: &App) -> Router<App> {
    routes.layer(from_fn_with_state(Admission::new(&app.limits), admit))
}

/// `routes` behind the layers that every request passes through.
fn guarded(routes: Router<App>, app: App, metrics: Metrics) -> Router {
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(metrics, observe))
        .layer(from_fn_with_state(app.limits.body_time_max, linger))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked));
    routes
        .fallback(|| async { Error::no_route() })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(layers)
        .with_state(app)
}

/// What `Allow` says, by path.
type Methods = HashMap<String, HeaderValue>;

fn methods(document: &OpenApi) -> Methods {
    let allowed = |item: &PathItem| {
        let methods = [("GET", &item.get), ("POST", &item.post), ("DELETE", &item.delete)];
        let described = methods.iter().filter(|(_, operation)| operation.is_some()).map(|&(name, _)| name);
        described.collect::<Vec<_>>().join(", ")
    };
    let paths = document.paths.paths.iter();
    paths.filter_map(|(path, item)| Some((path.clone(), allowed(item).try_into().ok()?))).collect()
}

/// The framework answers `HEAD` wherever it answers `GET`, and says so in `Allow`; the reference does neither.
async fn only_described_methods(
    State(methods): State<Arc<Methods>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut response =
        if is_head { Error::MethodNotAllowed.into_response() } else { next.run(request).await };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().extend(methods.get(path.as_str()).map(|allowed| (ALLOW, allowed.clone())));
    }
    response
}
