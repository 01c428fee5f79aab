//! Teams.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{OrgId, Region, TeamId};
use serde::Serialize;

use crate::Result;

/// A team of an organisation. It lives in one region and has two environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Team {
    /// Its id; unique in the deployment.
    pub id: TeamId,
    /// The organisation it belongs to.
    pub org_id: OrgId,
    /// What people call it.
    pub name: String,
    /// Where it lives.
    pub region: Region,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The teams of the organisations.
#[async_trait]
pub trait TeamStore: Send + Sync {
    /// Creates a team.
    ///
    /// Errors: [`crate::Error::UnknownOrg`], [`crate::Error::Taken`].
    async fn create_team(&self, team: Team) -> Result<()>;

    /// Up to `limit` teams of an organisation in the order of their ids, those after `after`.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn teams(&self, org: OrgId, after: Option<TeamId>, limit: usize) -> Result<Vec<Team>>;

    /// Deletes a team of an organisation with its preferences.
    ///
    /// Errors: [`crate::Error::UnknownTeams`], also where the team is another organisation's.
    async fn delete_team(&self, org: OrgId, id: TeamId) -> Result<()>;
}
