//! Adding many applications at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lookback_domain::{OrgId, Region, TeamId};
use lookback_store::Credential;
use uuid::Uuid;

use super::row::Columns;
use crate::column::{ids_of, json_column, slug};
use crate::failure::Outcome;
use crate::session::{Params, Session};

pub(super) const INSERT: &str = "INSERT INTO credential (id, team_id, environment, provider, client_id, \
     client_secret_hash, details_hash, client_secret_key_id, client_secret_nonce, client_secret_ciphertext, \
     details_key_id, details_nonce, details_ciphertext, redirect_url_override, quota, created_at_us, \
     updated_at_us, org_id, region) \
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
     $8::text[], $9::bytea[], $10::bytea[], $11::text[], $12::bytea[], $13::bytea[], $14::text[], $15::text[], \
     $16::bigint[], $17::bigint[], $18::uuid[], $19::text[]) ON CONFLICT DO NOTHING RETURNING id";
// They stay until the transaction ends.
pub(super) const OWNERS: &str =
    "SELECT id, org_id, region FROM team WHERE id = ANY($1) ORDER BY id FOR KEY SHARE";

/// Adds applications to their teams, and says which: not those whose team is missing, or of which something is taken.
pub(crate) async fn insert_all(session: &Session, credentials: &[&Credential]) -> Outcome<BTreeSet<Uuid>> {
    let teams = credentials.iter().map(|credential| credential.place.team_id);
    let owners = owners(session, teams.collect()).await?;
    let owned = credentials.iter().filter_map(|&credential| {
        owners.get(&credential.place.team_id).map(|&(org, region)| (org, region, credential))
    });
    insert(session, &Vec::from_iter(owned)).await
}

/// Where these teams are, which stay.
async fn owners(session: &Session, teams: BTreeSet<TeamId>) -> Outcome<BTreeMap<TeamId, (OrgId, Region)>> {
    let teams: Vec<_> = teams.into_iter().map(|team| team.0).collect();
    let rows = session.all(OWNERS, &[&teams]).await?;
    let owner = |row: &tokio_postgres::Row| {
        Ok((TeamId(row.try_get(0)?), (OrgId(row.try_get(1)?), slug(row.try_get(2)?)?)))
    };
    rows.iter().map(owner).collect()
}

/// Adds applications, each with its team's organisation and region.
async fn insert(session: &Session, owned: &[(OrgId, Region, &Credential)]) -> Outcome<BTreeSet<Uuid>> {
    let of = |column: fn(&Credential) -> Option<&str>| column_of(owned, column);
    let us = |time: fn(&Credential) -> Timestamp| column_of(owned, |of| time(of).as_microsecond());
    let secrets = column_of(owned, |of| Columns::of(of.seals.client_secret.as_ref()));
    let details = column_of(owned, |of| Columns::of(of.seals.details.as_ref()));
    let values: Params<'_> = &[
        &column_of(owned, |of| of.id.0),
        &column_of(owned, |of| of.place.team_id.0),
        &column_of(owned, |of| of.place.environment.as_str()),
        &column_of(owned, |of| of.place.provider.as_str()),
        &of(|of| of.client_id.as_deref()),
        &of(|of| of.client_secret_hash.as_deref()),
        &of(|of| of.details_hash.as_deref()),
        &Vec::from_iter(secrets.iter().map(|sealed| sealed.key_id)),
        &Vec::from_iter(secrets.iter().map(|sealed| sealed.nonce)),
        &Vec::from_iter(secrets.iter().map(|sealed| sealed.ciphertext)),
        &Vec::from_iter(details.iter().map(|sealed| sealed.key_id)),
        &Vec::from_iter(details.iter().map(|sealed| sealed.nonce)),
        &Vec::from_iter(details.iter().map(|sealed| sealed.ciphertext)),
        &of(|of| of.redirect_url_override.as_deref()),
        &column_of(owned, |of| of.quota.as_ref().map(json_column)),
        &us(|of| of.created_at),
        &us(|of| of.updated_at),
        &Vec::from_iter(owned.iter().map(|(org, ..)| org.0)),
        &Vec::from_iter(owned.iter().map(|(_, region, _)| region.as_str())),
    ];
    ids_of(&session.all(INSERT, values).await?)
}

/// One column of many applications.
fn column_of<'a, T>(owned: &[(OrgId, Region, &'a Credential)], of: impl Fn(&'a Credential) -> T) -> Vec<T> {
    owned.iter().map(|(_, _, credential)| of(credential)).collect()
}
