//! Values that are one of several kinds.

/// Declares a value that is one of several kinds, each by the name that the reference gives it in an error.
///
/// `request` reads it: the first kind that fits, or everything that is wrong with each of them. `answer` only
/// writes it.
macro_rules! union {
    (request $(#[$about:meta])* $vis:vis enum $name:ident { $($variant:ident($type:ty) = $label:literal,)+ }) => {
        $crate::wire::union!(@type [$(#[$about])*] $vis $name { $($variant($type),)+ });

        impl $crate::wire::Read for $name {
            fn read(
                value: &$crate::wire::Value,
                loc: &$crate::wire::Loc<'_>,
                problems: &mut $crate::wire::Problems,
            ) -> Option<Self> {
                let mut wrong = $crate::wire::Problems::default();
                $(
                    let fits = <$type as $crate::wire::Read>::read(value, &loc.key($label), &mut wrong);
                    if let Some(fits) = fits {
                        return Some(Self::$variant(fits));
                    }
                )+
                problems.append(wrong);
                None
            }
        }
    };
    (answer $(#[$about:meta])* $vis:vis enum $name:ident { $($variant:ident($type:ty),)+ }) => {
        $crate::wire::union!(@type [$(#[$about])*] $vis $name { $($variant($type),)+ });
    };
    (@type [$($about:tt)*] $vis:vis $name:ident { $($variant:ident($type:ty),)+ }) => {
        $($about)*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        $vis enum $name {
            $(#[doc = concat!("As `", stringify!($type), "`.")] $variant($type),)+
        }

        impl $crate::wire::Describe for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let mut any = utoipa::openapi::schema::AnyOf::new();
                any.items = vec![$(<$type as $crate::wire::Describe>::schema(),)+];
                utoipa::openapi::schema::Schema::AnyOf(any).into()
            }

            fn components(into: &mut $crate::wire::Components) {
                $(<$type as $crate::wire::Describe>::components(into);)+
            }
        }
    };
}

pub(crate) use union;
