//! `lookback export`: everything that a store holds, in a file.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::json;

use super::open;
use crate::args::Export;
use crate::progress::Bar;
use crate::settings::Settings;
use crate::{machine, output, private};

pub async fn run(settings: &Settings, what: &Export) -> anyhow::Result<()> {
    let shown = what.file.display();
    let taken = what.file.symlink_metadata().is_ok();
    ensure!(!taken, "{shown} exists; an export overwrites nothing");
    let store = open::existing(settings).await?;
    let mut partial = what.file.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut file = begun(&partial)?;
    let bar = Bar::new();
    let version = env!("CARGO_PKG_VERSION");
    let mut show = |progress| bar.show(progress);
    let rows = lookback_moving::export(&*store, &mut file, version, machine::now(), &mut show).await?;
    drop(bar);
    file.sync_all()?;
    // A link, unlike another name, never takes the place of what is there.
    std::fs::hard_link(&partial, &what.file).with_context(|| format!("cannot make {shown}"))?;
    std::fs::remove_file(&partial)?;
    private::sync_directory_of(&what.file)?;
    if settings.json {
        return output::json(&json!({ "file": what.file, "rows": rows }));
    }
    output::line(&format!("{shown}   ({rows} rows)"))
}

/// The file in the making, for its owner alone; what is there of it is gone on from.
fn begun(partial: &Path) -> anyhow::Result<File> {
    let shown = partial.display();
    // Whoever was ended between giving it its name and taking this one away has left a finished export.
    if partial.symlink_metadata().is_ok_and(|left| left.nlink() > 1) {
        std::fs::remove_file(partial).with_context(|| format!("cannot remove {shown}"))?;
    }
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(partial);
    let file = opened.with_context(|| format!("cannot write {shown}"))?;
    let taken = || format!("another export is writing {shown}");
    file.try_lock().with_context(taken)?;
    // Whoever had it before may have finished it just now.
    let (open, there) = (file.metadata()?, partial.symlink_metadata().with_context(taken)?);
    ensure!((open.dev(), open.ino()) == (there.dev(), there.ino()), taken());
    // Whoever made it may have made it for others to read.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}
