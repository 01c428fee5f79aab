//! A connection as it is: bytes out, bytes in, for clients that do not behave.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub use crate::support::until;
use crate::support::{Access, Place, Server};

/// The longest that anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a server.
pub struct Raw(pub TcpStream);

/// What came back on one.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends bytes; false where the other side has closed.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a `GET`.
    pub fn get(&mut self, path: &str) -> bool {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }

    /// Sends the head of a `POST` with a body of this length.
    pub fn post_head(&mut self, access: &Access, key: &str, length: usize) -> bool {
        let path = path(access);
        self.send(format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\ncontent-length: {length}\r\n\r\n"
        ))
    }

    /// Reads one answer whose length is announced.
    pub fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&head));
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        Answer { status, headers, body }
    }

    /// Whether what comes next begins with this; false where the other side closes before.
    pub fn rest_begins_with(&mut self, expected: &str) -> bool {
        let mut begun = vec![0; expected.len()];
        self.0.read_exact(&mut begun).is_ok() && begun == expected.as_bytes()
    }

    /// Whether nothing has come and nothing has been closed.
    pub fn is_quiet(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let peeked = self.0.peek(&mut [0]);
        self.0.set_nonblocking(false).unwrap();
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Everything until the other side closes, whichever way it does.
    pub fn rest(&mut self) -> Vec<u8> {
        let (mut rest, mut chunk) = (Vec::new(), [0; 65536]);
        loop {
            match self.0.read(&mut chunk) {
                Ok(0) => return rest,
                Ok(read) => rest.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return rest,
                Err(error) => panic!("it is not closed: {error}"),
            }
        }
    }
}

impl Answer {
    /// The sentence of a refusal.
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(self.headers.contains_key("x-request-id"));
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["detail"].as_str().unwrap().to_owned()
    }
}

/// Where the preferences of an organisation's teams in the United States are.
pub fn path(access: &Access) -> String {
    format!("/v1/org/{}/team_data_pull_preferences/production/us", access.org)
}

/// A plain `GET`: status and text.
pub fn get(server: &Server, path: &str) -> (u16, String) {
    get_at(server.url.strip_prefix("http://").unwrap(), path)
}

/// A plain `GET` somewhere else.
pub fn get_at(address: &str, path: &str) -> (u16, String) {
    let mut raw = Raw(TcpStream::connect(address).unwrap());
    raw.0.set_read_timeout(Some(PATIENCE)).unwrap();
    raw.get(path);
    let answer = raw.answer();
    (answer.status, String::from_utf8(answer.body).unwrap())
}

/// The value of a series, labels included; 0 where it is not there.
pub fn metric(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// A body that asks for these days of Oura.
pub fn upsert(access: &Access, days: i64) -> String {
    let oura = serde_json::json!({ "default": { "historical_days_to_pull": days } });
    serde_json::json!({ "team_ids": [access.team], "providers": { "oura": oura } }).to_string()
}

/// Keeps everybody else from writing to the store until it is dropped.
pub fn lock(place: &Place) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(place.path("lookback-data/lookback.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}
