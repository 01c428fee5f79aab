//! `lookback config`: the settings.

use lookback_store_postgres::{Options, PostgresStore};
use serde_json::Value;

use crate::args::Config;
use crate::server::Certificate;
use crate::settings::{Database, Given, Settings, warn_of_unknown_variables};
use crate::{keyring, output};

pub fn run(settings: &Settings, given: &Given, what: &Config) -> anyhow::Result<()> {
    let Config::Check(serve) = what;
    warn_of_unknown_variables();
    if let Database::Postgres(url) = &settings.database {
        PostgresStore::check(url.reveal(), &Options::default())?;
    }
    settings.first(serve)?;
    keyring::existing(settings)?;
    settings.catalog()?;
    if let Some(files) = settings.server(serve)?.tls {
        Certificate::load(files)?;
    }
    let explained = settings.explained(given, serve);
    if settings.json {
        return output::json(&explained);
    }
    let rows = explained.into_iter().map(|row| [row.setting, shown(row.value), row.from.to_string()]);
    output::table(&["setting", "value", "from"], rows)
}

/// A value as one would write it on the command line.
fn shown(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(list) => list.into_iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
