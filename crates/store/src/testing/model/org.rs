//! Organisations.

use async_trait::async_trait;
use lookback_domain::OrgId;

use super::{Model, page};
use crate::{Author, Error, Key, Org, OrgStore, Result, Team, Trail, kept};

#[async_trait]
impl OrgStore for Model {
    async fn create_org(&self, mut org: Org, teams: Vec<Team>, keys: Vec<Key>, by: &Author) -> Result<()> {
        org.assert_owns(&teams, &keys);
        self.write(|state| {
            if state.orgs.contains_key(&org.id) {
                return Err(Error::Taken(org.id.to_string()));
            }
            org.created_at = kept(org.created_at);
            let mut trail = Trail::new(org.id, by);
            trail.org(None, &org);
            state.orgs.insert(org.id, org);
            for team in teams {
                trail.team(None, &state.add_team(team)?);
            }
            for key in keys {
                trail.key(None, Some(&state.add_key(key)?));
            }
            state.record(trail);
            Ok(())
        })
    }

    async fn org(&self, id: OrgId) -> Result<Org> {
        self.read(|state| state.known_org(id).cloned())
    }

    async fn orgs(&self, after: Option<OrgId>, limit: usize) -> Result<Vec<Org>> {
        self.read(|state| Ok(page(&state.orgs, after, limit, |_| true)))
    }

    async fn rename_org(&self, id: OrgId, name: String, by: &Author) -> Result<Org> {
        self.write(|state| {
            let before = state.known_org(id)?.clone();
            let after = Org { name, ..before };
            let mut trail = Trail::new(id, by);
            trail.org(Some(&before), &after);
            state.orgs.insert(id, after.clone());
            state.record(trail);
            Ok(after)
        })
    }

    async fn delete_org(&self, id: OrgId, rows: usize) -> Result<bool> {
        self.write(|state| {
            state.known_org(id)?;
            let keys = page(&state.keys, None, rows, |key| key.org_id == id);
            let teams = page(&state.teams, None, rows - keys.len(), |team| team.org_id == id);
            let mut left = rows - keys.len() - teams.len();
            keys.iter().for_each(|key| drop(state.keys.remove(&key.id)));
            teams.iter().for_each(|team| state.remove_team(team.id));
            state.audit.retain(|&(org, _), _| {
                let goes = org == id && left > 0;
                left -= usize::from(goes);
                !goes
            });
            let is_gone = left > 0;
            if is_gone {
                state.orgs.remove(&id);
                state.tokens.retain(|_, token| token.org_id != id);
            }
            Ok(is_gone)
        })
    }
}
