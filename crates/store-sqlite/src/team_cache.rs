//! Rows of teams in memory, so that a read of one team costs the same however many there are.
//!
//! It is filled by reads, and bounded in bytes. There is one a file, that of the server, and a read never gets what is
//! older than what was acknowledged before it, whoever wrote that, by these rules:
//!
//! 1. **The server's writer** has the rows of a transaction forgotten after its commit and before it tells anyone.
//! 2. **Whoever else writes** moves a number in the file on in the same transaction (`team_changes.rs`).
//! 3. **A read** asks the file for that number first, and uses what is here only where it is the number that was noted.
//!    Otherwise it asks the file for the row too, and the writer to look: that forgets everything, and then notes the number
//!    it has found.
//! 4. Where a row is missing, a read leaves a place for it *before* it asks the file. What is forgotten takes such places
//!    along, and a row whose place is gone is not kept. Whoever finds a place taken waits for nobody and asks the file.
//!
//! So let something be acknowledged, and a read that began afterwards find a row here. By 4, the row is as of a moment
//! after it was last forgotten. Had the server written, it was forgotten after that commit (1). Had somebody else, with the
//! number n, the read was told n or more (2), which was noted before it looked here. A number from n on is noted only
//! after everything was forgotten, which was after somebody had read that number, and so after that commit (3).
//!
//! What is committed and not yet acknowledged, one read may find in the file, and another one right after it not yet here.
//! Whoever puts other pages in the place of the file's, as SQLite's `.restore` does, must stop the server: no trigger tells
//! of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use lookback_domain::{OrgId, Region, TeamId};
use lookback_store::{Kept, Scope};
use quick_cache::Weighter;
use quick_cache::sync::{Cache, EntryAction, EntryResult};

use crate::column::ClusterKey;

/// What a row takes besides its texts: itself, its place in the cache, the allocator's share, and half a place of one that
/// is gone, by which the cache knows what returns. A million rows with texts of 85 bytes took some 250 MB.
const ROW_BYTES: u64 = 168;

/// What a row takes that has a preference, about; for the number of rows to reckon with.
const USUAL_ROW_BYTES: usize = 256;

/// A team's row, as far as reads of its preferences need it.
pub(crate) struct TeamRow {
    pub(crate) team: TeamId,
    pub(crate) org_id: OrgId,
    pub(crate) region: Region,
    /// What stands in the columns of its environments, in the order of `Environment::ALL`.
    pub(crate) kept: [Option<Box<str>>; 2],
    /// Whether it was forgotten. It gives its memory back when it is read next, and not while somebody waits for a commit.
    pub(crate) is_forgotten: AtomicBool,
}

impl TeamRow {
    /// What this team has stored in the scope's environment. None where it is another team's row, or not in the scope,
    /// or where it cannot be read.
    pub(crate) fn kept(&self, scope: &Scope, team: TeamId) -> Option<Kept> {
        let is_meant = self.team == team
            && self.org_id == scope.org_id
            && self.region == scope.region
            && scope.visible.sees(team);
        let text = is_meant.then(|| self.kept[scope.environment as usize].as_deref())?;
        text.map_or(Some(Kept::default()), |text| serde_json::from_str(text).ok())
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<i64, Arc<TeamRow>> for Bytes {
    fn weight(&self, _: &i64, row: &Arc<TeamRow>) -> u64 {
        row.kept.iter().flatten().map(|text| text.len() as u64).sum::<u64>() + ROW_BYTES
    }
}

/// Rows by their numbers.
pub(crate) struct TeamCache {
    rows: Cache<i64, Arc<TeamRow>, Bytes>,
    /// The number of changes that was noted last.
    noted: AtomicI64,
}

impl TeamCache {
    /// An empty one that holds up to about so many bytes, of a file whose number of changes is this.
    pub(crate) fn new(bytes_max: usize, count: i64) -> Self {
        let rows = Cache::with_weighter(bytes_max / USUAL_ROW_BYTES, bytes_max as u64, Bytes);
        Self { rows, noted: AtomicI64::new(count) }
    }

    /// Whether this is what a read may use that was told this number.
    pub(crate) fn is_as_of(&self, count: i64) -> bool {
        self.noted.load(Ordering::Acquire) == count
    }

    /// The row that stands there, read by `read` where it is not here. None where somebody else is just reading it, or
    /// where there is none.
    ///
    /// `read` must not begin to read the file before it is called.
    pub(crate) fn row<E>(
        &self,
        at: ClusterKey,
        read: impl FnOnce() -> Result<Option<TeamRow>, E>,
    ) -> Result<Option<Arc<TeamRow>>, E> {
        let known = |row: &Arc<TeamRow>| !row.is_forgotten.load(Ordering::Acquire);
        if let Some(row) = self.rows.get(&at.0).filter(known) {
            return Ok(Some(row));
        }
        let look = |_: &i64, row: &mut Arc<TeamRow>| {
            if known(row) { EntryAction::Retain(Arc::clone(row)) } else { EntryAction::ReplaceWithGuard }
        };
        let place = match self.rows.entry(&at.0, Some(Duration::ZERO), look) {
            EntryResult::Retained(row) => return Ok(Some(row)),
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => place,
            EntryResult::Timeout | EntryResult::Removed(..) => return Ok(None),
        };
        let row = read()?.map(Arc::new);
        if let Some(row) = &row {
            // Where the place is gone it was read too early to be kept.
            let _ = place.insert(Arc::clone(row));
        }
        Ok(row)
    }

    /// For the writer alone: the row that stands there may have changed.
    pub(crate) fn forget(&self, row: i64) {
        match self.rows.peek(&row) {
            Some(row) => row.is_forgotten.store(true, Ordering::Release),
            // There may be a place for it, or what was put there just now.
            None => drop(self.rows.remove(&row)),
        }
    }

    /// For the writer alone, which has read this number from the file.
    pub(crate) fn note(&self, count: i64) {
        if !self.is_as_of(count) {
            self.rows.clear();
            self.noted.store(count, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use uuid::Uuid;

    use super::*;

    const AT: ClusterKey = ClusterKey(7);

    fn row(text: &str) -> TeamRow {
        let (team, org_id) = (TeamId(Uuid::nil()), OrgId(Uuid::nil()));
        let kept = [Some(text.into()), None];
        TeamRow { team, org_id, region: Region::Us, kept, is_forgotten: false.into() }
    }

    /// What is read at that place, where the file has this text.
    fn read(cache: &TeamCache, at: ClusterKey, in_file: &str) -> String {
        let found = cache.row(at, || Ok::<_, Infallible>(Some(row(in_file)))).unwrap().unwrap();
        found.kept[0].as_deref().unwrap().to_owned()
    }

    #[test]
    fn a_row_is_read_once_until_it_is_forgotten() {
        let cache = TeamCache::new(1 << 20, 0);
        assert_eq!(read(&cache, AT, "one"), "one");
        assert_eq!(read(&cache, AT, "two"), "one");
        cache.forget(8);
        assert_eq!(read(&cache, AT, "two"), "one");
        cache.forget(AT.0);
        assert_eq!(read(&cache, AT, "two"), "two");
        assert_eq!(read(&cache, AT, "three"), "two");
        cache.note(0);
        assert_eq!(read(&cache, AT, "three"), "two");
        cache.note(1);
        assert!(cache.is_as_of(1) && !cache.is_as_of(0));
        assert_eq!(read(&cache, AT, "three"), "three");
    }

    /// Each way in which a row may be forgotten while it is being read, be it for the first time or again.
    #[test]
    fn a_row_that_changed_while_it_was_read_is_not_kept() {
        let ways: [fn(&TeamCache); 2] = [|cache| cache.forget(AT.0), |cache| cache.note(1)];
        for forget in ways {
            for was_known in [false, true] {
                let cache = TeamCache::new(1 << 20, 0);
                if was_known {
                    read(&cache, AT, "before");
                    cache.forget(AT.0);
                }
                let reading = || {
                    forget(&cache);
                    Ok::<_, Infallible>(Some(row("old")))
                };
                cache.row(AT, reading).unwrap();
                assert_eq!(read(&cache, AT, "new"), "new");
            }
        }
    }

    #[test]
    fn who_finds_a_row_being_read_does_not_wait_for_it() {
        let cache = TeamCache::new(1 << 20, 0);
        let reading = || {
            let second = cache.row(AT, || -> Result<_, Infallible> { unreachable!("the place is taken") });
            assert!(second.unwrap().is_none());
            Ok::<_, Infallible>(Some(row("old")))
        };
        cache.row(AT, reading).unwrap();
        assert_eq!(read(&cache, AT, "new"), "old");
    }

    #[test]
    fn where_a_read_fails_or_finds_nothing_the_next_one_reads_again() {
        let cache = TeamCache::new(1 << 20, 0);
        assert!(cache.row(AT, || Err::<Option<TeamRow>, _>(())).is_err());
        assert!(cache.row(AT, || Ok::<_, Infallible>(None)).unwrap().is_none());
        assert_eq!(read(&cache, AT, "one"), "one");
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let cache = TeamCache::new(100_000, 0);
        let text = "x".repeat(100);
        for n in 0..10_000 {
            read(&cache, ClusterKey(n), &text);
        }
        assert!((50_000..=100_000).contains(&cache.rows.weight()), "{}", cache.rows.weight());
        // One that is larger than all of it is read and not kept.
        assert_eq!(read(&cache, ClusterKey(-1), &"y".repeat(200_000)).len(), 200_000);
        assert_eq!(read(&cache, ClusterKey(-1), "z"), "z");
        assert!(cache.rows.weight() <= 100_000);
    }
}
