//! Objects: the two macros that declare what goes over the wire. Documentation comments become descriptions.

/// Declares an object that Lookback answers with: the type, how it is written and its schema.
macro_rules! model {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident { $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty,)* }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name { $($(#[doc = $doc])* $fvis $field: $type,)* }

        $crate::wire::model!(@describe [$($about)*] $name { $([$($doc)*] $field: $type,)* });
    };
    (@describe [$($about:literal)*] $name:ident { $([$($doc:literal)*] $field:ident: $type:ty,)* }) => {
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
                $(
                    let documentation = $crate::wire::paragraph(&[$($doc),*]);
                    let schema = <$type as $crate::wire::Describe>::schema();
                    let schema = $crate::wire::field(schema, stringify!($field), &documentation);
                    let object = object.property(stringify!($field), schema);
                    let object = if <$type as $crate::wire::Describe>::OPTIONAL {
                        object
                    } else {
                        object.required(stringify!($field))
                    };
                )*
                object.build().into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn schemas(into: &mut $crate::wire::Components) {
                <Self as $crate::wire::Describe>::components(into);
            }
        }
    };
}

/// Declares what a client sends: the type, its schema and its validation.
///
/// A plain declaration is a JSON object. One that begins with `path` or `query` is made of the parameters
/// there, in which a field may have a default.
macro_rules! request {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident { $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty,)* }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name { $($(#[doc = $doc])* $fvis $field: $type,)* }

        $crate::wire::model!(@describe [$($about)*] $name { $([$($doc)*] $field: $type,)* });

        impl $crate::wire::Read for $name {
            fn read(
                value: &$crate::wire::Value,
                loc: &$crate::wire::Loc<'_>,
                problems: &mut $crate::wire::Problems,
            ) -> Option<Self> {
                let $crate::wire::Value::Map(fields) = value else {
                    let message = "Input should be a valid dictionary or object to extract fields from";
                    problems.add("model_attributes_type", loc, message, value);
                    return None;
                };
                $(let $field = match fields.get(stringify!($field)) {
                    Some(field) => <$type as $crate::wire::Read>::read(field, &loc.key(stringify!($field)), problems),
                    None => <$type as $crate::wire::Read>::absent().or_else(|| {
                        problems.add("missing", &loc.key(stringify!($field)), "Field required", value);
                        None
                    }),
                };)*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
    (path $($declaration:tt)*) => { $crate::wire::request!(@params Path $($declaration)*); };
    (query $($declaration:tt)*) => { $crate::wire::request!(@params Query $($declaration)*); };
    (@params $place:ident
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $fvis:vis $field:ident: $type:ty $(= $default:expr)?,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
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
                vec![$({
                    let default: Option<$type> = $crate::wire::request!(@default $($default)?);
                    let documentation = $crate::wire::paragraph(&[$($doc),*]);
                    $crate::wire::describe_param(stringify!($field), &documentation, default.as_ref(), place())
                },)*]
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

pub(crate) use {model, request};
