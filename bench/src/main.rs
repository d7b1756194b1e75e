//! How fast: `bench load` drives a server of LiveKit's protocol with virtual clients; `bench limit` measures the bare
//! loop that no forwarding server can beat on this machine; `bench compare` runs both and other servers in turn;
//! `bench instructions` counts what forwarding takes; `bench kernel` asks what ways to send and receive cost; `bench turn`
//! compares relaying with coturn's.
//!
//! Owns: its own sockets, threads and clocks. Never: reaches into a running server; what is measured is measured from
//! outside, over the wire and from `/proc`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring tool may fail loudly: nothing here serves the network"
)]

mod clock;
mod compare;
mod histogram;
mod instructions;
mod kernel;
mod kernel_costs;
mod limit;
mod load;
mod machine;
mod scenario;
mod server_process;
mod table;
mod turn;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", version, about = "Measures forwarding of media")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The bare loop: receive, open, look up, seal, send, and nothing else.
    Limit(limit::Options),
    /// Instructions per forwarded packet, compared with the record.
    Instructions(instructions::Options),
    /// Virtual clients against a server of LiveKit's protocol, or Janus.
    Load(load::Options),
    /// The bare loop, our server, Janus and others in turn, with ratios.
    Compare(Box<compare::Options>),
    /// What the kernel takes for a packet, by the way it is sent and received.
    Kernel(kernel_costs::Options),
    /// TURN: `bedside turn` and coturn in turn, and what the relay inside a shard adds.
    Turn(turn::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Limit(options) => limit::run(&options),
        Command::Instructions(options) => instructions::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Kernel(options) => kernel_costs::run(&options),
        Command::Turn(options) => turn::run(&options),
    };
    match outcome {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            for fault in faults {
                eprintln!("FAILED: {fault}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
