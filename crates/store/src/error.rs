//! Why a store operation did not happen.

use std::sync::Arc;

use lookback_domain::{CredentialId, KeyId, OrgId, TeamId};
use thiserror::Error;

/// What a store operation gives.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store operation did not happen. Whichever it is but [`Error::OutcomeUnknown`], nothing was changed.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// No organisation has this id.
    #[error("there is no organisation {0}")]
    UnknownOrg(OrgId),
    /// These teams are not in the organisation and region asked about; in the order asked, each once.
    #[error("there is no such team: {}", list(.0))]
    UnknownTeams(Vec<TeamId>),
    /// The organisation has no key with this id.
    #[error("there is no management key {0}")]
    UnknownKey(KeyId),
    /// No OAuth application in the scope has this id.
    #[error("there is no OAuth application {0}")]
    UnknownCredential(CredentialId),
    /// This team of the organisation already has the integration's id.
    #[error("team {0} has this integration team id")]
    IntegrationTeamIdTaken(TeamId),
    /// This key is an `org_admin`, which is bound to no team.
    #[error("management key {0} is an org_admin, which cannot be bound to teams")]
    BoundOrgAdmin(KeyId),
    /// The organisation would be left without an `org_admin` key in force.
    #[error("it is the last org_admin key of its organisation")]
    LastAdmin,
    /// What was to be created has an id that is in use.
    #[error("the id {0} is taken")]
    Taken(String),
    /// The store cannot work at the moment; what it said is for the log, not for a client.
    #[error("the store is unavailable")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The store was lost while it committed: all of the operation has happened, or nothing of it. What is known of
    /// the cause is for the log, not for a client.
    #[error("the store did not say whether it was done")]
    OutcomeUnknown(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An [`Error::Unavailable`] from whatever went wrong below.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }

    /// The same error, where what failed was asked for and may have happened.
    #[must_use]
    pub fn outcome_unknown(self) -> Self {
        match self {
            Self::Unavailable(source) => Self::OutcomeUnknown(source),
            refused => refused,
        }
    }
}

fn list(teams: &[TeamId]) -> String {
    teams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
