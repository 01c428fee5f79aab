//! The OpenAPI document: made of the routes' own declarations, and served.

use std::collections::BTreeMap;

use lookback_domain::{Basis, Catalog, Environment, History, Provider};
use utoipa::IntoResponses;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, RefOr,
    Response, ResponseBuilder, Server,
};

use crate::error::Refusal;
use crate::wire::{Components, CredentialFilter, Describe, Problem};

const ABOUT: &str = "Decides how far back wearable and health data is pulled when a person connects a device account. \
                     Operations tagged *Extensions* are Lookback's own.";

/// Which of the catalog's figures nobody has published.
fn assumed() -> String {
    // A catalog that cannot be read keeps the program from starting, so this is never what a client sees.
    let Ok(catalog) = Catalog::bundled() else { return String::new() };
    let figure = |&provider: &Provider| {
        let History { default, limit, .. } = &catalog.rule(provider).history;
        let what = match (default.basis, limit.basis) {
            (Basis::Documented, Basis::Documented) => return None,
            (Basis::Documented, _) => format!("limit {}", limit.days),
            _ => format!("default {}, limit {}", default.days, limit.days),
        };
        Some(format!("`{provider}` ({what})"))
    };
    let figures: Vec<_> = Provider::CONFIGURABLE.iter().filter_map(figure).collect();
    format!(
        "Days of history that are assumed, since no document states them: {}. All others are documented.",
        figures.join(", ")
    )
}

/// The document without its operations.
pub fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Lookback")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(format!("{ABOUT}\n\n{}", assumed())))
        .build();
    // What parameters and refusals refer to; the operations bring the rest.
    let mut schemas = Components::new();
    Environment::components(&mut schemas);
    CredentialFilter::components(&mut schemas);
    Problem::components(&mut schemas);
    Refusal::components(&mut schemas);
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Management-Key")));
    let components =
        ComponentsBuilder::new().schemas_from_iter(schemas).security_scheme("ManagementKey", key);
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new("ManagementKey", Vec::<String>::new())]))
        .build()
}

/// What any operation may answer besides its success.
pub struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals = [
            ("400", "The request broke off", Refusal::schema()),
            ("401", "The management key is missing or not valid", Refusal::schema()),
            (
                "403",
                "The management key cannot manage this organisation, or its role does not allow this",
                Refusal::schema(),
            ),
            ("404", "What is named is not there", Refusal::schema()),
            ("405", "Another method would do; `Allow` says which", Refusal::schema()),
            ("408", "The body did not arrive in time", Refusal::schema()),
            ("413", "The body is too large", Refusal::schema()),
            ("422", "Validation Error", Problem::schema()),
            (
                "429",
                "Too many wrong management keys came from this address; `Retry-After` says when to try another",
                Refusal::schema(),
            ),
            ("500", "A fault of the server", Refusal::schema()),
            (
                "503",
                "The server is busy or its storage unavailable; repeat the request later",
                Refusal::schema(),
            ),
        ];
        let described = refusals.into_iter().map(|(status, description, schema)| {
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let mut response =
                ResponseBuilder::new().description(description).content("application/json", content);
            if ["429", "503"].contains(&status) {
                response = response.header("Retry-After", retry_after());
            }
            (status.to_owned(), response.build().into())
        });
        described.collect()
    }
}

/// The header that goes with every 429 and 503.
fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    let about = "Seconds after which the request is worth repeating";
    HeaderBuilder::new().schema(Some(seconds)).description(Some(about)).build()
}
