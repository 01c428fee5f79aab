//! Parameters of a path or a query, where everything is a string.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::{Describe, Loc, Problems, Read, Value, field};

/// A set of parameters, declared with `request! { path … }` or `request! { query … }`.
pub trait Params: Sized {
    /// Reads them out of what was given, in any order; whatever is not declared is ignored.
    fn read(given: &[(String, String)], loc: &Loc<'_>, problems: &mut Problems) -> Option<Self>;
}

/// No parameters.
impl Params for () {
    fn read(_: &[(String, String)], _: &Loc<'_>, _: &mut Problems) -> Option<Self> {
        Some(())
    }
}

/// Reads one parameter. Where it is given more than once, a list takes all values and anything else the last.
pub fn read_param<T: Read>(
    given: &[(String, String)],
    name: &'static str,
    default: Option<T>,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<T> {
    let loc = loc.key(name);
    let mut values =
        given.iter().filter(|(key, _)| key == name).map(|(_, value)| Value::String(value.clone()));
    let value = if T::REPEATED {
        Some(Value::List(values.collect())).filter(|list| *list != Value::List(Vec::new()))
    } else {
        values.next_back()
    };
    match value {
        Some(value) => T::read(&value, &loc, problems),
        None => default.or_else(T::absent).or_else(|| {
            problems.add("missing", &loc, "Field required", &Value::Null);
            None
        }),
    }
}

/// The OpenAPI description of one parameter; none where it is hidden.
pub fn describe_param<T: Describe>(
    name: &str,
    documentation: &str,
    default: Option<&T>,
    place: ParameterIn,
) -> Option<Parameter> {
    if T::HIDDEN {
        return None;
    }
    let required = if T::OPTIONAL || default.is_some() { Required::False } else { Required::True };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(documentation))
        .schema(Some(field(T::schema(), name, "")))
        .build();
    Some(parameter)
}
