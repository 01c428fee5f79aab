//! A client that costs little: HTTP/1.1 with keep-alive, written by hand, the requests put together beforehand.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fill;

/// The route that is measured.
pub const PATH: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One team's preferences.
    Read,
    /// The documented example with other days, stored for one team.
    Upsert,
    /// Nine reads to an upsert.
    Mixed,
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "a measurement")]
pub fn now() -> Instant {
    Instant::now()
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    teams: u64,
    random: u64,
    sent: u64,
}

impl Client {
    /// Connects to a server that has so many teams. Each client asks about teams in an order of its own, in each turn and
    /// each run: what it stores should not be there already, since storing that again would write nothing.
    pub async fn connect(address: SocketAddr, teams: u64, number: u64) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        static CLIENTS: AtomicU32 = AtomicU32::new(1);
        let run = u64::from(std::process::id()) << 32;
        let client = u64::from(CLIENTS.fetch_add(1, Ordering::Relaxed));
        let random = (run + client).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Ok(Self { stream, received: Vec::with_capacity(16 << 10), teams, random, sent: number })
    }

    /// Sends one request about any team, reads the answer, and tells how long that took.
    pub async fn ask(&mut self, work: Work) -> io::Result<Duration> {
        let request = self.request(work);
        let started = now();
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await?;
        Ok(started.elapsed())
    }

    /// Reads one team's preferences.
    pub async fn read(&mut self, team: u64) -> io::Result<()> {
        self.stream.write_all(Self::read_request(team).as_bytes()).await?;
        self.answer().await
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        let head = head_end(&self.received).unwrap_or(0);
        &self.received[head..]
    }

    /// Sends bytes as they are, and expects no answer.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    fn request(&mut self, work: Work) -> String {
        self.sent += 1;
        let number = self.random() % self.teams;
        if work == Work::Read || work == Work::Mixed && !self.sent.is_multiple_of(10) {
            return Self::read_request(number);
        }
        let team = fill::team(number);
        // Something else each time: to store again what is stored would change nothing.
        let days = self.random() % 366;
        let body = format!(
            r#"{{"team_ids": ["{team}"], "providers": {{"oura": {{"default": {{"historical_days_to_pull": {days}}}, "resource_overrides": {{"sleep": {{"historical_days_to_pull": 180}}}}}}}}}}"#
        );
        Self::upsert_head(body.len()) + &body
    }

    fn read_request(team: u64) -> String {
        let (path, team, head) = (path(), fill::team(team), head());
        format!("GET {path}?team_id={team} HTTP/1.1\r\n{head}\r\n")
    }

    /// The head of a request to store something, with a body of this length.
    pub fn upsert_head(length: usize) -> String {
        let (path, head) = (path(), head());
        format!(
            "POST {path} HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
    }

    /// xorshift.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Reads one answer to its end; anything but a 200 is an error.
    async fn answer(&mut self) -> io::Result<()> {
        self.received.clear();
        let mut wanted = usize::MAX;
        while self.received.len() < wanted {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if wanted == usize::MAX
                && let Some(head) = head_end(&self.received)
            {
                wanted = head + content_length(&self.received[..head])?;
            }
        }
        if self.received.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&self.received).into_owned()))
        }
    }
}

/// The route, filled in.
fn path() -> String {
    let path = PATH.replace("{org_id}", &fill::ORG.to_string());
    path.replace("{env}", "production").replace("{region}", "us")
}

/// The headers of every request.
fn head() -> String {
    format!("Host: localhost\r\nX-Management-Key: {}\r\n", fill::key().reveal())
}

fn head_end(received: &[u8]) -> Option<usize> {
    received.windows(4).position(|end| end == b"\r\n\r\n").map(|end| end + 4)
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    const NAME: &[u8] = b"content-length:";
    let lines = head.split(|&byte| byte == b'\n');
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        let value = name.eq_ignore_ascii_case(NAME).then_some(value)?;
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    });
    values.next().ok_or_else(|| io::Error::other("an answer has no length"))
}
