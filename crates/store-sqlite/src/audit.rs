//! The audit log.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{AuditEntry, AuditFilter, AuditId, AuditStore, Result, Trail, Visible};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::column::{Id, Json, Slug, Who};
use crate::failure::Outcome;
use crate::{SqliteStore, org, query};

const INSERT: &str = "INSERT INTO audit_entry \
     (org_id, id, team_id, actor, action, before, after, acknowledgement) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const OF_ORG: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE org_id = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC";
const OF_TEAM: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE org_id = ?1 AND team_id = ?4 AND id >= ?2 AND id < ?3 ORDER BY id DESC";

/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE (org_id, id) > (?1, ?2) ORDER BY org_id, id LIMIT ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, OF_ORG, OF_TEAM];

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
            let mut found = match teams(&filter) {
                None => query::some(
                    db,
                    OF_ORG,
                    bounds(org, &filter, before),
                    read,
                    |entry| filter.admits(entry),
                    rows,
                )?,
                Some(teams) => {
                    let mut found = Vec::new();
                    for team in teams {
                        let (org, from, until) = bounds(org, &filter, before);
                        let bounds = (org, from, until, Id(team.0));
                        found.extend(query::some(
                            db,
                            OF_TEAM,
                            bounds,
                            read,
                            |entry| filter.admits(entry),
                            rows,
                        )?);
                    }
                    found
                }
            };
            found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
            found.truncate(rows);
            Ok(found)
        };
        self.readers.run_long(page).await
    }
}

/// The teams whose entries are asked for, where not everybody's are.
fn teams(filter: &AuditFilter) -> Option<Vec<TeamId>> {
    match (&filter.visible, filter.team) {
        (_, Some(team)) => Some(vec![team]),
        (Visible::Only(teams), None) => Some(teams.iter().copied().collect()),
        (Visible::All, None) => None,
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
