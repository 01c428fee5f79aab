//! The audit log.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{AuditEntry, AuditFilter, AuditId, AuditStore, Result, Trail, Visible};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{actor, actor_column, json, json_column, limit, slug};
use crate::failure::Outcome;
use crate::session::{Params, Session};
use crate::{PostgresStore, org};

macro_rules! insert {
    ($rest:literal) => {
        concat!(
            "INSERT INTO audit_entry (org_id, id, team_id, actor, action, before, after, acknowledgement) \
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], \
             $7::text[], $8::text[])",
            $rest
        )
    };
}

const INSERT: &str = insert!("");
const INSERT_MISSING: &str = insert!(" ON CONFLICT DO NOTHING");

/// Entries between two ids, the newest first, of one actor and action where these are said.
macro_rules! entries {
    ($of:literal) => {
        concat!(
            "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement FROM audit_entry \
             WHERE org_id = $1 AND id >= $2 AND id < $3 AND (NOT $4 OR actor IS NOT DISTINCT FROM $5) \
             AND ($6::text IS NULL OR action = $6) ",
            $of,
            "ORDER BY id DESC LIMIT $7"
        )
    };
}

const OF_ORG: &str = entries!("");
const OF_TEAMS: &str = entries!("AND team_id = ANY($8) ");

/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT org_id, id, team_id, actor, action, before, after, acknowledgement \
     FROM audit_entry WHERE (org_id, id) > ($1, $2) ORDER BY org_id, id LIMIT $3";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, INSERT_MISSING, OF_ORG, OF_TEAMS, EVERY];

#[async_trait]
impl AuditStore for PostgresStore {
    async fn audit(
        &self,
        org: OrgId,
        filter: &AuditFilter,
        before: Option<AuditId>,
        rows: usize,
    ) -> Result<Vec<AuditEntry>> {
        let from = filter.from.map_or(Uuid::nil(), |from| AuditId::floor(from).0);
        let until = filter.until.map(AuditId::floor).into_iter().chain(before).min();
        // No entry has the highest id.
        let until = until.map_or(Uuid::max(), |until| until.0);
        let (is_actor_said, actor) = (filter.actor.is_some(), filter.actor.and_then(actor_column));
        let action = filter.action.map(|action| action.as_str());
        let (teams, rows) = (teams(filter), limit(rows));
        let teams = teams.as_ref();
        let page = |session: Session| async move {
            let found = match teams {
                None => {
                    let of: Params<'_> = &[&org.0, &from, &until, &is_actor_said, &actor, &action, &rows];
                    session.all(OF_ORG, of).await?
                }
                Some(teams) => {
                    let of: Params<'_> =
                        &[&org.0, &from, &until, &is_actor_said, &actor, &action, &rows, teams];
                    session.all(OF_TEAMS, of).await?
                }
            };
            if found.is_empty() {
                org::require(&session, org).await?;
            }
            found.iter().map(read).collect()
        };
        self.transactions.read(page).await
    }
}

/// The teams whose entries are asked for, where not everybody's are.
fn teams(filter: &AuditFilter) -> Option<Vec<Uuid>> {
    match (&filter.visible, filter.team) {
        (visible, Some(team)) => Some(if visible.sees(team) { vec![team.0] } else { Vec::new() }),
        (Visible::Only(teams), None) => Some(teams.iter().map(|team| team.0).collect()),
        (Visible::All, None) => None,
    }
}

/// Keeps what the trail of a change says.
pub(crate) async fn record(session: &Session, trail: Trail<'_>) -> Outcome<()> {
    record_all(session, &trail.into_entries()).await
}

/// Keeps those of these entries that are not there.
pub(crate) async fn insert_missing(session: &Session, entries: &[&AuditEntry]) -> Outcome<()> {
    insert(session, INSERT_MISSING, entries).await
}

/// Keeps the entries of any number of changes.
pub(crate) async fn record_all(session: &Session, entries: &[AuditEntry]) -> Outcome<()> {
    insert(session, INSERT, &Vec::from_iter(entries)).await
}

/// Keeps entries by one of the statements that [`insert!`] makes.
async fn insert(session: &Session, sql: &str, entries: &[&AuditEntry]) -> Outcome<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let orgs: Vec<_> = entries.iter().map(|entry| entry.org_id.0).collect();
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.0).collect();
    let teams: Vec<_> = entries.iter().map(|entry| entry.team_id.map(|team| team.0)).collect();
    let actors: Vec<_> = entries.iter().map(|entry| actor_column(entry.actor)).collect();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let texts = |of: fn(&AuditEntry) -> &Option<serde_json::Value>| {
        entries.iter().map(|entry| of(entry).as_ref().map(json_column)).collect::<Vec<_>>()
    };
    let (before, after) = (texts(|entry| &entry.before), texts(|entry| &entry.after));
    let acknowledgements = texts(|entry| &entry.acknowledgement);
    session
        .change(sql, &[&orgs, &ids, &teams, &actors, &actions, &before, &after, &acknowledgements])
        .await?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Outcome<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId(row.try_get(1)?),
        org_id: OrgId(row.try_get(0)?),
        team_id: row.try_get::<_, Option<Uuid>>(2)?.map(TeamId),
        actor: actor(row, 3)?,
        action: slug(row.try_get(4)?)?,
        before: json(row, 5)?,
        after: json(row, 6)?,
        acknowledgement: json(row, 7)?,
    })
}
