//! What is known of each provider's history: one TOML file a provider, in `catalog/`.
//!
//! A rule is data. No function anywhere asks *which* provider it has; it asks what the rule says.

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use thiserror::Error;

use crate::{Days, Provider, Quota, Resource, Shape};

mod figures;

pub use figures::{FigureKey, Figures, FiguresError, RequestFigures};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// The rules of every provider.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Indexed by `Provider as usize`.
    rules: Vec<Rule>,
}

/// What the catalog says of one provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The name people know it by.
    pub name: String,
    /// Where the figures are from.
    pub sources: Vec<String>,
    /// What a person should know besides.
    pub remarks: Option<String>,
    /// How new data arrives.
    pub updates: Updates,
    /// Which OAuth applications can be used.
    pub application: Application,
    /// How many requests it takes.
    pub quota: Quota,
    /// How fast historical pulls are set off; none where there is nothing to set off.
    pub trigger: Option<Trigger>,
    /// How history is asked for.
    #[serde(default)]
    pub request: Vec<Shape>,
    /// How far back it is pulled.
    pub history: History,
    /// Which of these figures are not the catalog's but the configuration's.
    #[serde(skip)]
    pub configured: Vec<FigureKey>,
}

/// How new data arrives, and how sure we are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Updates {
    /// Push, polling or both.
    pub model: UpdateModel,
    /// How sure we are.
    pub basis: Basis,
    /// How often a connection is asked, with one request each time; none where it never is.
    pub poll_seconds: Option<u32>,
    /// How sure we are of that.
    pub poll_basis: Option<Basis>,
}

/// How fast the documented service sets historical pulls off in bulk.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// So many connections …
    pub connections: u32,
    /// … in so many seconds; none where they are only bounded at a time.
    pub seconds: Option<u32>,
    /// How sure we are.
    pub basis: Basis,
    /// Where the figures are from.
    pub sources: Vec<String>,
}

/// How new data arrives after the first pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateModel {
    /// The provider or the phone sends it.
    Push,
    /// It is asked for at intervals.
    Polling,
    /// The provider announces it, and it is then asked for.
    Hybrid,
}

/// Which OAuth applications can be used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Whether a team can bring an application of its own.
    pub own: bool,
}

/// Whether a figure is published, our own guess, or somebody's word. The catalog knows the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Stated by the contract or by the documents named in `sources`.
    Documented,
    /// Not stated anywhere we know of.
    Assumed,
    /// Stated by the configuration.
    #[serde(skip_deserializing)]
    Configured,
    /// Stated by whoever asks for a forecast.
    #[serde(skip_deserializing)]
    Requested,
    /// Set for a team's own OAuth application.
    #[serde(skip_deserializing)]
    Own,
}

impl Basis {
    /// As it is called in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Assumed => "assumed",
            Self::Configured => "configured",
            Self::Requested => "requested",
            Self::Own => "own",
        }
    }
}

/// A number of days and how sure we are of it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Days of history.
    pub days: Days,
    /// How sure we are.
    pub basis: Basis,
}

/// How far back a provider is pulled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Whether a preference may change the default.
    pub configurable: bool,
    /// What is pulled where nothing else was asked for.
    pub default: Figure,
    /// The most that can be asked for; equal to the default where nothing is configurable.
    pub limit: Figure,
    /// Why there is no history to pull, where there is none.
    pub unavailable: Option<String>,
    /// Resources with a figure of their own that no preference changes.
    #[serde(default)]
    pub fixed: Vec<Fixed>,
    /// The provider's own cut-off, counted back from the first permission.
    pub before_first_permission: Option<BeforeFirstPermission>,
}

/// Resources that are pulled for the same number of days whatever is preferred.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// The resources meant …
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// … or all but these. Exactly one of the two lists is filled.
    #[serde(default)]
    pub all_but: Vec<Resource>,
    /// The figure.
    pub days: Days,
    /// How sure we are.
    pub basis: Basis,
    /// Whether answers show them as overrides even where none was set.
    pub listed: bool,
    /// Why, as the end of a sentence.
    pub reason: String,
}

impl Trigger {
    fn is_nothing(&self) -> bool {
        self.connections == 0 || self.seconds == Some(0) || self.sources.is_empty()
    }
}

impl Fixed {
    /// Whether this entry speaks of `resource`.
    pub fn covers(&self, resource: Resource) -> bool {
        if self.all_but.is_empty() {
            self.resources.contains(&resource)
        } else {
            !self.all_but.contains(&resource)
        }
    }
}

/// A cut-off that the provider itself enforces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeforeFirstPermission {
    /// Days before the first permission that can still be read.
    pub days: Days,
    /// How sure we are.
    pub basis: Basis,
    /// Why, as the end of a sentence.
    pub reason: String,
}

/// What a rule lets a preference say about one resource, or about the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance<'a> {
    /// Anything from 0 to this many days.
    UpTo(Days),
    /// This figure and no other; the text says why, as the end of a sentence.
    Exactly(Days, &'a str),
}

impl Allowance<'_> {
    /// The most that can be asked for.
    pub fn limit(self) -> Days {
        match self {
            Self::UpTo(days) | Self::Exactly(days, _) => days,
        }
    }

    /// What is pulled where `asked` is preferred.
    pub fn apply(self, asked: Days) -> Days {
        match self {
            Self::UpTo(limit) => asked.min(limit),
            Self::Exactly(days, _) => days,
        }
    }
}

impl Rule {
    /// What a preference may say about `resource`, or about the default where `None` is given.
    pub fn allowance(&self, resource: Option<Resource>) -> Allowance<'_> {
        let history = &self.history;
        if let Some(fixed) =
            resource.and_then(|resource| history.fixed.iter().find(|fixed| fixed.covers(resource)))
        {
            Allowance::Exactly(fixed.days, &fixed.reason)
        } else if let Some(reason) = &history.unavailable {
            Allowance::Exactly(Days::ZERO, reason)
        } else if history.configurable {
            Allowance::UpTo(history.limit.days)
        } else {
            Allowance::Exactly(history.limit.days, "its history is not configurable")
        }
    }

    /// Resources that answers show as overrides even where none was set.
    pub fn listed_resources(&self) -> impl Iterator<Item = Resource> + '_ {
        self.history
            .fixed
            .iter()
            .filter(|fixed| fixed.listed)
            .flat_map(|fixed| fixed.resources.iter().copied())
    }
}

/// A catalog file that is missing, cannot be read or contradicts itself.
#[derive(Debug, Error)]
#[error("catalog/{provider}.toml: {problem}")]
pub struct CatalogError {
    /// Whose file it is.
    pub provider: Provider,
    /// What is wrong with it.
    pub problem: String,
}

impl Catalog {
    /// Reads and checks the rules that are compiled into the program.
    pub fn bundled() -> Result<Self, CatalogError> {
        let read = |&provider: &Provider| {
            let file = FILES.get_file(format!("{provider}.toml"));
            let text = file.and_then(|file| file.contents_utf8()).ok_or("there is no such file".to_owned());
            text.and_then(parse).map_err(|problem| CatalogError { provider, problem })
        };
        Ok(Self { rules: Provider::ALL.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The rule of one provider.
    pub fn rule(&self, provider: Provider) -> &Rule {
        &self.rules[provider as usize]
    }
}

/// Reads one file; the error says what to mend.
fn parse(text: &str) -> Result<Rule, String> {
    let rule: Rule = toml::from_str(text).map_err(|error| error.to_string())?;
    let History { configurable, default, limit, unavailable, fixed, .. } = &rule.history;
    let contradiction = if default.days > limit.days {
        Some("the default is above the limit")
    } else if *configurable && limit.days != Days::MAX {
        Some("a configurable provider's limit is the configurable maximum")
    } else if !*configurable && limit.days != default.days {
        Some("the limit of a provider that is not configurable is its default")
    } else if unavailable.is_some() && (*configurable || limit.days != Days::ZERO) {
        Some("a provider without history has 0 days")
    } else if fixed.iter().any(|fixed| fixed.resources.is_empty() == fixed.all_but.is_empty()) {
        Some("a fixed entry names either `resources` or `all_but`")
    } else if fixed.iter().any(|fixed| fixed.listed && fixed.resources.is_empty()) {
        Some("only named resources can be listed")
    } else if let Some(problem) = rule.quota.contradiction().or_else(|| rule.shape_contradiction()) {
        Some(problem)
    } else if rule.updates.poll_seconds == Some(0)
        || rule.updates.poll_seconds.is_some() != rule.updates.poll_basis.is_some()
    {
        Some("a polling period is at least a second, and says how sure we are of it")
    } else if rule.updates.poll_seconds.is_some() == rule.request.is_empty() {
        Some("a provider is polled where and only where it can be asked")
    } else if rule.trigger.is_some() == rule.request.is_empty() {
        Some("pulls are set off where and only where there is something to ask for")
    } else if rule.trigger.as_ref().is_some_and(Trigger::is_nothing) {
        Some("a trigger rate is some connections in some seconds, with its sources")
    } else if rule.sources.is_empty() {
        Some("a source is missing")
    } else {
        None
    };
    contradiction.map_or(Ok(rule), |problem| Err(problem.to_owned()))
}

#[cfg(test)]
mod tests;
