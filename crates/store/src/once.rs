//! Creating something once, however often the request is repeated.
//!
//! A client that does not know whether its request arrived sends it again under the same token. What the first one
//! created is kept beside the creation, in the same transaction, for [`ONCE_KEPT`].

use jiff::{SignedDuration, Timestamp};
use lookback_domain::KeyId;
use serde_json::Value;
use uuid::Uuid;

use crate::{Credential, Error, Key, Result, Team};

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

/// What a creation is remembered by, to answer its repetition.
#[derive(Debug, Clone, PartialEq)]
pub struct Was {
    /// The id of what was created.
    pub id: Uuid,
    /// What tells it again, where that can be told.
    pub created: Option<Value>,
}

impl Was {
    /// Of a team: it is told as it was then, whatever has become of it.
    pub fn team(team: &Team) -> Self {
        Self { id: team.id.0, created: Some(serde_json::to_value(team).expect("a team is JSON")) }
    }

    /// What the repetition of a team's creation is answered.
    ///
    /// Errors: [`Error::Unavailable`] where what was kept is no team.
    pub fn team_again(self) -> Result<Created<Team>> {
        let created = self.created.ok_or_else(|| Error::unavailable("a token lost its team"))?;
        serde_json::from_value(created).map(Created::Replay).map_err(Error::unavailable)
    }

    /// Of a key, whose secret nobody has any more.
    pub fn key(key: &Key) -> Self {
        Self { id: key.id.0, created: None }
    }

    /// What the repetition of a key's creation is answered.
    pub fn key_again(self) -> Created<Key> {
        Created::Conflict(self.id)
    }

    /// Of an OAuth application: when it was changed last tells whether it is still the same.
    pub fn credential(credential: &Credential) -> Self {
        Self { id: credential.id.0, created: Some(credential.updated_at.as_microsecond().into()) }
    }

    /// What the repetition is answered where this application stands there now: it, while it is as it was stored then.
    pub fn credential_again(self, now: Option<Credential>) -> Created<Credential> {
        let same = now.filter(|now| Self::credential(now) == self);
        same.map_or(Created::Conflict(self.id), Created::Replay)
    }
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
