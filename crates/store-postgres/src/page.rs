//! Pages of what is listed.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{first_after, limit};
use crate::failure::Outcome;
use crate::session::Session;

/// How many rows are read at once where not all of them may pass.
const CHUNK: usize = 500;

/// Where a page begins and how many rows it has at most; none where nothing can follow.
pub(crate) fn page_of(after: Option<Uuid>, rows: usize) -> (Uuid, i64) {
    first_after(after).map_or((Uuid::max(), 0), |first| (first, limit(rows)))
}

/// Up to `rows` of an organisation's that pass, those after `after`, read in chunks. `sql` takes the organisation,
/// where to begin and how many, and gives them in the order of their ids; `read` gives what passes, and its id in any
/// case.
pub(crate) async fn chunks<T>(
    session: &Session,
    sql: &str,
    org: Uuid,
    after: Option<Uuid>,
    rows: usize,
    read: impl Fn(&Row) -> Outcome<(Uuid, Option<T>)>,
) -> Outcome<Vec<T>> {
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let (first, count) = page_of(after, CHUNK.min(rows));
        let chunk = session.all(sql, &[&org, &first, &count]).await?;
        for row in &chunk {
            let (id, passes) = read(row)?;
            after = Some(id);
            found.extend(passes);
        }
        if found.len() >= rows || limit(chunk.len()) < count || chunk.is_empty() {
            found.truncate(rows);
            return Ok(found);
        }
    }
}
