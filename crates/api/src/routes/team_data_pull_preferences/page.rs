//! Pages of teams with their preferences.

use lookback_domain::TeamId;
use lookback_store::{Scope, Selection, TeamPreferences};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::refuse;
use crate::routes::cursor::{self, Fingerprint};
use crate::wire::{Describe, Integer, Loc, Problems, Read, Value};
use crate::{App, Error};

/// How many teams a page shows where nothing was said.
const LIMIT_DEFAULT: usize = 5;

/// How many teams a page shows; remembers whether anything was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Limit(pub Option<Integer>);

impl Read for Limit {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        Integer::read(value, loc, problems).map(|limit| Self(Some(limit)))
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}

impl Describe for Limit {
    const OPTIONAL: bool = true;

    fn schema() -> RefOr<Schema> {
        let mut schema = Integer::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.default = Some(LIMIT_DEFAULT.into());
        }
        schema
    }
}

/// One page of a listing.
pub struct Page<'a, F> {
    /// Where the teams are.
    pub scope: &'a Scope,
    /// These teams, in this order; all in the scope where none is named.
    pub teams: &'a [TeamId],
    /// Where the page begins; empty means at the beginning.
    pub cursor: Option<String>,
    /// How many teams it shows.
    pub limit: Limit,
    /// Which listing it is a page of; a digest is made only where there is a cursor.
    pub fingerprint: F,
}

impl<F: Fn() -> Fingerprint> Page<'_, F> {
    /// What the teams of this page have stored, and the cursor of the next one. No limit above `limit_max` is
    /// taken; `rows` says how many rows of the answer a team takes, of which a page has room for so many. `problems`
    /// has what is wrong besides; it is answered together with what is wrong here.
    pub async fn read(
        self,
        app: &App,
        limit_max: usize,
        rows: impl Fn(&TeamPreferences) -> usize,
        mut problems: Problems,
    ) -> Result<(Vec<TeamPreferences>, Option<String>), Error> {
        let (scope, teams) = (self.scope, self.teams);
        let query = Loc::root("query");
        let limit = self.limit(&query.key("limit"), limit_max, &mut problems);
        let after = cursor::after(self.cursor.as_deref(), &self.fingerprint, &mut problems).map(TeamId);
        refuse(app, scope, teams, problems).await?;

        // One team more than is shown tells whether there is a next page.
        let stored: Vec<_> = if teams.is_empty() {
            app.store.preferences(scope, Selection::Page { after, limit: limit.saturating_add(1) }).await?
        } else {
            let named = app.store.preferences(scope, Selection::Teams(teams)).await?;
            let shown = after.and_then(|after| named.iter().position(|team| team.team_id == after));
            named.into_iter().skip(shown.map_or(0, |last| last + 1)).take(limit.saturating_add(1)).collect()
        };
        let shown = cursor::room(&stored, limit, rows);
        Ok(cursor::page(stored, shown, |last| last.team_id.0, self.fingerprint))
    }

    fn limit(&self, loc: &Loc<'_>, limit_max: usize, problems: &mut Problems) -> usize {
        let Some(limit) = &self.limit.0 else {
            return if self.teams.is_empty() { LIMIT_DEFAULT } else { usize::MAX };
        };
        let asked = usize::try_from(limit.saturating()).unwrap_or(0);
        let (input, said) = (limit.to_value(), format!("a page shows 1 to {limit_max} teams"));
        if asked < 1 {
            problems.add_with("greater_than_equal", loc, said, &input, ("ge", 1));
        } else if asked > limit_max {
            problems.add_with("less_than_equal", loc, said, &input, ("le", limit_max));
        }
        asked
    }
}
