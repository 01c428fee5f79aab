//! Settings: from flags, then the environment, then one TOML file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::args::Global;

/// Where the store is if nobody says otherwise. Its directory is made where it is missing.
pub const DATA_DIRECTORY: &str = "lookback-data";
const DATABASE_NAME: &str = "lookback.db";

/// What is logged if nobody says otherwise; the migration library tells every start what it did not do.
const LOG: &str = "info,rusqlite_migration=warn";

/// What every command works with.
#[derive(Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub database: Database,
    /// Where the configuration file wants the server to listen.
    listen: Option<SocketAddr>,
    /// What to log.
    pub log: String,
    /// Whether to print JSON.
    pub json: bool,
}

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In the default place.
    Default,
    /// In this file.
    Sqlite(PathBuf),
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<String>,
    database_file: Option<PathBuf>,
    listen: Option<SocketAddr>,
    log: Option<String>,
}

impl Settings {
    /// Reads them; `given` has what the flags and the environment say.
    pub fn read(given: &Global) -> anyhow::Result<Self> {
        let file = given.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        if file.database.is_some() && file.database_file.is_some() {
            bail!("the configuration file sets both database and database_file; keep one");
        }
        let stated = Stated { url: given.database.as_deref(), file: given.database_file.as_deref() };
        let filed = Stated { url: file.database.as_deref(), file: file.database_file.as_deref() };
        let url = match stated.read()? {
            Some(url) => Some(url),
            None => filed.read()?,
        };
        Ok(Self {
            database: url.as_deref().map_or(Ok(Database::Default), Database::parse)?,
            listen: file.listen,
            log: given.log.clone().or(file.log).unwrap_or_else(|| LOG.to_owned()),
            json: given.json,
        })
    }

    /// Where to listen, if `given` does not say it.
    pub fn listen(&self, given: Option<SocketAddr>) -> SocketAddr {
        given.or(self.listen).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))
    }
}

impl File {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))
    }
}

/// A secret setting: itself, or the file that holds it.
struct Stated<'a> {
    url: Option<&'a str>,
    file: Option<&'a Path>,
}

impl Stated<'_> {
    fn read(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = self.file else { return Ok(self.url.map(str::to_owned)) };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(text.trim().to_owned()))
    }
}

impl Database {
    /// Reads a database URL. Errors do not repeat it, since there may be a password in it.
    fn parse(url: &str) -> anyhow::Result<Self> {
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => {
                bail!("PostgreSQL is not supported yet; write the database as sqlite:PATH")
            }
            _ => bail!("the database is not understood; write it as sqlite:PATH"),
        }
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Default => Path::new(DATA_DIRECTORY).join(DATABASE_NAME),
            Self::Sqlite(path) => path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_written_as_a_url() {
        assert_eq!(Database::parse("sqlite:a/b.db").unwrap(), Database::Sqlite("a/b.db".into()));
        for url in ["", "a/b.db", "sqlite:", "mysql://x", "postgres://u:secret@h/d"] {
            let error = Database::parse(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:PATH") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let error = toml::from_str::<File>("databse = \"sqlite:x\"").unwrap_err().to_string();
        assert!(error.contains("databse"), "{error}");
    }
}
