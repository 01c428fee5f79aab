//! The plainest statement of what every operation means.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{Environment, KeyId, OrgId, Preference, Provider, TeamId};

use crate::{
    Error, Key, KeyDigest, KeyStore, Lifecycle, Org, OrgStore, PreferenceStore, Result, Scope, Selection,
    Team, TeamPreferences, TeamStore,
};

/// A store in memory. It keeps every promise but the one to survive.
#[derive(Debug)]
pub struct Model(Mutex<State>);

#[derive(Debug, Clone, Default)]
struct State {
    broken: bool,
    orgs: BTreeMap<OrgId, Org>,
    teams: BTreeMap<TeamId, Team>,
    keys: BTreeMap<KeyId, Key>,
    preferences: BTreeMap<(TeamId, Environment, Provider), Preference>,
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    /// An empty store.
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// From now on every operation fails with [`Error::Unavailable`], until this is called with `false`.
    pub fn set_broken(&self, broken: bool) {
        self.lock().broken = broken;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole, since a change is made on a copy.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> Result<T>) -> Result<T> {
        let state = self.lock();
        if state.broken { Err(broken()) } else { read(&state) }
    }

    /// Runs `change` on a copy, which counts only where it succeeds.
    fn write<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.lock();
        if state.broken {
            return Err(broken());
        }
        let mut copy = state.clone();
        let answer = change(&mut copy)?;
        *state = copy;
        Ok(answer)
    }
}

fn broken() -> Error {
    Error::unavailable("the model was told to fail")
}

/// A store keeps microseconds.
fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).expect("it was a timestamp before it was cut")
}

/// Up to `limit` values in the order of their ids, those after `after`.
fn page<I: Ord + Copy, T: Clone>(
    all: &BTreeMap<I, T>,
    after: Option<I>,
    limit: usize,
    member: impl Fn(&T) -> bool,
) -> Vec<T> {
    let rest = all.range((after.map_or(Unbounded, Excluded), Unbounded));
    rest.map(|(_, value)| value).filter(|value| member(value)).take(limit).cloned().collect()
}

impl State {
    fn known_org(&self, id: OrgId) -> Result<()> {
        if self.orgs.contains_key(&id) { Ok(()) } else { Err(Error::UnknownOrg(id)) }
    }

    fn add_team(&mut self, mut team: Team) -> Result<()> {
        if self.teams.contains_key(&team.id) {
            return Err(Error::Taken(team.id.to_string()));
        }
        team.created_at = kept(team.created_at);
        self.teams.insert(team.id, team);
        Ok(())
    }

    fn add_key(&mut self, mut key: Key) -> Result<()> {
        if self.keys.values().any(|other| other.id == key.id || other.digest == key.digest) {
            return Err(Error::Taken(key.id.to_string()));
        }
        key.created_at = kept(key.created_at);
        self.keys.insert(key.id, key);
        Ok(())
    }

    fn remove_team(&mut self, id: TeamId) {
        self.teams.remove(&id);
        self.preferences.retain(|&(team, _, _), _| team != id);
    }

    fn in_scope(&self, scope: Scope, team: &Team) -> bool {
        team.org_id == scope.org_id && team.region == scope.region
    }

    /// The teams meant, each once; or those among them that are not in the scope.
    fn select(&self, scope: Scope, selection: Selection<'_>) -> Result<Vec<TeamId>> {
        match selection {
            Selection::Page { after, limit } => {
                let teams = page(&self.teams, after, limit, |team| self.in_scope(scope, team));
                Ok(teams.into_iter().map(|team| team.id).collect())
            }
            Selection::Teams(asked) => {
                let mut seen = BTreeSet::new();
                let asked = asked.iter().copied().filter(|&id| seen.insert(id));
                let known = |id: &TeamId| self.teams.get(id).is_some_and(|team| self.in_scope(scope, team));
                let (known, unknown): (Vec<_>, Vec<_>) = asked.partition(known);
                if unknown.is_empty() { Ok(known) } else { Err(Error::UnknownTeams(unknown)) }
            }
        }
    }

    fn stored(&self, team_id: TeamId, environment: Environment) -> TeamPreferences {
        let of_team =
            self.preferences.iter().filter(|((team, env, _), _)| (*team, *env) == (team_id, environment));
        let providers =
            of_team.map(|(&(_, _, provider), preference)| (provider, preference.clone())).collect();
        TeamPreferences { team_id, providers }
    }
}

#[async_trait]
impl OrgStore for Model {
    async fn create_org(&self, mut org: Org, teams: Vec<Team>, keys: Vec<Key>) -> Result<()> {
        org.assert_owns(&teams, &keys);
        self.write(|state| {
            if state.orgs.contains_key(&org.id) {
                return Err(Error::Taken(org.id.to_string()));
            }
            org.created_at = kept(org.created_at);
            state.orgs.insert(org.id, org);
            teams.into_iter().try_for_each(|team| state.add_team(team))?;
            keys.into_iter().try_for_each(|key| state.add_key(key))
        })
    }

    async fn orgs(&self, after: Option<OrgId>, limit: usize) -> Result<Vec<Org>> {
        self.read(|state| Ok(page(&state.orgs, after, limit, |_| true)))
    }

    async fn delete_org(&self, id: OrgId) -> Result<()> {
        self.write(|state| {
            state.known_org(id)?;
            state.orgs.remove(&id);
            state.keys.retain(|_, key| key.org_id != id);
            for team in page(&state.teams, None, usize::MAX, |team| team.org_id == id) {
                state.remove_team(team.id);
            }
            Ok(())
        })
    }
}

#[async_trait]
impl TeamStore for Model {
    async fn create_team(&self, team: Team) -> Result<()> {
        self.write(|state| {
            state.known_org(team.org_id)?;
            state.add_team(team)
        })
    }

    async fn teams(&self, org: OrgId, after: Option<TeamId>, limit: usize) -> Result<Vec<Team>> {
        self.read(|state| {
            state.known_org(org)?;
            Ok(page(&state.teams, after, limit, |team| team.org_id == org))
        })
    }

    async fn delete_team(&self, org: OrgId, id: TeamId) -> Result<()> {
        self.write(|state| match state.teams.get(&id) {
            Some(team) if team.org_id == org => {
                state.remove_team(id);
                Ok(())
            }
            _ => Err(Error::UnknownTeams(vec![id])),
        })
    }
}

#[async_trait]
impl KeyStore for Model {
    async fn create_key(&self, key: Key) -> Result<()> {
        self.write(|state| {
            state.known_org(key.org_id)?;
            state.add_key(key)
        })
    }

    async fn keys(&self, org: OrgId, after: Option<KeyId>, limit: usize) -> Result<Vec<Key>> {
        self.read(|state| {
            state.known_org(org)?;
            Ok(page(&state.keys, after, limit, |key| key.org_id == org))
        })
    }

    async fn delete_key(&self, org: OrgId, id: KeyId) -> Result<()> {
        self.write(|state| match state.keys.get(&id) {
            Some(key) if key.org_id == org => {
                state.keys.remove(&id);
                Ok(())
            }
            _ => Err(Error::UnknownKey(id)),
        })
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.read(|state| Ok(state.keys.values().find(|key| key.digest == digest).cloned()))
    }
}

#[async_trait]
impl PreferenceStore for Model {
    async fn preferences(&self, scope: Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        self.read(|state| {
            let teams = state.select(scope, selection)?;
            Ok(teams.into_iter().map(|team| state.stored(team, scope.environment)).collect())
        })
    }

    async fn upsert_preferences(
        &self,
        scope: Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        _at: Timestamp,
    ) -> Result<Vec<TeamPreferences>> {
        self.write(|state| {
            let teams = state.select(scope, Selection::Teams(teams))?;
            for &team in &teams {
                let entry = |(&provider, preference): (&Provider, &Preference)| {
                    ((team, scope.environment, provider), preference.clone())
                };
                state.preferences.extend(changes.iter().map(entry));
            }
            Ok(teams.into_iter().map(|team| state.stored(team, scope.environment)).collect())
        })
    }

    async fn delete_preferences(
        &self,
        scope: Scope,
        teams: Option<&[TeamId]>,
        providers: Option<&[Provider]>,
    ) -> Result<()> {
        self.write(|state| {
            let everyone = Selection::Page { after: None, limit: usize::MAX };
            let teams = state.select(scope, teams.map_or(everyone, Selection::Teams))?;
            state.preferences.retain(|(team, environment, provider), _| {
                let meant = teams.contains(team)
                    && *environment == scope.environment
                    && providers.is_none_or(|providers| providers.contains(provider));
                !meant
            });
            Ok(())
        })
    }
}

#[async_trait]
impl Lifecycle for Model {
    async fn ready(&self) -> Result<()> {
        self.read(|_| Ok(()))
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// The model never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the model waited"),
        }
    }

    #[test]
    fn a_broken_model_is_unavailable_until_it_is_mended() {
        let model = Model::new();
        model.set_broken(true);
        assert!(matches!(now(model.orgs(None, 1)), Err(Error::Unavailable(_))));
        model.set_broken(false);
        assert!(now(model.orgs(None, 1)).is_ok());
    }
}
