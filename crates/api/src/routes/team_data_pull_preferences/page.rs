//! Pages of teams, and where the next one begins.
//!
//! A cursor is opaque to clients. It carries a version, so that its content may change, and a digest of the
//! query it belongs to, so that it cannot be followed with another. Teams are listed in the order of their
//! ids and a page begins after a team, not at a position: teams that come and go between two pages make
//! nobody else appear twice or not at all.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lookback_domain::TeamId;
use lookback_store::{Scope, Selection, TeamPreferences};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use uuid::Uuid;

use super::refuse;
use crate::wire::{Describe, Integer, Loc, Problems, Read, Value};
use crate::{App, Error};

/// How many teams a page shows where nothing was said.
const LIMIT_DEFAULT: usize = 5;

/// How many teams a page shows; remembers whether anything was said.
#[derive(Debug, Clone, PartialEq)]
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
    /// taken, and no more than `shown_max` teams are shown whatever the limit is. `problems` has what is wrong
    /// besides; it is answered together with what is wrong here.
    pub async fn read(
        self,
        app: &App,
        limit_max: usize,
        shown_max: usize,
        mut problems: Problems,
    ) -> Result<(Vec<TeamPreferences>, Option<String>), Error> {
        let (scope, teams) = (self.scope, self.teams);
        let query = Loc::root("query");
        let limit = self.limit(&query.key("limit"), limit_max, &mut problems).min(shown_max);
        let after = self.after(&query.key("next_cursor"), &mut problems);
        refuse(app, scope, teams, problems).await?;

        // One team more than is shown tells whether there is a next page.
        let mut stored = if teams.is_empty() {
            app.store.preferences(scope, Selection::Page { after, limit: limit.saturating_add(1) }).await?
        } else {
            let named = app.store.preferences(scope, Selection::Teams(teams)).await?;
            let shown = after.and_then(|after| named.iter().position(|team| team.team_id == after));
            named.into_iter().skip(shown.map_or(0, |last| last + 1)).take(limit.saturating_add(1)).collect()
        };
        let more = stored.len() > limit;
        stored.truncate(limit);
        let next = stored.last().filter(|_| more).map(|last| (self.fingerprint)().cursor(last.team_id));
        Ok((stored, next))
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

    fn after(&self, loc: &Loc<'_>, problems: &mut Problems) -> Option<TeamId> {
        let cursor = self.cursor.as_deref().filter(|cursor| !cursor.is_empty())?;
        let after = (self.fingerprint)().after(cursor);
        if after.is_none() {
            let said =
                "this cursor was not given out for this query; leave it out to begin at the first page";
            problems.add("value_error", loc, said, &Value::String(cursor.to_owned()));
        }
        after
    }
}

const VERSION: u8 = 1;
/// Enough that no two queries collide by accident; a client can only mislead itself.
const FINGERPRINT_BYTES: usize = 16;

/// A digest of everything that decides which teams a listing shows, and of what it shows of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    /// The fingerprint of one query. `listing` tells the endpoints apart; `query` is everything that was asked
    /// but the cursor and the limit.
    pub fn of(listing: &str, scope: &Scope, query: impl Serialize) -> Self {
        let Scope { org_id, region, environment, .. } = scope;
        let query = serde_json::json!([listing, org_id, region, environment, query]);
        let digest: [u8; 32] = Sha256::digest(query.to_string()).into();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&digest[..FINGERPRINT_BYTES]);
        Self(fingerprint)
    }

    /// The cursor of the page after the one that ends with `team`.
    pub fn cursor(self, team: TeamId) -> String {
        let bytes = [&[VERSION][..], &self.0, team.0.as_bytes()].concat();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The last team of the page before; `None` where the cursor is of another query, or none at all.
    pub fn after(self, cursor: &str) -> Option<TeamId> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (fingerprint, team) = rest.split_at_checked(FINGERPRINT_BYTES)?;
        let team = Uuid::from_slice(team).ok()?;
        (*version == VERSION && fingerprint == self.0).then_some(TeamId(team))
    }
}
