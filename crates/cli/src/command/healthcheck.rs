//! `lookback healthcheck`: whether the server on this machine can work.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::probe;
use crate::args::Healthcheck;
use crate::output;
use crate::settings::Settings;

/// Whoever takes longer is not well.
const TIME_MAX: Duration = Duration::from_secs(5);

pub async fn run(settings: &Settings, what: &Healthcheck) -> anyhow::Result<()> {
    let options = settings.server(&what.serve)?;
    // Both probes are on both listeners, and that of the metrics speaks plain HTTP.
    let (address, tls) = match options.metrics_listen {
        Some(address) => (address, None),
        None => (options.listen, options.tls),
    };
    ensure!(address.port() != 0, "the server takes any free port; say which it has with --listen");
    let address = reachable(address);
    let (path, well) = if what.alive { ("/healthz", "alive") } else { ("/readyz", "ready") };
    let asking = async {
        let stream = TcpStream::connect(address).await?;
        match tls {
            None => ask(stream, path).await,
            Some(_) => ask(probe::connector()?.connect(address.ip().into(), stream).await?, path).await,
        }
    };
    let asked = timeout(TIME_MAX, Box::pin(asking)).await.context("it took too long");
    let status = asked.and_then(|answer| answer);
    let status = status.with_context(|| format!("the server at {address} does not answer"))?;
    if status != StatusCode::OK {
        bail!("the server at {address} is not {well}: it answers {path} with {status}");
    }
    if settings.json { output::json(&json!({ "status": well })) } else { output::line(well) }
}

/// Where a server that listens everywhere is reached from this machine.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listen
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> anyhow::Result<StatusCode> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new())?;
    tokio::select! {
        answer = sender.send_request(request) => Ok(answer?.status()),
        ended = connection => {
            ended?;
            bail!("it hung up")
        }
    }
}
