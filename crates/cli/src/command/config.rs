//! `lookback config`: the settings.

use serde_json::Value;

use crate::args::Config;
use crate::server::Certificate;
use crate::settings::{Given, Settings};
use crate::{keyring, output};

pub fn run(settings: &Settings, given: &Given, what: &Config) -> anyhow::Result<()> {
    let Config::Check(serve) = what;
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
