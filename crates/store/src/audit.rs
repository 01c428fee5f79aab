//! The audit log: who changed what, when, and what it was before and after.
//!
//! An entry stands in the transaction of its change, so there is one if and only if the change happened. What it
//! says is put together here, from the rows before and after, so that every store says the same. No entry holds a
//! secret: of a key neither the key nor its digest, of an OAuth application the digest of its secret alone.

mod trail;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{OrgId, TeamId, UnknownSlug};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::{Builder, Uuid};

use crate::{Actor, Result, Visible};
pub use trail::{TeamContents, Trail};

/// An entry of the audit log. Ids sort by the time of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditId(pub Uuid);

impl AuditId {
    /// An id that no entry from before `at` reaches, to the millisecond.
    pub fn floor(at: Timestamp) -> Self {
        let since_1970_ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(since_1970_ms, &[0; 10]).into_uuid())
    }

    /// When the change was made, to the millisecond.
    pub fn at(self) -> Timestamp {
        let since_1970_ms = i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(since_1970_ms).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Declares what can be done, each with its name.
macro_rules! actions {
    ($($(#[$meta:meta])* $action:ident = $slug:literal,)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$meta])* $action,)+ }

        impl Action {
            /// Everything that can be done.
            pub const ALL: &[Self] = &[$(Self::$action,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$action => $slug,)+ }
            }
        }

        impl std::str::FromStr for Action {
            type Err = UnknownSlug;

            fn from_str(slug: &str) -> std::result::Result<Self, UnknownSlug> {
                match slug {
                    $($slug => Ok(Self::$action),)+
                    _ => Err(UnknownSlug(slug.to_owned(), "action")),
                }
            }
        }
    };
}

actions! {
    /// An organisation came to be.
    OrgCreated = "org_created",
    /// It was renamed.
    OrgUpdated = "org_updated",
    /// A team came to be.
    TeamCreated = "team_created",
    /// It was renamed, or another system calls it otherwise.
    TeamUpdated = "team_updated",
    /// It is gone, with what `before` shows.
    TeamDeleted = "team_deleted",
    /// A management key was made.
    KeyCreated = "management_key_created",
    /// It was relabelled, bound to other teams, or expires at another time.
    KeyUpdated = "management_key_updated",
    /// It is gone.
    KeyDeleted = "management_key_deleted",
    /// Preferences of a team were set.
    PreferencesSet = "preferences_set",
    /// Preferences of a team were taken back to their defaults.
    PreferencesDeleted = "preferences_deleted",
    /// A team brought an OAuth application.
    CredentialCreated = "credential_created",
    /// It was changed, or its quota was.
    CredentialUpdated = "credential_updated",
    /// It is gone.
    CredentialDeleted = "credential_deleted",
    /// Its secrets were sealed under another master key.
    CredentialResealed = "credential_resealed",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Its id, from which [`AuditId::at`] tells when it was.
    pub id: AuditId,
    /// In which organisation.
    pub org_id: OrgId,
    /// Of which team, where it was one's own affair.
    pub team_id: Option<TeamId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// What was there before, if something was.
    pub before: Option<Value>,
    /// What is there since, if something is.
    pub after: Option<Value>,
    /// Where more is asked for than a provider's default: what was exceeded, by provider. Whoever asked for it was
    /// told what comes of it.
    pub acknowledgement: Option<Value>,
}

impl AuditEntry {
    /// What a filter needs to know.
    pub fn facts(&self) -> AuditFacts {
        AuditFacts { id: self.id, team_id: self.team_id, actor: self.actor, action: self.action }
    }
}

/// What an [`AuditFilter`] needs to know of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFacts {
    /// Its id.
    pub id: AuditId,
    /// Of which team, where it was one's own affair.
    pub team_id: Option<TeamId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
}

/// Which entries of an organisation are listed: those that pass everything that is said here.
#[derive(Debug, Clone)]
pub struct AuditFilter {
    /// Only what is some visible team's own affair; everything where all are visible.
    pub visible: Visible,
    /// Only what is this team's own affair.
    pub team: Option<TeamId>,
    /// Only what they did.
    pub actor: Option<Actor>,
    /// Only this.
    pub action: Option<Action>,
    /// Not what was before this, to the millisecond.
    pub from: Option<Timestamp>,
    /// Only what was before this, to the millisecond.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Every entry.
    pub fn all() -> Self {
        Self { visible: Visible::All, team: None, actor: None, action: None, from: None, until: None }
    }

    /// Whether an entry of which this is known passes.
    pub fn admits(&self, entry: &AuditFacts) -> bool {
        let seen = match &self.visible {
            Visible::All => true,
            Visible::Only(teams) => entry.team_id.is_some_and(|team| teams.contains(&team)),
        };
        seen && self.team.is_none_or(|team| entry.team_id == Some(team))
            && self.actor.is_none_or(|actor| entry.actor == actor)
            && self.action.is_none_or(|action| entry.action == action)
            && self.from.is_none_or(|from| entry.id >= AuditId::floor(from))
            && self.until.is_none_or(|until| entry.id < AuditId::floor(until))
    }
}

/// The audit log.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Up to `limit` entries of an organisation, the newest first, those older than `before`.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn audit(
        &self,
        org: OrgId,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>>;
}
