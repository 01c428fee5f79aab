//! Teams.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{OrgId, Region, TeamId};
use serde::{Deserialize, Serialize};

use crate::{Author, Created, Once, Result, Visible};

/// A team of an organisation. It lives in one region and has two environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id; unique in the deployment.
    pub id: TeamId,
    /// The organisation it belongs to.
    pub org_id: OrgId,
    /// What people call it.
    pub name: String,
    /// Where it lives.
    pub region: Region,
    /// What another system calls it; unique in the organisation.
    pub integration_team_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Which teams of an organisation are listed: those that pass everything that is said here.
#[derive(Debug, Clone)]
pub struct TeamFilter {
    /// Only these exist for whoever asks.
    pub visible: Visible,
    /// Only this one.
    pub id: Option<TeamId>,
    /// Only those that live in one of these; empty means anywhere.
    pub regions: Vec<Region>,
    /// Only those whose name has this in it, in capitals or not.
    pub search: Option<String>,
}

impl TeamFilter {
    /// Every team.
    pub fn all() -> Self {
        Self { visible: Visible::All, id: None, regions: Vec::new(), search: None }
    }

    /// Whether every team passes.
    pub fn is_all(&self) -> bool {
        self.visible == Visible::All && self.id.is_none() && self.regions.is_empty() && self.search.is_none()
    }

    /// Whether a team passes.
    pub fn admits(&self, team: &Team) -> bool {
        self.visible.sees(team.id)
            && self.id.is_none_or(|id| id == team.id)
            && (self.regions.is_empty() || self.regions.contains(&team.region))
            && self.search.as_ref().is_none_or(|part| fold(&team.name).contains(&fold(part)))
    }
}

/// A text without the difference of small and capital letters.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// What is to change of a team; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamPatch {
    /// Its new name.
    pub name: Option<String>,
    /// What another system calls it from now on, or that none does.
    pub integration_team_id: Option<Option<String>>,
}

impl TeamPatch {
    /// The team as it is after the change.
    pub fn apply(self, team: &Team) -> Team {
        let Team { name, integration_team_id, .. } = team.clone();
        Team {
            name: self.name.unwrap_or(name),
            integration_team_id: self.integration_team_id.unwrap_or(integration_team_id),
            ..team.clone()
        }
    }
}

/// The teams of the organisations.
#[async_trait]
pub trait TeamStore: Send + Sync {
    /// Creates a team. A repetition of the same `once` gives what was created then, whatever has become of it.
    ///
    /// Errors: [`crate::Error::UnknownOrg`], [`crate::Error::Taken`], [`crate::Error::IntegrationTeamIdTaken`].
    async fn create_team(&self, team: Team, once: Option<Once>, by: &Author) -> Result<Created<Team>>;

    /// The team with this id.
    ///
    /// Errors: [`crate::Error::UnknownTeams`], also where the team is another organisation's.
    async fn team(&self, org: OrgId, id: TeamId) -> Result<Team>;

    /// The team that another system calls so, where there is one.
    async fn team_by_integration_id(&self, org: OrgId, integration_team_id: &str) -> Result<Option<Team>>;

    /// Up to `limit` teams of an organisation in the order of their ids, those after `after`.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn teams(
        &self,
        org: OrgId,
        filter: &TeamFilter,
        after: Option<TeamId>,
        limit: usize,
    ) -> Result<Vec<Team>>;

    /// Changes a team, and answers it as it is then.
    ///
    /// Errors: [`crate::Error::UnknownTeams`], also where the team is another organisation's;
    /// [`crate::Error::IntegrationTeamIdTaken`].
    async fn patch_team(&self, org: OrgId, id: TeamId, patch: TeamPatch, by: &Author) -> Result<Team>;

    /// Deletes a team of an organisation with its preferences, its OAuth applications and the bindings of keys to
    /// it. A key that was bound to nothing else stays, and may do nothing.
    ///
    /// Errors: [`crate::Error::UnknownTeams`], also where the team is another organisation's.
    async fn delete_team(&self, org: OrgId, id: TeamId, by: &Author) -> Result<()>;
}
