//! Creating something once, however often the request is repeated.
//!
//! A client that does not know whether its request arrived sends it again under the same token. What the first one
//! created is kept beside the creation, in the same transaction, for [`ONCE_KEPT`].

use jiff::{SignedDuration, Timestamp};
use lookback_domain::KeyId;
use uuid::Uuid;

/// How long a token is remembered. Whether an older one was purged yet makes no difference.
pub const ONCE_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What makes a creation happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Whose token it is: tokens of two management keys have nothing to do with each other.
    pub key_id: KeyId,
    /// What the client chose.
    pub token: String,
    /// A digest of everything that was asked for.
    pub fingerprint: [u8; 32],
}

/// How a creation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created<T> {
    /// It was created.
    Done(T),
    /// The same was asked before under this token and this came of it; nothing has changed now.
    Replay(T),
    /// The same was asked before under this token. What came of it has this id and cannot be shown again: it was a
    /// secret, or has changed since.
    Conflict(Uuid),
    /// Something else was asked before under this token.
    Mismatch,
}

impl<T> Created<T> {
    /// What was created, where nothing could have been created before.
    ///
    /// Panics where it was: only a creation with a [`Once`] can be a repetition.
    pub fn done(self) -> T {
        match self {
            Self::Done(created) => created,
            _ => panic!("a creation without a token cannot be a repetition"),
        }
    }
}

/// From which moment on tokens count at `now`.
pub fn once_kept_since(now: Timestamp) -> Timestamp {
    now.checked_sub(ONCE_KEPT).unwrap_or(Timestamp::MIN)
}
