//! Who is calling: a management key, bound to one organisation.

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use lookback_domain::{Environment, KeyId, OrgId, Region};
use lookback_store::{Actor, KeyDigest, Scope, Visible};

use crate::{App, Error};

/// The documented header, and the older name that the contract's own example uses.
const MANAGEMENT_HEADERS: [&str; 2] = ["x-management-key", "x-vital-org-key"];
/// The header of a team API key, which this API does not take.
const TEAM_HEADER: &str = "x-vital-api-key";

/// An authenticated caller. Extracting one is what makes a route require a key.
#[derive(Debug, Clone)]
pub struct Caller {
    key_id: KeyId,
    org_id: OrgId,
    visible: Visible,
}

impl Caller {
    /// The scope the caller asks about, where it is its own.
    pub fn scope(&self, org_id: OrgId, region: Region, environment: Environment) -> Result<Scope, Error> {
        if self.org_id != org_id {
            return Err(Error::Forbidden);
        }
        Ok(Scope { org_id, region, environment, visible: self.visible.clone() })
    }

    /// Who it is that changes something.
    pub fn actor(&self) -> Actor {
        Actor::Key(self.key_id)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let presented = presented(&parts.headers).map_err(Error::Unauthorized)?;
        let key = app.store.key_by_digest(KeyDigest::of(presented)).await?;
        let key = key.filter(|key| !key.is_expired(app.clock.now()));
        let key = key.ok_or(Error::Unauthorized("This management key is not valid."))?;
        Ok(Self { key_id: key.id, org_id: key.org_id, visible: key.visible() })
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
