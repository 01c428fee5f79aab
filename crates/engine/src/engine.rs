//! Many OAuth applications, each deciding for itself, and which of them to ask next.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::ahead::Fetch;
use crate::app::{App, AppSpec};
use crate::cost::Cost;
use crate::fair::Share;
use crate::heap::{Heap, Timed};
use crate::history::Shape;
use crate::journal::{Lease, Record};
use crate::quota::{SpecError, WindowSpec};
use crate::request::{Grant, Outcome, RequestId, Response};
use crate::time::Ms;

/// The engine: a state machine that is told what happens and when, and says what to send.
///
/// Drive it like this: at every moment something happens, and at [`Engine::wake_ms`], call
/// [`Engine::expire`] and then [`Engine::decide`] until each returns nothing; journal the records, send the
/// requests, and hand each response to [`Engine::respond`]. Moments never go backwards.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    apps: Vec<App>,
    /// When the first of them was added: the agenda counts from then.
    started_ms: Ms,
    /// Applications by the time each must be looked at.
    agenda: Heap<Timed>,
    /// The place of each in it: apart, since a change of one moves others that nobody looks at.
    places: Vec<u32>,
    /// Applications some of whose requests are to be given up, the next one last.
    expiring: Vec<u32>,
    /// What windows applications' users have, each once: what one application's poll looks at is near for the next one's.
    user_windows: HashSet<Arc<[WindowSpec]>>,
}

impl Engine {
    /// An engine without applications.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an OAuth application and returns its number.
    ///
    /// # Errors
    /// Where a window's figures are out of range.
    ///
    /// # Panics
    /// Beyond four million applications.
    pub fn add_app(&mut self, mut spec: AppSpec, now_ms: Ms) -> Result<u32, SpecError> {
        assert!(
            self.apps.len() < Timed::THINGS_MAX,
            "an engine has at most {} applications",
            Timed::THINGS_MAX
        );
        if self.apps.is_empty() {
            self.started_ms = now_ms;
        }
        let shard = self.apps.len() as u32;
        let known = self.user_windows.get(&spec.user_windows).map(Arc::clone);
        let user_windows = Arc::clone(known.as_ref().unwrap_or(&spec.user_windows));
        spec.user_windows = Arc::clone(&user_windows);
        self.apps.push(App::new(shard, spec, now_ms)?);
        self.user_windows.insert(user_windows);
        self.places.push(0);
        Ok(shard)
    }

    /// Adds a team to an application and returns its position there. `weight` is its share of history and
    /// of polls that do not all fit, at least 1.
    pub fn add_team(&mut self, app: u32, weight: u64, now_ms: Ms) -> u32 {
        self.apps[app as usize].add_team(weight, now_ms)
    }

    /// Adds a user to a team and returns its position in the application.
    pub fn add_user(&mut self, app: u32, team: u32) -> u32 {
        self.apps[app as usize].add_user(team)
    }

    /// Polls a user every `period_ms` from `now_ms` on. `tag_ms` is that of the last poll that a predecessor sent
    /// ([`Grant::tag_ms`]), if there was one. With the clocks that it left ([`AppSpec::poll_clocks`]) polls keep their moments.
    pub fn poll(&mut self, app: u32, user: u32, period_ms: Ms, tag_ms: Option<Ms>, now_ms: Ms) {
        self.apps[app as usize].poll(user, period_ms, tag_ms, now_ms);
        self.file(app, now_ms);
    }

    /// Starts a historical pull: the `missing` chunks, 0 being the newest, each of which costs `cost` and
    /// holds `chunk_days` of data. Returns the pull's number in the application, or `None` if nothing is missing.
    ///
    /// The number is the pull's until its last chunk is done or given up, as [`Engine::respond`] and
    /// [`Engine::expire`] tell; a later pull may have it then. No request outlives its pull: what comes too late
    /// for it is [`Outcome::Unknown`].
    pub fn pull(
        &mut self,
        app: u32,
        user: u32,
        cost: Cost,
        chunk_days: u32,
        missing: impl IntoIterator<Item = Range<u32>>,
        now_ms: Ms,
    ) -> Option<u32> {
        let shape = Shape { cost, days: chunk_days };
        let pull = self.apps[app as usize].pull(user, shape, missing, now_ms);
        self.file(app, now_ms);
        pull
    }

    /// Asks for a user's new data ahead of everything else. What was asked for and is not sent yet serves: it is not asked
    /// for twice.
    pub fn ask(&mut self, app: u32, user: u32, now_ms: Ms) {
        self.apps[app as usize].ask(user, now_ms);
        self.file(app, now_ms);
    }

    /// Takes an application over: charges what its journal tells, and sends until the lease ends. Teams and
    /// users are registered before, polls and pulls resume after.
    ///
    /// # Panics
    /// Where a record's user is not registered, or the lease's epoch is not later than those of all records.
    pub fn recover(&mut self, app: u32, records: &[Record], lease: Lease, now_ms: Ms) {
        self.apps[app as usize].recover(records, lease, now_ms);
        self.file(app, now_ms);
    }

    /// Renews or ends an application's lease, or begins one where there is no journal to replay.
    ///
    /// # Panics
    /// Where its epoch is earlier than the one before.
    pub fn set_lease(&mut self, app: u32, lease: Lease, now_ms: Ms) {
        self.apps[app as usize].set_lease(lease);
        self.file(app, now_ms);
    }

    /// When to look again, if nothing happens before; `None` if only new work or a response can change
    /// anything.
    #[must_use]
    pub fn wake_ms(&self) -> Option<Ms> {
        self.agenda.first().map(|(ms, _)| self.started_ms + ms)
    }

    /// Gives up one request whose deadline has passed.
    pub fn expire(&mut self, now_ms: Ms) -> Option<(RequestId, Outcome, Record)> {
        loop {
            while let Some(app) = self.expiring.last() {
                let given_up = self.apps[*app as usize].expire(now_ms);
                if given_up.is_some() {
                    return given_up;
                }
                self.expiring.pop();
            }
            let since_ms = now_ms.saturating_sub(self.started_ms);
            let (apps, expiring) = (&self.apps, &mut self.expiring);
            self.agenda.each_up_to(since_ms, &mut |app| {
                if apps[app as usize].has_expired(now_ms) {
                    expiring.push(app);
                }
            });
            expiring.reverse();
            if expiring.is_empty() {
                return None;
            }
        }
    }

    /// The next request to send at `now_ms`, if there is one. Its record is to be durable before it leaves.
    pub fn decide(&mut self, now_ms: Ms) -> Option<Grant> {
        while let Some((at_ms, index)) = self.agenda.first() {
            if self.started_ms + at_ms > now_ms {
                return None;
            }
            let app = &mut self.apps[index as usize];
            app.on_time(now_ms);
            let grant = app.decide(now_ms);
            // Where nothing else waits, there is no need to be asked again.
            if grant.is_none() || !app.is_waiting() {
                let wake_ms = app.next_wake(now_ms);
                self.refile(index, wake_ms);
                self.fetch_ahead();
            }
            if grant.is_some() {
                return grant;
            }
        }
        None
    }

    /// Takes in a response; returns what it means for the work, and a record to journal when convenient.
    pub fn respond(
        &mut self,
        id: RequestId,
        response: &Response<'_>,
        now_ms: Ms,
    ) -> (Outcome, Option<Record>) {
        let app = &mut self.apps[id.app as usize];
        let outcome = app.respond(id, response, now_ms);
        if app.is_waiting() {
            self.file(id.app, now_ms);
        } else if app.wakes_ms > now_ms {
            // Nothing to decide before the next poll. The deadline of what has landed is no reason to wake.
            let wake_ms = app.next_wake(now_ms);
            if wake_ms != app.wakes_ms {
                self.refile(id.app, wake_ms);
            }
        }
        outcome
    }

    /// The application with what was learned of its windows and of the provider's clock: to be stored with it, and what a
    /// successor begins with.
    #[must_use]
    pub fn learned(&self, app: u32) -> AppSpec {
        self.apps[app as usize].learned()
    }

    /// What history each team of the application was given, and its fair part.
    pub fn shares(&self, app: u32) -> impl Iterator<Item = Share> + '_ {
        self.apps[app as usize].shares()
    }

    /// How far each team's polling is stretched, in thousandths; 1000 is not at all.
    pub fn stretch_permille(&self, app: u32) -> impl Iterator<Item = u64> + '_ {
        self.apps[app as usize].stretch_permille()
    }

    /// A user's polling period as it is now; `None` if it is not polled.
    #[must_use]
    pub fn period_ms(&self, app: u32, user: u32) -> Option<Ms> {
        self.apps[app as usize].period_ms(user)
    }

    /// The team a user was added to.
    ///
    /// # Panics
    /// Where there is no such user.
    #[must_use]
    pub fn team(&self, app: u32, user: u32) -> u32 {
        self.apps[app as usize].team(user)
    }

    /// Whose each poll is that is still to be sent, and when it fell due.
    pub fn overdue(&self, app: u32) -> impl Iterator<Item = (u32, Ms)> + '_ {
        self.apps[app as usize].overdue()
    }

    /// Since when each live request is asked for that is still to be sent.
    pub fn asked(&self, app: u32) -> impl Iterator<Item = Ms> + '_ {
        self.apps[app as usize].asked()
    }

    /// Historical pulls of the application that are not done.
    #[must_use]
    pub fn pending(&self, app: u32) -> u64 {
        self.apps[app as usize].pending()
    }

    /// Has the application come near that is to be looked at after the next two: that is how long memory takes. Of the one
    /// before it, which was asked for last time, comes what it refers to.
    fn fetch_ahead(&self) {
        let [second, third] = self.agenda.next_two();
        if let Some(app) = third {
            self.apps[app as usize].each_line(&mut Fetch);
        }
        if let Some(app) = second {
            self.apps[app as usize].each_line_behind(&mut Fetch);
        }
    }

    fn file(&mut self, index: u32, now_ms: Ms) {
        let wakes_ms = self.apps[index as usize].wakes_ms;
        if wakes_ms > now_ms {
            self.refile(index, now_ms);
        }
    }

    fn refile(&mut self, index: u32, wake_ms: Ms) {
        self.apps[index as usize].wakes_ms = wake_ms;
        if wake_ms == Ms::MAX {
            self.agenda.remove(&mut self.places[..], index);
        } else {
            let since_ms = wake_ms.saturating_sub(self.started_ms);
            self.agenda.set(&mut self.places[..], index, since_ms);
        }
    }
}
