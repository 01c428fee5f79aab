//! Organisations.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::OrgId;
use serde::Serialize;

use crate::{Author, Key, Result, Team};

/// An organisation: what teams and keys belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// What people call it.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Org {
    /// Panics where one of these belongs to another organisation or a key is bound to other teams than these,
    /// which is a fault of the caller.
    pub fn assert_owns(&self, teams: &[Team], keys: &[Key]) {
        assert!(teams.iter().all(|team| team.org_id == self.id), "a team names another organisation");
        assert!(keys.iter().all(|key| key.org_id == self.id), "a key names another organisation");
        let bound = keys.iter().flat_map(|key| &key.bindings);
        let is_own = |id| teams.iter().any(|team| team.id == id);
        assert!(bound.copied().all(is_own), "a key is bound to another team");
    }
}

/// The organisations of a deployment.
#[async_trait]
pub trait OrgStore: Send + Sync {
    /// Creates an organisation, and with it its first teams and keys, all or none.
    ///
    /// Errors: [`crate::Error::Taken`] with the first id that is in use: the organisation's, then the teams',
    /// then the keys', in order; [`crate::Error::IntegrationTeamIdTaken`] where two teams have the same one.
    /// Panics as [`Org::assert_owns`] does.
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>, by: &Author) -> Result<()>;

    /// The organisation with this id.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn org(&self, id: OrgId) -> Result<Org>;

    /// Up to `limit` organisations in the order of their ids, those after `after`.
    async fn orgs(&self, after: Option<OrgId>, limit: usize) -> Result<Vec<Org>>;

    /// Calls an organisation by another name, and answers it as it is then.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn rename_org(&self, id: OrgId, name: String, by: &Author) -> Result<Org>;

    /// Deletes an organisation with everything that is its own, `rows` (at least one) at a time: its keys, so that
    /// nobody adds to it any more, then its teams with what they have stored, each one row, then its audit log, and in
    /// the end itself. Says whether that was reached; if not, ask again. That it was there is for the caller to log.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn delete_org(&self, id: OrgId, rows: usize) -> Result<bool>;
}
