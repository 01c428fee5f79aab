//! Decisions per second and bytes per connection:
//!
//! ```text
//! cargo run --release -p lookback-engine --example bench -- CONNECTIONS [--users | --unknown] [--history] [--decisions N]
//! ```
//!
//! Connections are spread over 10,000 applications (fewer where there are fewer connections), each polled
//! every 15 minutes; `--users` gives every user a window of its own, `--unknown` one of
//! a kind nobody knows, which is charged as a log too, `--history` a pull of 1,000 chunks. A
//! decision is a request granted and its response taken in. Bytes at rest are resident bytes once everything
//! is set up, applications included, again after each connection was polled once, with users' windows in use and
//! nothing under way, and with `--history` once more when each has asked for its pull. The allocator, which is that of
//! `lookback`, gives memory back a second after it was freed; to count none of that, set `MIMALLOC_PURGE_DELAY=0`, which
//! costs up to a fifth of the rate. No provider is simulated: only the engine runs while the clock does. To count
//! instructions instead, run it under callgrind with two numbers of decisions and divide the difference;
//! `scripts/instructions.sh` does.

use std::collections::VecDeque;
use std::io::Write;

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::{AppSpec, Cost, Engine, Ms, RequestId, Response, Status};

/// The allocator of `lookback`, which asks for large pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START_MS: Ms = 1_764_000_000_000;

/// What the arguments ask for.
struct Wanted {
    connections: u64,
    /// How the window of each user is counted, if users have any.
    users: Option<Kind>,
    history: bool,
    decisions: u64,
}

fn arguments() -> Option<Wanted> {
    let mut wanted = Wanted { connections: 10_000, users: None, history: false, decisions: 3_000_000 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--users" => wanted.users = Some(Kind::Aligned),
            "--unknown" => wanted.users = Some(Kind::Unknown),
            "--history" => wanted.history = true,
            "--decisions" => wanted.decisions = words.next()?.parse().ok()?,
            number => wanted.connections = number.parse().ok()?,
        }
    }
    Some(wanted)
}

/// Resident bytes of this process, from the kernel; 0 where it does not say.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

/// Time this process has computed, from the kernel; 0 where it does not say. On a machine that does other
/// things too it says more than the time that passed.
fn computed_seconds() -> f64 {
    let line = std::fs::read_to_string("/proc/self/schedstat").ok();
    line.and_then(|line| line.split(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn build(wanted: &Wanted) -> Engine {
    let apps = wanted.connections.min(10_000);
    let mut engine = Engine::new();
    for app in 0..apps {
        let windows = vec![
            WindowSpec::requests(2_000, 300_000, Kind::Aligned),
            WindowSpec::requests(200_000, 86_400_000, Kind::Aligned),
        ];
        let user_windows = wanted.users.map(|kind| WindowSpec::requests(150, 3_600_000, kind));
        let user_windows = user_windows.into_iter().collect();
        let spec = AppSpec { windows, user_windows, ..AppSpec::default() };
        // Applications that begin at one moment would poll at the same moments.
        let now_ms = START_MS + app * 7;
        let app = engine.add_app(spec, now_ms).expect("windows in range");
        let team = engine.add_team(app, 1, now_ms);
        for _ in 0..wanted.connections / apps {
            let user = engine.add_user(app, team);
            engine.poll(app, user, 900_000, None, now_ms);
        }
    }
    engine
}

/// An engine, virtual time, and what is under way: no more of it than the response needs.
struct World {
    engine: Engine,
    now_ms: Ms,
    flying: VecDeque<(Ms, RequestId)>,
}

impl World {
    /// Asks for a pull of each connection.
    fn pull(&mut self, wanted: &Wanted) {
        let apps = wanted.connections.min(10_000);
        for app in 0..apps as u32 {
            for user in 0..(wanted.connections / apps) as u32 {
                self.engine.pull(app, user, Cost::ONE, 1, Some(0..1_000), self.now_ms);
            }
        }
    }

    /// Lets what is under way come back, and sends nothing.
    fn rest(&mut self) {
        while let Some((at_ms, id)) = self.flying.pop_front() {
            self.now_ms = self.now_ms.max(at_ms);
            self.engine.respond(id, &Response::plain(Status::Served), self.now_ms);
        }
        // What keeps responses for later here does not belong to the engine.
        self.flying.shrink_to_fit();
    }

    /// Makes that many decisions; responses come 200 ms later.
    fn run(&mut self, decisions: u64) {
        let mut made = 0;
        while made < decisions {
            while let Some((_, id)) = self.flying.pop_front_if(|(at_ms, _)| *at_ms <= self.now_ms) {
                self.engine.respond(id, &Response::plain(Status::Served), self.now_ms);
            }
            while self.engine.expire(self.now_ms).is_some() {}
            while let Some(grant) = (made < decisions).then(|| self.engine.decide(self.now_ms)).flatten() {
                self.flying.push_back((self.now_ms + 200, grant.id));
                made += 1;
            }
            let next = self.flying.front().map(|(at_ms, _)| *at_ms).into_iter().chain(self.engine.wake_ms());
            self.now_ms = next.min().expect("polls never end").max(self.now_ms + 1);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measures decisions per second")]
fn main() {
    let mut out = std::io::stdout();
    let Some(wanted) = arguments() else {
        let _ = writeln!(out, "usage: bench CONNECTIONS [--users | --unknown] [--history] [--decisions N]");
        return;
    };
    let before = resident_bytes();
    let engine = build(&wanted);
    let bytes = || resident_bytes().saturating_sub(before) as f64 / wanted.connections as f64;
    let idle = bytes();
    let mut world = World { engine, now_ms: START_MS, flying: VecDeque::new() };
    world.run(wanted.connections);
    world.rest();
    let used = bytes();
    if wanted.history {
        world.pull(&wanted);
    }
    let pulled = bytes();
    // The first that pulls ask for, all at once, is no part of the measurement: memory for what may be in flight is first
    // touched then.
    world.run(if wanted.history { 3 * wanted.connections } else { 0 });
    let (began, computed) = (std::time::Instant::now(), computed_seconds());
    world.run(wanted.decisions);
    let rate = |seconds: f64| wanted.decisions as f64 / seconds / 1e6;
    let _ = writeln!(
        out,
        "{:>9} connections{}{}: {:.2} million decisions/s ({:.2} of computing time), {idle:.1} bytes a connection at rest, {used:.1} once each was polled{}",
        wanted.connections,
        wanted.users.map_or(String::new(), |kind| format!(", user windows ({kind:?})")),
        if wanted.history { ", history" } else { "" },
        rate(began.elapsed().as_secs_f64()),
        rate(computed_seconds() - computed),
        if wanted.history { format!(", {pulled:.1} with a pull each") } else { String::new() },
    );
}
