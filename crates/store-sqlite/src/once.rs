//! The tokens that make a creation happen once.

use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId};
use lookback_store::{Author, Created, Once, Token, Was, once_kept_since};
use rusqlite::{Connection, Row, params};

use crate::column::{Id, Json, Time};
use crate::failure::Outcome;
use crate::query;

const RECALL: &str =
    "SELECT fingerprint, id, created FROM once WHERE key_id = ?1 AND token = ?2 AND at_us > ?3";
const REMEMBER: &str = "INSERT INTO once (key_id, token, org_id, fingerprint, at_us, id, created) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET org_id = excluded.org_id, \
     fingerprint = excluded.fingerprint, at_us = excluded.at_us, id = excluded.id, created = excluded.created";

/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT key_id, token, org_id, fingerprint, at_us, id, created FROM once \
     WHERE (key_id, token) > (?1, ?2) ORDER BY key_id, token LIMIT ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[RECALL, REMEMBER];

/// What came of the creation before, where there is one to remember: a replay or a mismatch.
pub(crate) fn recall(db: &Connection, once: Option<&Once>, by: &Author) -> Outcome<Option<Created<Was>>> {
    let Some(once) = once else { return Ok(None) };
    let token = (Id(once.key_id.0), &once.token, Time(once_kept_since(by.at)));
    let found = query::one(db, RECALL, token, read)?;
    Ok(found.map(
        |(fingerprint, was)| {
            if fingerprint == once.fingerprint { Created::Replay(was) } else { Created::Mismatch }
        },
    ))
}

/// Keeps what came of a creation.
pub(crate) fn remember(
    db: &Connection,
    once: Option<&Once>,
    org: OrgId,
    was: Was,
    by: &Author,
) -> Outcome<()> {
    once.map_or(Ok(()), |once| insert(db, once, org, was, by.at))
}

/// Adds a token.
pub(crate) fn insert(db: &Connection, once: &Once, org: OrgId, was: Was, at: Timestamp) -> Outcome<()> {
    let (Once { key_id, token, fingerprint }, Was { id, created }) = (once, was);
    let values = params![Id(key_id.0), token, Id(org.0), fingerprint, Time(at), Id(id), created.map(Json)];
    query::change(db, REMEMBER, values)?;
    Ok(())
}

/// A whole row of [`EVERY`].
pub(crate) fn read_token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let (Id(key_id), Id(org_id), Time(at), Id(id)) = (row.get(0)?, row.get(2)?, row.get(4)?, row.get(5)?);
    let once = Once { key_id: KeyId(key_id), token: row.get(1)?, fingerprint: row.get(3)? };
    let created = row.get::<_, Option<Json<_>>>(6)?.map(|Json(value)| value);
    Ok(Token { once, org_id: OrgId(org_id), at, id, created })
}

fn read(row: &Row<'_>) -> rusqlite::Result<([u8; 32], Was)> {
    let (Id(id), created) = (row.get(1)?, row.get::<_, Option<Json<_>>>(2)?);
    Ok((row.get(0)?, Was { id, created: created.map(|Json(value)| value) }))
}
