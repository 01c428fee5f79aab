//! Management keys as they are kept, and what each may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId, Role, TeamId};
use serde::Serialize;

use crate::{Actor, Author, Created, KeyDigest, Once, Result, Visible};

/// A management key as it is kept. A key is bound to one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its id, by which it is listed and deleted.
    pub id: KeyId,
    /// The organisation it may manage.
    pub org_id: OrgId,
    /// What people call it.
    pub label: String,
    /// What is kept of the key; unique in the deployment.
    #[serde(skip)]
    pub digest: KeyDigest,
    /// What it may do.
    pub role: Role,
    /// The teams that a `team_admin` may manage; empty for an `org_admin`.
    pub bindings: BTreeSet<TeamId>,
    /// Who made it.
    pub creator: Actor,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it is refused, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to some seconds.
    pub last_used_at: Option<Timestamp>,
}

impl Key {
    /// How many teams one key can be bound to, by whoever makes it.
    pub const BINDINGS_MAX: usize = 1_000;

    /// A new `org_admin` that never expires.
    pub fn org_admin(id: KeyId, org_id: OrgId, label: String, digest: KeyDigest, by: &Author) -> Self {
        Self {
            id,
            org_id,
            label,
            digest,
            role: Role::OrgAdmin,
            bindings: BTreeSet::new(),
            creator: by.actor,
            created_at: by.at,
            expires_at: None,
            last_used_at: None,
        }
    }

    /// Which teams of its organisation it sees.
    pub fn visible(&self) -> Visible {
        match self.role {
            Role::OrgAdmin => Visible::All,
            Role::TeamAdmin => Visible::Only(Arc::new(self.bindings.clone())),
        }
    }

    /// Whether it is refused at `now` for its age.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether somebody who sees these teams may see and change this key: all keys, or those that reach no
    /// further than themselves.
    pub fn is_within(&self, visible: &Visible) -> bool {
        match visible {
            Visible::All => true,
            Visible::Only(teams) => {
                self.role == Role::TeamAdmin && !self.bindings.is_empty() && self.bindings.is_subset(teams)
            }
        }
    }

    /// Panics where an `org_admin` is bound to teams, which is a fault of the caller.
    pub fn assert_bindings(&self) {
        assert!(self.role == Role::TeamAdmin || self.bindings.is_empty(), "an org_admin is bound to no team");
    }
}

/// Which keys of an organisation are listed: those that pass everything that is said here.
#[derive(Debug, Clone)]
pub struct KeyFilter {
    /// Only those that [`Key::is_within`] these.
    pub within: Visible,
    /// Only those of this role.
    pub role: Option<Role>,
    /// Only those bound to this team.
    pub team: Option<TeamId>,
}

impl KeyFilter {
    /// Every key.
    pub fn all() -> Self {
        Self { within: Visible::All, role: None, team: None }
    }

    /// Whether a key passes.
    pub fn admits(&self, key: &Key) -> bool {
        key.is_within(&self.within)
            && self.role.is_none_or(|role| role == key.role)
            && self.team.is_none_or(|team| key.bindings.contains(&team))
    }
}

/// What is to change of a key; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPatch {
    /// Its new label.
    pub label: Option<String>,
    /// The teams it is bound to from now on.
    pub bindings: Option<BTreeSet<TeamId>>,
    /// From when on it is refused, or that it never is.
    pub expires_at: Option<Option<Timestamp>>,
}

impl KeyPatch {
    /// The key as it is after the change.
    pub fn apply(self, key: &Key) -> Key {
        let Key { label, bindings, expires_at, .. } = key.clone();
        Key {
            label: self.label.unwrap_or(label),
            bindings: self.bindings.unwrap_or(bindings),
            expires_at: self.expires_at.unwrap_or(expires_at),
            ..key.clone()
        }
    }
}

/// What keeps a key from being changed or deleted.
#[derive(Debug, Clone)]
pub struct KeyGuard {
    /// Other keys than those that [`Key::is_within`] these are unknown.
    pub within: Visible,
    /// Refuse what would leave the organisation without an `org_admin` that is in force at the time of the change.
    pub keep_admin: bool,
}

impl KeyGuard {
    /// Nothing does.
    pub fn none() -> Self {
        Self { within: Visible::All, keep_admin: false }
    }
}

/// The keys of the organisations.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Creates a key. A repetition of the same `once` is a [`Created::Conflict`], since a key is shown once.
    ///
    /// Errors: [`crate::Error::UnknownOrg`], [`crate::Error::UnknownTeams`] where it is bound to teams that are
    /// not the organisation's, [`crate::Error::Taken`] where its id or its digest is in use. Panics as
    /// [`Key::assert_bindings`] does.
    async fn create_key(&self, key: Key, once: Option<Once>, by: &Author) -> Result<Created<Key>>;

    /// Up to `limit` keys of an organisation in the order of their ids, those after `after`.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn keys(
        &self,
        org: OrgId,
        filter: &KeyFilter,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>>;

    /// Changes a key, and answers it as it is then.
    ///
    /// Errors: [`crate::Error::UnknownKey`], also where the key is another organisation's or out of the guard's
    /// sight; [`crate::Error::BoundOrgAdmin`] where an `org_admin` would be bound to teams;
    /// [`crate::Error::UnknownTeams`] where a team is not the organisation's; [`crate::Error::LastAdmin`].
    async fn patch_key(
        &self,
        org: OrgId,
        id: KeyId,
        patch: KeyPatch,
        guard: &KeyGuard,
        by: &Author,
    ) -> Result<Key>;

    /// Deletes a key of an organisation, and answers what it was. It is refused from the next request on.
    ///
    /// Errors: [`crate::Error::UnknownKey`], also where the key is another organisation's or out of the guard's
    /// sight; [`crate::Error::LastAdmin`].
    async fn delete_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard, by: &Author) -> Result<Key>;

    /// The key with this digest, where there is one, expired or not.
    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>>;
}
