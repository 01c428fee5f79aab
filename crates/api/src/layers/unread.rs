//! Answers that clients have not taken.
//!
//! An answer is in memory until its client has taken it, and that is up to the client. So a large one has a place in a
//! budget of bytes for as long as its memory is there, wherever that has got to. What finds no place is answered 503,
//! also where it was made already; but what was changed cannot be told so, and has its place before it is changed.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::guard::Place;
use crate::{App, Error};

/// An answer up to this size needs no place, so that whoever takes large ones slowly keeps nobody from the others. As
/// many as there are connections are held at worst.
pub(crate) const SMALL_BYTES_MAX: usize = 64 * 1024;

/// What the budget counts in.
const UNIT_BYTES: usize = 1024;

/// The budget.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    units: Arc<Semaphore>,
    units_max: u32,
}

impl Unread {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let units_max = u32::try_from(bytes_max / UNIT_BYTES).unwrap_or(u32::MAX);
        Self { units: Arc::new(Semaphore::new(units_max as usize)), units_max }
    }

    /// A budget that is never used up: for what is the same memory in every answer.
    pub(crate) fn unbounded() -> Self {
        Self::new(usize::MAX)
    }

    /// What an answer of this size takes. One that is larger than the budget takes all of it.
    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(self.units_max)
    }
}

/// The room for the answer of one request.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    unread: Unread,
    reserved: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Room {
    pub(crate) fn new(unread: Unread) -> Self {
        Self { unread, reserved: Arc::default() }
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
        let has = reserved.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = self.unread.units(bytes).saturating_sub(u32::try_from(has).unwrap_or(u32::MAX));
        let units = Arc::clone(&self.unread.units);
        let more = units.try_acquire_many_owned(missing).map_err(|_| Error::Busy)?;
        match &mut *reserved {
            Some(reserved) => reserved.merge(more),
            None => *reserved = Some(more),
        }
        Ok(())
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
            let spare = place.num_permits().saturating_sub(self.unread.units(bytes) as usize);
            drop(place.split(spare));
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
    _place: Option<OwnedSemaphorePermit>,
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
    use super::*;

    const LARGE: usize = SMALL_BYTES_MAX + 1;

    fn answer(bytes: usize) -> Response {
        vec![0; bytes].into_response()
    }

    fn free(unread: &Unread) -> usize {
        unread.units.available_permits() * UNIT_BYTES
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
}
