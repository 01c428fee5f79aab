//! Deleting some of the rows that an organisation has, the lowest ids first.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::limit;
use crate::failure::Outcome;
use crate::session::Session;

/// Rows of one table.
///
/// They are found by one statement and deleted by another: as one they would have a limit that the planner does not
/// know and takes for a tenth of the table, for which it goes through all of it.
pub(crate) struct Part {
    find: &'static str,
    delete: &'static str,
}

macro_rules! part {
    ($table:literal) => {
        Part {
            // In the order that everybody locks them in.
            find: concat!(
                "SELECT id FROM ",
                $table,
                " WHERE org_id = $1 AND id < $2 ORDER BY id LIMIT $3 FOR UPDATE"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE org_id = $1 AND id = ANY($2)"),
        }
    };
}

pub(crate) const KEYS: Part = part!("management_key");
pub(crate) const TEAMS: Part = part!("team");
pub(crate) const AUDIT: Part = part!("audit_entry");

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[KEYS.find, KEYS.delete, TEAMS.find, TEAMS.delete, AUDIT.find, AUDIT.delete];

impl Part {
    /// Deletes up to `rows` whose ids are below `before`, and says how many there were.
    pub(crate) async fn delete(
        &self,
        session: &Session,
        org: Uuid,
        before: Uuid,
        rows: usize,
    ) -> Outcome<usize> {
        let found = session.all(self.find, &[&org, &before, &limit(rows)]).await?;
        let id = |row: &Row| row.try_get(0);
        let ids = found.iter().map(id).collect::<Result<Vec<Uuid>, _>>()?;
        if !ids.is_empty() {
            session.change(self.delete, &[&org, &ids]).await?;
        }
        Ok(ids.len())
    }
}
