//! What organisations, teams and keys may be called.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is no name of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Misnamed {
    /// It does not match [`Name::PATTERN`].
    #[error(
        "a name has at most {max} characters: letters, digits, spaces and ( ) , / : ' | & _ - ’",
        max = Name::CHARACTERS_MAX
    )]
    Pattern,
    /// It has more characters than may be.
    #[error("{what} has at most {max} characters; this one has {characters}")]
    TooLong {
        /// What it was to be.
        what: &'static str,
        /// How many there may be.
        max: usize,
        /// How many there are.
        characters: usize,
    },
    /// It has a NUL in it, which PostgreSQL does not keep; so no store is given one.
    #[error("a NUL character cannot be stored")]
    Nul,
}

/// Declares a text with a rule of its own: `$check` says how it is broken, if it is.
macro_rules! names {
    ($($(#[$meta:meta])* $name:ident, $max:literal, $check:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// How many characters it has at most.
            pub const CHARACTERS_MAX: usize = $max;
        }

        impl TryFrom<String> for $name {
            type Error = Misnamed;

            fn try_from(text: String) -> Result<Self, Misnamed> {
                let check: fn(&str) -> Result<(), Misnamed> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = Misnamed;

            fn from_str(text: &str) -> Result<Self, Misnamed> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )+};
}

names! {
    /// What people call an organisation or a team.
    Name, 80, |text| {
        let fits = text.chars().all(is_of_names) && text.chars().count() <= Name::CHARACTERS_MAX;
        fits.then_some(()).ok_or(Misnamed::Pattern)
    };
    /// What another system calls a team.
    IntegrationTeamId, 256, |text| storable(text, "an integration team id", IntegrationTeamId::CHARACTERS_MAX);
    /// What people call a management key.
    Label, 1_000, |text| storable(text, "a label", Label::CHARACTERS_MAX);
}

impl Name {
    /// The pattern that the contract gives for names.
    pub const PATTERN: &str = "^[A-Za-zÀ-ÖØ-öø-ÿ0-9(),/:'|&_\\- ’]{0,80}$";
}

fn is_of_names(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ' | '0'..='9')
        || "(),/:'|&_- ’".contains(c)
}

fn storable(text: &str, what: &'static str, max: usize) -> Result<(), Misnamed> {
    let characters = text.chars().count();
    if characters > max {
        return Err(Misnamed::TooLong { what, max, characters });
    }
    if text.contains('\0') { Err(Misnamed::Nul) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_documented_characters_and_no_more_than_there_may_be() {
        for name in ["", "Acme (EU), R&D: a/b|c_d-e 'x' ’", "Ærøskøbing", &"é".repeat(80)] {
            assert_eq!(String::from(name.parse::<Name>().unwrap()), name);
        }
        for name in ["a.b", "a×b", "a÷b", "a\n", "a\0", "日", &"é".repeat(81)] {
            assert_eq!(name.parse::<Name>(), Err(Misnamed::Pattern), "{name}");
        }
        let stated = format!("{{0,{}}}$", Name::CHARACTERS_MAX);
        assert!(Name::PATTERN.ends_with(&stated) && Misnamed::Pattern.to_string().contains("80"));
    }

    #[test]
    fn a_label_and_another_systems_id_are_anything_that_can_be_stored_up_to_a_length() {
        assert!("日×.".parse::<Label>().is_ok() && "x".repeat(1_000).parse::<Label>().is_ok());
        assert!("é".repeat(256).parse::<IntegrationTeamId>().is_ok());
        let said = "é".repeat(257).parse::<IntegrationTeamId>().unwrap_err().to_string();
        assert_eq!(said, "an integration team id has at most 256 characters; this one has 257");
        assert_eq!("a\0".parse::<Label>(), Err(Misnamed::Nul));
    }
}
