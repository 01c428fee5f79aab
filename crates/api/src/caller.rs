//! Who is calling: a management key, bound to one organisation.

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use jiff::Timestamp;
use lookback_domain::{Environment, KeyId, OrgId, Region, Role, TeamId};
use lookback_store::{Actor, Key, KeyDigest, Scope, Visible};

use crate::layers::Place;
use crate::{App, Error, Observed};

/// The documented header, and the older name that the contract's own example uses.
const MANAGEMENT_HEADERS: [&str; 2] = ["x-management-key", "x-vital-org-key"];
/// The header of a team API key, which this API does not take.
const TEAM_HEADER: &str = "x-vital-api-key";

/// An authenticated caller. Extracting one is what makes a route require a key.
#[derive(Debug, Clone)]
pub struct Caller {
    key: Key,
}

impl Caller {
    /// The key.
    pub fn key_id(&self) -> KeyId {
        self.key.id
    }

    /// Who it is that changes something.
    pub fn actor(&self) -> Actor {
        Actor::Key(self.key.id)
    }

    /// Errors: 403 where it is another organisation's key.
    pub fn of(&self, org_id: OrgId) -> Result<(), Error> {
        if self.key.org_id == org_id { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Errors: 403 where it is another organisation's key, or no `org_admin`.
    pub fn admin_of(&self, org_id: OrgId) -> Result<(), Error> {
        self.of(org_id)?;
        if self.key.role == Role::OrgAdmin { Ok(()) } else { Err(Error::Role) }
    }

    /// When what the caller lets others do has to end, if ever: a `team_admin` key hands on no more than it has.
    pub fn end(&self) -> Option<Timestamp> {
        self.key.expires_at.filter(|_| self.key.role == Role::TeamAdmin)
    }

    /// The teams that exist for the caller.
    pub fn visible(&self) -> Visible {
        self.key.visible()
    }

    /// Whether a team, if it is the organisation's, exists for the caller.
    pub fn sees(&self, team: TeamId) -> bool {
        self.key.role == Role::OrgAdmin || self.key.bindings.contains(&team)
    }

    /// The scope the caller asks about, where it is its own.
    pub fn scope(&self, org_id: OrgId, region: Region, environment: Environment) -> Result<Scope, Error> {
        self.of(org_id)?;
        Ok(Scope { org_id, region, environment, visible: self.visible() })
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let presented = presented(&parts.headers).map_err(Error::Unauthorized)?;
        let key = app.store.key_by_digest(KeyDigest::of(presented)).await?;
        let now = app.clock.now();
        let Some(key) = key else {
            // Only now: a key that is valid is never made to wait for those that were guessed.
            if let Some(&Observed(client)) = parts.extensions.get() {
                app.guesses.count(client, now).map_err(Error::Guessing)?;
            }
            return Err(Error::Unauthorized("This management key is not valid."));
        };
        if key.is_expired(now) {
            return Err(Error::Unauthorized("This management key has expired."));
        }
        app.key_uses.note(key.id, now);
        if let Some(place) = parts.extensions.get::<Place>() {
            place.room.is_of(key.org_id);
        }
        Ok(Self { key })
    }
}

/// The one key that a request presents.
fn presented(headers: &HeaderMap) -> Result<&[u8], &'static str> {
    let mut keys =
        MANAGEMENT_HEADERS.iter().flat_map(|name| headers.get_all(*name)).map(|value| value.as_bytes());
    let Some(key) = keys.next() else {
        return Err(if headers.contains_key(TEAM_HEADER) {
            "A team API key cannot be used here; send a management key in the X-Management-Key header."
        } else {
            "A management key is missing; send it in the X-Management-Key header."
        });
    };
    if keys.any(|other| other != key) {
        return Err("The request carries different management keys; send one.");
    }
    if key.starts_with(b"pk_") || key.starts_with(b"sk_") {
        return Err("This is a team API key, which cannot be used here; send a management key.");
    }
    Ok(key)
}
