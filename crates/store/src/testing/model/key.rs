//! Management keys.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId, Role};

use super::state::State;
use super::{Model, page};
use crate::{
    Author, Created, Error, Key, KeyDigest, KeyFilter, KeyGuard, KeyPatch, KeyStore, Once, Result, Trail,
    Was, kept,
};

impl State {
    /// The key of this organisation, as far as the guard lets it be seen.
    fn guarded_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard) -> Result<Key> {
        let key = self.keys.get(&id).filter(|key| key.org_id == org && key.is_within(&guard.within));
        key.cloned().ok_or(Error::UnknownKey(id))
    }

    /// Sees that the organisation is left with an `org_admin` in force, where the guard asks for it.
    fn keep_admin(&self, org: OrgId, guard: &KeyGuard, now: Timestamp) -> Result<()> {
        let in_force =
            |key: &Key| key.org_id == org && key.role == Role::OrgAdmin && !key.is_expired(kept(now));
        if guard.keep_admin && !self.keys.values().any(in_force) { Err(Error::LastAdmin) } else { Ok(()) }
    }
}

#[async_trait]
impl KeyStore for Model {
    async fn create_key(&self, key: Key, once: Option<Once>, by: &Author) -> Result<Created<Key>> {
        self.write(|state| {
            state.known_org(key.org_id)?;
            match state.recall(once.as_ref(), by) {
                Some(Created::Replay(was)) => return Ok(was.key_again()),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            let key = state.add_key(key)?;
            state.remember(once, key.org_id, Was::key(&key), by);
            let mut trail = Trail::new(key.org_id, by);
            trail.key(None, Some(&key));
            state.record(trail);
            Ok(Created::Done(key))
        })
    }

    async fn keys(
        &self,
        org: OrgId,
        filter: &KeyFilter,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        self.read(|state| {
            state.known_org(org)?;
            Ok(page(&state.keys, after, limit, |key| key.org_id == org && filter.admits(key)))
        })
    }

    async fn patch_key(
        &self,
        org: OrgId,
        id: KeyId,
        patch: KeyPatch,
        guard: &KeyGuard,
        by: &Author,
    ) -> Result<Key> {
        self.write(|state| {
            let before = state.guarded_key(org, id, guard)?;
            let mut after = patch.apply(&before);
            after.expires_at = after.expires_at.map(kept);
            if after.role == Role::OrgAdmin && !after.bindings.is_empty() {
                return Err(Error::BoundOrgAdmin(id));
            }
            state.known_bindings(&after)?;
            state.keys.insert(id, after.clone());
            if before.role == Role::OrgAdmin && before.expires_at != after.expires_at {
                state.keep_admin(org, guard, by.at)?;
            }
            let mut trail = Trail::new(org, by);
            trail.key(Some(&before), Some(&after));
            state.record(trail);
            Ok(after)
        })
    }

    async fn delete_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard, by: &Author) -> Result<Key> {
        self.write(|state| {
            let gone = state.guarded_key(org, id, guard)?;
            state.keys.remove(&id);
            if gone.role == Role::OrgAdmin {
                state.keep_admin(org, guard, by.at)?;
            }
            let mut trail = Trail::new(org, by);
            trail.key(Some(&gone), None);
            state.record(trail);
            Ok(gone)
        })
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.read(|state| Ok(state.keys.values().find(|key| key.digest == digest).cloned()))
    }
}
