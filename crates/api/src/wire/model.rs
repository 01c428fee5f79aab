//! Objects: the two macros that declare what goes over the wire. Documentation comments become descriptions.

/// Declares an object that Lookback answers with: the type, how it is written and its schema. A default says what
/// a field means where it is left out; answers leave nothing out.
macro_rules! model {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty $(= $default:expr)?,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name { $($(#[doc = $doc])* $fvis $field: $type,)* }

        $crate::wire::model!(@describe false [$($about)*] $name { $([$($doc)*] $field: $type $(= $default)?,)* });
    };
    (@describe $closed:literal [$($about:literal)*] $name:ident {
        $([$($doc:literal)*] $field:ident: $type:ty $(= $default:expr)?,)*
    }) => {
        impl $crate::wire::Describe for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::wire::reference(stringify!($name))
            }

            fn components(into: &mut $crate::wire::Components) {
                into.push((stringify!($name).to_owned(), <Self as utoipa::PartialSchema>::schema()));
                $(<$type as $crate::wire::Describe>::components(into);)*
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let object = utoipa::openapi::schema::ObjectBuilder::new()
                    .title(Some(stringify!($name)))
                    .description(Some($crate::wire::paragraph(&[$($about),*])));
                $(let object = $crate::wire::describe_field::<$type>(
                    object,
                    stringify!($field),
                    &$crate::wire::paragraph(&[$($doc),*]),
                    $crate::wire::model!(@default $type $(= $default)?),
                );)*
                let object = if $closed {
                    object.additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
                } else {
                    object
                };
                object.build().into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn schemas(into: &mut $crate::wire::Components) {
                <Self as $crate::wire::Describe>::components(into);
            }
        }
    };
    (@default $type:ty) => { None };
    (@default $type:ty = $default:expr) => {{
        let default: $type = $default;
        serde_json::to_value(default).ok()
    }};
}

/// Declares what a client sends: the type, its schema and its validation.
///
/// A plain declaration is a JSON object, in which unknown fields are ignored; in one that begins with `closed` they
/// are refused. One that begins with `secret` names the fields that are never repeated in an error. One that begins
/// with `path` or `query` is made of the parameters there. A field may have a default.
macro_rules! request {
    (path $($declaration:tt)*) => { $crate::wire::request!(@params Path $($declaration)*); };
    (query $($declaration:tt)*) => { $crate::wire::request!(@params Query $($declaration)*); };
    (closed $($declaration:tt)*) => { $crate::wire::request!(@body true [] $($declaration)*); };
    (secret [$($secret:literal),+] $($declaration:tt)*) => {
        $crate::wire::request!(@body false [$($secret),+] $($declaration)*);
    };
    (@body $closed:literal [$($secret:literal),*]
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty $(= $default:expr)?,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name { $($(#[doc = $doc])* $fvis $field: $type,)* }

        $crate::wire::model!(@describe $closed [$($about)*] $name { $([$($doc)*] $field: $type $(= $default)?,)* });

        impl $crate::wire::Read for $name {
            const SECRETS: &'static [&'static str] = &[$($secret),*];

            fn read(
                value: &$crate::wire::Value,
                loc: &$crate::wire::Loc<'_>,
                problems: &mut $crate::wire::Problems,
            ) -> Option<Self> {
                let fields = $crate::wire::read_object(value, loc, problems)?;
                $(let $field = {
                    let default: Option<$type> = $crate::wire::request!(@default $($default)?);
                    $crate::wire::read_field(value, fields, stringify!($field), default, loc, problems)
                };)*
                if $closed {
                    $crate::wire::refuse_others(fields, &[$(stringify!($field)),*], loc, problems)?;
                }
                Some(Self { $($field: $field?,)* })
            }
        }
    };
    (@params $place:ident
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty $(= $default:expr)?,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name { $($(#[doc = $doc])* $fvis $field: $type,)* }

        impl $crate::wire::Params for $name {
            fn read(
                given: &[(String, String)],
                loc: &$crate::wire::Loc<'_>,
                problems: &mut $crate::wire::Problems,
            ) -> Option<Self> {
                $(let $field = {
                    let default: Option<$type> = $crate::wire::request!(@default $($default)?);
                    $crate::wire::read_param(given, stringify!($field), default, loc, problems)
                };)*
                Some(Self { $($field: $field?,)* })
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                let place = || utoipa::openapi::path::ParameterIn::$place;
                [$({
                    let default: Option<$type> = $crate::wire::request!(@default $($default)?);
                    let documentation = $crate::wire::paragraph(&[$($doc),*]);
                    $crate::wire::describe_param(stringify!($field), &documentation, default.as_ref(), place())
                },)*].into_iter().flatten().collect()
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
    ($($declaration:tt)*) => { $crate::wire::request!(@body false [] $($declaration)*); };
}

pub(crate) use {model, request};
