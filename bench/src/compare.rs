//! Runs several contestants on the same workload in turn, and says how many times dearer one is than another.
//!
//! ```text
//!   warm-up   limit  bedside  janus  peers        each turn is this program again: `bench limit` or
//!   round 1   limit  bedside  janus  peers        `bench load`, so that each can be repeated by hand
//!   round 2   ...                                 and none can disturb another's figures
//! ```
//!
//! Owns: the servers that it starts, which it always ends. Never: judges speed; it fails only if our own packets were
//! not all right.

mod contestant;
mod floor;
mod janus_server;
pub(crate) mod launch;
mod summary;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    clock,
    machine::Machine,
    scenario::{Scenario, Shape},
};
use contestant::{Contestant, Turn};
use floor::Floor;
use summary::{Record, Summary};

const EXAMPLES: &str = "\
Examples:
  bench compare
      40 three-party rooms: the bare loop, our server beside this program, and Janus if it is installed.
  bench compare --scenario consult-2 --rooms 150 --seconds 20 --rounds 5 --json > result.json
      Many small rooms, longer and more often, for a program that reads the result. Progress goes to standard error.
  bench compare --janus off --peer-url other=ws://127.0.0.1:7880 --peer-key key --peer-secret secret \\
      --peer-pid other=4711
      Against another server of LiveKit's protocol, which you have started. Without its pid its cost is not known.

A round takes about ten seconds more than --seconds for each contestant, and one more as warm-up. Do nothing else on the
machine meanwhile. docs/BENCHMARKING.md says what each figure means.";

/// Command line of `bench compare`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Options {
    /// As for `bench load`; the bare loop takes part if it can send the same.
    #[arg(long, default_value = "consult-3")]
    scenario: String,
    /// Rooms; by default the scenario's number, at most 40, so that no server needs a whole core.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rooms: Option<u32>,
    /// Seconds to measure in each turn.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Turns of each contestant, besides the warm-up, whose figures are thrown away.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Our server's program; by default `bedside` beside this program.
    #[arg(long, conflicts_with = "url")]
    server: Option<PathBuf>,
    /// Our server, already running: ws://host:port. Needs --server-pid.
    #[arg(long, requires = "server_pid")]
    url: Option<String>,
    /// Its process.
    #[arg(long, requires = "url")]
    server_pid: Option<u32>,
    /// Its API key.
    #[arg(long, default_value = "devkey")]
    key: String,
    /// Its API secret.
    #[arg(long, default_value = "secret")]
    secret: String,
    /// Our server once more, with all media through its TURN over UDP: what relaying adds.
    #[arg(long, conflicts_with = "url")]
    relayed: bool,
    /// auto: if it is installed; off; or the path of the program.
    #[arg(long, default_value = "auto", value_name = "auto|off|PATH")]
    janus: String,
    /// Threads of Janus for all connections. 0 is its own default, a thread for each connection; one costs it much less
    /// CPU, and is what our server gets, too.
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    janus_event_loops: u16,
    /// Another server of LiveKit's protocol, already running. Repeat for more.
    #[arg(long, value_name = "NAME=ws://HOST:PORT", value_parser = contestant::named)]
    peer_url: Vec<(String, String)>,
    /// API key of all peers.
    #[arg(long, default_value = "devkey")]
    peer_key: String,
    /// API secret of all peers.
    #[arg(long, default_value = "secret")]
    peer_secret: String,
    /// Process of a peer, on this machine, for its CPU time.
    #[arg(long, value_name = "NAME=PID", value_parser = contestant::named)]
    peer_pid: Vec<(String, String)>,
    /// Threads of the load generator.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    threads: u64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// A clinic's ordinary load.
const ROOMS_DEFAULT_MAX: usize = 40;

/// Between turns: what the last one left behind is taken down.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs, prints, and answers what was wrong with our own packets.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    let machine = Machine::detect();
    let scenario = Scenario::read(&options.scenario)?;
    let rooms = options.rooms.map_or(scenario.rooms.min(ROOMS_DEFAULT_MAX), |rooms| rooms as usize);
    let roles = scenario.roles(rooms);
    let people_max = (0..rooms).map(|room| Shape::people_in(&roles, room)).max().unwrap_or(0);
    let stop = stop_on_signal()?;
    let folder = launch::Folder::new()?;
    let mut notes = Vec::new();
    let mut contestants = Vec::new();
    match Floor::of(&scenario, rooms) {
        Ok(floor) => {
            notes.extend(floor.note());
            contestants.push(Contestant::limit(&floor));
        }
        Err(why) => notes.push(format!("the bare loop does not take part: {why}")),
    }
    contestants.extend(ours(options, &folder, people_max, &stop)?);
    match janus(options, &folder, &stop) {
        Ok(janus) => contestants.extend(janus),
        // Whoever names a program wants it to run.
        Err(error) if !matches!(options.janus.as_str(), "auto" | "off") => return Err(error),
        Err(error) => notes.push(format!("janus does not take part: {error:#}")),
    }
    contestants.extend(peers(options)?);
    notes.iter().for_each(|note| eprintln!("note: {note}"));

    let mut records: Vec<Record> = contestants.iter().map(Record::new).collect();
    for round in 0..=options.rounds {
        for (contestant, record) in contestants.iter().zip(&mut records) {
            let what = match round {
                0 => "warm-up".to_owned(),
                _ => format!("round {round} of {}", options.rounds),
            };
            eprintln!("{what}: {}", contestant.name);
            let turn = Turn {
                scenario: &options.scenario,
                rooms,
                seconds: if round == 0 { WARM_UP.min(options.seconds) } else { options.seconds },
                threads: options.threads,
                seed: u64::from(round) + 1,
            };
            record.add(round, contestant.take_turn(&turn, &stop)?);
            pause(&stop)?;
        }
    }
    drop(contestants);
    let summary = Summary::new(options, rooms, machine, notes, &records);
    summary.print(options.json)?;
    Ok(summary.faults())
}

/// Seconds of the turns that are thrown away: caches, allocators and the processor's clock settle.
const WARM_UP: u64 = 5;

fn ours(
    options: &Options,
    folder: &launch::Folder,
    people_max: usize,
    stop: &AtomicBool,
) -> Result<Vec<Contestant>> {
    let keys = (options.key.as_str(), options.secret.as_str());
    if let (Some(url), Some(pid)) = (&options.url, options.server_pid) {
        return Ok(vec![Contestant::ours(url, pid, keys, None)]);
    }
    let program = match &options.server {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .context("looking for the folder of this program")?
            .with_file_name("bedside"),
    };
    ensure!(
        program.is_file(),
        "there is no {}: build it with `cargo build --release -p server`, or name it with --server",
        program.display()
    );
    let (server, url) = launch::bedside(&program, folder, people_max, stop)?;
    let pid = server.pid();
    let relayed =
        options.relayed.then(|| Contestant::relayed(&url, pid, keys, launch::TURN_SECRET));
    let ours = Contestant::ours(&url, pid, keys, Some(server));
    Ok(std::iter::once(ours).chain(relayed).collect())
}

fn janus(
    options: &Options,
    folder: &launch::Folder,
    stop: &AtomicBool,
) -> Result<Option<Contestant>> {
    let program = match options.janus.as_str() {
        "off" => return Ok(None),
        "auto" => janus_server::find().context(
            "it is not installed; on Debian: apt-get install --no-install-recommends janus",
        )?,
        path => PathBuf::from(path),
    };
    let version = janus_server::version(&program)?;
    let loops = options.janus_event_loops;
    let (server, url) = janus_server::start(&program, folder, loops, stop)?;
    Ok(Some(Contestant::janus(&version, loops, &url, server)))
}

fn peers(options: &Options) -> Result<Vec<Contestant>> {
    let known = |name: &String| options.peer_url.iter().any(|(known, _)| known == name);
    if let Some((name, _)) = options.peer_pid.iter().find(|(name, _)| !known(name)) {
        bail!("--peer-pid names {name}, of which there is no --peer-url");
    }
    let one = |(name, url): &(String, String)| {
        let pid = options.peer_pid.iter().find(|(known, _)| known == name);
        let pid = pid.map(|(_, pid)| pid.parse()).transpose();
        let pid = pid.with_context(|| format!("reading --peer-pid of {name}"))?;
        let keys = (options.peer_key.as_str(), options.peer_secret.as_str());
        Ok(Contestant::peer(name, url, pid, keys))
    };
    options.peer_url.iter().map(one).collect()
}

fn pause(stop: &AtomicBool) -> Result<()> {
    let until = clock::now() + PAUSE;
    while clock::now() < until {
        ensure!(!stop.load(Ordering::Relaxed), "interrupted");
        clock::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Becomes true on Ctrl-C and on SIGTERM, so that servers are ended and their folder removed.
fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("preparing to be interrupted")?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
            let [Ok(mut interrupt), Ok(mut terminate)] = signals else { return };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            told.store(true, Ordering::Relaxed);
        });
    });
    Ok(stop)
}
