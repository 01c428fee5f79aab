//! Whose data it is: organisations, teams, environments, regions, keys.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::slug::slugs;

slugs! {
    /// Which half of a team is meant; each has preferences of its own.
    pub enum Environment ("environment") {
        Production = "production",
        Sandbox = "sandbox",
    }
}

slugs! {
    /// Where a team lives. A team has one region for good.
    pub enum Region ("region") {
        Us = "us",
        Eu = "eu",
    }
}

slugs! {
    /// What a management key may do.
    pub enum Role ("role") {
        /// Everything in its organisation.
        OrgAdmin = "org_admin",
        /// What concerns the teams it is bound to.
        TeamAdmin = "team_admin",
    }
}

/// Declares an id that cannot be mistaken for another kind of id.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// An organisation.
    OrgId,
    /// A team of an organisation.
    TeamId,
    /// A management key.
    KeyId,
    /// An OAuth application that a team brought.
    CredentialId,
}
