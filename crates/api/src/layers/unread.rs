//! Answers that clients have not taken.
//!
//! An answer is in memory until its client has taken it, and that is up to the client. So a large one has a place in a
//! budget of bytes for as long as its memory is there, wherever that has got to. What finds no place is answered 503,
//! also where it was made already; but what was changed cannot be told so, and has its place before it is changed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use lookback_domain::OrgId;

use super::guard::Place;
use crate::{App, Error};

/// An answer up to this size needs no place, so that whoever takes large ones slowly keeps nobody from the others. As
/// many as there are connections are held at worst.
pub(crate) const SMALL_BYTES_MAX: usize = 64 * 1024;

/// What the budget counts in.
const UNIT_BYTES: usize = 1024;

/// The budget.
///
/// An organisation whose answers have room gets more only while that leaves as much as all of its own (the dynamic
/// thresholds of Choudhury and Hahne, for memory that queues share). So one takes half at most, and who comes later half of
/// what is left: none of them takes the last from the others. Its only answer may take whatever there is.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    taken: Arc<Mutex<Taken>>,
    units_max: usize,
}

/// Units that are taken.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// By whose answers they are; what goes to who has shown no key counts as one more.
    each: HashMap<Option<OrgId>, usize>,
}

impl Unread {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { taken: Arc::default(), units_max: bytes_max / UNIT_BYTES }
    }

    /// A budget that is never used up: for what is the same memory in every answer.
    pub(crate) fn unbounded() -> Self {
        Self::new(usize::MAX)
    }

    /// What an answer of this size takes. One that is larger than the budget takes all of it.
    fn units(&self, bytes: usize) -> usize {
        bytes.div_ceil(UNIT_BYTES).min(self.units_max)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one answer takes of the budget, for as long as this is there.
#[derive(Debug)]
struct Share {
    unread: Unread,
    org: Option<OrgId>,
    units: usize,
}

impl Share {
    fn empty(unread: Unread, org: Option<OrgId>) -> Self {
        Self { unread, org, units: 0 }
    }

    /// Takes more, up to so many units.
    fn grow_to(&mut self, units: usize) -> Result<(), Error> {
        let mut taken = self.unread.taken();
        let (more, left) = (units.saturating_sub(self.units), self.unread.units_max - taken.all);
        let of_org = taken.each.get(&self.org).copied().unwrap_or_default();
        let is_only_one = of_org == self.units;
        let fits = if is_only_one { more <= left } else { of_org + 2 * more <= left };
        // What was reserved is there, whoever has come since.
        if more > 0 && !fits {
            return Err(Error::Busy);
        }
        taken.all += more;
        *taken.each.entry(self.org).or_default() += more;
        self.units += more;
        Ok(())
    }

    /// Gives back what is more than so many units.
    fn cut_to(&mut self, units: usize) {
        let spare = self.units.saturating_sub(units);
        let mut taken = self.unread.taken();
        taken.all -= spare;
        if let Entry::Occupied(mut of_org) = taken.each.entry(self.org) {
            *of_org.get_mut() -= spare;
            if *of_org.get() == 0 {
                of_org.remove();
            }
        }
        self.units -= spare;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.cut_to(0);
    }
}

/// The room for the answer of one request.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    unread: Unread,
    org: Arc<OnceLock<OrgId>>,
    reserved: Arc<Mutex<Option<Share>>>,
}

impl Room {
    pub(crate) fn new(unread: Unread) -> Self {
        Self { unread, org: Arc::default(), reserved: Arc::default() }
    }

    /// Whose answer it is, as soon as that is known.
    pub(crate) fn is_of(&self, org: OrgId) {
        // A request has one key.
        let _ = self.org.set(org);
    }

    /// Sees that there is room for an answer of so many bytes in all, which stays until the request is answered. For
    /// what changes something, and before it does.
    ///
    /// Errors: 503 where there is not.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), Error> {
        if bytes <= SMALL_BYTES_MAX {
            return Ok(());
        }
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = || Share::empty(self.unread.clone(), self.org.get().copied());
        reserved.get_or_insert_with(empty).grow_to(self.unread.units(bytes))
    }

    /// `answer` in its place, which is given back with its memory, or a 503 where there is none. One that `is_final`
    /// tells of a change, and goes out even so: what can be large has had its place reserved.
    pub(crate) async fn hold(&self, answer: Response, is_final: bool) -> Response {
        let Some(bytes) = answer.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok())
        else {
            return answer;
        };
        if bytes <= SMALL_BYTES_MAX {
            return answer;
        }
        let is_held = self.reserve(bytes).is_ok();
        if !is_held && !is_final {
            return Error::Busy.into_response();
        }
        let mut place = self.reserved.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(place) = &mut place {
            place.cut_to(self.unread.units(bytes));
        }
        let (head, body) = answer.into_parts();
        // All of it is there already.
        match to_bytes(body, usize::MAX).await {
            Ok(bytes) => {
                // What it was written into may be twice as long.
                let bytes = Vec::from(bytes).into_boxed_slice();
                Response::from_parts(head, Body::from(Bytes::from_owner(Held { bytes, _place: place })))
            }
            Err(_) => Error::Internal.into_response(),
        }
    }
}

/// The bytes of an answer with their place. They may be cut and passed on; when the last piece is gone, so is this.
struct Held {
    bytes: Box<[u8]>,
    _place: Option<Share>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromRequestParts<App> for Room {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let place = parts.extensions.get::<Place>();
        Ok(place.map_or_else(|| Self::new(Unread::unbounded()), |place| place.room.clone()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LARGE: usize = SMALL_BYTES_MAX + 1;

    fn answer(bytes: usize) -> Response {
        vec![0; bytes].into_response()
    }

    fn free(unread: &Unread) -> usize {
        (unread.units_max - unread.taken().all) * UNIT_BYTES
    }

    #[tokio::test]
    async fn the_last_piece_of_an_answer_keeps_all_of_its_room() {
        let unread = Unread::new(3 * LARGE);
        let before = free(&unread);
        let held = Room::new(unread.clone()).hold(answer(2 * LARGE), false).await;
        let mut bytes = to_bytes(held.into_body(), usize::MAX).await.unwrap();
        let last = bytes.split_off(2 * LARGE - 1);
        drop(bytes);
        assert!(free(&unread) <= before - 2 * LARGE);
        drop(last);
        assert_eq!(free(&unread), before);
    }

    #[tokio::test]
    async fn a_place_that_was_reserved_is_cut_to_the_answer_or_given_back() {
        let unread = Unread::new(10 * LARGE);
        let before = free(&unread);
        let room = Room::new(unread.clone());
        room.reserve(5 * LARGE).unwrap();
        room.reserve(4 * LARGE).unwrap();
        assert!(free(&unread) < before - 5 * LARGE + UNIT_BYTES);
        let held = room.hold(answer(LARGE), true).await;
        assert!(free(&unread) >= before - LARGE - UNIT_BYTES);
        drop((held, room));
        assert_eq!(free(&unread), before);
        let room = Room::new(unread.clone());
        room.reserve(5 * LARGE).unwrap();
        drop(room.hold(answer(1), true).await);
        drop(room);
        assert_eq!(free(&unread), before);
    }

    #[tokio::test]
    async fn a_place_that_was_reserved_is_there_however_many_come_later() {
        let unread = Unread::new(10 * LARGE);
        let room = Room::new(unread.clone());
        room.reserve(3 * LARGE).unwrap();
        let mut later = Vec::new();
        while Room::new(unread.clone()).reserve(LARGE).is_ok() {
            later.push(Room::new(unread.clone()).hold(answer(LARGE), false).await);
        }
        assert!(!later.is_empty());
        let other = Room::new(unread.clone());
        other.is_of(OrgId(Uuid::from_u128(1)));
        let _its = other.hold(answer(4 * LARGE), false).await;
        assert_eq!(room.hold(answer(2 * LARGE), false).await.status(), 200);
    }

    #[tokio::test]
    async fn what_is_larger_than_the_budget_takes_all_of_it() {
        let unread = Unread::new(LARGE);
        let held = Room::new(unread.clone()).hold(answer(9 * LARGE), false).await;
        assert_eq!((held.status().as_u16(), free(&unread)), (200, 0));
        let room = Room::new(unread.clone());
        assert_eq!(room.hold(answer(LARGE), false).await.status(), 503);
        assert_eq!(room.hold(answer(LARGE), true).await.status(), 200, "a change is never told otherwise");
        assert_eq!(room.hold(answer(SMALL_BYTES_MAX), false).await.status(), 200);
        assert!(room.reserve(LARGE).is_err() && room.reserve(SMALL_BYTES_MAX).is_ok());
    }

    #[tokio::test]
    async fn whoever_takes_no_answers_leaves_room_for_the_others() {
        let unread = Unread::new(100 * LARGE);
        let all = free(&unread);
        let hold = async |org: u128| {
            let room = Room::new(unread.clone());
            room.is_of(OrgId(Uuid::from_u128(org)));
            let answer = room.hold(answer(LARGE), false).await;
            (answer.status().as_u16() == 200).then_some(answer)
        };
        let mut held = Vec::new();
        for org in 1..=6 {
            let before = free(&unread);
            while let Some(answer) = hold(org).await {
                held.push(answer);
            }
            let taken = before - free(&unread);
            assert!(taken > 0, "there is room for the first answer of {org}");
            assert!(taken <= free(&unread), "{org} has left as much as it took");
        }
        held.clear();
        assert_eq!(free(&unread), all);
        assert!(unread.taken().each.is_empty());
        // Alone, and with one answer, it may have all.
        let room = Room::new(unread.clone());
        room.is_of(OrgId(Uuid::from_u128(1)));
        assert_eq!(room.hold(answer(200 * LARGE), false).await.status(), 200);
    }
}
