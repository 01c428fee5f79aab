//! `/openapi.json`, and `/docs`: a page to read it and to try a call, which needs nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::{App, Error};

/// The routes that describe the others.
pub fn routes(document: &OpenApi) -> Router<App> {
    let document = Bytes::from(serde_json::to_vec(document).expect("the document has text keys only"));
    let document = ([(header::CONTENT_TYPE, "application/json")], document);
    // Anywhere but on a loopback address the page would otherwise send the document to its maker's validator.
    let config = Arc::new(Config::from("/openapi.json").validator_url("none"));
    Router::new()
        .route("/openapi.json", get(async move || document.clone()))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(page).with_state((config.clone(), "index.html".to_owned())))
        .route("/docs/{file}", get(file).with_state(config))
}

async fn page(State((config, file)): State<(Arc<Config<'static>>, String)>) -> Result<Response, Error> {
    serve(&file, config)
}

async fn file(
    State(config): State<Arc<Config<'static>>>,
    file: Result<Path<String>, PathRejection>,
) -> Result<Response, Error> {
    // A name that is not UTF-8 is no file's name.
    let Path(file) = file.map_err(|_| Error::no_route())?;
    serve(&file, config)
}

fn serve(file: &str, config: Arc<Config<'static>>) -> Result<Response, Error> {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(file)) => Ok(([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response()),
        Ok(None) => Err(Error::no_route()),
        Err(error) => {
            tracing::error!(%error, "the documentation page cannot be made");
            Err(Error::Internal)
        }
    }
}
