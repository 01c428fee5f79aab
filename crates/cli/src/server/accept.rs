//! Connections: taken up to a bound, given up where they stall, and finished when the server ends.

use std::convert::Infallible;
use std::error::Error;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use lookback_api::Observed;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::answer::{Bounded, NextAnswer};
use super::open::{Clients, Counted};
use super::{Options, TrustedProxies};

/// Bounds on connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// How many may be open; further ones wait to be accepted.
    pub max: usize,
    /// How many of them one client address may have; further ones are closed. A trusted proxy may have all.
    pub per_client_max: usize,
    /// How long a client may take to send the head of a request, from when it could begin.
    pub head_time_max: Duration,
    /// How long a client may take to take an answer.
    pub answer_time_max: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            max: 4096,
            per_client_max: 1024,
            head_time_max: Duration::from_secs(15),
            answer_time_max: Duration::from_secs(30),
        }
    }
}

/// The largest head of a request, and what else a connection keeps of what it reads. The longest path that is taken at
/// all, 64 KiB of it, has room with what clients and proxies add. Whoever sends more has a 431, and nothing is kept of it.
const HEAD_BYTES_MAX: usize = 80 * 1024;

/// A listener at work.
pub struct Serving {
    end: Option<watch::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Serving {
    /// Takes no more connections, closes those that are idle and has the others finish what is at hand.
    pub fn end(&mut self) {
        // Whoever listens notices that nobody can say anything any more.
        self.end = None;
    }

    /// Waits until every connection is closed.
    pub async fn ended(self) {
        // A panic over there was reported when it happened.
        let _ = self.serving.await;
    }
}

/// Serves `routes` on `listener` from here on, over TLS where there is something to do it with.
pub fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    options: &Options,
    counted: Counted,
) -> Serving {
    let (end, ended) = watch::channel(());
    let options = options.clone();
    let serving =
        tokio::spawn(
            async move { accept(listener, tls, routes, options, counted, ended).await.shutdown().await },
        );
    Serving { end: Some(end), serving }
}

/// Accepts until told to end; the listener is closed then, and the connections that are open are given back.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    options: Options,
    counted: Counted,
    mut ended: watch::Receiver<()>,
) -> GracefulShutdown {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections.max));
    let clients = Clients::new(options.connections.per_client_max, counted);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(options.connections.head_time_max);
    http.max_buf_size(HEAD_BYTES_MAX);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = ended.changed() => return graceful,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let Some(open) = clients.admit(peer, options.trusted_proxies.trusts(peer)) else {
            tracing::debug!(client = %peer, "a client has as many connections as it may; one more is closed");
            continue;
        };
        // An answer is written whole; waiting to fill a packet would only delay it.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let talk = Talk {
            http: http.clone(),
            peer,
            routes: routes.clone(),
            proxies: options.trusted_proxies.clone(),
            watcher: graceful.watcher(),
            options: options.connections.clone(),
        };
        let (tls, ended) = (tls.clone(), ended.clone());
        tokio::spawn(async move {
            let _counted = (place, open);
            match tls {
                None => talk.over(stream).await,
                Some(tls) => talk.over_tls(stream, &tls, ended).await,
            }
        });
    }
}

/// A connection that was accepted.
struct Talk {
    http: http1::Builder,
    peer: IpAddr,
    routes: Router,
    proxies: TrustedProxies,
    watcher: Watcher,
    options: Connections,
}

impl Talk {
    /// Shakes hands first, for which there is as much time as for a head.
    async fn over_tls(self, stream: TcpStream, tls: &TlsAcceptor, mut ended: watch::Receiver<()>) {
        let shaken = Box::pin(timeout(self.options.head_time_max, tls.accept(stream)));
        let shaken = tokio::select! {
            shaken = shaken => shaken,
            // Nothing has been asked yet.
            _ = ended.changed() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.over(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not get to TLS"),
            Err(_) => tracing::debug!("a connection did not get to TLS in time"),
        }
    }

    async fn over(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { http, peer, routes, proxies, watcher, options } = self;
        let (stream, next_answer) = Bounded::new(stream, options.answer_time_max);
        let service = Connection { peer, routes, proxies, next_answer };
        let handle = service_fn(move |request| service.clone().handle(request));
        let connection = http.serve_connection(TokioIo::new(stream), handle);
        if let Err(error) = watcher.watch(connection).await {
            let cause = error.source().map(tracing::field::display);
            tracing::debug!(%error, cause, "a connection broke off");
        }
    }
}

/// An error of one connection concerns nobody else. Any other means that the machine is out of something, such
/// as file descriptors, and asking again at once would only burn time.
async fn rest_after(error: &std::io::Error) {
    let of_one = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused];
    if !of_one.contains(&error.kind()) {
        tracing::error!(%error, "connections cannot be accepted; trying again in a second");
        sleep(Duration::from_secs(1)).await;
    }
}

/// What answers the requests of one connection.
#[derive(Clone)]
struct Connection {
    peer: IpAddr,
    routes: Router,
    proxies: TrustedProxies,
    next_answer: NextAnswer,
}

impl Connection {
    async fn handle(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let mut request = request.map(Body::new);
        let client = self.proxies.client(self.peer, request.headers());
        request.extensions_mut().insert(Observed(client));
        let answer = self.routes.oneshot(request).await;
        self.next_answer.begin();
        answer
    }
}
