//! Organisations.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::OrgId;
use serde::Serialize;

use crate::{Key, Result, Team};

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

/// The organisations of a deployment.
#[async_trait]
pub trait OrgStore: Send + Sync {
    /// Creates an organisation, and with it its first teams and keys, all or none.
    ///
    /// Errors: [`crate::Error::Taken`] where any of the ids is in use. Teams and keys that name another
    /// organisation are a fault of the caller, and panic.
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>) -> Result<()>;

    /// Up to `limit` organisations in the order of their ids, those after `after`.
    async fn orgs(&self, after: Option<OrgId>, limit: usize) -> Result<Vec<Org>>;

    /// Deletes an organisation with its teams, their preferences and its keys.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn delete_org(&self, id: OrgId) -> Result<()>;
}
