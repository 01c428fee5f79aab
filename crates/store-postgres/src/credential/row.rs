//! How an application stands in its row.

use lookback_domain::{CredentialId, OrgId, Region, TeamId};
use lookback_store::{Credential, CredentialPlace, MasterKeyId, Scope, Sealed, Seals};
use tokio_postgres::Row;

use crate::column::{bytes, json, json_column, slug, time};
use crate::failure::Outcome;
use crate::session::{Params, Session};

/// The columns of an application, as [`read`] takes them.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, environment, provider, client_id, client_secret_hash, details_hash, \
             client_secret_key_id, client_secret_nonce, client_secret_ciphertext, \
             details_key_id, details_nonce, details_ciphertext, redirect_url_override, quota, created_at_us, \
             updated_at_us, org_id, region FROM credential WHERE ",
            $rest
        )
    };
}
pub(super) use columns;

pub(super) const UPSERT: &str = "INSERT INTO credential (id, team_id, environment, provider, client_id, \
     client_secret_hash, details_hash, client_secret_key_id, client_secret_nonce, client_secret_ciphertext, \
     details_key_id, details_nonce, details_ciphertext, redirect_url_override, quota, created_at_us, \
     updated_at_us, org_id, region) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
     ON CONFLICT (team_id, environment, provider) DO UPDATE SET client_id = excluded.client_id, \
     client_secret_hash = excluded.client_secret_hash, details_hash = excluded.details_hash, \
     client_secret_key_id = excluded.client_secret_key_id, client_secret_nonce = excluded.client_secret_nonce, \
     client_secret_ciphertext = excluded.client_secret_ciphertext, details_key_id = excluded.details_key_id, \
     details_nonce = excluded.details_nonce, details_ciphertext = excluded.details_ciphertext, \
     redirect_url_override = excluded.redirect_url_override, quota = excluded.quota, \
     updated_at_us = excluded.updated_at_us";

/// An application, and whose team it is of.
pub(super) struct Owned {
    pub(super) org_id: OrgId,
    pub(super) region: Region,
    pub(super) credential: Credential,
}

impl Owned {
    pub(super) fn is_in(&self, scope: &Scope) -> bool {
        let place = self.credential.place;
        self.org_id == scope.org_id
            && self.region == scope.region
            && place.environment == scope.environment
            && scope.visible.sees(place.team_id)
    }
}

/// Keeps an application in the place of the one that is there.
pub(super) async fn put(
    session: &Session,
    org: OrgId,
    region: Region,
    credential: &Credential,
) -> Outcome<()> {
    let (place, seals) = (credential.place, &credential.seals);
    let (environment, provider, region) =
        (place.environment.as_str(), place.provider.as_str(), region.as_str());
    let (secret, details) = (Columns::of(seals.client_secret.as_ref()), Columns::of(seals.details.as_ref()));
    let quota = credential.quota.as_ref().map(json_column);
    let (created_at, updated_at) =
        (credential.created_at.as_microsecond(), credential.updated_at.as_microsecond());
    let values: Params<'_> = &[
        &credential.id.0,
        &place.team_id.0,
        &environment,
        &provider,
        &credential.client_id,
        &credential.client_secret_hash,
        &credential.details_hash,
        &secret.key_id,
        &secret.nonce,
        &secret.ciphertext,
        &details.key_id,
        &details.nonce,
        &details.ciphertext,
        &credential.redirect_url_override,
        &quota,
        &created_at,
        &updated_at,
        &org.0,
        &region,
    ];
    session.change(UPSERT, values).await?;
    Ok(())
}

/// The three columns of something sealed.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) key_id: Option<&'a str>,
    pub(super) nonce: Option<&'a [u8]>,
    pub(super) ciphertext: Option<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(sealed: Option<&'a Sealed>) -> Self {
        let columns = |sealed: &'a Sealed| Self {
            key_id: Some(&sealed.key_id.0),
            nonce: Some(&sealed.nonce),
            ciphertext: Some(&sealed.ciphertext),
        };
        sealed.map(columns).unwrap_or_default()
    }
}

pub(super) fn read(row: &Row) -> Outcome<Owned> {
    let place = CredentialPlace {
        team_id: TeamId(row.try_get(1)?),
        environment: slug(row.try_get(2)?)?,
        provider: slug(row.try_get(3)?)?,
    };
    let credential = Credential {
        id: CredentialId(row.try_get(0)?),
        place,
        client_id: row.try_get(4)?,
        client_secret_hash: row.try_get(5)?,
        details_hash: row.try_get(6)?,
        seals: Seals { client_secret: sealed(row, 7)?, details: sealed(row, 10)? },
        redirect_url_override: row.try_get(13)?,
        quota: json(row, 14)?,
        created_at: time(row, 15)?,
        updated_at: time(row, 16)?,
    };
    Ok(Owned { org_id: OrgId(row.try_get(17)?), region: slug(row.try_get(18)?)?, credential })
}

/// What three columns hold, the first of which is this.
fn sealed(row: &Row, first: usize) -> Outcome<Option<Sealed>> {
    let (key_id, nonce) = (row.try_get::<_, Option<String>>(first)?, bytes(row, first + 1)?);
    let Some((key_id, nonce)) = key_id.zip(nonce) else { return Ok(None) };
    Ok(Some(Sealed { key_id: MasterKeyId(key_id), nonce, ciphertext: row.try_get(first + 2)? }))
}
