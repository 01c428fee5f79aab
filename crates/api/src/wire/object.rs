//! What the macros that declare objects have in common: reading and describing one field.

use indexmap::IndexMap;
use utoipa::openapi::schema::ObjectBuilder;

use super::describe::{field, field_name, with_default};
use super::{Describe, Loc, Problems, Read, Value};

/// The fields of a JSON object.
pub fn read_object<'a>(
    value: &'a Value,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<&'a IndexMap<String, Value>> {
    let Value::Map(fields) = value else {
        let message = "Input should be a valid dictionary or object to extract fields from";
        problems.add("model_attributes_type", loc, message, value);
        return None;
    };
    Some(fields)
}

/// Reads one field of `object`, whose fields are `fields`.
pub fn read_field<T: Read>(
    object: &Value,
    fields: &IndexMap<String, Value>,
    name: &'static str,
    default: Option<T>,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<T> {
    let name = field_name(name);
    match fields.get(name) {
        Some(value) => T::read(value, &loc.key(name), problems),
        None => default.or_else(T::absent).or_else(|| {
            problems.add("missing", &loc.key(name), "Field required", object);
            None
        }),
    }
}

/// Refuses every field but the declared ones.
pub fn refuse_others(
    fields: &IndexMap<String, Value>,
    declared: &[&'static str],
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<()> {
    let others = fields.iter().filter(|(name, _)| !declared.iter().any(|known| field_name(known) == *name));
    let mut none = Some(());
    for (name, value) in others {
        problems.add("extra_forbidden", &loc.key(name), "Extra inputs are not permitted", value);
        none = None;
    }
    none
}

/// `object` with one property more, unless it is hidden.
pub fn describe_field<T: Describe>(
    object: ObjectBuilder,
    name: &'static str,
    documentation: &str,
    default: Option<serde_json::Value>,
) -> ObjectBuilder {
    if T::HIDDEN {
        return object;
    }
    let name = field_name(name);
    let required = !T::OPTIONAL && default.is_none();
    let schema = field(T::schema(), name, documentation);
    let schema = match default {
        Some(default) => with_default(schema, default),
        None => schema,
    };
    let object = object.property(name, schema);
    if required { object.required(name) } else { object }
}
