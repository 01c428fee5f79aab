//! Preferences.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lookback_domain::{Preference, Provider, Raised, TeamId};

use super::Model;
use crate::{Author, PreferenceStore, Result, Scope, Selection, TeamPreferences, Trail, end_of_page, kept};

#[async_trait]
impl PreferenceStore for Model {
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        self.read(|state| {
            let teams = state.select(scope, selection)?;
            Ok(teams.into_iter().map(|team| state.stored(team, scope.environment)).collect())
        })
    }

    async fn upsert_preferences(
        &self,
        scope: &Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        raised: &BTreeMap<Provider, Raised>,
        by: &Author,
    ) -> Result<Vec<TeamPreferences>> {
        self.write(|state| {
            let teams = state.select(scope, Selection::Teams(teams))?;
            let mut trail = Trail::new(scope.org_id, by);
            for &team in &teams {
                let before = state.stored(team, scope.environment).providers;
                trail.preferences_set(team, scope.environment, &before, changes, raised);
                let entry = |(&provider, preference): (&Provider, &Preference)| {
                    ((team, scope.environment, provider), preference.clone())
                };
                state.preferences.extend(changes.iter().map(entry));
                let new =
                    changes.iter().filter(|&(provider, preference)| before.get(provider) != Some(preference));
                let set = |(&provider, _)| ((team, scope.environment, provider), kept(by.at));
                state.preference_times.extend(new.map(set));
            }
            state.record(trail);
            Ok(teams.into_iter().map(|team| state.stored(team, scope.environment)).collect())
        })
    }

    async fn delete_preferences(
        &self,
        scope: &Scope,
        selection: Selection<'_>,
        providers: Option<&[Provider]>,
        by: &Author,
    ) -> Result<Option<TeamId>> {
        self.write(|state| {
            let mut trail = Trail::new(scope.org_id, by);
            let teams = state.select(scope, selection)?;
            for &team in &teams {
                let mut gone = state.stored(team, scope.environment).providers;
                gone.retain(|provider, _| providers.is_none_or(|providers| providers.contains(provider)));
                for &provider in gone.keys() {
                    state.preferences.remove(&(team, scope.environment, provider));
                }
                trail.preferences_deleted(team, scope.environment, &gone);
            }
            state.record(trail);
            Ok(match selection {
                Selection::Page { limit, .. } => end_of_page(&teams, limit),
                Selection::Teams(_) => None,
            })
        })
    }
}
