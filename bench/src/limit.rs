//! The bare loop: the floor that a server's cost per packet is compared with, on this machine and in the same run.
//!
//! ```text
//!   sender thread ──► one socket ──► loop thread ──────────────────────► reader thread
//!   paced in real     each packet    receive batch · open · look up ·     counts, checks numbers,
//!   time, sealed      its own        seal per receiver · GSO sends        opens a sample
//! ```
//!
//! No RTCP, timers, rooms, replay windows. The cost is the CPU time of the loop's thread alone. Two sockets for each
//! participant, one that sends and one that receives, as its two connections to a server.

mod forwarder;
mod participants;
mod reader;
mod seal;
mod sender;

use std::{
    net::UdpSocket,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{clock, kernel, machine::Machine, table};
use participants::Participants;
pub(crate) use participants::ipv4;

/// Command line of `bench limit`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
pub(crate) struct Options {
    /// Participants of a room; every one sends to every other.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=64))]
    party: u32,
    /// Rooms; 150 by default, 1 with --subscribers.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rooms: Option<u32>,
    /// Instead of rooms in which all send: one publisher and this many who only receive.
    #[arg(long, conflicts_with = "party", value_parser = clap::value_parser!(u32).range(1..=800))]
    subscribers: Option<u32>,
    /// Video packets of a frame; 30 frames a second.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=64))]
    burst: u32,
    /// RTP payload of a video packet, in bytes.
    #[arg(long, default_value_t = 1100, value_parser = clap::value_parser!(u32).range(16..=1400))]
    bytes: u32,
    /// RTP payload of an audio packet, in bytes; 50 packets a second.
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u32).range(16..=1400))]
    audio_bytes: u32,
    /// Microseconds to wait for more after waking up.
    #[arg(long, default_value_t = 500)]
    hold_us: u64,
    /// Seconds to measure, after a warm-up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Seconds before measuring.
    #[arg(long, default_value_t = 2)]
    warm_up: u64,
    /// SRTP profile; the default is the one that the server prefers.
    #[arg(long, value_enum, default_value_t = Profile::Aes256Gcm)]
    profile: Profile,
    /// Send every datagram as a message of its own.
    #[arg(long)]
    no_gso: bool,
    /// Let the readers take several datagrams as one message. The kernel then need not cut what the loop sends, which no
    /// sender to a real network is spared.
    #[arg(long)]
    reader_gro: bool,
    /// Let the sender send a frame as one large packet, which the loop then receives as one. No browser does.
    #[arg(long)]
    sender_gso: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// SRTP protection profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Profile {
    #[value(name = "aes-128-gcm")]
    Aes128Gcm,
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
}

/// When each thread measures, and when it may stop.
#[derive(Debug, Clone, Copy)]
struct Window {
    begin: Instant,
    end: Instant,
}

/// What is measured, and whether it is right.
#[derive(Debug, Serialize)]
struct Report {
    kind: &'static str,
    rooms: u32,
    party: u32,
    profile: Profile,
    hold_us: u64,
    seconds: f64,
    forwarded_packets: u64,
    forwarded_packets_per_second: f64,
    loop_cpu_us_per_forwarded_packet: f64,
    loop_cpu_ratio: f64,
    loop_cpu_user_share: f64,
    rooms_per_core: f64,
    packets_per_message: f64,
    messages_per_send_call: f64,
    received_per_wake_up: f64,
    wake_ups_per_second: f64,
    send_errors: u64,
    refused_packets: u64,
    expected_packets: u64,
    lost_packets: u64,
    duplicate_packets: u64,
    reordered_packets: u64,
    wrong_payload_packets: u64,
    checked_payload_packets: u64,
    sender_cpu_ratio: f64,
    reader_cpu_ratio: f64,
    sender_late_us_p99: u64,
    /// What makes the run fail; empty if it is good.
    faults: Vec<String>,
    machine: Machine,
}

/// Runs, prints, and answers what was wrong.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    let machine = Machine::detect();
    let participants = Participants::open(options)?;
    let server = participants::ipv4(&participants.server)?;
    let begin = clock::now() + Duration::from_secs(options.warm_up);
    let window = Window { begin, end: begin + Duration::from_secs(options.seconds) };
    let stop = AtomicBool::new(false);
    let (sent, forwarded, read) = thread::scope(|scope| {
        let Participants { server: socket, publishers, receivers, subscriptions } = &participants;
        let reader = scope.spawn(|| reader::run(server, receivers, subscriptions, window, &stop));
        let forwarder = scope.spawn(|| {
            forwarder::run(socket, publishers, receivers, subscriptions, options, window, &stop)
        });
        let sender = scope.spawn(|| sender::run(publishers, options, window));
        let sent = sender.join().expect("the sender does not panic");
        clock::sleep(DRAIN);
        stop.store(true, Ordering::Relaxed);
        let forwarded = forwarder.join().expect("the loop does not panic");
        (sent, forwarded, reader.join().expect("the reader does not panic"))
    });
    let (sent, forwarded, read) = (sent?, forwarded?, read?);
    let mut report = report(options, machine, &sent, &forwarded, &read);
    report.faults = faults(&report);
    print(options, &report)?;
    Ok(report.faults)
}

/// Packets on their way when the sender stops have arrived by then.
const DRAIN: Duration = Duration::from_millis(400);

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn report(
    options: &Options,
    machine: Machine,
    sent: &sender::Outcome,
    forwarded: &forwarder::Outcome,
    read: &reader::Outcome,
) -> Report {
    let seconds = forwarded.wall.as_secs_f64();
    let cpu = forwarded.cpu.as_secs_f64();
    let (user, system) = forwarded.user_system;
    let packets = forwarded.datagrams as f64;
    let fan_out = options.fan_out();
    let expected = sent.packets * u64::from(fan_out);
    Report {
        kind: "limit",
        rooms: options.rooms(),
        party: fan_out + 1,
        profile: options.profile,
        hold_us: options.hold_us,
        seconds,
        forwarded_packets: forwarded.datagrams,
        forwarded_packets_per_second: packets / seconds,
        loop_cpu_us_per_forwarded_packet: cpu * 1e6 / packets,
        loop_cpu_ratio: cpu / seconds,
        loop_cpu_user_share: user.as_secs_f64() / (user + system).as_secs_f64(),
        rooms_per_core: f64::from(options.rooms()) * seconds / cpu,
        packets_per_message: packets / forwarded.messages as f64,
        messages_per_send_call: forwarded.messages as f64 / forwarded.calls as f64,
        received_per_wake_up: forwarded.received as f64 / forwarded.wake_ups as f64,
        wake_ups_per_second: forwarded.wake_ups as f64 / seconds,
        send_errors: forwarded.errors,
        refused_packets: forwarded.refused,
        expected_packets: expected,
        lost_packets: expected.saturating_sub(read.packets - read.duplicates),
        duplicate_packets: read.duplicates,
        reordered_packets: read.reordered,
        wrong_payload_packets: read.wrong,
        checked_payload_packets: read.checked,
        sender_cpu_ratio: sent.cpu.as_secs_f64() / seconds,
        reader_cpu_ratio: read.cpu.as_secs_f64() / seconds,
        sender_late_us_p99: sent.late_us_p99,
        faults: Vec::new(),
        machine,
    }
}

fn print(options: &Options, report: &Report) -> Result<()> {
    if options.json {
        println!("{}", serde_json::to_string_pretty(report).context("writing the report")?);
        return Ok(());
    }
    let title = format!("bench limit: {} rooms of {}", report.rooms, report.party);
    let rows = [
        ("machine", report.machine.line()),
        ("command", report.machine.command.clone()),
        ("CPU per forwarded packet", format!("{:.2} us", report.loop_cpu_us_per_forwarded_packet)),
        ("rooms per core", format!("{:.0}", report.rooms_per_core)),
        (
            "forwarded",
            format!(
                "{} packets, {:.0} a second",
                report.forwarded_packets, report.forwarded_packets_per_second
            ),
        ),
        (
            "loop",
            format!(
                "{:.0} % of a core, {:.0} wake-ups a second with {:.1} packets each",
                report.loop_cpu_ratio * 100.0,
                report.wake_ups_per_second,
                report.received_per_wake_up
            ),
        ),
        (
            "sends",
            format!(
                "{:.2} packets a message, {:.1} messages a call",
                report.packets_per_message, report.messages_per_send_call
            ),
        ),
        (
            "sender, reader",
            format!(
                "{:.0} %, {:.0} % of a core; sender late by {} us (p99)",
                report.sender_cpu_ratio * 100.0,
                report.reader_cpu_ratio * 100.0,
                report.sender_late_us_p99
            ),
        ),
        (
            "checked",
            format!(
                "{} expected, {} lost, {} duplicate, {} reordered, {} of {} payloads wrong",
                report.expected_packets,
                report.lost_packets,
                report.duplicate_packets,
                report.reordered_packets,
                report.wrong_payload_packets,
                report.checked_payload_packets
            ),
        ),
    ];
    table::print(&title, &rows);
    Ok(())
}

fn faults(report: &Report) -> Vec<String> {
    let counts = [
        (report.lost_packets, "packets lost"),
        (report.duplicate_packets, "packets twice"),
        (report.reordered_packets, "packets out of order"),
        (report.wrong_payload_packets, "payloads wrong"),
        (report.refused_packets, "packets that did not open"),
        (report.send_errors, "sends refused"),
        (u64::from(report.checked_payload_packets == 0), "no payload was checked"),
    ];
    let faults = counts.into_iter().filter(|(count, _)| *count > 0);
    faults.map(|(count, what)| format!("{count} {what}")).collect()
}

impl Options {
    fn rooms(&self) -> u32 {
        self.rooms.unwrap_or(if self.subscribers.is_some() { 1 } else { 150 })
    }

    /// Receivers of each packet.
    fn fan_out(&self) -> u32 {
        self.subscribers.unwrap_or(self.party - 1)
    }

    /// Participants who send, in each room.
    fn publishers(&self) -> u32 {
        if self.subscribers.is_some() { 1 } else { self.party }
    }
}

/// A socket of a participant. Buffers of a few frames, as a browser's.
fn participant_socket(offload: bool) -> Result<UdpSocket> {
    let receiving = kernel::Receiving { buffer_bytes: 256 * 1024, offload, timestamps: false };
    kernel::open(([127, 0, 0, 1], 0).into(), receiving).context("opening a participant's socket")
}

fn check_open_files(sockets: u64) -> Result<()> {
    let limit = kernel::raise_open_files(sockets + 64).context("raising the open files limit")?;
    ensure!(limit >= sockets + 64, "{sockets} sockets needed, but only {limit} files may be open");
    Ok(())
}
