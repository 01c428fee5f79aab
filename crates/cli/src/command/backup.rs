//! `lookback backup`: a copy of the embedded store.

use lookback_store_sqlite::backup;
use serde_json::json;

use super::open;
use crate::args::Backup;
use crate::output;
use crate::settings::Settings;

pub async fn run(settings: &Settings, what: Backup) -> anyhow::Result<()> {
    let from = open::existing_file(settings)?;
    let to = what.file.clone();
    let size_bytes = tokio::task::spawn_blocking(move || backup(&from, &to)).await??;
    if settings.json {
        return output::json(&json!({ "file": what.file, "size_bytes": size_bytes }));
    }
    output::line(&format!("{}   ({size_bytes} bytes)", what.file.display()))
}
