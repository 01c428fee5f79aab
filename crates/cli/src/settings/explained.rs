//! What each setting is, and where it comes from.

use std::collections::BTreeMap;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;
use serde_json::Value;

use super::server::{is_stated, keys};
use super::{MasterKeys, Settings, Source, variable};
use crate::args::Serve;

/// Which settings the command line and the environment state, by the names of their flags.
#[derive(Debug, Default)]
pub struct Given(BTreeMap<String, Source>);

impl Given {
    /// As the innermost command has them.
    pub fn of(mut matches: &ArgMatches) -> Self {
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        let given = matches.ids().filter_map(|id| {
            let source = match matches.value_source(id.as_str())? {
                ValueSource::CommandLine => Source::CommandLine,
                ValueSource::EnvVariable => Source::Environment,
                _ => return None,
            };
            Some((id.as_str().to_owned(), source))
        });
        Self(given.collect())
    }

    fn source(&self, name: &str) -> Option<Source> {
        self.0.get(name).copied()
    }
}

/// A setting.
#[derive(Debug, PartialEq, Serialize)]
pub struct Explained {
    /// Its key in the configuration file.
    pub setting: String,
    /// What it is, where it is anything; never a secret.
    pub value: Value,
    /// Who says so.
    pub from: Source,
}

impl Settings {
    /// Every setting. `serve` has what the flags and the environment say of the server.
    pub fn explained(&self, given: &Given, serve: &Serve) -> Vec<Explained> {
        let (database, source) = (self.database.shown(), self.database_from);
        let mut all =
            vec![Explained { setting: "database".to_owned(), value: database.into(), from: source }];
        let log = given.source("log").unwrap_or(self.log_from);
        all.push(Explained { setting: "log".to_owned(), value: self.log.clone().into(), from: log });

        all.push(self.explained_master_keys(given));
        let (file, effective) = (keys(&self.file), keys(&self.layered(serve)));
        let server = effective.into_iter().map(|(key, value)| {
            let stated = given.source(&key).or_else(|| is_stated(&file[&key]).then_some(Source::File));
            let otherwise = if is_stated(&value) { Source::Default } else { Source::Unset };
            Explained { setting: format!("server.{key}"), value, from: stated.unwrap_or(otherwise) }
        });
        all.extend(server);
        all.extend(self.explained_providers());
        all
    }

    /// Where the master keys are. They themselves are not shown.
    fn explained_master_keys(&self, given: &Given) -> Explained {
        let (value, from) = match &self.master_keys {
            MasterKeys::Unset => (Value::Null, Source::Unset),
            MasterKeys::Here(_) => ("(not shown)".into(), Source::Environment),
            MasterKeys::In(file) => {
                let in_environment = variable("LOOKBACK_MASTER_KEY_FILE").is_ok_and(|file| file.is_some());
                let otherwise = if in_environment { Source::Environment } else { Source::File };
                (file.display().to_string().into(), given.source("master_key_file").unwrap_or(otherwise))
            }
        };
        Explained { setting: "master_key_file".to_owned(), value, from }
    }
}
