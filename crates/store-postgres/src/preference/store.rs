//! Storing them.

use lookback_domain::{Environment, TeamId};
use lookback_store::Kept;
use uuid::Uuid;

use crate::column::json_column;
use crate::failure::Outcome;
use crate::session::Session;

// Of a team that is named twice one of the two would count.
pub(super) const STORE: &str = "UPDATE team SET \
     production_preferences = CASE environment WHEN 'production' THEN kept ELSE production_preferences END, \
     sandbox_preferences = CASE environment WHEN 'sandbox' THEN kept ELSE sandbox_preferences END \
     FROM unnest($1::uuid[], $2::text[], $3::text[]) AS changed (team_id, environment, kept) \
     WHERE team.id = changed.team_id";

/// What teams have from now on, as the statement takes it, one array a column.
#[derive(Default)]
pub(crate) struct Changed {
    teams: Vec<Uuid>,
    environments: Vec<&'static str>,
    kept: Vec<Option<String>>,
}

impl Changed {
    /// Adds a team, which must not be there yet.
    pub(crate) fn add(&mut self, team: TeamId, environment: Environment, kept: &Kept) {
        self.teams.push(team.0);
        self.environments.push(environment.as_str());
        self.kept.push((!kept.0.is_empty()).then(|| json_column(kept)));
    }

    /// Stores it.
    pub(crate) async fn store(&self, session: &Session) -> Outcome<()> {
        if !self.teams.is_empty() {
            session.change(STORE, &[&self.teams, &self.environments, &self.kept]).await?;
        }
        Ok(())
    }
}
