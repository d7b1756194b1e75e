//! What a run says at its end, for programs and for people, and what makes it fail.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Measured, Options, check::Counts, media::Outcome};
use crate::{
    histogram::{Histogram, Percentiles},
    machine::Machine,
    scenario::Shape,
    table,
};

/// Above this share of a core the generator itself may be what is measured.
const GENERATOR_RATIO_MAX: f64 = 0.7;

/// A run. Counts of packets are of the whole run, `forwarded_packets` and costs of the measured seconds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    kind: &'static str,
    scenario: String,
    #[serde(flatten)]
    shape: Shape,
    seconds: f64,
    forwarded_packets: u64,
    forwarded_packets_per_second: f64,
    expected_packets: u64,
    delivered_packets: u64,
    lost_packets: u64,
    recovered_packets: u64,
    duplicate_packets: u64,
    needless_retransmissions: u64,
    reordered_packets: u64,
    wrong_payload_packets: u64,
    silent_streams: u64,
    layer_switches: u64,
    forward_latency_us: Percentiles,
    joined: u64,
    join_ms: Percentiles,
    first_frame_ms: Percentiles,
    joins_per_second: f64,
    /// What was agreed for media; without AEAD a server pays more for each packet.
    srtp_profiles: BTreeSet<&'static str>,
    #[serde(flatten)]
    server: Option<Server>,
    /// Of the busiest sending and receiving thread.
    generator_cpu_ratio: f64,
    generator_cpu_cores: f64,
    generator_late_us: Percentiles,
    generator_send_errors: u64,
    join_failures: Vec<String>,
    warnings: Vec<String>,
    /// What makes the run fail; empty if it is good.
    faults: Vec<String>,
    machine: Machine,
}

/// What the server cost.
#[derive(Debug, Clone, Copy, Serialize)]
struct Server {
    server_cpu_us_per_forwarded_packet: f64,
    server_user_cpu_us_per_forwarded_packet: f64,
    server_system_cpu_us_per_forwarded_packet: f64,
    server_cpu_cores: f64,
    rooms_per_core: f64,
    rss_kib: u64,
    rss_kib_per_participant: f64,
}

impl Report {
    /// Adds up.
    pub(super) fn new(
        options: &Options,
        shape: Shape,
        machine: Machine,
        measured: &Measured,
        outcomes: &[Outcome],
    ) -> Self {
        let sum = |what: fn(&Outcome) -> u64| outcomes.iter().map(what).sum::<u64>();
        let merged = |what: fn(&Outcome) -> &Histogram| {
            let mut all = Histogram::default();
            outcomes.iter().for_each(|outcome| all.add(what(outcome)));
            all
        };
        let seconds = measured.wall.as_secs_f64();
        let forwarded = sum(|one| one.forwarded);
        let counts = total(outcomes);
        let joined = sum(|one| one.joined);
        let micros = Duration::from_micros(1);
        let millis = Duration::from_millis(1);
        let busiest = outcomes.iter().map(|one| one.cpu.as_secs_f64()).fold(0.0, f64::max);
        let mut report = Self {
            kind: "load",
            scenario: options.scenario.clone(),
            shape,
            seconds,
            forwarded_packets: forwarded,
            forwarded_packets_per_second: float(forwarded) / seconds,
            expected_packets: counts.delivered + counts.lost,
            delivered_packets: counts.delivered,
            lost_packets: counts.lost,
            recovered_packets: counts.recovered,
            duplicate_packets: sum(|one| one.duplicates),
            needless_retransmissions: sum(|one| one.needless_retransmissions),
            reordered_packets: counts.reordered,
            wrong_payload_packets: counts.wrong,
            silent_streams: sum(|one| one.silent_streams),
            layer_switches: counts.switches,
            forward_latency_us: merged(|one| &one.latency).percentiles(micros),
            joined,
            join_ms: merged(|one| &one.join).percentiles(millis),
            first_frame_ms: merged(|one| &one.first_frame).percentiles(millis),
            joins_per_second: join_rate(outcomes, joined),
            srtp_profiles: outcomes.iter().flat_map(|one| one.profiles.clone()).collect(),
            server: server(measured, &shape, forwarded),
            generator_cpu_ratio: busiest / seconds,
            generator_cpu_cores: measured.generator.as_secs_f64() / seconds,
            generator_late_us: merged(|one| &one.lateness).percentiles(micros),
            generator_send_errors: sum(|one| one.send_errors),
            join_failures: outcomes.iter().flat_map(|one| one.failures.clone()).collect(),
            warnings: Vec::new(),
            faults: Vec::new(),
            machine,
        };
        report.warnings = report.warn();
        report.faults = report.judge();
        report
    }

    fn warn(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.generator_cpu_ratio > GENERATOR_RATIO_MAX {
            let percent = self.generator_cpu_ratio * 100.0;
            warnings.push(format!("the generator used {percent:.0} % of a core: more --threads"));
        }
        if self.generator_late_us.p99 > 5000.0 {
            let late = self.generator_late_us.p99 / 1000.0;
            warnings.push(format!("packets left {late:.0} ms late (p99): the machine was busy"));
        }
        if self.machine.build != "release" {
            warnings.push("the generator is a debug build".to_owned());
        }
        if self.recovered_packets > 0 {
            let count = self.recovered_packets;
            warnings.push(format!("{count} packets were lost on the way and sent again"));
        }
        if self.generator_send_errors > 0 {
            let count = self.generator_send_errors;
            warnings.push(format!("the kernel refused {count} of the generator's packets"));
        }
        warnings
    }

    /// What makes the run fail.
    pub(super) fn into_faults(self) -> Vec<String> {
        self.faults
    }

    fn judge(&self) -> Vec<String> {
        let counts = [
            (self.lost_packets, "packets lost"),
            (self.duplicate_packets, "packets twice"),
            (self.reordered_packets, "packets out of order"),
            (self.wrong_payload_packets, "packets with a wrong payload"),
            (self.silent_streams, "streams never came"),
            (u64::from(self.forwarded_packets == 0), "nothing was forwarded"),
        ];
        let faults = counts.into_iter().filter(|(count, _)| *count > 0);
        let mut faults: Vec<_> = faults.map(|(count, what)| format!("{count} {what}")).collect();
        if let Some(first) = self.join_failures.first() {
            faults.push(format!("{} participants failed, one: {first}", self.join_failures.len()));
        }
        faults
    }

    /// Prints it.
    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self).context("writing the report")?);
            return Ok(());
        }
        let Shape { rooms, participants, .. } = self.shape;
        let title = format!("bench load {}: {rooms} rooms, {participants} people", self.scenario);
        let mut rows =
            vec![("machine", self.machine.line()), ("command", self.machine.command.clone())];
        rows.extend(self.server.iter().flat_map(Server::rows));
        rows.extend(self.rows());
        rows.extend(self.warnings.iter().map(|warning| ("WARNING", warning.clone())));
        table::print(&title, &rows);
        Ok(())
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let spread = |of: &Percentiles, unit: &str| {
            let Percentiles { p50, p95, p99, p999, .. } = of;
            format!("p50 {p50:.0}, p95 {p95:.0}, p99 {p99:.0}, p99.9 {p999:.0} {unit}")
        };
        vec![
            (
                "forwarded",
                format!(
                    "{} packets, {:.0} a second",
                    self.forwarded_packets, self.forwarded_packets_per_second
                ),
            ),
            ("forwarding latency", spread(&self.forward_latency_us, "us")),
            ("join", spread(&self.join_ms, "ms")),
            ("first frame", spread(&self.first_frame_ms, "ms")),
            ("joins", format!("{}, {:.0} a second", self.joined, self.joins_per_second)),
            ("SRTP", self.srtp_profiles.iter().copied().collect::<Vec<_>>().join(", ")),
            (
                "checked",
                format!(
                    "{} expected, {} lost, {} recovered, {} duplicate, {} reordered, {} wrong",
                    self.expected_packets,
                    self.lost_packets,
                    self.recovered_packets,
                    self.duplicate_packets,
                    self.reordered_packets,
                    self.wrong_payload_packets
                ),
            ),
            (
                "generator",
                format!(
                    "{:.0} % of a core in its busiest thread; {}",
                    self.generator_cpu_ratio * 100.0,
                    spread(&self.generator_late_us, "us late")
                ),
            ),
        ]
    }
}

impl Server {
    fn rows(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "server CPU per packet",
                format!(
                    "{:.2} us (user {:.2}, system {:.2})",
                    self.server_cpu_us_per_forwarded_packet,
                    self.server_user_cpu_us_per_forwarded_packet,
                    self.server_system_cpu_us_per_forwarded_packet
                ),
            ),
            (
                "rooms per core",
                format!(
                    "{:.0}, at {:.0} % of a core now",
                    self.rooms_per_core,
                    self.server_cpu_cores * 100.0
                ),
            ),
            (
                "server memory",
                format!(
                    "{} KiB, {:.0} KiB a participant",
                    self.rss_kib, self.rss_kib_per_participant
                ),
            ),
        ]
    }
}

fn server(measured: &Measured, shape: &Shape, forwarded: u64) -> Option<Server> {
    let (before, after) = measured.server?;
    let idle = measured.server_idle?;
    let per_packet = |time: Duration| time.as_secs_f64() * 1e6 / float(forwarded);
    let cpu = after.cpu.saturating_sub(before.cpu);
    let cores = cpu.as_secs_f64() / measured.wall.as_secs_f64();
    let grown = after.rss_kib.saturating_sub(idle.rss_kib);
    Some(Server {
        server_cpu_us_per_forwarded_packet: per_packet(cpu),
        server_user_cpu_us_per_forwarded_packet: per_packet(after.user - before.user),
        server_system_cpu_us_per_forwarded_packet: per_packet(after.system - before.system),
        server_cpu_cores: cores,
        rooms_per_core: float(shape.rooms as u64) / cores,
        rss_kib: after.rss_kib,
        rss_kib_per_participant: float(grown) / float(shape.participants as u64),
    })
}

fn total(outcomes: &[Outcome]) -> Counts {
    outcomes.iter().fold(Counts::default(), |sum, one| Counts {
        delivered: sum.delivered + one.counts.delivered,
        lost: sum.lost + one.counts.lost,
        recovered: sum.recovered + one.counts.recovered,
        reordered: sum.reordered + one.counts.reordered,
        wrong: sum.wrong + one.counts.wrong,
        switches: sum.switches + one.counts.switches,
    })
}

/// From the first who came to the last who was there.
fn join_rate(outcomes: &[Outcome], joined: u64) -> f64 {
    let spans = || outcomes.iter().filter_map(|outcome| outcome.join_span);
    let first = spans().map(|(came, _)| came).min();
    let last = spans().map(|(_, joined)| joined).max();
    let span = first.zip(last).map_or(0.0, |(first, last)| (last - first).as_secs_f64());
    if span > 0.0 { float(joined) / span } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
