//! The API on a socket: accepting connections, bounding them, and ending well.

mod accept;
mod answer;
mod chores;
mod client;
mod open;
mod signals;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lookback_api::{App, Limits, Metrics, Parts, Vault, metrics_router, router};
use lookback_domain::Catalog;
use lookback_store::Lifecycle;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use crate::command::open::Opened;
use crate::keyring::Sealer;
use crate::machine::{self, SystemClock, SystemEntropy};
use crate::measured::Measured;
pub use accept::Connections;
use accept::Serving;
use chores::Chores;
pub use client::{Network, TrustedProxies};
use open::Counted;
pub use signals::Signals;
pub use tls::{Certificate, CertificateFiles};

/// How long the store may take to write what it has accepted and to tidy up.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// Open files that are no connections: the store's, the listeners and the runtime's own, with some to spare.
const OTHER_FILES_MAX: usize = 64;

/// How a server listens and what it bears.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API is.
    pub listen: SocketAddr,
    /// What to serve the API over HTTPS with, instead of HTTP.
    pub tls: Option<CertificateFiles>,
    /// Where `/metrics` is, if not beside the API.
    pub metrics_listen: Option<SocketAddr>,
    /// Bounds on requests.
    pub limits: Limits,
    /// Bounds on connections.
    pub connections: Connections,
    /// How many bytes of teams' rows the embedded store keeps in memory.
    pub cache_bytes_max: usize,
    /// How many days the audit log is kept; for ever where nothing is said.
    pub audit_days: Option<u32>,
    /// How long the requests at hand may take after the server was told to end.
    pub drain_time_max: Duration,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: TrustedProxies,
}

/// A server that has its sockets and waits to run.
pub struct Server {
    options: Options,
    api: TcpListener,
    metrics: Option<TcpListener>,
    certificate: Option<Arc<Certificate>>,
    catalog: Arc<Catalog>,
    opened: Opened,
}

impl Server {
    /// Takes the sockets, so that connections are queued from here on.
    pub async fn bind(mut options: Options, catalog: Catalog, opened: Opened) -> anyhow::Result<Self> {
        let open_files_max = machine::raise_open_files_max();
        let connections_max = open_files_max.saturating_sub(OTHER_FILES_MAX).max(1);
        if options.connections.max > connections_max {
            tracing::warn!(
                connections_max,
                open_files_max,
                "the limit on open files allows fewer connections"
            );
            options.connections.max = connections_max;
        }
        let certificate = options.tls.clone().map(Certificate::load).transpose()?.map(Arc::new);
        let api = bind(options.listen, "--listen")?;
        let metrics = match options.metrics_listen {
            Some(listen) => Some(bind(listen, "--metrics-listen")?),
            None => None,
        };
        Ok(Self { options, api, metrics, certificate, catalog: Arc::new(catalog), opened })
    }

    /// Where the API is reached.
    pub fn url(&self) -> anyhow::Result<String> {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.api.local_addr()?))
    }

    /// Serves until told to end, finishes the requests at hand, and closes the store.
    pub async fn run(self, mut signals: Signals) -> anyhow::Result<()> {
        let Self { options, api, metrics: metrics_listener, certificate, catalog, opened } = self;
        let Opened { store, numbers, keys, lock: _lock } = opened;
        let mut registry = Registry::default();
        registry.register_collector(Box::new(numbers));
        let measured = Arc::new(Measured::new(store, &mut registry));
        let counted = Counted::new(&mut registry);
        let metrics = Metrics::new(registry, machine::server_number()?);
        let app = App::new(Parts {
            store: measured.clone(),
            catalog,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            vault: keys.map(|ring| Arc::new(Sealer(ring)) as Arc<dyn Vault>),
            limits: Arc::new(options.limits.clone()),
            guesses: Arc::default(),
            key_uses: Arc::default(),
        });

        let chores = Chores { app: app.clone(), audit_days: options.audit_days };

        tracing::info!(address = %api.local_addr()?, version = env!("CARGO_PKG_VERSION"), "serving");
        let routes = router(app.clone(), metrics.clone(), metrics_listener.is_none());
        let acceptor = certificate.as_ref().map(Certificate::acceptor).transpose()?;
        let mut serving = vec![accept::serve(api, acceptor, routes, &options, counted.clone())];
        if let Some(listener) = metrics_listener {
            tracing::info!(address = %listener.local_addr()?, "serving metrics");
            serving.push(accept::serve(listener, None, metrics_router(app, metrics), &options, counted));
        }

        let reload = || match &certificate {
            Some(certificate) => drop(certificate.renew()),
            None => tracing::info!("there is no certificate to read again; other settings need a restart"),
        };
        let told = tokio::select! {
            told = signals.next(reload) => told,
            never = chores.forever() => match never {},
        };
        tracing::info!(signal = told.name(), "told to end; finishing the requests at hand");
        tokio::select! {
            () = end(serving, options.drain_time_max, &*measured, &chores) => tracing::info!("ended"),
            told = signals.next(|| {}) => {
                tracing::warn!(signal = told.name(), "told again; ending at once");
                // What was acknowledged is durable; the rest is what at once means.
                std::process::exit(told.exit_code());
            }
        }
        Ok(())
    }
}

/// Finishes the requests at hand and closes the store.
async fn end(mut serving: Vec<Serving>, drain_time_max: Duration, store: &impl Lifecycle, chores: &Chores) {
    serving.iter_mut().for_each(Serving::end);
    let drained = async {
        for server in serving {
            server.ended().await;
        }
    };
    if timeout(drain_time_max, drained).await.is_err() {
        tracing::warn!(?drain_time_max, "some connections were not finished in time and are cut off");
    }
    // What was used until now, as far as the store takes it.
    let _ = timeout(CLOSE_TIME_MAX, chores.note_uses()).await;
    if timeout(CLOSE_TIME_MAX, store.close()).await.is_err() {
        tracing::warn!("the store takes too long to close; what was acknowledged is safe all the same");
    }
}

/// Connections that may wait to be accepted, as far as the system lets them; it turns others away for a second. As many
/// as there can be by default, since they may all come at once, such as after a restart.
const WAITING_MAX: u32 = 4_096;

fn bind(listen: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    let bind = || {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A server that ended a moment ago does not keep its successor out.
        socket.set_reuseaddr(cfg!(not(windows)))?;
        socket.bind(listen)?;
        socket.listen(WAITING_MAX)
    };
    bind().with_context(|| {
        format!("cannot listen on {listen}; choose another address with {flag} (port 0 takes any free one)")
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// Nobody accepts them, and all have their handshake: where there is no room it is turned away, and hangs.
    #[tokio::test]
    async fn many_may_come_at_once() {
        let system_max: usize =
            std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap(), "--listen").unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for n in 0..system_max.min(600) {
            let connected = timeout(Duration::from_secs(60), TcpStream::connect(address)).await;
            waiting.push(connected.unwrap_or_else(|_| panic!("{n} are waiting")).unwrap());
        }
    }
}
