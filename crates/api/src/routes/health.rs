//! `/healthz`, `/readyz`, `/metrics`: for whoever runs the server.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header;
use serde_json::{Value, json};

use crate::layers::Metrics;
use crate::{App, Error};

/// Whether the process lives, and whether it can work.
pub fn probes() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/readyz", get(ready))
}

/// The numbers, for Prometheus.
pub fn metrics(metrics: Metrics) -> Router<App> {
    Router::new().route("/metrics", get(move || async move { encode(&metrics) }))
}

async fn ready(State(app): State<App>) -> Result<Json<Value>, Error> {
    app.store.ready().await?;
    Ok(Json(json!({ "status": "ready" })))
}

fn encode(metrics: &Metrics) -> Result<Response, Error> {
    const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.encode() {
        Ok(text) => Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response()),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            Err(Error::Internal)
        }
    }
}
