//! Strings of which the contract says more than that they are strings.

use std::fmt;

use lookback_domain::Misnamed;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

use super::describe::formatted;
use super::{Describe, Loc, Problems, Read, Value, email};

/// A string with a rule of its own. It is a string where it is read and written.
macro_rules! constrained {
    ($($(#[doc = $doc:literal])+ $name:ident => $schema:expr, $check:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                let text = String::read(value, loc, problems)?;
                let broken: fn(&str) -> Option<Broken> = $check;
                let Some(broken) = broken(&text) else { return Some(Self(text)) };
                problems.add_with(broken.kind, loc, broken.message, value, broken.ctx);
                None
            }
        }

        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }
    )+};
}

/// How a string breaks its rule.
struct Broken {
    kind: &'static str,
    message: String,
    ctx: (&'static str, serde_json::Value),
}

constrained! {
    /// What an organisation or a team is called.
    Name => ObjectBuilder::new().schema_type(Type::String).pattern(Some(lookback_domain::Name::PATTERN)).build(), name;
    /// What another system calls a team.
    IntegrationTeamId => ObjectBuilder::new().schema_type(Type::String).max_length(Some(lookback_domain::IntegrationTeamId::CHARACTERS_MAX)).build(),
        integration_id;
    /// An e-mail address.
    Email => formatted("email"), |text| email::check(text).err().map(|reason| Broken {
        kind: "value_error",
        message: format!("value is not a valid email address: {reason}"),
        ctx: ("reason", reason.into()),
    });
}

fn name(text: &str) -> Option<Broken> {
    text.parse::<lookback_domain::Name>().err()?;
    let pattern = lookback_domain::Name::PATTERN;
    let message = format!("String should match pattern '{pattern}'");
    Some(Broken { kind: "string_pattern_mismatch", message, ctx: ("pattern", pattern.into()) })
}

/// That it cannot be stored is no rule of the contract's; the routes say so where they store it.
fn integration_id(text: &str) -> Option<Broken> {
    match text.parse::<lookback_domain::IntegrationTeamId>() {
        Err(Misnamed::TooLong { max, .. }) => {
            let message = format!("String should have at most {max} characters");
            Some(Broken { kind: "string_too_long", message, ctx: ("max_length", max.into()) })
        }
        _ => None,
    }
}

/// An address on the web.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WebUrl(pub String);

const URL_MAX: usize = 2_083;

impl Read for WebUrl {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::String(text) = value else {
            problems.add("url_type", loc, "URL input should be a string or URL", value);
            return None;
        };
        // The reference says characters and counts bytes.
        if text.len() > URL_MAX {
            let message = format!("URL should have at most {URL_MAX} characters");
            problems.add_with("url_too_long", loc, message, value, ("max_length", URL_MAX));
            return None;
        }
        let parsed = if text.is_empty() {
            Err("input is empty".to_owned())
        } else {
            url::Url::parse(text).map_err(|error| error.to_string())
        };
        match parsed {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Some(Self(text.clone())),
            Ok(_) => {
                let schemes = "'http' or 'https'";
                let message = format!("URL scheme should be {schemes}");
                problems.add_with("url_scheme", loc, message, value, ("expected_schemes", schemes));
                None
            }
            Err(reason) => {
                let message = format!("Input should be a valid URL, {reason}");
                problems.add_with("url_parsing", loc, message, value, ("error", reason));
                None
            }
        }
    }
}

impl Describe for WebUrl {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uri".to_owned())))
            .min_length(Some(1))
            .max_length(Some(URL_MAX))
            .build()
            .into()
    }
}

/// A string that does not print itself. It is written only where it is sealed next.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Read for Secret {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        String::read(value, loc, problems).map(Self)
    }
}

impl Describe for Secret {
    fn schema() -> RefOr<Schema> {
        String::schema()
    }
}

/// One fixed word.
macro_rules! constant {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($word)
            }
        }

        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                constant_schema($word)
            }
        }
    )+};
}

constant! {
    /// `org_member`.
    OrgMember = "org_member";
    /// `removed_org_member`.
    RemovedOrgMember = "removed_org_member";
    /// `vital_staff`.
    VitalStaff = "vital_staff";
    /// `management_key`.
    ManagementKeyWord = "management_key";
}

/// The schema of one fixed word.
pub fn constant_schema(word: &'static str) -> RefOr<Schema> {
    // The library has no field for it; an extension is written out as it stands.
    let constant = Extensions::from_iter([("const", word)]);
    ObjectBuilder::new().schema_type(Type::String).extensions(Some(constant)).build().into()
}
