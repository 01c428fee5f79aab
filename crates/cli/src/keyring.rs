//! The master keys: where they are, and how they get there.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lookback_api::{SealedField, Vault};
use lookback_secrets::{Column, KeyRing};
use lookback_store::{CredentialPlace, Sealed};

use crate::settings::{MasterKeys, Settings};
use crate::{machine, private};

/// What the name of the database file is followed by in that of its master keys.
const BESIDE: &str = ".keys";

/// The ring, where there is one.
pub fn existing(settings: &Settings) -> anyhow::Result<Option<KeyRing>> {
    if let MasterKeys::Here(text) = &settings.master_keys {
        return Ok(Some(KeyRing::parse(text).context("LOOKBACK_MASTER_KEY")?));
    }
    match file(settings) {
        Some(path) if !is_beside(settings) || path.try_exists()? => read(&path).map(Some),
        _ => Ok(None),
    }
}

/// The ring for a server. An embedded store that has none gets one, and it is said once.
pub fn to_serve(settings: &Settings) -> anyhow::Result<Option<KeyRing>> {
    if let Some(ring) = existing(settings)? {
        return Ok(Some(ring));
    }
    let Some(path) = file(settings) else { return Ok(None) };
    let ring = KeyRing::of(machine::master_key()?);
    write(&path, &ring)?;
    tracing::info!(file = %path.display(), "made a master key for secrets; keep a copy of it apart from the database");
    Ok(Some(ring))
}

/// The file the keys are in, where it is a file.
pub fn file(settings: &Settings) -> Option<PathBuf> {
    match &settings.master_keys {
        MasterKeys::Here(_) => None,
        MasterKeys::In(file) => Some(file.clone()),
        MasterKeys::Unset => settings.database.file().map(|database| beside(&database)),
    }
}

/// The file beside a database. Where its name is a link, that is beside the file itself, by which others may know it; unless
/// there is one beside the link, which may be in use.
fn beside(database: &Path) -> PathBuf {
    let named = |database: &Path| {
        let mut name = database.as_os_str().to_owned();
        name.push(BESIDE);
        PathBuf::from(name)
    };
    let given = named(database);
    if !database.is_symlink() || given.exists() {
        return given;
    }
    std::fs::canonicalize(database).map_or(given, |file| named(&file))
}

fn is_beside(settings: &Settings) -> bool {
    matches!(settings.master_keys, MasterKeys::Unset)
}

/// The error does not repeat what is in the file.
fn read(path: &Path) -> anyhow::Result<KeyRing> {
    let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    KeyRing::parse(&text).with_context(|| path.display().to_string())
}

/// Puts the ring in the place of what is there, readable by its owner only: whole, or not at all.
pub fn write(path: &Path, ring: &KeyRing) -> anyhow::Result<()> {
    private::replace(path, ring.reveal().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Seals what the API is given to keep.
pub struct Sealer(pub KeyRing);

impl Vault for Sealer {
    fn seal(&self, place: &CredentialPlace, field: SealedField, clear: &[u8]) -> std::io::Result<Sealed> {
        let column = match field {
            SealedField::ClientSecret => Column::ClientSecret,
            SealedField::Details => Column::Details,
        };
        let nonce = machine::nonce().map_err(std::io::Error::other)?;
        Ok(self.0.seal(place, column, clear, nonce))
    }
}
