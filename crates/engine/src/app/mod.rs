//! One OAuth application: its quota, its teams, and what is in flight. Everything about it is decided here.

mod admit;
mod demand;
mod flights;
mod lanes;
mod lines;
mod live;
mod newcomers;
mod pace;
mod recover;
mod respond;
mod sight;
mod told;
mod users;
mod wake;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crate::clock::ClockError;
use crate::cost::{Cost, UNITS};
use crate::fair::Fair;
use crate::heap::{Heap, Places};
use crate::history::{Pulls, Shape};
use crate::in_place::InPlace;
use crate::journal::{Lease, sequence_before};
use crate::poll::{PollClock, PollQueue, USERS_MAX, first_tag, phase_ms};
use crate::quota::{Bucket, Kind, SpecError, WindowSpec, poll_share};
use crate::soonest::Soonest;
use crate::stretch;
use crate::tight;
use crate::time::{Instant, Ms};

use admit::Foresight;
use demand::POLL_SHARE_PENDING;
pub(crate) use demand::discrepancy;
use flights::Flights;
use live::LiveRate;
use newcomers::Newcomers;
use users::{User, UserQuotas};

/// Longest polling period, in milliseconds: 30 days.
const PERIOD_MS_MAX: Ms = 30 * 86_400_000;

/// In which order polls and history go. All but the first are there to be compared with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Polls first, and history leaves room for those to come.
    #[default]
    Reserve,
    /// Polls first, and history takes what it finds.
    Strict,
    /// Whatever was asked for first.
    Fifo,
}

/// Polls of which connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Of all, at the pace they are to go.
    All,
    /// Of all but newcomers, at the pace they go.
    Known,
}

/// How long a response may take before any was seen, in milliseconds.
const LATENCY_MS_ASSUMED: Ms = 2_000;

/// How long responses take on average: how much longer than it is charged a request holds its part of a window.
#[derive(Clone, Copy, Debug)]
struct Typical {
    /// A moving mean in 64ths of a millisecond.
    mean: u64,
    /// What the polls' stretch was worked out for.
    used_ms: Ms,
}

impl Default for Typical {
    fn default() -> Self {
        Self::of(250)
    }
}

impl Typical {
    /// What a predecessor found.
    fn of(mean_ms: Ms) -> Self {
        Self { mean: mean_ms * 64, used_ms: mean_ms }
    }

    /// The mean, in milliseconds.
    fn mean_ms(&self) -> Ms {
        self.mean / 64
    }

    fn learn(&mut self, took_ms: Ms) {
        self.mean = self.mean - self.mean / 64 + took_ms;
    }

    /// Whether it is no longer what was used.
    fn has_moved(&self) -> bool {
        self.mean_ms().abs_diff(self.used_ms) > self.used_ms / 4 + 100
    }

    fn take(&mut self) -> Ms {
        self.used_ms = self.mean_ms();
        self.used_ms
    }
}

/// What the engine is told of an OAuth application; as in [`App`], what each poll needs comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AppSpec {
    /// Windows of each of its users. Applications of one engine that have the same share them.
    pub user_windows: Arc<[WindowSpec]>,
    /// What a poll or live request costs.
    pub poll_cost: Cost,
    /// How long a request may take before it is given up.
    pub deadline_ms: Ms,
    /// Most requests in flight at once.
    pub in_flight_max: u32,
    /// In which order polls and history go.
    pub order: Order,
    /// Windows of the application.
    pub windows: Vec<WindowSpec>,
    /// Least error assumed of the provider's clock, in milliseconds (at least a second is).
    pub clock_error_ms: Ms,
    /// Lower limits of the application's windows that headers named to a predecessor, in their order.
    pub named_limits: Vec<Option<u64>>,
    /// Bounds on the provider's clock minus ours, in milliseconds, where a predecessor learned them.
    pub clock_offset_ms: Option<(i64, i64)>,
    /// How long responses to a predecessor took, on average and at most, in milliseconds, where there were some.
    pub response_ms: Option<(Ms, Ms)>,
    /// A predecessor's clocks of polls, in the order in which teams are added. They run on at the pace at which they were
    /// left, so they are as good later as when one last changed its pace.
    pub poll_clocks: Vec<PollClock>,
}

impl Default for AppSpec {
    fn default() -> Self {
        Self {
            user_windows: Arc::default(),
            poll_cost: Cost::ONE,
            deadline_ms: 30_000,
            in_flight_max: 256,
            order: Order::Reserve,
            windows: Vec::new(),
            clock_error_ms: 0,
            named_limits: Vec::new(),
            clock_offset_ms: None,
            response_ms: None,
            poll_clocks: Vec::new(),
        }
    }
}

impl AppSpec {
    /// The application's windows, unused, with the limits that are known.
    fn bucket(&self, at: Instant) -> Bucket {
        let mut bucket = Bucket::new(&self.windows, at);
        bucket.restore_limits(&self.named_limits);
        bucket
    }
}

/// A team; as in [`App`], what each poll needs comes first.
#[derive(Clone, Debug)]
#[repr(C)]
struct Team {
    polls: PollQueue,
    weight: u64,
    /// Sum of the connections' polls per millisecond, [`stretch::RATE_SHIFT`] fraction bits.
    demand: u64,
    connections: u64,
    period_ms_min: Ms,
    /// Its place among those whose polls are to fall due.
    place: u32,
    /// Pulls that have a chunk to ask for and whose user is not parked.
    ready: Heap,
}

impl Team {
    /// One without connections.
    fn new(weight: u64, clock: PollClock) -> Self {
        Self {
            polls: PollQueue::new(clock),
            weight,
            demand: 0,
            connections: 0,
            period_ms_min: Ms::MAX,
            place: 0,
            ready: Heap::default(),
        }
    }
}

/// One that stands where there is no team.
impl Default for Team {
    fn default() -> Self {
        Self::new(1, PollClock::new(0, 0))
    }
}

/// Teams of an application: most have one.
type Teams = InPlace<Team, 1>;

impl Places for Teams {
    fn place(&mut self, id: u32) -> &mut u32 {
        &mut self[id as usize].place
    }
}

/// A poll that is due and not sent, the one due first before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Overdue {
    due_ms: Ms,
    user: u32,
    team: u32,
    tag_ms: Ms,
}

/// Something that happens to one user or pull at a known time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Poll { user: u32, due_ms: Ms },
    Live { user: u32, asked_ms: Ms },
    Unpark { user: u32 },
    Again { pull: u32, chunk: u32, attempts: u16 },
}

/// One OAuth application.
///
/// Among a million connections an application has left every cache by the time its next poll falls due, so
/// what each poll needs stands together, and first, so that it can be asked for beforehand ([`App::each_line`]). What only
/// history and rare events need stands behind it.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct App {
    /// Where the application stands in the engine's agenda.
    pub(crate) wakes_ms: Ms,
    in_flight: Flights,
    /// When to share what polls may have anew.
    restretch_ms: Ms,
    /// Teams by when their next poll falls due.
    due: Heap,
    newcomers: Option<Box<Newcomers>>,
    /// Pulls that are not done.
    pending: u64,
    /// Polls that are due and not sent, those waiting for their user's quota included.
    overdue_count: u64,
    frozen_until_ms: Ms,
    /// The longest that a response took lately, of those there were.
    latency_ms: Ms,
    teams: Teams,
    lease: Lease,
    /// How many responses there were, as far as 255.
    answers: u8,
    sequence: u64,
    overdue: Soonest<Overdue>,
    shard: u32,
    unexplained: u32,
    timers: Soonest<(Ms, Timer)>,
    /// A moving mean of how long responses take.
    typical: Typical,
    /// What is asked for live: since when, and by whom.
    live: VecDeque<(Ms, u32)>,
    clock: ClockError,
    bucket: Bucket,
    user_quotas: UserQuotas,
    spec: AppSpec,
    users: Vec<User>,
    fair: Box<Fair>,
    pulls: Box<Pulls>,
    /// What is foreseen of all polls, as they are to go.
    all: Foresight,
    /// Users for whom something is asked for live and not sent.
    asked: BTreeSet<u32>,
    live_rate: LiveRate,
    /// When the last request of history was sent.
    history_sent_ms: Option<Ms>,
    /// When history that no window had room for is to be looked at again.
    history_again_ms: Ms,
    /// When the first pull that is not done was asked for.
    pending_since_ms: Ms,
    /// Whether all pulls so far cost the same.
    chunk_cost: Option<Cost>,
    chunk_costs_differ: bool,
    /// What one of each unit is worth: thousandths of a millisecond of the window where it is scarcest.
    worth: [u64; UNITS],
    parked: BTreeMap<u32, Vec<u32>>,
    /// Tags of the polls that are due and wait for their user's quota, by user.
    waiting: BTreeMap<u32, Ms>,
    /// Has applications lie an odd number of lines apart, since those a power of two apart share few sets of a cache.
    _apart: [u64; 5],
}

fn worth(windows: &[WindowSpec]) -> [u64; UNITS] {
    let mut worth = [0; UNITS];
    for window in windows {
        let each = (window.length_ms * 1_000 / window.limit).max(1);
        let unit: &mut u64 = &mut worth[window.unit as usize];
        *unit = each.max(*unit);
    }
    worth
}

impl App {
    /// A new application.
    ///
    /// # Errors
    /// Where a window's figures are out of range.
    pub fn new(shard: u32, spec: AppSpec, now_ms: Ms) -> Result<Self, SpecError> {
        Bucket::check(&spec.windows)?;
        Bucket::check(&spec.user_windows)?;
        let clock = ClockError::new(spec.clock_error_ms, spec.clock_offset_ms);
        Ok(Self {
            bucket: spec.bucket(clock.at(now_ms)),
            clock,
            users: Vec::new(),
            user_quotas: UserQuotas::default(),
            teams: Teams::default(),
            fair: Box::default(),
            due: Heap::default(),
            overdue: Soonest::default(),
            overdue_count: 0,
            live: VecDeque::new(),
            newcomers: None,
            asked: BTreeSet::new(),
            live_rate: LiveRate::new(&spec.windows, now_ms),
            history_sent_ms: None,
            pulls: Box::default(),
            pending: 0,
            pending_since_ms: 0,
            chunk_cost: None,
            chunk_costs_differ: false,
            worth: worth(&spec.windows),
            parked: BTreeMap::new(),
            waiting: BTreeMap::new(),
            timers: Soonest::default(),
            in_flight: Flights::default(),
            sequence: 0,
            lease: Lease { epoch: 0, until_ms: Ms::MAX },
            restretch_ms: Ms::MAX,
            all: Foresight::default(),
            history_again_ms: 0,
            latency_ms: spec.response_ms.map_or(0, |(_, longest_ms)| longest_ms),
            answers: spec.response_ms.map_or(0, |_| u8::MAX),
            typical: spec.response_ms.map_or_else(Typical::default, |(mean_ms, _)| Typical::of(mean_ms)),
            frozen_until_ms: 0,
            unexplained: 0,
            wakes_ms: Ms::MAX,
            shard,
            spec,
            _apart: [0; 5],
        })
    }

    /// Adds a team and returns its position.
    pub fn add_team(&mut self, weight: u64, now_ms: Ms) -> u32 {
        let left = self.spec.poll_clocks.get(self.teams.len());
        // Each phase has a tag before the start.
        let clock = left.map_or_else(|| PollClock::new(now_ms, PERIOD_MS_MAX), |left| left.resumed(now_ms));
        self.teams.push(Team::new(weight, clock));
        self.fair.add(weight);
        self.teams.len() as u32 - 1
    }

    /// Adds a user who is not polled and returns the position.
    pub fn add_user(&mut self, team: u32) -> u32 {
        assert!((team as usize) < self.teams.len(), "the team was added before");
        assert!(self.users.len() < USERS_MAX, "an application has at most {USERS_MAX} users");
        tight::push(&mut self.users, User::new(team));
        self.bucket.set_users(self.users.len() as u64);
        self.users.len() as u32 - 1
    }

    /// Polls `user` every `period_ms` from now on. `tag_ms` is that of the last poll that a predecessor sent
    /// ([`Grant::tag_ms`]), if there was one: what was missed since is due at once, as one poll.
    ///
    /// [`Grant::tag_ms`]: crate::Grant::tag_ms
    pub fn poll(&mut self, user: u32, period_ms: Ms, tag_ms: Option<Ms>, now_ms: Ms) {
        let period_ms = self.carried_period_ms(period_ms.clamp(1, PERIOD_MS_MAX)) as u32;
        let entry = &mut self.users[user as usize];
        assert!(entry.period_ms == 0, "a user is polled once");
        entry.period_ms = period_ms;
        let team_index = entry.team;
        let period = Ms::from(period_ms);
        let team = &mut self.teams[team_index as usize];
        team.polls.clock.advance(now_ms);
        let phase_ms = phase_ms(u64::from(user), period);
        entry.phase_ms = phase_ms as u32;
        let shared = team.connections == 0 || team.polls.shared_period_ms == Some(period);
        team.polls.shared_period_ms = shared.then_some(period);
        team.demand += stretch::demand(period);
        team.connections += 1;
        team.period_ms_min = team.period_ms_min.min(period);
        self.restretch_ms = 0;
        let tau_ms = team.polls.clock.tau_ms();
        let next_ms = match tag_ms {
            Some(tag_ms) => {
                let last_ms = first_tag(tau_ms + 1, phase_ms, period).saturating_sub(period);
                if tag_ms + period / 2 <= last_ms {
                    // Missed. Its tag is the one that it would have had, so that many fall due together once and no more.
                    last_ms
                } else {
                    // A poll may have stood for the next one too.
                    let periods = if tag_ms == last_ms + period { 2 } else { 1 };
                    last_ms + periods * period
                }
            }
            None => first_tag(tau_ms, phase_ms, period),
        };
        team.polls.push(next_ms, user);
        self.reindex_due(team_index);
        if tag_ms.is_none() {
            self.join(user, now_ms);
        }
    }

    /// How long a response may take, for what history has to leave to polls: as long as the longest lately; before the
    /// first one, when much of a window may be sent, as long as any may.
    fn longest_ms(&self) -> Ms {
        if self.answers > 0 { self.latency_ms() } else { self.spec.deadline_ms }
    }

    /// The longest that a response took lately, or what is assumed: that is forgotten soon.
    fn latency_ms(&self) -> Ms {
        let assumed_ms = match self.answers {
            u8::MAX => 0,
            answers => 8 * LATENCY_MS_ASSUMED / (8 + Ms::from(answers)),
        };
        self.latency_ms.max(assumed_ms).min(self.spec.deadline_ms)
    }

    /// A period that the user's own windows carry and leave room for history, which may be asked for at any time.
    fn carried_period_ms(&self, period_ms: Ms) -> Ms {
        let carried = self.spec.user_windows.iter().map(|window| {
            // No less than is assumed at first, so that connections keep their period as a rule.
            let span_ms =
                window.length_ms + self.latency_ms().max(LATENCY_MS_ASSUMED).min(self.spec.deadline_ms);
            let rounded = matches!(window.kind, Kind::TwoCounter | Kind::Unknown);
            let share = poll_share(rounded, window.limit, POLL_SHARE_PENDING, true);
            (self.spec.poll_cost.of(window.unit) * span_ms * 1_000).div_ceil(share)
        });
        carried.fold(period_ms, Ms::max).min(PERIOD_MS_MAX)
    }

    /// Starts a historical pull of the `missing` chunks and returns its number, as [`Engine::pull`] does.
    ///
    /// [`Engine::pull`]: crate::Engine::pull
    pub fn pull(
        &mut self,
        user: u32,
        shape: Shape,
        missing: impl IntoIterator<Item = Range<u32>>,
        now_ms: Ms,
    ) -> Option<u32> {
        let pull = self.pulls.add(user, shape, missing)?;
        self.pending += 1;
        if self.pending == 1 {
            self.pending_since_ms = now_ms;
            self.restretch_ms = 0;
        }
        self.chunk_costs_differ |= self.chunk_cost.is_some_and(|other| other != shape.cost);
        self.chunk_cost = Some(shape.cost);
        self.offer(pull);
        Some(pull)
    }

    /// Asks for a request ahead of everything else. One that the user has waiting serves.
    pub fn ask(&mut self, user: u32, now_ms: Ms) {
        if !self.asked.insert(user) {
            return;
        }
        self.live.push_back((now_ms, user));
        if self.live_rate.note(now_ms) {
            self.restretch_ms = 0;
        }
    }

    /// Lets the engine send until the lease ends, under numbers of its epoch.
    pub fn set_lease(&mut self, lease: Lease) {
        assert!(lease.epoch >= self.lease.epoch, "no epoch begins again");
        if lease.epoch > self.lease.epoch {
            self.sequence = sequence_before(lease.epoch);
        }
        self.lease = lease;
    }

    /// Puts a pull among those of its team that can send.
    fn offer(&mut self, pull: u32) {
        let Some(key) = self.pulls.key(pull) else { return };
        let user = self.pulls[pull].user;
        if let Some(parked) = self.parked.get_mut(&user) {
            parked.push(pull);
            return;
        }
        let team = self.users[user as usize].team;
        self.teams[team as usize].ready.set(&mut *self.pulls, pull, key);
        self.fair.wake(team);
    }

    /// Takes a pull out of those that can send.
    fn withdraw(&mut self, pull: u32) {
        let team = self.users[self.pulls[pull].user as usize].team;
        let ready = &mut self.teams[team as usize].ready;
        let found = ready.remove(&mut *self.pulls, pull);
        debug_assert!(found, "what is withdrawn was offered");
        if ready.is_empty() {
            // A team that has nothing to send gives up its turn, and comes back behind those who waited.
            self.fair.sleep(team);
        }
    }

    /// Files the team under its next due moment.
    fn reindex_due(&mut self, team_index: u32) {
        match self.teams[team_index as usize].polls.next_due_ms() {
            Some(due_ms) => self.due.set(&mut self.teams, team_index, due_ms),
            None => {
                self.due.remove(&mut self.teams, team_index);
            }
        }
    }

    /// Whether a team has a chunk to ask for.
    fn history_waits(&self) -> bool {
        self.pending > 0 && self.fair.first().is_some()
    }

    fn at(&self, now_ms: Ms) -> Instant {
        self.clock.at(now_ms)
    }
}
