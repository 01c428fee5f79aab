//! OAuth applications of teams.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::{CredentialId, OrgId, OwnQuota, Provider, Region, TeamId};
use lookback_store::{
    Author, Created, Credential, CredentialContent, CredentialFilter, CredentialPlace, CredentialStore,
    DeletedCredentials, Error, MasterKeyId, Once, Result, Scope, Sealed, Seals, Trail, Visible, Was, kept,
};
use rusqlite::{Connection, Row, params};

use crate::column::{After, Id, Json, Slug, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, once, preference, query};

/// The columns of an application, as [`read`] takes them.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, environment, provider, client_id, client_secret_hash, details_hash, \
             client_secret_key_id, client_secret_nonce, client_secret_ciphertext, \
             details_key_id, details_nonce, details_ciphertext, \
             redirect_url_override, quota, created_at_us, updated_at_us, org_id, region FROM credential ",
            $rest
        )
    };
}

const UPSERT: &str = "INSERT INTO credential (id, team_id, environment, provider, client_id, \
     client_secret_hash, details_hash, client_secret_key_id, client_secret_nonce, client_secret_ciphertext, \
     details_key_id, details_nonce, details_ciphertext, redirect_url_override, quota, created_at_us, \
     updated_at_us, org_id, region) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
     ON CONFLICT (team_id, environment, provider) DO UPDATE SET client_id = excluded.client_id, \
     client_secret_hash = excluded.client_secret_hash, details_hash = excluded.details_hash, \
     client_secret_key_id = excluded.client_secret_key_id, client_secret_nonce = excluded.client_secret_nonce, \
     client_secret_ciphertext = excluded.client_secret_ciphertext, details_key_id = excluded.details_key_id, \
     details_nonce = excluded.details_nonce, details_ciphertext = excluded.details_ciphertext, \
     redirect_url_override = excluded.redirect_url_override, quota = excluded.quota, \
     updated_at_us = excluded.updated_at_us";
const IN_PLACE: &str = columns!("WHERE team_id = ?1 AND environment = ?2 AND provider = ?3");
/// Of the whole deployment.
pub(crate) const EVERY: &str = columns!("WHERE id > ?1 ORDER BY id LIMIT ?2");
const OF_TEAM: &str = columns!("WHERE team_id = ?1");
const OF_TEAM_IN: &str = columns!("WHERE team_id = ?1 AND environment = ?2");
const OWNER: &str = "SELECT org_id, region FROM team WHERE id = ?1";
const GET: &str = columns!("WHERE id = ?1");
const PAGE: &str = columns!("WHERE org_id = ?1 AND region = ?2 AND environment = ?3 AND id > ?4 ORDER BY id");
const DELETE: &str = "DELETE FROM credential WHERE id = ?1";
// Of the whole deployment; no request waits for these two.
const COUNT_SEALS: &str = "SELECT key_id, count(*) FROM (\
     SELECT client_secret_key_id AS key_id FROM credential UNION ALL SELECT details_key_id FROM credential) \
     WHERE key_id IS NOT NULL GROUP BY key_id ORDER BY key_id";
const NOT_UNDER: &str =
    columns!("WHERE id > ?1 AND (client_secret_key_id <> ?2 OR details_key_id <> ?2) ORDER BY id LIMIT ?3");

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[UPSERT, OWNER, IN_PLACE, OF_TEAM, OF_TEAM_IN, GET, PAGE, DELETE, NOT_UNDER];

#[async_trait]
impl CredentialStore for SqliteStore {
    async fn upsert_credential(
        &self,
        scope: &Scope,
        team_id: TeamId,
        provider: Provider,
        id: CredentialId,
        content: CredentialContent,
        once: Option<Once>,
        by: &Author,
    ) -> Result<Created<Credential>> {
        let (scope, by) = (scope.clone(), *by);
        let upsert = move |db: &Connection| {
            preference::require(db, &scope, &[team_id])?;
            let place = CredentialPlace { team_id, environment: scope.environment, provider };
            let before = in_place(db, place)?;
            match once::recall(db, once.as_ref(), &by)? {
                Some(Created::Replay(was)) => return Ok(was.credential_again(before)),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            if before.is_none() && query::one(db, GET, [Id(id.0)], |_| Ok(()))?.is_some() {
                return Err(Error::Taken(id.to_string()).into());
            }
            let after = content.apply(before.as_ref(), id, place, kept(by.at));
            put(db, scope.org_id, scope.region, &after)?;
            once::remember(db, once.as_ref(), scope.org_id, Was::credential(&after), &by)?;
            let mut trail = Trail::new(scope.org_id, &by);
            trail.credential(before.as_ref(), Some(&after));
            audit::record(db, trail)?;
            Ok(Created::Done(after))
        };
        self.writer.run(upsert).await
    }

    async fn credentials(
        &self,
        scope: &Scope,
        filter: &CredentialFilter,
        after: Option<CredentialId>,
        rows: usize,
    ) -> Result<Vec<Credential>> {
        let (scope, filter) = (scope.clone(), filter.clone());
        let page = move |db: &Connection| {
            preference::require(db, &scope, &filter.teams)?;
            let passes = |found: &Credential| filter.provider.is_none_or(|of| found.place.provider == of);
            let teams: BTreeSet<_> = match &scope.visible {
                _ if !filter.teams.is_empty() => filter.teams.iter().copied().collect(),
                Visible::Only(teams) => teams.iter().copied().collect(),
                Visible::All => {
                    let place = (Id(scope.org_id.0), scope.region.as_str(), scope.environment.as_str());
                    let page = (place.0, place.1, place.2, After(after.map(|id| id.0)));
                    return Ok(query::some(db, PAGE, page, read, passes, rows)?);
                }
            };
            let mut found = Vec::new();
            for team in teams {
                let of_team =
                    query::all(db, OF_TEAM_IN, (Id(team.0), scope.environment.as_str()), read_owned)?;
                let here =
                    of_team.into_iter().filter(|owned| owned.is_in(&scope)).map(|owned| owned.credential);
                found
                    .extend(here.filter(|found| passes(found) && after.is_none_or(|after| found.id > after)));
            }
            found.sort_by_key(|found| found.id);
            found.truncate(rows);
            Ok(found)
        };
        self.readers.run_long(page).await
    }

    async fn set_credential_quota(
        &self,
        scope: &Scope,
        id: CredentialId,
        quota: Option<OwnQuota>,
        by: &Author,
    ) -> Result<Credential> {
        let (scope, by) = (scope.clone(), *by);
        let set = move |db: &Connection| {
            let before = in_scope(db, &scope, id)?.ok_or(Error::UnknownCredential(id))?;
            let after = before.with_quota(quota, by.at);
            put(db, scope.org_id, scope.region, &after)?;
            let mut trail = Trail::new(scope.org_id, &by);
            trail.credential(Some(&before), Some(&after));
            audit::record(db, trail)?;
            Ok(after)
        };
        self.writer.run(set).await
    }

    async fn delete_credentials(
        &self,
        scope: &Scope,
        ids: &[CredentialId],
        by: &Author,
    ) -> Result<DeletedCredentials> {
        let (scope, ids, by) = (scope.clone(), ids.to_vec(), *by);
        let delete = move |db: &Connection| {
            let (mut answer, mut seen) = (DeletedCredentials::default(), BTreeSet::new());
            let mut trail = Trail::new(scope.org_id, &by);
            for id in ids.into_iter().filter(|&id| seen.insert(id)) {
                match in_scope(db, &scope, id)? {
                    Some(gone) => {
                        query::change(db, DELETE, [Id(id.0)])?;
                        trail.credential(Some(&gone), None);
                        answer.deleted.push(id);
                    }
                    None => answer.not_found.push(id),
                }
            }
            audit::record(db, trail)?;
            Ok(answer)
        };
        self.writer.run(delete).await
    }

    async fn seal_counts(&self) -> Result<Vec<(MasterKeyId, u64)>> {
        let read = |row: &Row<'_>| Ok((MasterKeyId(row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned()));
        self.readers.run_long(move |db| Ok(query::all(db, COUNT_SEALS, [], read)?)).await
    }

    async fn credentials_not_under(
        &self,
        key_id: &MasterKeyId,
        after: Option<CredentialId>,
        rows: usize,
    ) -> Result<Vec<(OrgId, Credential)>> {
        let page = (After(after.map(|id| id.0)), key_id.0.clone(), limit(rows));
        let found = self.readers.run_long(move |db| Ok(query::all(db, NOT_UNDER, page, read_owned)?)).await?;
        Ok(found.into_iter().map(|owned| (owned.org_id, owned.credential)).collect())
    }

    async fn reseal_credential(
        &self,
        id: CredentialId,
        before: &Seals,
        after: Seals,
        by: &Author,
    ) -> Result<bool> {
        let (before, by) = (before.clone(), *by);
        let reseal = move |db: &Connection| {
            let found = query::one(db, GET, [Id(id.0)], read_owned)?;
            let Some(owned) = found.filter(|owned| owned.credential.seals == before) else {
                return Ok(false);
            };
            let mut trail = Trail::new(owned.org_id, &by);
            trail.resealed(&owned.credential, &after);
            let resealed = Credential { seals: after, ..owned.credential.clone() };
            put(db, owned.org_id, owned.region, &resealed)?;
            audit::record(db, trail)?;
            Ok(true)
        };
        self.writer.run(reseal).await
    }
}

/// An application, and whose team it is of.
struct Owned {
    org_id: OrgId,
    region: Region,
    credential: Credential,
}

impl Owned {
    fn is_in(&self, scope: &Scope) -> bool {
        let place = self.credential.place;
        self.org_id == scope.org_id
            && self.region == scope.region
            && place.environment == scope.environment
            && scope.visible.sees(place.team_id)
    }
}

fn in_place(db: &Connection, place: CredentialPlace) -> Outcome<Option<Credential>> {
    let place = (Id(place.team_id.0), place.environment.as_str(), place.provider.as_str());
    Ok(query::one(db, IN_PLACE, place, read)?)
}

fn in_scope(db: &Connection, scope: &Scope, id: CredentialId) -> Outcome<Option<Credential>> {
    let found = query::one(db, GET, [Id(id.0)], read_owned)?;
    Ok(found.filter(|owned| owned.is_in(scope)).map(|owned| owned.credential))
}

/// All applications of a team, in the order of their places.
pub(crate) fn of_team(db: &Connection, team: TeamId) -> Outcome<Vec<Credential>> {
    let mut found = query::all(db, OF_TEAM, [Id(team.0)], read)?;
    found.sort_by_key(|credential| credential.place);
    Ok(found)
}

/// Adds an application to its team, which is known.
pub(crate) fn insert(db: &Connection, credential: &Credential) -> Outcome<()> {
    let of_team = [Id(credential.place.team_id.0)];
    let owner = query::one(db, OWNER, of_team, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((Id(org), Slug(region))) = owner else {
        return Err(Error::UnknownTeams(vec![credential.place.team_id]).into());
    };
    if in_place(db, credential.place)?.is_some() {
        return Err(Error::Taken(credential.id.to_string()).into());
    }
    put(db, OrgId(org), region, credential)
}

/// Keeps an application in the place of the one that is there.
fn put(db: &Connection, org: OrgId, region: Region, credential: &Credential) -> Outcome<()> {
    let (place, seals) = (credential.place, &credential.seals);
    let under = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.key_id.0.clone());
    let nonce = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.nonce);
    let text = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.ciphertext.clone());
    let values = params![
        Id(credential.id.0),
        Id(place.team_id.0),
        place.environment.as_str(),
        place.provider.as_str(),
        credential.client_id,
        credential.client_secret_hash,
        credential.details_hash,
        under(&seals.client_secret),
        nonce(&seals.client_secret),
        text(&seals.client_secret),
        under(&seals.details),
        nonce(&seals.details),
        text(&seals.details),
        credential.redirect_url_override,
        credential.quota.as_ref().map(Json),
        Time(credential.created_at),
        Time(credential.updated_at),
        Id(org.0),
        region.as_str(),
    ];
    query::change(db, UPSERT, values)?;
    Ok(())
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let (Id(id), Id(team_id), Slug(environment), Slug(provider)) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let (Time(created_at), Time(updated_at)) = (row.get(15)?, row.get(16)?);
    Ok(Credential {
        id: CredentialId(id),
        place: CredentialPlace { team_id: TeamId(team_id), environment, provider },
        client_id: row.get(4)?,
        client_secret_hash: row.get(5)?,
        details_hash: row.get(6)?,
        seals: Seals { client_secret: sealed(row, 7)?, details: sealed(row, 10)? },
        redirect_url_override: row.get(13)?,
        quota: row.get::<_, Option<Json<_>>>(14)?.map(|Json(quota)| quota),
        created_at,
        updated_at,
    })
}

fn read_owned(row: &Row<'_>) -> rusqlite::Result<Owned> {
    let (Id(org_id), Slug(region)) = (row.get(17)?, row.get(18)?);
    Ok(Owned { org_id: OrgId(org_id), region, credential: read(row)? })
}

/// What three columns hold, the first of which is this.
fn sealed(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Sealed>> {
    let Some(key_id) = row.get(first)? else { return Ok(None) };
    let (nonce, ciphertext) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(Some(Sealed { key_id: MasterKeyId(key_id), nonce, ciphertext }))
}
