//! Connections: taken up to a bound, given up where they stall, and finished when the server ends.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
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
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{Options, TrustedProxies};

/// Bounds on connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// How many may be open; further ones wait to be accepted.
    pub max: usize,
    /// How long a client may take to send the head of a request, from when it could begin.
    pub head_time_max: Duration,
    /// How long a client may leave an answer unread, without taking a byte of it.
    pub stall_time_max: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self { max: 4096, head_time_max: Duration::from_secs(15), stall_time_max: Duration::from_secs(10) }
    }
}

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
pub fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, routes: Router, options: &Options) -> Serving {
    let (end, ended) = watch::channel(());
    let options = options.clone();
    let serving =
        tokio::spawn(async move { accept(listener, tls, routes, options, ended).await.shutdown().await });
    Serving { end: Some(end), serving }
}

/// Accepts until told to end; the listener is closed then, and the connections that are open are given back.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    options: Options,
    mut ended: watch::Receiver<()>,
) -> GracefulShutdown {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections.max));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(options.connections.head_time_max);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = ended.changed() => return graceful,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let Ok(service) = Connection::new(&stream, &routes, &options.trusted_proxies) else { continue };
        let talk = Talk {
            http: http.clone(),
            service,
            watcher: graceful.watcher(),
            options: options.connections.clone(),
        };
        let (tls, ended) = (tls.clone(), ended.clone());
        tokio::spawn(async move {
            let _place = place;
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
    service: Connection,
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

    async fn over(self, stream: impl AsyncRead + AsyncWrite + Send + 'static) {
        let Self { http, service, watcher, options } = self;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(options.stall_time_max));
        let handle = service_fn(move |request| service.clone().handle(request));
        let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), handle);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke off");
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
    peer: std::net::IpAddr,
    routes: Router,
    proxies: TrustedProxies,
}

impl Connection {
    fn new(stream: &TcpStream, routes: &Router, proxies: &TrustedProxies) -> std::io::Result<Self> {
        // An answer is written whole; waiting to fill a packet would only delay it.
        stream.set_nodelay(true)?;
        Ok(Self { peer: stream.peer_addr()?.ip(), routes: routes.clone(), proxies: proxies.clone() })
    }

    async fn handle(
        self,
        request: Request<Incoming>,
    ) -> Result<axum::response::Response, std::convert::Infallible> {
        let mut request = request.map(Body::new);
        let client = self.proxies.client(self.peer, request.headers());
        request.extensions_mut().insert(Observed(client));
        self.routes.oneshot(request).await
    }
}
