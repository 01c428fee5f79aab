//! `lookback serve`: the API on a socket.

use lookback_store::Store;

use super::bootstrap::{self, New};
use super::open;
use crate::args::Serve;
use crate::output;
use crate::server::{Server, Signals};
use crate::settings::{First, Settings, warn_of_unknown_variables};

pub async fn run(settings: &Settings, what: &Serve) -> anyhow::Result<()> {
    warn_of_unknown_variables();
    let mut signals = Signals::listen()?.with_hangup()?;
    let Some(server) = signals.unless_told(prepare(settings, what)).await.transpose()? else { return Ok(()) };
    let url = server.url()?;
    // One line either way, for whoever waits for it.
    output::line(&if settings.json {
        serde_json::json!({ "listening": url }).to_string()
    } else {
        format!("listening on {url}")
    })?;
    server.run(signals).await
}

/// A server that has its store and its sockets.
async fn prepare(settings: &Settings, what: &Serve) -> anyhow::Result<Server> {
    let (options, first, catalog) = (settings.server(what)?, settings.first(what)?, settings.catalog()?);
    let opened = open::store_to_serve(settings, options.cache_bytes_max).await?;
    if let Some(first) = first {
        begin(&*opened.store, first).await?;
    }
    Server::bind(options, catalog, opened).await
}

/// Gives an empty store its first organisation, team and key. A store that has any is left as it is: that the key is
/// not in it may be somebody's wish.
async fn begin(store: &dyn Store, first: First) -> anyhow::Result<()> {
    let digest = first.key.digest();
    if !store.orgs(None, 1).await?.is_empty() {
        let known = store.key_by_digest(digest).await?.is_some();
        tracing::info!(known, "the store is not empty; the file with the first key changes nothing");
        return Ok(());
    }
    let mut new = New::called(first.org_name, first.team_name, first.region);
    new.org_id = first.org_id.unwrap_or(new.org_id);
    new.team_id = first.team_id.unwrap_or(new.team_id);
    let (org_id, team_id) = (new.org_id, new.team_id);
    match bootstrap::make(store, new, &first.key).await {
        Ok(_) => tracing::info!(%org_id, %team_id, "made the first organisation, team and key"),
        // Another server on the same empty store was faster.
        Err(_) if store.key_by_digest(digest).await?.is_some() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
