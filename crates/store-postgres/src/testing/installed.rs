//! Where PostgreSQL is on this machine.

use std::path::{Path, PathBuf};
use std::sync::Once;

use super::said;

/// The directory of the programs of the newest PostgreSQL installed. Where there is none it says so once, and panics
/// where that is not to be.
pub(super) fn binaries() -> Option<PathBuf> {
    static TOLD: Once = Once::new();
    let found = on_path().or_else(newest);
    if found.is_none() {
        assert!(
            said("LOOKBACK_TEST_REQUIRE_POSTGRES").is_none(),
            "PostgreSQL is not installed, and LOOKBACK_TEST_REQUIRE_POSTGRES asks for it"
        );
        TOLD.call_once(|| {
            eprintln!(
                "\nSKIPPED: every test that needs PostgreSQL. Install it (Debian: apt-get install postgresql), or \
                 name a server with LOOKBACK_TEST_POSTGRES=postgres://…\n"
            );
        });
    }
    found
}

fn on_path() -> Option<PathBuf> {
    let path = said("PATH")?;
    let found = std::env::split_paths(&path).find(|directory| is_complete(directory))?;
    // Where it really is: a link to some of the programs has not all of them beside it.
    found.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned)
}

/// Debian keeps each version in a directory of its own, beside the path.
fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path()));
    let newest = versions.filter(|path| is_complete(&path.join("bin"))).max_by_key(number)?;
    Some(newest.join("bin"))
}

fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| directory.join(program).is_file())
}
