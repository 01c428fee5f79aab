//! The OpenAPI schema of what goes over the wire, exactly as the contract writes it.

use jiff::{Timestamp, civil::Date};
use lookback_domain::{
    Advice, CredentialId, Days, Environment, KeyId, OAuthApplication, OrgId, Provider, Region, Resource,
    Role, Source, Step, TeamId,
};
use lookback_engine::forecast::Certainty;
use serde::Serialize;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{AnyOf, Array, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use uuid::Uuid;

use super::{Integer, choice_schema};

/// Named schemas, collected while an operation is described.
pub type Components = Vec<(String, RefOr<Schema>)>;

/// A type whose schema is known.
pub trait Describe {
    /// The schema where the type is used: written inline, or a reference to a named one.
    fn schema() -> RefOr<Schema>;

    /// Adds the named schemas that [`Describe::schema`] leads to.
    fn components(into: &mut Components) {
        let _ = into;
    }

    /// Whether a field of this type may be left out.
    const OPTIONAL: bool = false;

    /// Whether a field of this type is Lookback's own and left out of the schema, which stays the contract's.
    const HIDDEN: bool = false;
}

/// A reference to a named schema.
pub fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// `schema` as that of the field `name`: the contract gives each inline schema a title in words, and the field's
/// documentation becomes its description.
pub fn field(schema: RefOr<Schema>, name: &str, documentation: &str) -> RefOr<Schema> {
    let documentation = documentation.to_owned();
    let (title, description) =
        (Some(title(name)), Some(documentation.clone()).filter(|text| !text.is_empty()));
    let mut schema = schema;
    match &mut schema {
        RefOr::T(Schema::Object(object)) => (object.title, object.description) = (title, description),
        RefOr::T(Schema::Array(array)) => (array.title, array.description) = (title, description),
        RefOr::T(Schema::AnyOf(any)) => {
            any.description = description;
            // A named schema that may be null keeps its own title. For the others the library has no field; an
            // extension is written out as it stands.
            let is_named =
                any.items.len() == 2 && matches!(any.items[0], RefOr::Ref(_)) && is_null(&any.items[1]);
            any.extensions =
                title.filter(|_| !is_named).map(|title| Extensions::from_iter([("title", title)]));
        }
        RefOr::Ref(reference) => reference.description = documentation,
        RefOr::T(_) => {}
    }
    schema
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::new(Type::Null))
}

/// `schema` with the value that a field has where it is left out.
pub fn with_default(mut schema: RefOr<Schema>, default: impl Serialize) -> RefOr<Schema> {
    let default = serde_json::to_value(default).ok();
    match &mut schema {
        RefOr::T(Schema::Object(object)) => object.default = default,
        RefOr::T(Schema::Array(array)) => array.default = default,
        RefOr::T(Schema::AnyOf(any)) => any.default = default,
        _ => {}
    }
    schema
}

/// The name of a field on the wire, also where it is a word of the language.
pub fn field_name(identifier: &'static str) -> &'static str {
    identifier.strip_prefix("r#").unwrap_or(identifier)
}

/// The lines of a documentation comment as one text.
pub fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// `historical_days_to_pull` as `Historical Days To Pull`.
fn title(name: &str) -> String {
    let capitalised = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('_').map(capitalised).collect::<Vec<_>>().join(" ")
}

fn plain(of: Type, format: Option<SchemaFormat>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(of).format(format).build().into()
}

pub(super) fn formatted(format: &str) -> RefOr<Schema> {
    plain(Type::String, Some(SchemaFormat::Custom(format.to_owned())))
}

fn choice<T: Copy + Into<&'static str>>(members: &[T]) -> RefOr<Schema> {
    choice_schema(members.iter().map(|&member| member.into())).into()
}

/// Types that are written inline.
macro_rules! inline {
    ($($name:ty => $schema:expr,)+) => {$(
        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }
    )+};
}

inline! {
    Integer => plain(Type::Integer, None),
    u64 => plain(Type::Integer, None),
    bool => plain(Type::Boolean, None),
    Days => plain(Type::Integer, None),
    String => plain(Type::String, None),
    OrgId => formatted("uuid"),
    TeamId => formatted("uuid"),
    CredentialId => formatted("uuid"),
    KeyId => formatted("uuid"),
    Uuid => formatted("uuid"),
    Timestamp => formatted("date-time"),
    Date => formatted("date"),
    Region => choice(Region::ALL),
    Role => choice(Role::ALL),
    OAuthApplication => choice(OAuthApplication::ALL),
    Source => choice(Source::ALL),
    Step => choice(Step::ALL),
    Advice => choice(Advice::ALL),
    Certainty => choice(Certainty::ALL),
}

/// Enums that are named and referred to, with the title the contract gives them.
macro_rules! named {
    ($($name:ty => $component:literal, $title:literal;)+) => {$(
        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                reference($component)
            }

            fn components(into: &mut Components) {
                let slugs = Self::ALL.iter().map(|member| member.as_str());
                let mut schema = choice_schema(slugs);
                schema.title = Some($title.to_owned());
                into.push(($component.to_owned(), schema.into()));
            }
        }
    )+};
}

named! {
    Environment => "Env", "Env";
    Resource => "Resource", "ClientFacingResource";
    Provider => "Providers", "Providers";
}

impl<T: Describe> Describe for Vec<T> {
    fn schema() -> RefOr<Schema> {
        Schema::Array(Array::new(T::schema())).into()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}

impl<T: Describe> Describe for Option<T> {
    const OPTIONAL: bool = true;

    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(SchemaType::new(Type::Null)).build();
        let mut any = match T::schema() {
            RefOr::T(Schema::AnyOf(members)) => members,
            one => {
                let mut any = AnyOf::new();
                any.items = vec![one];
                any
            }
        };
        any.items.push(null.into());
        Schema::AnyOf(any).into()
    }

    fn components(into: &mut Components) {
        T::components(into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_name_in_words() {
        assert_eq!(title("historical_days_to_pull"), "Historical Days To Pull");
        assert_eq!(title("loc"), "Loc");
    }
}
