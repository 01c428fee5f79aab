//! Management keys.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use lookback_domain::{KeyId, OrgId, Role};
use lookback_store::{
    Actor, Author, Created, Error, Key, KeyDigest, KeyFilter, KeyGuard, KeyPatch, KeyStore, Once, Result,
    Visible, kept,
};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::batch::Asked;
use crate::column::time;
use crate::failure::Outcome;
use crate::later::later;
use crate::org;
use crate::session::Session;
use crate::team::page_of;
use crate::transaction::Transactions;

const INSERT: &str = "INSERT INTO management_key (id, org_id, label, digest, created_at_us) \
     SELECT id, org_id, label, digest, created_at_us FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], \
     $5::bigint[]) WITH ORDINALITY AS new (id, org_id, label, digest, created_at_us, n) ORDER BY n \
     ON CONFLICT DO NOTHING RETURNING id";
// A row without a key where the page is empty; no row where there is no such organisation.
const PAGE: &str = "SELECT key.id, org.id, key.label, key.digest, key.created_at_us FROM org LEFT JOIN LATERAL \
     (SELECT * FROM management_key WHERE org_id = org.id AND id >= $2 ORDER BY id LIMIT $3) key ON true \
     WHERE org.id = $1 ORDER BY key.id";
const BY_DIGEST: &str =
    "SELECT id, org_id, label, digest, created_at_us FROM management_key WHERE digest = ANY($1)";
const DELETE: &str = "DELETE FROM management_key WHERE id = $1 AND org_id = $2 \
     RETURNING id, org_id, label, digest, created_at_us";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, PAGE, BY_DIGEST, DELETE];

#[async_trait]
impl KeyStore for PostgresStore {
    async fn create_key(&self, key: Key, once: Option<Once>, _: &Author) -> Result<Created<Key>> {
        if once.is_some() || key.role == Role::TeamAdmin || key.expires_at.is_some() {
            return Err(later());
        }
        let kept = Key { created_at: kept(key.created_at), ..key.clone() };
        let key = &key;
        let create = |session: Session| async move {
            org::hold(&session, key.org_id).await?;
            insert(&session, std::slice::from_ref(key)).await
        };
        self.transactions.write(create).await?;
        Ok(Created::Done(kept))
    }

    async fn keys(
        &self,
        org: OrgId,
        filter: &KeyFilter,
        after: Option<KeyId>,
        rows: usize,
    ) -> Result<Vec<Key>> {
        if matches!(filter.within, Visible::Only(_)) || filter.role.is_some() || filter.team.is_some() {
            return Err(later());
        }
        let (first, rows) = page_of(after.map(|id| id.0), rows);
        let page = |session: Session| async move {
            let rows = session.all(PAGE, &[&org.0, &first, &rows]).await?;
            if rows.is_empty() {
                return Err(Error::UnknownOrg(org).into());
            }
            rows.iter().filter_map(|row| read(row).transpose()).collect()
        };
        self.transactions.read(page).await
    }

    async fn patch_key(&self, _: OrgId, _: KeyId, _: KeyPatch, _: &KeyGuard, _: &Author) -> Result<Key> {
        Err(later())
    }

    async fn delete_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard, _: &Author) -> Result<Key> {
        if guard.keep_admin || matches!(guard.within, Visible::Only(_)) {
            return Err(later());
        }
        let delete = |session: Session| async move {
            let row = session.one(DELETE, &[&id.0, &org.0]).await?;
            row.map(|row| read(&row)).transpose()?.flatten().ok_or(Error::UnknownKey(id).into())
        };
        self.transactions.write(delete).await
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.keys.ask(digest).await
    }
}

/// Looks up every key that is asked for, in one statement.
pub(crate) async fn by_digest(transactions: Transactions, batch: Vec<Asked<KeyDigest, Option<Key>>>) {
    let mut digests: Vec<&[u8]> = batch.iter().map(|asked| &asked.question.0[..]).collect();
    // Many requests come with the same key.
    digests.sort_unstable();
    digests.dedup();
    let digests = &digests;
    let look = |session: Session| async move {
        session.all(BY_DIGEST, &[digests]).await?.iter().filter_map(|row| read(row).transpose()).collect()
    };
    let found: Result<Vec<Key>> = transactions.read(look).await;
    let found: Result<BTreeMap<_, _>> =
        found.map(|keys| keys.into_iter().map(|key| (key.digest, key)).collect());
    for asked in batch {
        let answer = found.as_ref().map(|keys| keys.get(&asked.question).cloned()).map_err(Error::clone);
        asked.answer(answer);
    }
}

/// Adds keys to an organisation that stays.
pub(crate) async fn insert(session: &Session, keys: &[Key]) -> Outcome<()> {
    let ids: Vec<_> = keys.iter().map(|key| key.id.0).collect();
    let orgs: Vec<_> = keys.iter().map(|key| key.org_id.0).collect();
    let labels: Vec<_> = keys.iter().map(|key| &*key.label).collect();
    let digests: Vec<&[u8]> = keys.iter().map(|key| &key.digest.0[..]).collect();
    let times: Vec<_> = keys.iter().map(|key| key.created_at.as_microsecond()).collect();
    let inserted = session.all(INSERT, &[&ids, &orgs, &labels, &digests, &times]).await?;
    org::refuse_taken(ids.into_iter(), &inserted)
}

fn read(row: &Row) -> Outcome<Option<Key>> {
    let Some(id) = row.try_get(0)? else { return Ok(None) };
    let digest = <[u8; 32]>::try_from(row.try_get::<_, &[u8]>(3)?);
    let digest = digest.map_err(|error| crate::failure::Failure::Unreadable(Box::new(error)))?;
    let (org_id, label, created_at) = (OrgId(row.try_get(1)?), row.try_get(2)?, time(row, 4)?);
    let (id, digest, role, creator) = (KeyId(id), KeyDigest(digest), Role::OrgAdmin, Actor::CommandLine);
    let (bindings, expires_at, last_used_at) = (BTreeSet::new(), None, None);
    Ok(Some(Key { id, org_id, label, digest, role, bindings, creator, created_at, expires_at, last_used_at }))
}
