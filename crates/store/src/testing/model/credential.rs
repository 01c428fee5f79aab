//! OAuth applications of teams.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use lookback_domain::{CredentialId, OrgId, OwnQuota, Provider, TeamId};

use super::state::State;
use super::{Model, page};
use crate::{
    Author, Created, Credential, CredentialContent, CredentialFilter, CredentialPlace, CredentialStore,
    DeletedCredentials, Error, MasterKeyId, Once, Result, Scope, Seals, Selection, Trail, Was, kept,
};

impl State {
    fn has_in_scope(&self, scope: &Scope, credential: &Credential) -> bool {
        let place = credential.place;
        place.environment == scope.environment && self.in_scope(scope, &self.teams[&place.team_id])
    }

    fn in_place(&self, place: CredentialPlace) -> Option<&Credential> {
        self.credentials.values().find(|credential| credential.place == place)
    }

    fn org_of(&self, credential: &Credential) -> OrgId {
        self.teams[&credential.place.team_id].org_id
    }
}

#[async_trait]
impl CredentialStore for Model {
    async fn upsert_credential(
        &self,
        scope: &Scope,
        team_id: TeamId,
        provider: Provider,
        id: CredentialId,
        content: CredentialContent,
        once: Option<Once>,
        by: &Author,
    ) -> Result<Created<Credential>> {
        self.write(|state| {
            state.select(scope, Selection::Teams(&[team_id]))?;
            let place = CredentialPlace { team_id, environment: scope.environment, provider };
            let before = state.in_place(place).cloned();
            match state.recall(once.as_ref(), by) {
                Some(Created::Replay(was)) => return Ok(was.credential_again(before)),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            if before.is_none() && state.credentials.contains_key(&id) {
                return Err(Error::Taken(id.to_string()));
            }
            let after = content.apply(before.as_ref(), id, place, kept(by.at));
            state.credentials.insert(after.id, after.clone());
            state.remember(once, scope.org_id, Was::credential(&after), by);
            let mut trail = Trail::new(scope.org_id, by);
            trail.credential(before.as_ref(), Some(&after));
            state.record(trail);
            Ok(Created::Done(after))
        })
    }

    async fn credentials(
        &self,
        scope: &Scope,
        filter: &CredentialFilter,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<Credential>> {
        self.read(|state| {
            let named = state.select(scope, Selection::Teams(&filter.teams))?;
            Ok(page(&state.credentials, after, limit, |credential| {
                state.has_in_scope(scope, credential)
                    && (named.is_empty() || named.contains(&credential.place.team_id))
                    && filter.provider.is_none_or(|provider| credential.place.provider == provider)
            }))
        })
    }

    async fn set_credential_quota(
        &self,
        scope: &Scope,
        id: CredentialId,
        quota: Option<OwnQuota>,
        by: &Author,
    ) -> Result<Credential> {
        self.write(|state| {
            let found = state.credentials.get(&id).filter(|found| state.has_in_scope(scope, found)).cloned();
            let before = found.ok_or(Error::UnknownCredential(id))?;
            let after = before.with_quota(quota, by.at);
            state.credentials.insert(id, after.clone());
            let mut trail = Trail::new(scope.org_id, by);
            trail.credential(Some(&before), Some(&after));
            state.record(trail);
            Ok(after)
        })
    }

    async fn delete_credentials(
        &self,
        scope: &Scope,
        ids: &[CredentialId],
        by: &Author,
    ) -> Result<DeletedCredentials> {
        self.write(|state| {
            let (mut answer, mut seen) = (DeletedCredentials::default(), BTreeSet::new());
            let mut trail = Trail::new(scope.org_id, by);
            for &id in ids.iter().filter(|&&id| seen.insert(id)) {
                match state.credentials.get(&id).filter(|found| state.has_in_scope(scope, found)) {
                    Some(gone) => {
                        trail.credential(Some(gone), None);
                        state.credentials.remove(&id);
                        answer.deleted.push(id);
                    }
                    None => answer.not_found.push(id),
                }
            }
            state.record(trail);
            Ok(answer)
        })
    }

    async fn seal_counts(&self) -> Result<Vec<(MasterKeyId, u64)>> {
        self.read(|state| {
            let mut counts = BTreeMap::new();
            for sealed in state.credentials.values().flat_map(|credential| credential.seals.iter()) {
                *counts.entry(sealed.key_id.clone()).or_default() += 1;
            }
            Ok(counts.into_iter().collect())
        })
    }

    async fn credentials_not_under(
        &self,
        key_id: &MasterKeyId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<(OrgId, Credential)>> {
        self.read(|state| {
            let other = |credential: &Credential| credential.seals.iter().any(|seal| seal.key_id != *key_id);
            let found = page(&state.credentials, after, limit, other);
            Ok(found.into_iter().map(|credential| (state.org_of(&credential), credential)).collect())
        })
    }

    async fn reseal_credential(
        &self,
        id: CredentialId,
        before: &Seals,
        after: Seals,
        by: &Author,
    ) -> Result<bool> {
        self.write(|state| {
            let Some(found) = state.credentials.get(&id).filter(|found| found.seals == *before).cloned()
            else {
                return Ok(false);
            };
            let mut trail = Trail::new(state.org_of(&found), by);
            trail.resealed(&found, &after);
            state.credentials.insert(id, Credential { seals: after, ..found });
            state.record(trail);
            Ok(true)
        })
    }
}
