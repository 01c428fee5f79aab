//! The lookback binary: configuration, commands, wiring.

mod advice;
mod args;
mod command;
mod keyring;
mod logging;
mod machine;
mod measured;
mod numbers;
mod output;
mod private;
mod progress;
mod server;
mod settings;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use lookback_moving::{ExportError, ImportError};
use lookback_store::Error as StoreError;
use lookback_store_sqlite::BackupError;

use crate::args::Args;
use crate::command::open::NoStore;
use crate::settings::Given;

/// What scripts can tell apart; the help text lists them.
const FAILED: u8 = 1;
const NOT_FOUND: u8 = 3;
const STORE_UNAVAILABLE: u8 = 4;

/// Every request allocates some dozens of times, on any thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = settings::without_empty_variables(Args::command()).get_matches();
    // What does not fit is told as other faults of the command line are, and ends it.
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let only_shows = args.command.only_shows();
    let outcome = run(args, &Given::of(&matches));
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Whoever stops reading a listing, as `head` does, has seen enough; a key that nobody saw is lost.
    if only_shows && output::is_closed(&error) {
        return ExitCode::SUCCESS;
    }
    if let Some(senseless) = error.downcast_ref::<clap::Error>() {
        senseless.exit();
    }
    output::complain(&error, error.downcast_ref().and_then(advice::on));
    ExitCode::from(code(&error))
}

fn run(args: Args, given: &Given) -> anyhow::Result<()> {
    let settings = settings::Settings::read(&args.global)?;
    logging::start(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(command::run(args.command, &settings, given));
    // What has not come to its end by now, such as a long read for a client that was cut off, is not waited for.
    runtime.shutdown_background();
    outcome
}

fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::UnknownOrg(_) | StoreError::UnknownTeams(_) | StoreError::UnknownKey(_)) => {
            NOT_FOUND
        }
        _ if error.chain().any(is_unavailable) => STORE_UNAVAILABLE,
        _ => FAILED,
    }
}

/// Whether a cause is that the store cannot be opened or used. Some errors show the store's in their own place.
fn is_unavailable(cause: &(dyn std::error::Error + 'static)) -> bool {
    let said = match (cause.downcast_ref(), cause.downcast_ref()) {
        (Some(ImportError::Store(said)), _) | (_, Some(ExportError::Store(said))) => Some(said),
        _ => cause.downcast_ref(),
    };
    matches!(said, Some(StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_)))
        || matches!(cause.downcast_ref(), Some(BackupError::Store(_)))
        || cause.is::<lookback_store_sqlite::OpenError>()
        || cause.is::<lookback_store_postgres::OpenError>()
        || cause.is::<NoStore>()
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn an_unavailable_store_is_told_apart_wherever_it_is_said() {
        let unavailable = || StoreError::unavailable("deadline has elapsed");
        let moved = || anyhow::Error::from(ImportError::Store(unavailable()));
        let nothing = || StoreError::UnknownOrg(lookback_domain::OrgId(uuid::Uuid::nil()));
        for (error, expected) in [
            (unavailable().into(), STORE_UNAVAILABLE),
            (moved(), STORE_UNAVAILABLE),
            (Err::<(), _>(moved()).context("on the way").unwrap_err(), STORE_UNAVAILABLE),
            (ExportError::Store(unavailable().outcome_unknown()).into(), STORE_UNAVAILABLE),
            (ImportError::Foreign.into(), FAILED),
            (nothing().into(), NOT_FOUND),
        ] {
            assert_eq!(code(&error), expected, "{error:?}");
        }
    }
}
