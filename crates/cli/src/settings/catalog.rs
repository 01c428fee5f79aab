//! The catalog, with what the configuration file says of providers in place of its figures.

use std::collections::BTreeMap;

use anyhow::anyhow;
use lookback_domain::{Basis, Catalog, Figures, Provider};
use serde_json::Value;

use super::explained::Explained;
use super::{Settings, Source};

/// The tables `[provider.SLUG]` of the configuration file.
pub(super) type Providers = BTreeMap<Provider, Figures>;

impl Settings {
    /// What is known of the providers.
    pub fn catalog(&self) -> anyhow::Result<Catalog> {
        self.providers.iter().try_fold(Catalog::bundled()?, |catalog, (&provider, figures)| {
            let stated = catalog.with(provider, figures, Basis::Configured);
            stated
                .map_err(|error| anyhow!("the configuration's `provider.{provider}.{}`: {error}", error.key))
        })
    }

    /// What is said of providers; nothing of those that nothing is said of.
    pub(super) fn explained_providers(&self) -> impl Iterator<Item = Explained> {
        self.providers.iter().flat_map(|(provider, figures)| {
            let figures = serde_json::to_value(figures).unwrap_or_default();
            let keys = if let Value::Object(keys) = figures { keys } else { serde_json::Map::new() };
            keys.into_iter().map(move |(key, value)| Explained {
                setting: format!("provider.{provider}.{key}"),
                value,
                from: Source::File,
            })
        })
    }
}
