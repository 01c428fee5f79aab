//! The audit log.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{AuditEntry, AuditFacts, AuditFilter, AuditId, AuditStore, Result, Trail};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::column::{Id, Json, Slug, Who};
use crate::failure::Outcome;
use crate::{SqliteStore, org, query};

const INSERT: &str = "INSERT INTO audit_entry \
     (org_id, id, team_id, actor, action, before, after, acknowledgement) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/// What is needed to tell which entries pass, from an index that holds all of it.
const WALK: &str = "SELECT id, team_id, actor, action FROM audit_entry INDEXED BY audit_entry_by_org \
     WHERE org_id = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC";
const GET: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE org_id = ?1 AND id = ?2";

/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE (org_id, id) > (?1, ?2) ORDER BY org_id, id LIMIT ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, WALK, GET];

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit(
        &self,
        org: OrgId,
        filter: &AuditFilter,
        before: Option<AuditId>,
        rows: usize,
    ) -> Result<Vec<AuditEntry>> {
        let filter = filter.clone();
        let page = move |db: &Connection| {
            org::require(db, org)?;
            let passing = query::some(
                db,
                WALK,
                bounds(org, &filter, before),
                read_facts,
                |facts| filter.admits(facts),
                rows,
            )?;
            let get = |facts: AuditFacts| query::one(db, GET, (Id(org.0), Id(facts.id.0)), read);
            let found: rusqlite::Result<_> =
                passing.into_iter().filter_map(|facts| get(facts).transpose()).collect();
            Ok(found?)
        };
        self.readers.run_long(page).await
    }
}

/// Ids from one to before the other, as both the cursor and the times ask for.
fn bounds(org: OrgId, filter: &AuditFilter, before: Option<AuditId>) -> (Id, Id, Id) {
    let from = filter.from.map_or(Uuid::nil(), |from| AuditId::floor(from).0);
    let until = filter.until.map(AuditId::floor).into_iter().chain(before).min();
    // No entry has the highest id.
    (Id(org.0), Id(from), Id(until.map_or(Uuid::max(), |until| until.0)))
}

/// Keeps what the trail of a change says.
pub(crate) fn record(db: &Connection, trail: Trail<'_>) -> Outcome<()> {
    trail.into_entries().into_iter().try_for_each(|entry| insert(db, entry))
}

/// Adds an entry.
pub(crate) fn insert(db: &Connection, entry: AuditEntry) -> Outcome<()> {
    let AuditEntry { id, org_id, team_id, actor, action, before, after, acknowledgement } = entry;
    let values = params![
        Id(org_id.0),
        Id(id.0),
        team_id.map(|team| Id(team.0)),
        Who(actor),
        action.as_str(),
        before.map(Json),
        after.map(Json),
        acknowledgement.map(Json),
    ];
    query::change(db, INSERT, values)?;
    Ok(())
}

fn read_facts(row: &Row<'_>) -> rusqlite::Result<AuditFacts> {
    let (Id(id), Who(actor), Slug(action)) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let team_id = row.get::<_, Option<Id>>(1)?.map(|Id(id)| TeamId(id));
    Ok(AuditFacts { id: AuditId(id), team_id, actor, action })
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let (Id(org_id), Id(id), Who(actor), Slug(action)) = (row.get(0)?, row.get(1)?, row.get(3)?, row.get(4)?);
    let json =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Json<_>>>(column)?.map(|Json(value)| value));
    Ok(AuditEntry {
        id: AuditId(id),
        org_id: OrgId(org_id),
        team_id: row.get::<_, Option<Id>>(2)?.map(|Id(id)| TeamId(id)),
        actor,
        action,
        before: json(5)?,
        after: json(6)?,
        acknowledgement: json(7)?,
    })
}
