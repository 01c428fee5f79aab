//! What goes out of the engine and what comes back.

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::journal::Record;
use crate::quota::Reading;
use crate::time::Ms;

/// Why a request is made; the order is the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A webhook or a user's refresh asked for it.
    Live,
    /// A connection's recurring pull of new data.
    Poll,
    /// A chunk of a historical pull.
    History,
}

/// Names a request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// The OAuth application.
    pub app: u32,
    pub(crate) place: u32,
    /// Position in the application's journal.
    pub sequence: u64,
}

/// A chunk of a historical pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// Number of the pull in its application: its own until its last chunk is done or given up.
    pub pull: u32,
    /// Number of the chunk; 0 is the newest.
    pub chunk: u32,
}

/// A request that may be sent once its record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Names it in the response.
    pub id: RequestId,
    /// Position of the team in its application.
    pub team: u32,
    /// Position of the user in its application.
    pub user: u32,
    /// Why it is made.
    pub lane: Lane,
    /// What it is charged.
    pub cost: Cost,
    /// When a poll fell due, or a live request was asked for.
    pub due_ms: Option<Ms>,
    /// Up to where on its team's clock the user is served by a poll. It is kept with the user, for a successor to go on from
    /// ([`Engine::poll`]).
    ///
    /// [`Engine::poll`]: crate::Engine::poll
    pub tag_ms: Option<Ms>,
    /// Which chunk a history request asks for.
    pub chunk: Option<ChunkId>,
    /// When it is given up: the caller aborts it then.
    pub deadline_ms: Ms,
    /// To be journaled first.
    pub record: Record,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With data.
    Served,
    /// With an error that is not about quota; it counted.
    Failed,
    /// With a 429, or what a provider says instead (Withings: 601 inside a 200).
    Refused,
}

/// What a response says.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// How the request ended.
    pub status: Status,
    /// Usage of the application's windows.
    pub app: &'a [Reading],
    /// Usage of the user's windows.
    pub user: &'a [Reading],
    /// How long the provider asks us to wait.
    pub retry_after_ms: Option<Ms>,
    /// Its `Date`, cut to whole seconds.
    pub date_ms: Option<Ms>,
}

impl Response<'_> {
    /// A response without any header.
    #[must_use]
    pub const fn plain(status: Status) -> Self {
        Self { status, app: &[], user: &[], retry_after_ms: None, date_ms: None }
    }
}

/// What a response, or a deadline that passed, means for the work behind the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A poll or live request is over, well or not; polls come again at their next due time.
    Over {
        /// Whether it brought data.
        served: bool,
    },
    /// A chunk is done and can be committed.
    ChunkDone(ChunkId),
    /// A chunk will be asked for again.
    ChunkAgain(ChunkId),
    /// A chunk failed too often and was given up.
    ChunkGivenUp(ChunkId),
    /// The request was given up before, or is not known.
    Unknown,
}
