//! Closed sets of names on the wire.

use thiserror::Error;

/// A name that is not in the set it was looked up in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a known {1}")]
pub struct UnknownSlug(pub String, pub &'static str);

/// Declares an enum whose members have a fixed name on the wire, each written once.
///
/// What comes out: `ALL` in declared order, `as_str`, `Display`, `FromStr`, and (de)serialization as that name.
#[macro_export]
macro_rules! slugs {
    ($(#[$meta:meta])* $vis:vis enum $name:ident ($what:literal) { $($(#[$vmeta:meta])* $variant:ident = $slug:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* #[doc = concat!("`", $slug, "`")] $variant,)+ }

        impl $name {
            /// Every member, in declared order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownSlug;

            fn from_str(slug: &str) -> Result<Self, Self::Err> {
                match slug {
                    $($slug => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownSlug(slug.to_owned(), $what)),
                }
            }
        }

        impl From<$name> for &'static str {
            fn from(member: $name) -> Self {
                member.as_str()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let slug = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                slug.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub use slugs;
