//! Drives a server of LiveKit's protocol, or Janus, with virtual clients, and checks and measures what they get.
//!
//! ```text
//!   signalling thread          media threads, each with its rooms            /proc/PID
//!   one task a participant ──► virtual client, two sockets a participant     the server's cost
//!        WebSocket, token      sends in real time, checks every packet
//! ```
//!
//! Latency counts from just before a packet is sealed to the moment at which the kernel took its copy for the receiver,
//! so it does not matter when the generator gets round to reading. Packets leave one by one, as a browser's do.

mod check;
mod dialect;
mod janus;
mod livekit;
mod media;
mod participant;
mod relay;
mod report;
mod signalling;
mod wire;

use std::{
    io::{IsTerminal as _, Write as _},
    sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

pub(crate) use media::SWEEP;
pub(crate) use signalling::Protocol;

use crate::{
    clock, kernel,
    machine::Machine,
    scenario::{Role, Scenario, Shape},
    server_process::{ServerProcess, Usage},
};

/// Command line of `bench load`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Where the server's signalling is: ws://host:port
    #[arg(long)]
    url: String,
    /// What the server speaks.
    #[arg(long, value_enum, default_value_t = Protocol::Livekit)]
    signalling: Protocol,
    /// API key.
    #[arg(long, default_value = "devkey")]
    key: String,
    /// API secret.
    #[arg(long, default_value = "secret")]
    secret: String,
    /// consult-2, consult-3, consult-4, group-12, meeting-50, webinar-100, audio-10x100, c1-mix, join-storm, or a .toml
    /// file.
    #[arg(long)]
    scenario: String,
    /// Rooms; the scenario's number by default.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rooms: Option<u64>,
    /// Seconds to measure, once everyone has joined.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Seconds before measuring.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// Seconds in which everyone must have joined, after the last one came.
    #[arg(long, default_value_t = 30)]
    join_timeout: u64,
    /// All media through TURN on the server's media port, with credentials of this secret, which is the server's
    /// turn_secret: over UDP, each connection with an allocation and a channel. For servers on this machine.
    #[arg(long, value_name = "SECRET")]
    relay_secret: Option<String>,
    /// The server's process, for its CPU time and memory.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Threads that send and receive.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    threads: u64,
    /// Decides names and all choices of the clients.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Where a run is; it only moves on.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Joining,
    Measuring,
    /// No longer measuring, still sending.
    Measured,
    /// Sending ends; what is on its way may arrive.
    Draining,
    /// Everyone leaves.
    Leaving,
    Done,
}

/// What all threads see.
struct Shared {
    phase: AtomicU8,
    epoch: Instant,
    joined: AtomicU64,
    failed: AtomicU64,
    delivered: AtomicU64,
    missing: AtomicI64,
}

impl Shared {
    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Joining,
            1 => Phase::Measuring,
            2 => Phase::Measured,
            3 => Phase::Draining,
            4 => Phase::Leaving,
            _ => Phase::Done,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }
}

/// What was used while measuring.
struct Measured {
    wall: Duration,
    generator: Duration,
    server: Option<(Usage, Usage)>,
    /// Before anyone joined.
    server_idle: Option<Usage>,
}

/// Runs, prints, and answers what was wrong.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    let scenario = Scenario::read(&options.scenario)?;
    let rooms = options.rooms.map_or(scenario.rooms, |rooms| rooms as usize);
    let roles = scenario.roles(rooms);
    let shape = Shape::of(&roles);
    let needed = shape.participants as u64 * 3 + 64;
    let open_files = kernel::raise_open_files(needed).context("raising the open files limit")?;
    ensure!(open_files >= needed, "{needed} open files needed, {open_files} are allowed");
    let machine = Machine::detect();
    let server = options.server_pid.map(ServerProcess::of).transpose()?;
    let shared = Shared {
        phase: AtomicU8::new(Phase::Joining as u8),
        epoch: clock::now(),
        joined: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        missing: AtomicI64::new(0),
    };
    let server_idle = server.map(ServerProcess::usage).transpose()?;
    let groups = split(&roles, options.threads as usize);
    let (signalling, media) = signalling::prepare(options, &groups)?;
    let (measured, outcomes) = thread::scope(|scope| {
        let workers: Vec<_> = media
            .into_iter()
            .zip(&groups)
            .map(|(link, roles)| scope.spawn(|| media::run(roles, link, options, &shared)))
            .collect();
        scope.spawn(|| signalling.run(&shared));
        let measured = conduct(options, &shape, &roles, server, server_idle, &shared);
        shared.enter(Phase::Done);
        let outcomes: Result<Vec<_>> =
            workers.into_iter().map(|one| one.join().expect("no panic")).collect();
        (measured, outcomes)
    });
    let (measured, outcomes) = (measured?, outcomes?);
    let report = report::Report::new(options, shape, machine, &measured, &outcomes);
    report.print(options.json)?;
    Ok(report.into_faults())
}

/// Rooms stay whole: a room's packets are checked by one thread.
fn split(roles: &[Role], threads: usize) -> Vec<Vec<Role>> {
    let mut groups = vec![Vec::new(); threads];
    for role in roles {
        groups[role.room % threads].push(*role);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Leads the run through its phases.
fn conduct(
    options: &Options,
    shape: &Shape,
    roles: &[Role],
    server: Option<ServerProcess>,
    server_idle: Option<Usage>,
    shared: &Shared,
) -> Result<Measured> {
    let mut progress = Progress::new(shape.participants as u64, shared);
    let last_comes = roles.iter().map(|role| role.delay_ms).max().unwrap_or(0);
    let patience = Duration::from_millis(last_comes) + Duration::from_secs(options.join_timeout);
    let deadline = clock::now() + patience;
    let people = shape.participants as u64;
    let settled = || {
        let done = shared.joined.load(Ordering::Relaxed) + shared.failed.load(Ordering::Relaxed);
        done >= people
    };
    while !settled() && clock::now() < deadline {
        progress.wait(Duration::from_millis(50), "joining");
    }
    progress.wait(Duration::from_secs(options.warm_up), "warming up");
    let usage = || server.map(ServerProcess::usage).transpose();
    let (before, generator, begun) = (usage()?, kernel::process_cpu(), clock::now());
    shared.enter(Phase::Measuring);
    progress.wait(Duration::from_secs(options.seconds), "measuring");
    shared.enter(Phase::Measured);
    let (after, wall) = (usage()?, clock::now() - begun);
    let measured = Measured {
        wall,
        generator: kernel::process_cpu() - generator,
        server: before.zip(after),
        server_idle,
    };
    shared.enter(Phase::Draining);
    progress.wait(DRAIN, "draining");
    shared.enter(Phase::Leaving);
    progress.wait(Duration::from_millis(500), "leaving");
    progress.end();
    Ok(measured)
}

/// Packets on their way when sending ends, and repairs of lost ones, have arrived by then.
const DRAIN: Duration = Duration::from_millis(800);

/// A line on standard error, once a second.
struct Progress<'a> {
    shared: &'a Shared,
    people: u64,
    is_terminal: bool,
    next: Instant,
    delivered: u64,
    cpu: Duration,
}

impl<'a> Progress<'a> {
    fn new(people: u64, shared: &'a Shared) -> Self {
        Self {
            shared,
            people,
            is_terminal: std::io::stderr().is_terminal(),
            next: clock::now(),
            delivered: 0,
            cpu: kernel::process_cpu(),
        }
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        let until = clock::now() + duration;
        loop {
            let now = clock::now();
            if now >= self.next {
                self.next = now + Duration::from_secs(1);
                self.show(what);
            }
            if now >= until {
                return;
            }
            clock::sleep((until - now).min(Duration::from_millis(50)));
        }
    }

    fn show(&mut self, what: &str) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (delivered, cpu) = (load(&self.shared.delivered), kernel::process_cpu());
        // A log gets lines.
        let (from, to) = if self.is_terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        eprint!(
            "{from}{what}: {} of {} joined, {} failed, {} packets a second, {} missing, generator {:.0} %{to}",
            load(&self.shared.joined),
            self.people,
            load(&self.shared.failed),
            delivered - self.delivered,
            self.shared.missing.load(Ordering::Relaxed),
            (cpu - self.cpu).as_secs_f64() * 100.0,
        );
        let _ = std::io::stderr().flush();
        (self.delivered, self.cpu) = (delivered, cpu);
    }

    fn end(&self) {
        if self.is_terminal {
            eprintln!();
        }
    }
}
