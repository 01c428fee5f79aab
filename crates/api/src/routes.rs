//! The list of routes.

pub mod audit_log;
pub mod cursor;
mod docs;
mod health;
pub mod management_key;
pub mod org;
pub mod team;
pub mod team_custom_credentials;
pub mod team_data_pull_preferences;

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod replay;

use axum::Router;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::layers::{Admission, AroundLayer, Described, Metrics, linger, panicked, plain};
use crate::openapi::base;
use crate::{App, Error};

/// The management API: its routes and the document that describes them.
fn api() -> OpenApiRouter<App> {
    use management_key as key;
    use team_custom_credentials as credentials;
    use team_data_pull_preferences as preferences;
    OpenApiRouter::with_openapi(base())
        .routes(routes!(org::get::get, org::patch::patch))
        .routes(routes!(team::list::list, team::create::create))
        .routes(routes!(team::get::get, team::patch::patch, team::delete::delete))
        .routes(routes!(team::resolve::resolve))
        .routes(routes!(key::list::list, key::create::create))
        .routes(routes!(key::patch::patch, key::delete::delete))
        .routes(routes!(key::lifetime::lifetime))
        .routes(routes!(credentials::get::get, credentials::post::upsert, credentials::delete::delete))
        .routes(routes!(credentials::quota::get, credentials::quota::put, credentials::quota::delete))
        .routes(routes!(preferences::get::get, preferences::post::upsert, preferences::delete::delete))
        .routes(routes!(preferences::resolve::resolve))
        .routes(routes!(preferences::forecast::forecast))
        .routes(routes!(audit_log::list))
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    api().into_openapi()
}

/// Every route, over one store; `/metrics` too where it has no listener of its own.
pub fn router(app: App, metrics: Metrics, with_metrics: bool) -> Router {
    let (api, document) = api().split_for_parts();
    let (admission, described) = (Admission::new(&app.limits), Described::by(&document));
    let api = guarded(api, &app, metrics.clone(), Some(admission.clone()), Some(described));
    let docs = docs::routes(&document);
    let docs = guarded(docs, &app, metrics.clone(), Some(admission.of_constants()), None);
    let mut operations = health::probes();
    if with_metrics {
        operations = operations.merge(health::metrics(metrics.clone()));
    }
    // A server that turns requests away still lives, and still says so.
    let operations = guarded(operations, &app, metrics.clone(), Some(Admission::new(&app.limits)), None);
    or_nothing(api.merge(docs).merge(operations), app, metrics)
}

/// `/metrics` and the probes, for a listener of their own.
pub fn metrics_router(app: App, metrics: Metrics) -> Router {
    let routes = health::probes().merge(health::metrics(metrics.clone()));
    let routes = guarded(routes, &app, metrics.clone(), Some(Admission::new(&app.limits)), None);
    or_nothing(routes, app, metrics)
}

/// `routes`, and a 404 everywhere else.
fn or_nothing(routes: Router<App>, app: App, metrics: Metrics) -> Router {
    let nothing = Router::new().fallback(|| async { Error::no_route() });
    guarded(nothing, &app, metrics, None, None).merge(routes).with_state(app)
}

/// `routes` behind the layers that a request passes through. They are laid around each route once: every time would cost
/// each request another copy of all that is below.
fn guarded(
    routes: Router<App>,
    app: &App,
    metrics: Metrics,
    admission: Option<Admission>,
    described: Option<Described>,
) -> Router<App> {
    let body_time_max = app.limits.body_time_max;
    let layers = ServiceBuilder::new()
        .layer(AroundLayer(metrics))
        .map_request(move |request| linger(request, body_time_max))
        .map_request(plain)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(AroundLayer(admission))
        .layer(AroundLayer(described));
    routes.method_not_allowed_fallback(|| async { Error::MethodNotAllowed }).layer(layers)
}
