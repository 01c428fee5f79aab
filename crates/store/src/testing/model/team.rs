//! Teams.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};

use super::{Model, page};
use crate::{
    Author, Created, Once, Result, Team, TeamContents, TeamFilter, TeamPatch, TeamStore, Trail, Was,
};

#[async_trait]
impl TeamStore for Model {
    async fn create_team(&self, team: Team, once: Option<Once>, by: &Author) -> Result<Created<Team>> {
        self.write(|state| {
            state.known_org(team.org_id)?;
            match state.recall(once.as_ref(), by) {
                Some(Created::Replay(was)) => return was.team_again(),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            let team = state.add_team(team)?;
            state.remember(once, team.org_id, Was::team(&team), by);
            let mut trail = Trail::new(team.org_id, by);
            trail.team(None, &team);
            state.record(trail);
            Ok(Created::Done(team))
        })
    }

    async fn team(&self, org: OrgId, id: TeamId) -> Result<Team> {
        self.read(|state| state.known_team(org, id).cloned())
    }

    async fn team_by_integration_id(&self, org: OrgId, integration_team_id: &str) -> Result<Option<Team>> {
        self.read(|state| {
            let called = |team: &&Team| team.integration_team_id.as_deref() == Some(integration_team_id);
            Ok(state.teams.values().filter(|team| team.org_id == org).find(called).cloned())
        })
    }

    async fn teams(
        &self,
        org: OrgId,
        filter: &TeamFilter,
        after: Option<TeamId>,
        limit: usize,
    ) -> Result<Vec<Team>> {
        self.read(|state| {
            state.known_org(org)?;
            Ok(page(&state.teams, after, limit, |team| team.org_id == org && filter.admits(team)))
        })
    }

    async fn patch_team(&self, org: OrgId, id: TeamId, patch: TeamPatch, by: &Author) -> Result<Team> {
        self.write(|state| {
            let before = state.known_team(org, id)?.clone();
            let after = state.put_team(patch.apply(&before))?;
            let mut trail = Trail::new(org, by);
            trail.team(Some(&before), &after);
            state.record(trail);
            Ok(after)
        })
    }

    async fn delete_team(&self, org: OrgId, id: TeamId, by: &Author) -> Result<()> {
        self.write(|state| {
            let team = state.known_team(org, id)?.clone();
            let preferences = state.preferences.iter().filter(|((team, _, _), _)| *team == id);
            let credentials = state.credentials.values().filter(|credential| credential.place.team_id == id);
            let mut credentials: Vec<_> = credentials.cloned().collect();
            credentials.sort_by_key(|credential| credential.place);
            let gone = TeamContents {
                team,
                preferences: preferences.map(|((_, env, of), days)| ((*env, *of), days.clone())).collect(),
                credentials,
                keys: state
                    .keys
                    .values()
                    .filter(|key| key.bindings.contains(&id))
                    .map(|key| key.id)
                    .collect(),
            };
            let mut trail = Trail::new(org, by);
            trail.team_deleted(&gone);
            state.remove_team(id);
            state.record(trail);
            Ok(())
        })
    }
}
