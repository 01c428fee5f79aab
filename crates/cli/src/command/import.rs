//! `lookback import`: a file that was exported, into a store.

use std::fs::File;

use anyhow::Context;
use serde_json::json;

use super::open;
use crate::args::Import;
use crate::keyring;
use crate::output;
use crate::progress::Bar;
use crate::settings::Settings;

pub async fn run(settings: &Settings, what: &Import) -> anyhow::Result<()> {
    let mut file = File::open(&what.file).with_context(|| format!("cannot read {}", what.file.display()))?;
    // Before a store is made for it.
    lookback_moving::recognise(&mut file)?;
    // None is made here: the one that secrets are sealed under is perhaps still to be copied to its place.
    let ring = keyring::existing(settings)?;
    // No server may work on it meanwhile, as far as that can be seen from here.
    let opened = open::store_without_server(settings).await?;
    let bar = Bar::new();
    let imported =
        lookback_moving::import(&mut file, &*opened.store, &mut |progress| bar.show(progress)).await;
    drop(bar);
    if imported.is_ok() {
        open::warn_of_missing_keys(ring.as_ref(), &*opened.store).await;
    }
    opened.store.close().await;
    let imported = imported?;
    if settings.json {
        return output::json(&json!({ "rows": imported.rows, "new": imported.new }));
    }
    output::line(&format!(
        "{} rows, {} of them new; the store holds what the file does",
        imported.rows, imported.new
    ))
}
