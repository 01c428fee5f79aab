//! The tokens that make a creation happen once.
//!
//! Whoever comes first claims the token before it creates anything; whoever comes with the same token meanwhile waits
//! at its row until the first is done, and finds what came of it.

use lookback_domain::{KeyId, OrgId};
use lookback_store::{Author, Created, Error, Once, Token, Was, once_kept_since};
use tokio_postgres::Row;

use crate::column::{bytes, json, json_column, time};
use crate::failure::Outcome;
use crate::session::Session;

const CLAIM: &str = "INSERT INTO once (key_id, token, org_id, fingerprint, at_us) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (key_id, token) DO UPDATE SET org_id = excluded.org_id, fingerprint = excluded.fingerprint, \
     at_us = excluded.at_us, id = NULL, created = NULL WHERE once.at_us <= $6";
const RECALL: &str = "SELECT fingerprint, id, created FROM once WHERE key_id = $1 AND token = $2";
const REMEMBER: &str = "UPDATE once SET id = $3, created = $4 WHERE key_id = $1 AND token = $2";

/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT key_id, token, org_id, fingerprint, at_us, id, created FROM once \
     WHERE (key_id, token) > ($1, $2) ORDER BY key_id, token LIMIT $3";
const INSERT_MISSING: &str = "INSERT INTO once (key_id, token, org_id, fingerprint, at_us, id, created) \
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bigint[], $6::uuid[], $7::text[]) \
     ON CONFLICT DO NOTHING";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[CLAIM, RECALL, REMEMBER, EVERY, INSERT_MISSING];

/// Claims the token, or gives what came of the creation before: a replay or a mismatch.
pub(crate) async fn claim(
    session: &Session,
    once: Option<&Once>,
    org: OrgId,
    by: &Author,
) -> Outcome<Option<Created<Was>>> {
    let Some(Once { key_id, token, fingerprint }) = once else { return Ok(None) };
    let (at_us, since_us) = (by.at.as_microsecond(), once_kept_since(by.at).as_microsecond());
    let fingerprint = &fingerprint[..];
    if session.change(CLAIM, &[&key_id.0, token, &org.0, &fingerprint, &at_us, &since_us]).await? == 1 {
        return Ok(None);
    }
    let row = session.one(RECALL, &[&key_id.0, token]).await?;
    // It may have been purged in between.
    let row = row.ok_or_else(|| Error::unavailable("a token was forgotten while it was looked at"))?;
    if bytes::<32>(&row, 0)?.is_none_or(|kept| kept != *fingerprint) {
        return Ok(Some(Created::Mismatch));
    }
    Ok(Some(Created::Replay(Was { id: row.try_get(1)?, created: json(&row, 2)? })))
}

/// Keeps what came of a creation.
pub(crate) async fn remember(session: &Session, once: Option<&Once>, was: Was) -> Outcome<()> {
    if let Some(Once { key_id, token, .. }) = once {
        let created = was.created.as_ref().map(json_column);
        session.change(REMEMBER, &[&key_id.0, token, &was.id, &created]).await?;
    }
    Ok(())
}

/// Adds those of these tokens that are not there, to organisations that stay.
pub(crate) async fn insert_missing(session: &Session, tokens: &[&Token]) -> Outcome<()> {
    let keys: Vec<_> = tokens.iter().map(|token| token.once.key_id.0).collect();
    let names: Vec<_> = tokens.iter().map(|token| &token.once.token[..]).collect();
    let orgs: Vec<_> = tokens.iter().map(|token| token.org_id.0).collect();
    let fingerprints: Vec<_> = tokens.iter().map(|token| &token.once.fingerprint[..]).collect();
    let at_us: Vec<_> = tokens.iter().map(|token| token.at.as_microsecond()).collect();
    let ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
    let created: Vec<_> = tokens.iter().map(|token| token.created.as_ref().map(json_column)).collect();
    session.change(INSERT_MISSING, &[&keys, &names, &orgs, &fingerprints, &at_us, &ids, &created]).await?;
    Ok(())
}

/// The token in a row of [`EVERY`].
pub(crate) fn read(row: &Row) -> Outcome<Token> {
    let fingerprint = bytes(row, 3)?.ok_or_else(|| Error::unavailable("a token without a fingerprint"))?;
    let once = Once { key_id: KeyId(row.try_get(0)?), token: row.try_get(1)?, fingerprint };
    let (org_id, at) = (OrgId(row.try_get(2)?), time(row, 4)?);
    Ok(Token { once, org_id, at, id: row.try_get(5)?, created: json(row, 6)? })
}
