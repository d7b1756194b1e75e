//! The binary `bedside`: command line, configuration, wiring of the roles, health and metrics.
//!
//! ```text
//!   cli ─► config ─► run ─► sfu (threads) ◄─► signaling ◄─ http ◄─ browsers
//!                     └───► metrics, health ◄─ admin
//! ```
//!
//! Owns: everything that a process is (arguments, signals, sockets that listen, logging). Never: a decision about a
//! room, a participant or a packet.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::too_many_lines,
        reason = "tests may fail loudly"
    )
)]

mod backup;
mod check;
mod cli;
mod clock;
mod config;
mod descriptors;
mod greeting;
mod healthcheck;
mod http;
mod listener;
mod logging;
mod machine;
mod memory;
mod metrics;
mod page;
mod recordings;
mod run;
mod scheduling;
mod tls;
mod token;
mod turn;
mod vitals;

use std::{
    io::{ErrorKind, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

use crate::cli::{AdminCommand, CheckArguments, Cli, Command, ConfigCommand, TokenCommand};

fn main() -> ExitCode {
    let parsed = Cli::try_parse().unwrap_or_else(|error| {
        let variable = cli::variable_at_fault(&error, std::env::args());
        let _ = error.print();
        if let Some(variable) = variable {
            let _ = writeln!(
                std::io::stderr(),
                "\nThe value comes from the environment variable {variable}."
            );
        }
        std::process::exit(error.exit_code())
    });
    match execute(parsed.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bedside: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::All(settings) => run::all(*settings),
        Command::SchedulingApi(settings) => run::scheduling_api(*settings),
        Command::Turn(settings) => run::turn_alone(*settings),
        Command::Backup(arguments) => print(&backup::backup(*arguments)?),
        Command::Restore(arguments) => print(&backup::restore(*arguments)?),
        Command::Admin(AdminCommand::Create(arguments)) => {
            print(&scheduling::first_administrator(*arguments)?)
        }
        Command::Admin(AdminCommand::WrapKeys(settings)) => {
            print(&scheduling::wrap_keys(*settings)?)
        }
        Command::Admin(AdminCommand::VerifyAudit(settings)) => {
            print(&backup::verify_audit(*settings)?)
        }
        Command::Demo(settings) => print(&scheduling::demo(*settings)?),
        Command::Token(TokenCommand::Mint(arguments)) => {
            print(&format!("{}\n", token::from_arguments(&arguments)?))
        }
        Command::Config(ConfigCommand::Check(arguments)) => check(*arguments),
        Command::Config(ConfigCommand::Example) => print(&config::docs::example()),
        Command::Config(ConfigCommand::Docs) => print(&config::docs::markdown()),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments),
        Command::MetricsDocs => print(&metrics::markdown()),
    }
}

fn check(arguments: CheckArguments) -> anyhow::Result<()> {
    let report = check::run(arguments)?;
    print(&report.text)?;
    anyhow::ensure!(report.failures == 0, "the lines marked FAILED say what to do");
    Ok(())
}

/// Writes to standard output; a reader that went away (`bedside config example | head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
