//! The environment: variables called `LOOKBACK_…`. One that is empty counts as not set, as many a supervisor leaves it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use anyhow::anyhow;
use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory};

use crate::args::Args;

/// Those that no flag reads.
const READ_HERE: [&str; 4] =
    ["LOOKBACK_DATABASE", "LOOKBACK_DATABASE_FILE", "LOOKBACK_MASTER_KEY", "LOOKBACK_MASTER_KEY_FILE"];

/// What Kubernetes sets in every container beside a service that is called lookback.
const OF_OTHERS: [&str; 2] = ["LOOKBACK_PORT", "LOOKBACK_SERVICE_"];

/// What a variable says.
pub(super) fn variable(name: &str) -> anyhow::Result<Option<String>> {
    let text = std::env::var_os(name).filter(|text| !text.is_empty());
    let text = text.map(OsString::into_string).transpose();
    text.map_err(|_| anyhow!("the environment variable {name} is not text"))
}

/// A command line that does not look at empty variables.
pub fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|text| text.is_empty());
    let look = |arg: Arg| match arg.get_env() {
        Some(name) if is_empty(name) => arg.env(Resettable::Reset),
        _ => arg,
    };
    command.mut_args(look).mut_subcommands(without_empty_variables)
}

/// Warns of variables that are called as ours are and that nothing reads: they may be mistyped.
pub fn warn_of_unknown_variables() {
    let mut known = BTreeSet::from(READ_HERE.map(OsString::from));
    names(&Args::command(), &mut known);
    let unknown = std::env::vars_os().map(|(name, _)| name).filter(|name| !known.contains(name));
    for name in unknown.filter_map(|name| name.into_string().ok()).collect::<BTreeSet<_>>() {
        if name.starts_with("LOOKBACK_") && !OF_OTHERS.iter().any(|of_others| name.starts_with(of_others)) {
            tracing::warn!(variable = name, "there is no such setting; the variable changes nothing");
        }
    }
}

/// The variables that a command's flags read, and those of the commands in it.
fn names(command: &Command, into: &mut BTreeSet<OsString>) {
    into.extend(command.get_arguments().filter_map(Arg::get_env).map(OsStr::to_owned));
    command.get_subcommands().for_each(|command| names(command, into));
}
