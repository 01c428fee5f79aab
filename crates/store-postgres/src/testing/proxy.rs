//! An unreliable network: a proxy before a server that cuts connections and keeps what passes waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// A proxy before a server on this machine. It ends with this value.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    /// Counts up; each connection ends when it changes.
    cut: watch::Sender<u64>,
    /// Whether what the server says is kept back.
    holding: watch::Sender<bool>,
    refusing: AtomicBool,
    /// Cut as soon as a client sends this.
    trap: std::sync::Mutex<Option<(Vec<u8>, Trap)>>,
    sprung: Notify,
    connections: AtomicU64,
    /// Whether the last thing that was said was said by the server, and how often a client spoke after it.
    answered: AtomicBool,
    turns: AtomicU64,
}

/// What happens to a message that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// It does not reach the server.
    Before,
    /// It reaches the server, and the answer does not reach the client.
    After,
}

impl Proxy {
    /// Before whoever listens on this port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State {
            cut: watch::Sender::new(0),
            holding: watch::Sender::new(false),
            refusing: AtomicBool::new(false),
            trap: std::sync::Mutex::default(),
            sprung: Notify::new(),
            connections: AtomicU64::new(0),
            answered: AtomicBool::new(true),
            turns: AtomicU64::new(0),
        });
        let own_port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&state)));
        Self { port: own_port, state, accepting }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection there is.
    pub fn cut(&self) {
        self.state.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Whether new connections are ended at once.
    pub fn refuse(&self, refusing: bool) {
        self.state.refusing.store(refusing, Ordering::Relaxed);
    }

    /// Whether what the server says is kept back, as if it were slow.
    pub fn hold(&self, holding: bool) {
        self.state.holding.send_replace(holding);
    }

    /// Ends the connection on which a client sends these bytes.
    pub fn cut_at(&self, bytes: &[u8], trap: Trap) {
        *self.state.trap.lock().unwrap() = Some((bytes.to_vec(), trap));
    }

    /// Waits until that has happened.
    pub async fn sprung(&self) {
        self.state.sprung.notified().await;
    }

    /// How many connections were made through it.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How often a client spoke after the server had: where one client is served at a time, how many round trips there
    /// were.
    pub fn turns(&self) -> u64 {
        self.state.turns.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, port: u16, state: Arc<State>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        if state.refusing.load(Ordering::Relaxed) {
            continue;
        }
        state.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(pass(client, port, Arc::clone(&state)));
    }
}

/// Passes on what both say until one of them ends, or the connection is cut.
async fn pass(client: TcpStream, port: u16, state: Arc<State>) {
    let mut cut = state.cut.subscribe();
    cut.mark_unchanged();
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        _ = cut.changed() => {}
        () = upstream(from_client, to_server, &state) => {}
        () = downstream(from_server, to_client, &state) => {}
    }
}

async fn upstream(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let sent = &bytes[..count];
        if state.answered.swap(false, Ordering::Relaxed) {
            state.turns.fetch_add(1, Ordering::Relaxed);
        }
        let trap = {
            let mut trap = state.trap.lock().unwrap();
            trap.take_if(|(wanted, _)| sent.windows(wanted.len()).any(|found| found == &wanted[..]))
        };
        match trap {
            None if to.write_all(sent).await.is_ok() => {}
            Some((_, Trap::After)) => {
                // The answer is kept back from before it can come.
                state.holding.send_replace(true);
                let _ = to.write_all(sent).await;
                state.sprung.notify_one();
                std::future::pending::<()>().await;
            }
            _ => {
                state.sprung.notify_one();
                return;
            }
        }
    }
}

async fn downstream(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let (mut bytes, mut holding) = (vec![0; 64 << 10], state.holding.subscribe());
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if holding.wait_for(|holding| !holding).await.is_err() {
            return;
        }
        state.answered.store(true, Ordering::Relaxed);
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
