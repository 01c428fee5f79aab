//! Moving house: everything a store holds, row by row, as it stands there.
//!
//! No request is answered by these. What one store shows another can keep, and afterwards both hold the same.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{Environment, KeyId, OrgId, Preference, Provider, TeamId};
use serde_json::Value;
use uuid::Uuid;

use crate::{AuditEntry, AuditId, Credential, Key, Once, Org, Result, Team};

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An organisation.
    Org,
    /// A team.
    Team,
    /// A management key.
    Key,
    /// What a team has stored in one of its environments.
    Preferences,
    /// An OAuth application of a team.
    Credential,
    /// An entry of the audit log.
    AuditEntry,
    /// What makes a creation happen once.
    Token,
}

impl Kind {
    /// Every kind, in an order in which each refers to those before it only.
    pub const ALL: [Self; 7] = [
        Self::Org,
        Self::Team,
        Self::Key,
        Self::Preferences,
        Self::Credential,
        Self::AuditEntry,
        Self::Token,
    ];
}

/// Something that is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An organisation.
    Org(Org),
    /// A team.
    Team(Team),
    /// A management key, or rather what is kept of it.
    Key(Key),
    /// What a team has stored in one of its environments.
    Preferences(KeptPreferences),
    /// An OAuth application; its secrets stay sealed.
    Credential(Credential),
    /// An entry of the audit log.
    AuditEntry(AuditEntry),
    /// What makes a creation happen once.
    Token(Token),
}

/// What a team has stored in one of its environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPreferences {
    /// The team.
    pub team_id: TeamId,
    /// In which environment.
    pub environment: Environment,
    /// By provider, each with when it was set last; at least one.
    pub providers: BTreeMap<Provider, (Preference, Timestamp)>,
}

/// What came of a creation that happens once.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Whose token it is, which, and for what.
    pub once: Once,
    /// In which organisation it was created.
    pub org_id: OrgId,
    /// When.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
    /// What tells it again, where that can be told.
    pub created: Option<Value>,
}

/// Where a row stands among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// By its id.
    Id(Uuid),
    /// Preferences.
    Place(TeamId, Environment),
    /// An entry of the audit log.
    Entry(OrgId, AuditId),
    /// A token.
    Token(KeyId, String),
}

impl Row {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Org(_) => Kind::Org,
            Self::Team(_) => Kind::Team,
            Self::Key(_) => Kind::Key,
            Self::Preferences(_) => Kind::Preferences,
            Self::Credential(_) => Kind::Credential,
            Self::AuditEntry(_) => Kind::AuditEntry,
            Self::Token(_) => Kind::Token,
        }
    }

    /// Where it stands among those of its kind.
    pub fn position(&self) -> Position {
        match self {
            Self::Org(org) => Position::Id(org.id.0),
            Self::Team(team) => Position::Id(team.id.0),
            Self::Key(key) => Position::Id(key.id.0),
            Self::Preferences(kept) => Position::Place(kept.team_id, kept.environment),
            Self::Credential(credential) => Position::Id(credential.id.0),
            Self::AuditEntry(entry) => Position::Entry(entry.org_id, entry.id),
            Self::Token(token) => Position::Token(token.once.key_id, token.once.token.clone()),
        }
    }
}

/// What a store holds at one moment, whatever is changed meanwhile.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// How many rows of a kind there are.
    async fn count(&self, kind: Kind) -> Result<u64>;

    /// Up to `limit` rows of a kind in the order of their positions, those after `after`, which is a position of that
    /// kind.
    async fn rows(&self, kind: Kind, after: Option<&Position>, limit: usize) -> Result<Vec<Row>>;
}

/// Showing everything, and keeping what another store has shown.
#[async_trait]
pub trait Moving: Send + Sync {
    /// Everything as it is at this moment.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// Keeps these rows as they are, all or none; where one is at a row's position already, that one stays. Nothing is
    /// recorded in the audit log, which moves with the rest.
    ///
    /// Errors: [`crate::Error::UnknownOrg`] and [`crate::Error::UnknownTeams`] where a row refers to what is not there,
    /// [`crate::Error::Taken`] and [`crate::Error::IntegrationTeamIdTaken`] where it is like no other may be.
    async fn restore(&self, rows: Vec<Row>) -> Result<()>;
}
