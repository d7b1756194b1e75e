//! `bench instructions`: how many instructions forwarding takes, counted by callgrind and compared with the record in
//! `bench/instructions.toml`. Counts do not depend on how busy the machine is, so that a change of a few percent shows.
//!
//! ```text
//!   bench instructions ─► valgrind bench instructions --within two-party ─► stage: act, [serve], deliver, act, [serve] ..
//!          └─► read what callgrind wrote ─► ours | cryptography | system ─► compare ours with the record
//! ```
//!
//! Owns: the workloads and the record. Counts only the server's share, in brackets above. Compares only what is ours:
//! which instructions the cryptography and the system's copying use, depends on the processor.

mod callgrind;
mod record;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use sim::{
    TrackSpec,
    stage::{Cast, Stage},
};

use self::{callgrind::Shares, record::Record};
use crate::table;

/// Options of `bench instructions`.
#[derive(Args)]
pub(crate) struct Options {
    /// Write what is found into the record instead of comparing
    #[arg(long)]
    update: bool,
    /// The record
    #[arg(long, default_value = "bench/instructions.toml")]
    record: PathBuf,
    /// Where callgrind's output goes, for callgrind_annotate
    #[arg(long, default_value = "target/instructions")]
    output: PathBuf,
    /// Run this workload: what valgrind is told to watch
    #[arg(long, hide = true)]
    within: Option<String>,
}

/// Rooms whose media is forwarded. Few: hash maps and slabs cost the same instructions for many.
struct Workload {
    name: &'static str,
    rooms: usize,
    publishers: usize,
    listeners: usize,
    measured: Duration,
}

/// The shapes of `bench load`'s `consult-2`, `consult-3` and `webinar-100`.
const WORKLOADS: [Workload; 3] = [
    Workload {
        name: "two-party",
        rooms: 8,
        publishers: 2,
        listeners: 0,
        measured: Duration::from_secs(2),
    },
    Workload {
        name: "three-party",
        rooms: 6,
        publishers: 3,
        listeners: 0,
        measured: Duration::from_secs(2),
    },
    Workload {
        name: "one-to-100",
        rooms: 1,
        publishers: 1,
        listeners: 100,
        measured: Duration::from_secs(1),
    },
];

/// Until the first packets of each stream, which carry more, are through, and every kind of report has been sent.
const WARM_UP: Duration = Duration::from_secs(2);

/// What a participant sends: 30 frames a second of 4 packets of 1,100 bytes, 50 packets of sound.
const TRACKS: [TrackSpec; 2] =
    [TrackSpec::Microphone, TrackSpec::CameraOf { bitrate_bps: 1_056_000, fps: 30 }];

/// Counts, and compares or updates. Answers the faults.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    if let Some(name) = &options.within {
        let workload = WORKLOADS.iter().find(|one| one.name == name).context("no such workload")?;
        return perform(workload);
    }
    fs::create_dir_all(&options.output).context("making the folder for callgrind's output")?;
    // At the same time: counts do not mind.
    let children: Result<Vec<_>> =
        WORKLOADS.iter().map(|workload| start(workload, &options.output)).collect();
    let found: Result<Vec<_>> =
        WORKLOADS.iter().zip(children?).map(|(workload, child)| finish(workload, child)).collect();
    let found = found?;
    for (name, shares) in &found {
        print(name, shares);
    }
    if options.update {
        Record::of(&found).write(&options.record)?;
        println!("\n{} is rewritten: say in the commit why", options.record.display());
        return Ok(Vec::new());
    }
    Ok(Record::read(&options.record)?.compare(&found))
}

/// A workload under valgrind.
struct Watched {
    child: Child,
    output: PathBuf,
}

fn start(workload: &Workload, folder: &Path) -> Result<Watched> {
    let output = folder.join(format!("{}.callgrind", workload.name));
    let child = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*watched_serve*"])
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(env::current_exe()?)
        .args(["instructions", "--within", workload.name])
        .stdout(Stdio::piped())
        .spawn()
        .context("starting valgrind (scripts/install-test-deps.sh installs it)")?;
    Ok(Watched { child, output })
}

fn finish(workload: &Workload, watched: Watched) -> Result<(&'static str, Shares)> {
    let name = workload.name;
    let done = watched.child.wait_with_output().context("waiting for valgrind")?;
    ensure!(done.status.success(), "{name} failed under valgrind: {}", done.status);
    let forwarded: u64 =
        String::from_utf8(done.stdout)?.trim().parse().context("reading how much was forwarded")?;
    let text = fs::read_to_string(&watched.output).context("reading callgrind's output")?;
    let totals =
        callgrind::read(&text).with_context(|| format!("in {}", watched.output.display()))?;
    ensure!(totals.ours > 0, "{name}: callgrind has not seen the function it should watch");
    Ok((name, totals.per_packet(forwarded)))
}

fn print(name: &str, shares: &Shares) {
    let rows = [
        ("ours", format!("{:.0}", shares.ours)),
        ("cryptography", format!("{:.0}", shares.cryptography)),
        ("system library", format!("{:.0}", shares.system)),
    ];
    table::print(&format!("{name}, instructions per forwarded packet"), &rows);
}

/// The workload itself. Prints how many packets were forwarded while callgrind counted.
fn perform(workload: &Workload) -> Result<Vec<String>> {
    let Workload { rooms, publishers, listeners, .. } = *workload;
    let cast = Cast { publishers, listeners, tracks: &TRACKS };
    let mut stage = Stage::new(1, &vec![cast; rooms]);
    stage.run_for(WARM_UP);
    let before = stage.shard.counters();
    let end = stage.now + workload.measured;
    while stage.now < end {
        stage.act();
        while watched_serve(&mut stage) {
            stage.deliver();
        }
        stage.deliver();
    }
    let after = stage.shard.counters();
    let dropped: u64 = after.dropped.iter().map(|(_, count)| count).sum();
    ensure!(dropped == 0 && stage.corrupt() == 0, "packets were dropped or corrupted");
    ensure!(after.nacks_received == 0, "packets were lost");
    println!("{}", after.rtp_forwarded - before.rtp_forwarded);
    Ok(Vec::new())
}

/// What callgrind counts: it finds this function by its name.
#[inline(never)]
fn watched_serve(stage: &mut Stage) -> bool {
    stage.serve()
}
