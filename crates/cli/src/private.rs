//! Files that only their owner reads, such as those with keys in them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Puts this in the place of what is there: whole and durable, or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut written = path.as_os_str().to_owned();
    written.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&written)?;
    // Whoever made it before may have made it for others to read.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&written, path)?;
    sync_directory_of(path)
}

/// Has a file's name outlast a loss of power.
pub fn sync_directory_of(path: &Path) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_reads_it_whoever_could_read_what_was_left_there() {
        let directory = tempfile::tempdir().unwrap();
        let (path, left) = (directory.path().join("keys"), directory.path().join("keys.new"));
        fs::write(&path, "old").unwrap();
        fs::write(&left, "interrupted, and longer").unwrap();
        fs::set_permissions(&left, Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!left.exists());
    }
}
