//! Where the next page begins.
//!
//! A cursor is opaque to clients. It carries a version, so that its content may change, and a digest of the
//! query it belongs to, so that it cannot be followed with another. What is listed is in the order of its ids and a
//! page begins after an id, not at a position: what comes and goes between two pages makes nothing else appear twice
//! or not at all.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::wire::{Loc, Problems, Value};

const VERSION: u8 = 1;
/// Enough that no two queries collide by accident; a client can only mislead itself.
const FINGERPRINT_BYTES: usize = 16;

/// A digest of everything that decides what a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    /// The fingerprint of one query: everything that was asked but the cursor and the limit.
    pub fn of(query: impl Serialize) -> Self {
        let digest: [u8; 32] = Sha256::digest(serde_json::json!(query).to_string()).into();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&digest[..FINGERPRINT_BYTES]);
        Self(fingerprint)
    }

    /// The cursor of the page after the one that ends with `last`.
    pub fn cursor(self, last: Uuid) -> String {
        let bytes = [&[VERSION][..], &self.0, last.as_bytes()].concat();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The last id of the page before; `None` where the cursor is of another query, or none at all.
    pub fn after(self, cursor: &str) -> Option<Uuid> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (fingerprint, last) = rest.split_at_checked(FINGERPRINT_BYTES)?;
        let last = Uuid::from_slice(last).ok()?;
        (*version == VERSION && fingerprint == self.0).then_some(last)
    }
}

/// The id that a cursor stands for; empty means at the beginning. One that was not given out for this query goes to
/// `problems`.
pub fn after(
    cursor: Option<&str>,
    fingerprint: impl FnOnce() -> Fingerprint,
    problems: &mut Problems,
) -> Option<Uuid> {
    let cursor = cursor.filter(|cursor| !cursor.is_empty())?;
    let after = fingerprint().after(cursor);
    if after.is_none() {
        let said = "this cursor was not given out for this query; leave it out to begin at the first page";
        let query = Loc::root("query");
        problems.add("value_error", &query.key("next_cursor"), said, &Value::String(cursor.to_owned()));
    }
    after
}

/// The first `limit` of what was read, and the cursor of the next page where more was.
pub fn page<T>(
    mut read: Vec<T>,
    limit: usize,
    id: impl FnOnce(&T) -> Uuid,
    fingerprint: impl FnOnce() -> Fingerprint,
) -> (Vec<T>, Option<String>) {
    let more = read.len() > limit;
    read.truncate(limit);
    let next = read.last().filter(|_| more).map(|last| fingerprint().cursor(id(last)));
    (read, next)
}

/// How many rows an answer may hold before its page ends early. What a row is, a setting or a window, is for each
/// listing to say; one takes 100 to 400 bytes.
const ROWS_MAX: usize = 20_000;

/// How many of what was read a page shows: up to `limit` of those that together have no more than [`ROWS_MAX`] rows, and
/// the first in any case.
pub fn room<T>(read: &[T], limit: usize, rows: impl Fn(&T) -> usize) -> usize {
    let sums = read.iter().scan(0, |sum, one| {
        *sum += rows(one);
        Some(*sum)
    });
    sums.take_while(|&sum| sum <= ROWS_MAX).count().clamp(1, limit)
}

/// The id before `id`, so that a page after it begins with `id`; `None` is the beginning.
pub fn before(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_sub(1).map(Uuid::from_u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_room_for_so_many_rows_and_for_the_first_of_what_was_read() {
        let half = ROWS_MAX / 2;
        let shown = |rows: &[usize], limit| room(rows, limit, |&rows| rows);
        assert_eq!(shown(&[1; 9], 8), 8);
        assert_eq!(shown(&[1; 9], usize::MAX), 9);
        assert_eq!(shown(&[half, half, 1], 5), 2);
        assert_eq!(shown(&[half, half + 1, 0], 5), 1);
        assert_eq!(shown(&[ROWS_MAX + 1, 0], 5), 1);
    }
}
