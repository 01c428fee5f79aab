//! Settings: from flags, then the environment, then one TOML file.

mod catalog;
mod environment;
mod explained;
mod first;
mod master_keys;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::args::{Global, Serve};
use crate::server::Options;
use catalog::Providers;
use environment::variable;
pub use environment::{warn_of_unknown_variables, without_empty_variables};
pub use explained::Given;
pub use first::First;
pub use master_keys::MasterKeys;

/// Where the store is if nobody says otherwise. Its directory is made where it is missing.
pub const DATA_DIRECTORY: &str = "lookback-data";
const DATABASE_NAME: &str = "lookback.db";

/// What is logged if nobody says otherwise; the migration libraries tell every start what they did not do.
const LOG: &str = "info,rusqlite_migration=warn,refinery_core=warn";

/// What every command works with.
#[derive(Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub database: Database,
    database_from: Source,
    /// Where the master keys are.
    pub master_keys: MasterKeys,
    /// What the configuration file says of the server.
    file: Serve,
    /// What it says of providers.
    providers: Providers,
    /// What to log.
    pub log: String,
    /// Who says so, if it is neither the command line nor the environment.
    log_from: Source,
    /// Whether to print JSON.
    pub json: bool,
}

/// Who states a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A flag.
    CommandLine,
    /// A variable called `LOOKBACK_…`.
    Environment,
    /// The configuration file.
    File,
    /// Nobody, and there is a value for that case.
    Default,
    /// Nobody, and there is none.
    Unset,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CommandLine => "the command line",
            Self::Environment => "the environment",
            Self::File => "the configuration file",
            Self::Default => "default",
            Self::Unset => "not set",
        })
    }
}

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In the default place.
    Default,
    /// In this file.
    Sqlite(PathBuf),
    /// In this PostgreSQL database.
    Postgres(Url),
}

/// A URL that may have a password in it. It does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// The URL itself, to connect with.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The host and the database, where it is plain which part that is: the last `@` ends a password, and the first `?`
    /// begins what is no place, unless it stands in the password.
    fn place(&self) -> Option<&str> {
        let rest = self.0.split_once("//").map_or("", |(_, rest)| rest);
        match rest.split_once('?') {
            Some((_, query)) if query.contains('@') => None,
            Some((place, _)) => Some(place),
            None => Some(rest),
        }
        .map(|place| place.rsplit_once('@').map_or(place, |(_, place)| place))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Url(…)")
    }
}

/// The configuration file.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<String>,
    database_file: Option<PathBuf>,
    master_key_file: Option<PathBuf>,
    log: Option<String>,
    #[serde(default)]
    server: Serve,
    #[serde(default)]
    provider: Providers,
}

impl Settings {
    /// Reads them; `given` has what the flags and, but for the database, the environment say.
    pub fn read(given: &Global) -> anyhow::Result<Self> {
        let file = given.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let (variable, variable_file) = (variable("LOOKBACK_DATABASE")?, variable("LOOKBACK_DATABASE_FILE")?);
        let levels = [
            Stated::new(Source::CommandLine, given.database.clone(), given.database_file.clone())?,
            Stated::new(Source::Environment, variable, variable_file.map(PathBuf::from))?,
            Stated::new(Source::File, file.database, file.database_file)?,
        ];
        let stated = levels.into_iter().flatten().next();
        let database_from = stated.as_ref().map_or(Source::Default, |stated| stated.by);
        let url = stated.map(Stated::read).transpose()?;
        Ok(Self {
            database: url.as_deref().map_or(Ok(Database::Default), Database::parse)?,
            database_from,
            master_keys: MasterKeys::read(given.master_key_file.clone(), file.master_key_file)?,
            file: file.server,
            providers: file.provider,
            log_from: if file.log.is_some() { Source::File } else { Source::Default },
            log: given.log.clone().or(file.log).unwrap_or_else(|| LOG.to_owned()),
            json: given.json,
        })
    }

    /// How to serve: as `given`, else as the configuration file says, else by default.
    pub fn server(&self, given: &Serve) -> anyhow::Result<Options> {
        server::options(&self.layered(given))
    }

    /// What an empty store gets before it is served; put together as [`Settings::server`] is.
    pub fn first(&self, given: &Serve) -> anyhow::Result<Option<First>> {
        first::of(self.layered(given))
    }

    fn layered(&self, given: &Serve) -> Serve {
        server::layered([given, &self.file, &server::defaults()])
    }
}

impl File {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))
    }
}

/// A setting that may be secret: itself, or the file that holds it.
struct Stated {
    by: Source,
    form: Form,
}

enum Form {
    Here(String),
    In(PathBuf),
}

impl Stated {
    /// What somebody says, who may say it in one form only.
    fn new(by: Source, url: Option<String>, file: Option<PathBuf>) -> anyhow::Result<Option<Self>> {
        let form = match (url, file) {
            (Some(_), Some(_)) => bail!("{by} sets both the database and the file it is in; keep one"),
            (Some(url), None) => Form::Here(url),
            (None, Some(file)) => Form::In(file),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { by, form }))
    }

    fn read(self) -> anyhow::Result<String> {
        let path = match self.form {
            Form::Here(url) => return Ok(url),
            Form::In(path) => path,
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
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(Url(url.to_owned())))
            }
            _ => bail!("the database is not understood; write it as sqlite:PATH or postgres://…"),
        }
    }

    /// It as a URL, without what is secret in it.
    fn shown(&self) -> String {
        match self {
            Self::Postgres(url) => format!("postgres://{}", url.place().unwrap_or("(not shown)")),
            _ => format!("sqlite:{}", self.path().display()),
        }
    }

    /// The database file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Default => Some(Path::new(DATA_DIRECTORY).join(DATABASE_NAME)),
            Self::Sqlite(path) => Some(path.clone()),
            Self::Postgres(_) => None,
        }
    }

    /// The database file, or a name in this directory that stands for the database: what is kept beside it is called
    /// after it.
    pub fn path(&self) -> PathBuf {
        let named = |url: &Url| {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            PathBuf::from(url.place().unwrap_or("postgres").chars().map(plain).collect::<String>())
        };
        match self {
            Self::Postgres(url) => named(url),
            embedded => embedded.file().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use lookback_domain::FigureKey;

    use super::*;

    #[test]
    fn a_database_is_written_as_a_url() {
        assert_eq!(Database::parse("sqlite:a/b.db").unwrap(), Database::Sqlite("a/b.db".into()));
        let shared =
            Database::parse("postgres://u:sec@ret/secret@db.example:5433/lookback?password=secret").unwrap();
        assert_eq!(shared.shown(), "postgres://db.example:5433/lookback");
        assert_eq!(shared.path(), PathBuf::from("db-example-5433-lookback"));
        assert!(!format!("{shared:?}").contains("secret"));
        for password in ["secret?", "se?cret", "secret@s?ecret", "?secret", "s@e?c@r"] {
            let shown = Database::parse(&format!("postgres://u:{password}@host/db?x=y")).unwrap().shown();
            assert_eq!(shown, "postgres://(not shown)");
        }
        let shown = Database::parse("postgres://host/db?password=se@cret").unwrap().shown();
        assert_eq!(shown, "postgres://(not shown)");
        for url in ["", "a/b.db", "sqlite:", "mysql://x", "postgres:secret"] {
            let error = Database::parse(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:PATH") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let error = toml::from_str::<File>("databse = \"sqlite:x\"").unwrap_err().to_string();
        assert!(error.contains("databse"), "{error}");
    }

    /// Every key of the configuration file, as `table.key` where it is in a table.
    fn keys(file: &File) -> Vec<(String, serde_json::Value)> {
        let serde_json::Value::Object(keys) = serde_json::to_value(file).unwrap() else { unreachable!() };
        let (tables, plain): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, value)| value.is_object());
        let tables = tables.into_iter().flat_map(|(table, keys)| {
            let keys = keys.as_object().unwrap().clone().into_iter();
            keys.map(move |(key, value)| (format!("{table}.{key}"), value))
        });
        plain.into_iter().chain(tables).collect()
    }

    #[test]
    fn the_sample_lists_every_key_and_its_default() {
        let sample = include_str!("../../../packaging/lookback.toml");
        assert!(toml::from_str::<File>(sample).is_ok_and(|file| keys(&file) == keys(&File::default())));
        let setting =
            |line: &str| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).map(str::to_owned);
        let lines = sample.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()));
        let stated: File = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        let defaults = server::keys(&server::defaults());
        for (key, value) in keys(&stated) {
            assert!(server::is_stated(&value), "{key} is missing");
            let default = key.strip_prefix("server.").map_or(&serde_json::Value::Null, |key| &defaults[key]);
            assert!(
                !server::is_stated(default) || *default == value,
                "{key} is {value}, by default {default}"
            );
        }
        let figures = serde_json::to_value(stated.provider.values().next()).unwrap();
        for key in FigureKey::ALL {
            assert!(figures.get(key.as_str()).is_some(), "{key} is missing");
        }
        assert_eq!(stated.log.as_deref(), Some(LOG));
        assert_eq!(stated.database, Some(Database::Default.shown()));
    }
}
