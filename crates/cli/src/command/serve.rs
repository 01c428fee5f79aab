//! `lookback serve`: the API on a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use super::open;
use crate::output;
use crate::server::{Server, ended};
use crate::settings::Settings;

pub async fn run(settings: &Settings, listen: SocketAddr) -> anyhow::Result<()> {
    let (store, _lock) = open::store_to_serve(settings)?;
    let store = Arc::new(store);
    let server = Server::bind(listen, store.clone()).await?;
    output::line(&format!("listening on {}", server.url()))?;
    server.run(ended()?).await?;
    store.close().await;
    Ok(())
}
