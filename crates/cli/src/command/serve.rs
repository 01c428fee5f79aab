//! `lookback serve`: the API on a socket.

use std::sync::Arc;

use super::open;
use crate::args::Serve;
use crate::output;
use crate::server::{Server, Signals};
use crate::settings::Settings;

pub async fn run(settings: &Settings, what: &Serve) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let (store, _lock) = open::store_to_serve(settings)?;
    let server = Server::bind(settings.server(what), Arc::new(store)).await?;
    output::line(&format!("listening on {}", server.url()?))?;
    server.run(signals).await
}
