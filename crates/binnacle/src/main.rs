//! The binary: reads the command line and starts what it asks for.

mod cli;
mod commands;
mod embedded;
mod logging;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The work failed.
const FAILED: u8 = 1;
/// A file that was checked is wrong.
const WRONG_FILE: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(arguments) => finish(serve::run(&arguments)),
        Command::Query(query) => finish(block_on(commands::query::run(&query))),
        Command::Logs(logs) => finish(block_on(commands::logs::run(&logs))),
        Command::Stages(stages) => finish(commands::stages::run(&stages)),
        Command::Import(import) => finish(block_on(commands::import::run(&import))),
        Command::Alerts(alerts) => finish(block_on(commands::alerts::run(&alerts))),
        Command::Drill(drill) => match block_on(commands::drill::run(&drill)) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(FAILED),
            Err(error) => finish(Err(error)),
        },
        Command::Rules(rules) => match block_on(commands::rules::run(&rules)) {
            Ok(code) => ExitCode::from(code),
            Err(error) => finish(Err(error)),
        },
        Command::Check(check) => {
            if commands::check::run(&check) {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(WRONG_FILE)
            }
        }
    }
}

/// Runs a command that waits for the network.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("binnacle: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}
