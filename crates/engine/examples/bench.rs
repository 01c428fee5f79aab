//! Decisions per second and bytes per connection:
//!
//! ```text
//! cargo run --release -p lookback-engine --example bench -- CONNECTIONS [--users] [--history]
//! ```
//!
//! Connections are spread over 10,000 applications (fewer where there are fewer connections), each polled
//! every 15 minutes; `--users` gives every user a window of its own, `--history` a pull of 1,000 chunks. A
//! decision is a request granted and
//! its response taken in. No provider is simulated: only the engine runs while the clock does.

use std::io::Write;

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::{AppSpec, Cost, Engine, Grant, Ms, Response, Status};

const START_MS: Ms = 1_764_000_000_000;
const DECISIONS: u64 = 3_000_000;

/// Resident bytes of this process, from the kernel; 0 where it does not say.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn build(connections: u64, users: bool, history: bool) -> Engine {
    let apps = connections.min(10_000);
    let mut engine = Engine::new();
    for app in 0..apps {
        let windows = vec![
            WindowSpec::requests(2_000, 300_000, Kind::Aligned),
            WindowSpec::requests(200_000, 86_400_000, Kind::Aligned),
        ];
        let user_windows =
            if users { vec![WindowSpec::requests(150, 3_600_000, Kind::Aligned)] } else { Vec::new() };
        let spec = AppSpec { windows, user_windows, ..AppSpec::default() };
        let app = engine.add_app(spec, START_MS + app).expect("windows in range");
        let team = engine.add_team(app, 1, START_MS);
        for _ in 0..connections / apps {
            let user = engine.add_user(app, team);
            engine.poll(app, user, 900_000, None, START_MS);
            if history {
                engine.pull(app, user, Cost::ONE, 1, Some(0..1_000), START_MS);
            }
        }
    }
    engine
}

/// Runs until enough decisions are made; responses come 200 ms later.
#[expect(clippy::disallowed_methods, reason = "measures decisions per second")]
fn decisions_per_second(engine: &mut Engine, decisions: u64) -> f64 {
    let mut now_ms = START_MS + 20_000;
    let mut flying: std::collections::VecDeque<(Ms, Grant)> = std::collections::VecDeque::new();
    let mut made = 0;
    let began = std::time::Instant::now();
    while made < decisions {
        while let Some((_, grant)) = flying.pop_front_if(|(at_ms, _)| *at_ms <= now_ms) {
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
        }
        while engine.expire(now_ms).is_some() {}
        while let Some(grant) = engine.decide(now_ms) {
            flying.push_back((now_ms + 200, grant));
            made += 1;
        }
        let next = flying.front().map(|(at_ms, _)| *at_ms);
        now_ms = next.into_iter().chain(engine.wake_ms()).min().expect("polls never end").max(now_ms + 1);
    }
    made as f64 / began.elapsed().as_secs_f64()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let connections = words.iter().find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let (users, history) =
        (words.iter().any(|word| word == "--users"), words.iter().any(|word| word == "--history"));
    let before = resident_bytes();
    let mut engine = build(connections, users, history);
    let bytes = resident_bytes().saturating_sub(before) as f64 / connections as f64;
    let rate = decisions_per_second(&mut engine, DECISIONS);
    let _ = writeln!(
        std::io::stdout(),
        "{connections:>9} connections{}{}: {:.2} million decisions/s, {bytes:.0} bytes a connection at rest",
        if users { ", user windows" } else { "" },
        if history { ", history" } else { "" },
        rate / 1e6
    );
}
