//! Stored preferences.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use lookback_domain::{Environment, OrgId, Preference, Provider, Raised, Region, TeamId};

use crate::{Author, Result, Visible};

/// Where something is read or changed: one environment of the teams of an organisation in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose teams.
    pub org_id: OrgId,
    /// Only teams that live here are seen.
    pub region: Region,
    /// Which of a team's two environments.
    pub environment: Environment,
    /// Only these teams are in the scope.
    pub visible: Visible,
}

/// Which teams of a [`Scope`] are meant.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// These, in this order. A repeated id counts once, where it stands first.
    Teams(&'a [TeamId]),
    /// Up to `limit` of all, in the order of their ids, those after `after`.
    Page {
        /// The last id of the page before.
        after: Option<TeamId>,
        /// How many at most.
        limit: usize,
    },
}

/// What one team has stored in one environment; a provider that is absent has its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamPreferences {
    /// Whose they are.
    pub team_id: TeamId,
    /// By provider.
    pub providers: BTreeMap<Provider, Preference>,
}

/// Repeated ids only where they stand first.
pub fn each_once(teams: &[TeamId]) -> Vec<TeamId> {
    let mut seen = BTreeSet::new();
    teams.iter().copied().filter(|&team| seen.insert(team)).collect()
}

/// The last of a page's teams where they are as many as it may have: more may come after it.
pub fn end_of_page(teams: &[TeamId], limit: usize) -> Option<TeamId> {
    teams.last().copied().filter(|_| teams.len() == limit)
}

/// The preferences of teams.
#[async_trait]
pub trait PreferenceStore: Send + Sync {
    /// What the selected teams have stored, in the order of the selection, also those that have nothing.
    /// All of the answer is from one moment.
    ///
    /// Errors: [`crate::Error::UnknownTeams`] where one is named that is not in the scope.
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>>;

    /// Replaces, for each of the teams, each of the providers named as a whole, and leaves the others alone.
    /// Answers what the teams have stored thereafter, as [`Self::preferences`] would.
    ///
    /// `raised` says which of the changes ask for more than the default; the audit log keeps it with them.
    ///
    /// Errors: [`crate::Error::UnknownTeams`] where one is named that is not in the scope.
    async fn upsert_preferences(
        &self,
        scope: &Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        raised: &BTreeMap<Provider, Raised>,
        by: &Author,
    ) -> Result<Vec<TeamPreferences>>;

    /// Forgets what is stored for these providers (`None`: all) of the selected teams. All of it happens at one moment.
    /// Answers the last team of a page that had as many as it may have: more may come after it.
    ///
    /// Errors: [`crate::Error::UnknownTeams`] where one is named that is not in the scope.
    async fn delete_preferences(
        &self,
        scope: &Scope,
        selection: Selection<'_>,
        providers: Option<&[Provider]>,
        by: &Author,
    ) -> Result<Option<TeamId>>;
}
