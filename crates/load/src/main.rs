//! The load test: Lookback over a real socket, in one run and in turns with a bare handler that returns the same
//! bytes and with the reference application on a file of the same durability.
//!
//! Every server is a process of its own, so that the processor time a request costs it can be told from what it
//! costs the client and whoever else uses the machine.

mod args;
mod bare;
mod client;
mod compare;
mod fill;
mod postgres;
mod report;
mod sample;
mod server;
mod signals;
mod slow;
mod soak;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if let Some(Command::Bare { answer, bytes }) = &args.command {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(bare::serve(answer, *bytes))?;
        return Ok(ExitCode::SUCCESS);
    }
    // One thread, so that the client takes at most one core from the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(signals::until_told(async {
        match &args.command {
            Some(Command::Postgres(what)) => postgres::run(what).await?.print(what.json),
            _ => compare::run(&args).await?.print(args.json),
        }
    }))
}
