//! The API on a socket.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use lookback_api::{App, router};
use lookback_domain::Catalog;
use lookback_store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::machine::SystemClock;

/// A server that has its socket and waits to run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
}

impl Server {
    /// Takes the socket, so that requests are accepted from here on.
    pub async fn bind(listen: SocketAddr, store: Arc<dyn Store>) -> anyhow::Result<Self> {
        let bound = TcpListener::bind(listen).await;
        let listener = bound.with_context(|| {
            format!(
                "cannot listen on {listen}; choose another address with --listen (port 0 takes any free one)"
            )
        })?;
        let address = listener.local_addr()?;
        let app = App { store, catalog: Arc::new(Catalog::bundled()?), clock: Arc::new(SystemClock) };
        Ok(Self { listener, address, app })
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `ended`, then finishes the requests at hand.
    pub async fn run(self, ended: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, version = env!("CARGO_PKG_VERSION"), "serving");
        axum::serve(self.listener, router(self.app)).with_graceful_shutdown(ended).await?;
        tracing::info!("every request is answered; ending");
        Ok(())
    }
}

/// Completes when the process is told to end.
pub fn ended() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "told to end; finishing the requests at hand");
    })
}
