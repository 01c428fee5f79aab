//! Settings: from flags, then the environment, then one TOML file.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use ipnet::IpNet;
use lookback_api::Limits;
use serde::Deserialize;

use crate::args::{Global, Serve};
use crate::server::{Connections, Options, TrustedProxies};

/// Where the store is if nobody says otherwise. Its directory is made where it is missing.
pub const DATA_DIRECTORY: &str = "lookback-data";
const DATABASE_NAME: &str = "lookback.db";

/// What is logged if nobody says otherwise; the migration library tells every start what it did not do.
const LOG: &str = "info,rusqlite_migration=warn";

/// How long the requests at hand may take if nobody says otherwise.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(20);

/// What every command works with.
#[derive(Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub database: Database,
    /// What the configuration file says of the server.
    server: ServerFile,
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
    log: Option<String>,
    #[serde(default)]
    server: ServerFile,
}

/// The `[server]` table of the configuration file; each key is the flag of the same name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerFile {
    listen: Option<SocketAddr>,
    metrics_listen: Option<SocketAddr>,
    #[serde(default)]
    trusted_proxy: Vec<IpNet>,
    requests_max: Option<NonZeroU32>,
    connections_max: Option<NonZeroU32>,
    request_seconds_max: Option<NonZeroU32>,
    head_seconds_max: Option<NonZeroU32>,
    body_seconds_max: Option<NonZeroU32>,
    stall_seconds_max: Option<NonZeroU32>,
    drain_seconds_max: Option<u32>,
}

impl Settings {
    /// Reads them; `given` has what the flags and, but for the database, the environment say.
    pub fn read(given: &Global) -> anyhow::Result<Self> {
        let file = given.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let (variable, variable_file) = (variable("LOOKBACK_DATABASE")?, variable("LOOKBACK_DATABASE_FILE")?);
        let levels = [
            Stated::new("the command line", given.database.clone(), given.database_file.clone())?,
            Stated::new("the environment", variable, variable_file.map(PathBuf::from))?,
            Stated::new("the configuration file", file.database, file.database_file)?,
        ];
        let url = levels.into_iter().flatten().next().map(Stated::read).transpose()?;
        Ok(Self {
            database: url.as_deref().map_or(Ok(Database::Default), Database::parse)?,
            server: file.server,
            log: given.log.clone().or(file.log).unwrap_or_else(|| LOG.to_owned()),
            json: given.json,
        })
    }

    /// How to serve: as `given`, else as the configuration file says, else by default.
    pub fn server(&self, given: &Serve) -> Options {
        let file = &self.server;
        let (limits, connections) = (Limits::default(), Connections::default());
        let count = |given: Option<NonZeroU32>, filed: Option<NonZeroU32>, default: usize| {
            given.or(filed).map_or(default, |count| usize::try_from(count.get()).unwrap_or(usize::MAX))
        };
        let seconds = |given: Option<NonZeroU32>, filed: Option<NonZeroU32>, default: Duration| {
            given.or(filed).map_or(default, |seconds| Duration::from_secs(seconds.get().into()))
        };
        let drain_seconds_max = given.drain_seconds_max.or(file.drain_seconds_max);
        let proxies = if given.trusted_proxy.is_empty() { &file.trusted_proxy } else { &given.trusted_proxy };
        Options {
            listen: given
                .listen
                .listen
                .or(file.listen)
                .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            metrics_listen: given.metrics_listen.or(file.metrics_listen),
            limits: Limits {
                requests_max: count(given.requests_max, file.requests_max, limits.requests_max),
                request_time_max: seconds(
                    given.request_seconds_max,
                    file.request_seconds_max,
                    limits.request_time_max,
                ),
                body_time_max: seconds(given.body_seconds_max, file.body_seconds_max, limits.body_time_max),
            },
            connections: Connections {
                max: count(given.connections_max, file.connections_max, connections.max),
                head_time_max: seconds(
                    given.head_seconds_max,
                    file.head_seconds_max,
                    connections.head_time_max,
                ),
                stall_time_max: seconds(
                    given.stall_seconds_max,
                    file.stall_seconds_max,
                    connections.stall_time_max,
                ),
            },
            drain_time_max: drain_seconds_max
                .map_or(DRAIN_TIME_MAX, |seconds| Duration::from_secs(seconds.into())),
            trusted_proxies: TrustedProxies::new(proxies),
        }
    }
}

impl File {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))
    }
}

/// An environment variable.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    let text = std::env::var_os(name).map(OsString::into_string).transpose();
    text.map_err(|_| anyhow!("the environment variable {name} is not text"))
}

/// A secret setting: itself, or the file that holds it.
enum Stated {
    Here(String),
    In(PathBuf),
}

impl Stated {
    /// What `whoever` says, who may say it in one form only.
    fn new(whoever: &str, url: Option<String>, file: Option<PathBuf>) -> anyhow::Result<Option<Self>> {
        match (url, file) {
            (Some(_), Some(_)) => bail!("{whoever} sets both the database and the file it is in; keep one"),
            (Some(url), None) => Ok(Some(Self::Here(url))),
            (None, Some(file)) => Ok(Some(Self::In(file))),
            (None, None) => Ok(None),
        }
    }

    fn read(self) -> anyhow::Result<String> {
        let path = match self {
            Self::Here(url) => return Ok(url),
            Self::In(path) => path,
        };
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_owned())
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
