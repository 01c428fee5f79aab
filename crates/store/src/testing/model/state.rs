//! Everything that the model holds, and what several operations do with it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lookback_domain::{CredentialId, Environment, KeyId, OrgId, Preference, Provider, TeamId};

use super::page;
use crate::{
    AuditEntry, AuditId, Author, Created, Credential, Error, Key, Once, Org, Result, Scope, Selection, Team,
    TeamPreferences, Trail, Was, kept, once_kept_since,
};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// How many more changes there are until every operation fails, where it was told to.
    pub changes_left: Option<u64>,
    pub orgs: BTreeMap<OrgId, Org>,
    pub teams: BTreeMap<TeamId, Team>,
    pub keys: BTreeMap<KeyId, Key>,
    pub preferences: BTreeMap<(TeamId, Environment, Provider), Preference>,
    /// When each of the preferences was set last; no operation but moving house reads it.
    pub preference_times: BTreeMap<(TeamId, Environment, Provider), Timestamp>,
    pub credentials: BTreeMap<CredentialId, Credential>,
    pub audit: BTreeMap<(OrgId, AuditId), AuditEntry>,
    pub tokens: BTreeMap<(KeyId, String), Token>,
}

/// What came of a creation.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub org_id: OrgId,
    pub fingerprint: [u8; 32],
    pub at: Timestamp,
    pub was: Was,
}

impl State {
    /// Fails where it was told to.
    pub fn working(&self) -> Result<()> {
        match self.changes_left {
            Some(0) => Err(Error::unavailable("the model was told to fail")),
            _ => Ok(()),
        }
    }

    pub fn known_org(&self, id: OrgId) -> Result<&Org> {
        self.orgs.get(&id).ok_or(Error::UnknownOrg(id))
    }

    pub fn known_team(&self, org: OrgId, id: TeamId) -> Result<&Team> {
        let team = self.teams.get(&id).filter(|team| team.org_id == org);
        team.ok_or_else(|| Error::UnknownTeams(vec![id]))
    }

    /// Keeps a team in place of what has its id.
    pub fn put_team(&mut self, mut team: Team) -> Result<Team> {
        let named = team.integration_team_id.is_some();
        let same = |other: &&Team| {
            let called_the_same = other.integration_team_id == team.integration_team_id;
            other.id != team.id && other.org_id == team.org_id && called_the_same
        };
        if let Some(other) = self.teams.values().find(same).filter(|_| named) {
            return Err(Error::IntegrationTeamIdTaken(other.id));
        }
        team.created_at = kept(team.created_at);
        self.teams.insert(team.id, team.clone());
        Ok(team)
    }

    pub fn add_team(&mut self, team: Team) -> Result<Team> {
        if self.teams.contains_key(&team.id) {
            return Err(Error::Taken(team.id.to_string()));
        }
        self.put_team(team)
    }

    /// Sees that a key is bound to teams of its organisation only.
    pub fn known_bindings(&self, key: &Key) -> Result<()> {
        let is_known = |id: &TeamId| self.teams.get(id).is_some_and(|team| team.org_id == key.org_id);
        let unknown: Vec<_> = key.bindings.iter().copied().filter(|id| !is_known(id)).collect();
        if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown)) }
    }

    pub fn add_key(&mut self, mut key: Key) -> Result<Key> {
        key.assert_bindings();
        self.known_bindings(&key)?;
        if self.keys.values().any(|other| other.id == key.id || other.digest == key.digest) {
            return Err(Error::Taken(key.id.to_string()));
        }
        key.created_at = kept(key.created_at);
        key.expires_at = key.expires_at.map(kept);
        key.last_used_at = key.last_used_at.map(kept);
        self.keys.insert(key.id, key.clone());
        Ok(key)
    }

    pub fn remove_team(&mut self, id: TeamId) {
        self.teams.remove(&id);
        self.preferences.retain(|&(team, _, _), _| team != id);
        self.credentials.retain(|_, credential| credential.place.team_id != id);
        for key in self.keys.values_mut() {
            key.bindings.remove(&id);
        }
    }

    pub fn in_scope(&self, scope: &Scope, team: &Team) -> bool {
        team.org_id == scope.org_id && team.region == scope.region && scope.visible.sees(team.id)
    }

    /// The teams meant, each once; or those among them that are not in the scope.
    pub fn select(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamId>> {
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

    pub fn stored(&self, team_id: TeamId, environment: Environment) -> TeamPreferences {
        let of_team =
            self.preferences.iter().filter(|((team, env, _), _)| (*team, *env) == (team_id, environment));
        let providers =
            of_team.map(|(&(_, _, provider), preference)| (provider, preference.clone())).collect();
        TeamPreferences { team_id, providers }
    }

    /// Keeps what the trail of a change says.
    pub fn record(&mut self, trail: Trail<'_>) {
        for entry in trail.into_entries() {
            assert!(self.audit.insert((entry.org_id, entry.id), entry).is_none(), "two changes have one id");
        }
    }

    /// What came of the creation before, where there is one to remember.
    pub fn recall(&self, once: Option<&Once>, by: &Author) -> Option<Created<Was>> {
        let once = once?;
        let token = self.tokens.get(&(once.key_id, once.token.clone()))?;
        let same = token.fingerprint == once.fingerprint;
        (token.at > kept(once_kept_since(by.at)))
            .then(|| if same { Created::Replay(token.was.clone()) } else { Created::Mismatch })
    }

    /// Keeps what came of a creation.
    pub fn remember(&mut self, once: Option<Once>, org_id: OrgId, was: Was, by: &Author) {
        if let Some(Once { key_id, token, fingerprint }) = once {
            let at = kept(by.at);
            self.tokens.insert((key_id, token), Token { org_id, fingerprint, at, was });
        }
    }
}
