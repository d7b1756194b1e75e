//! What the rounds came to: medians, ranges, and ratios between contestants of the same round.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{
    Options,
    contestant::{Contestant, Figures, Kind},
};
use crate::{machine::Machine, table};

/// A contestant's rounds.
pub(super) struct Record {
    name: String,
    kind: Kind,
    about: String,
    warm_up: Option<Result<Figures, String>>,
    rounds: Vec<Result<Figures, String>>,
}

/// A distribution of few values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

/// A comparison.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    kind: &'static str,
    scenario: String,
    rooms: usize,
    seconds: u64,
    rounds: u32,
    contestants: Vec<Line>,
    notes: Vec<String>,
    machine: Machine,
}

/// What is said of a contestant.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    kind: Kind,
    about: String,
    cpu_us_per_forwarded_packet: Option<Spread>,
    rooms_per_core: Option<Spread>,
    forward_latency_us: Option<LatencySpread>,
    /// Of the warm-up: only then was the server new.
    rss_kib_per_participant: Option<f64>,
    /// All rounds together, warm-up included.
    lost_packets: u64,
    duplicate_packets: u64,
    reordered_packets: u64,
    wrong_payload_packets: u64,
    srtp_profiles: Vec<String>,
    /// How many times dearer than the bare loop a forwarded packet is.
    cpu_ratio_to_limit: Option<Spread>,
    /// And than ours.
    cpu_ratio_to_ours: Option<Spread>,
    /// What relaying adds to a forwarded packet, on its way in and on its way out together.
    cpu_us_added_by_relay: Option<Spread>,
    faults: Vec<String>,
    warnings: Vec<String>,
    /// As they were, without the warm-up.
    figures: Vec<Option<Figures>>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct LatencySpread {
    p50: Spread,
    p99: Spread,
}

impl Record {
    /// Nothing yet.
    pub(super) fn new(contestant: &Contestant) -> Self {
        let Contestant { name, kind, about, .. } = contestant;
        let (name, about) = (name.clone(), about.clone());
        Self { name, kind: *kind, about, warm_up: None, rounds: Vec::new() }
    }

    /// Takes a turn's figures; round 0 is the warm-up.
    pub(super) fn add(&mut self, round: u32, figures: Result<Figures, String>) {
        match round {
            0 => self.warm_up = Some(figures),
            _ => self.rounds.push(figures),
        }
    }

    fn spread(&self, of: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.rounds.iter().flatten().filter_map(of))
    }

    /// All turns, with what they are called.
    fn turns(&self) -> impl Iterator<Item = (String, &Result<Figures, String>)> {
        let warm_up = self.warm_up.iter().map(|turn| ("warm-up".to_owned(), turn));
        let rounds = self.rounds.iter().zip(1..);
        warm_up.chain(rounds.map(|(turn, round): (_, u32)| (format!("round {round}"), turn)))
    }

    fn faults(&self) -> Vec<String> {
        let one = |(turn, figures): (String, &Result<Figures, String>)| {
            let faults = match figures {
                Ok(figures) => figures.faults.clone(),
                Err(why) => vec![why.clone()],
            };
            faults.into_iter().map(move |fault| format!("{turn}: {fault}"))
        };
        self.turns().flat_map(one).collect()
    }

    fn line(&self, limit: Option<&Self>, ours: Option<&Self>) -> Line {
        let sum = |of: fn(&Figures) -> u64| {
            self.turns().filter_map(|(_, turn)| turn.as_ref().ok()).map(of).sum::<u64>()
        };
        let latency = |of: fn(&Figures) -> Option<f64>| {
            // Of nothing there is no latency.
            self.spread(|one| of(one).filter(|_| one.forwarded_packets > 0))
        };
        let p50 = latency(|one| Some(one.forward_latency_us?.p50));
        let p99 = latency(|one| Some(one.forward_latency_us?.p99));
        let measured = || self.rounds.iter().flatten();
        let mut srtp_profiles: Vec<_> =
            measured().flat_map(|one| one.srtp_profiles.clone()).collect();
        srtp_profiles.sort_unstable();
        srtp_profiles.dedup();
        let mut warnings: Vec<_> = measured().flat_map(|one| one.warnings.clone()).collect();
        if srtp_profiles.iter().any(|profile| !profile.starts_with("AEAD")) {
            warnings.push("without AEAD it pays more for each packet than the others".to_owned());
        }
        let busy = self.spread(|one| one.server_cpu_cores).filter(|busy| busy.max > CORES_MAX);
        warnings.extend(busy.map(|busy| {
            let percent = busy.max * 100.0;
            format!("it used {percent:.0} % of a core: latency and loss are those of overload")
        }));
        let first = self.warm_up.as_ref().and_then(|turn| turn.as_ref().ok());
        Line {
            name: self.name.clone(),
            kind: self.kind,
            about: self.about.clone(),
            cpu_us_per_forwarded_packet: self.spread(|one| one.cpu_us),
            rooms_per_core: self.spread(|one| one.rooms_per_core),
            forward_latency_us: p50.zip(p99).map(|(p50, p99)| LatencySpread { p50, p99 }),
            rss_kib_per_participant: first.and_then(|one| one.rss_kib_per_participant),
            lost_packets: sum(|one| one.lost_packets),
            duplicate_packets: sum(|one| one.duplicate_packets),
            reordered_packets: sum(|one| one.reordered_packets),
            wrong_payload_packets: sum(|one| one.wrong_payload_packets),
            srtp_profiles,
            cpu_ratio_to_limit: limit.and_then(|limit| self.ratio_to(limit)),
            cpu_ratio_to_ours: ours.and_then(|ours| self.ratio_to(ours)),
            cpu_us_added_by_relay: ours
                .filter(|_| self.kind == Kind::Relayed)
                .and_then(|ours| self.against(ours, |mine, theirs| mine - theirs)),
            faults: self.faults(),
            warnings,
            figures: self.rounds.iter().map(|turn| turn.as_ref().ok().cloned()).collect(),
        }
    }

    /// Round by round, so that what the machine did meanwhile hits both.
    fn ratio_to(&self, other: &Self) -> Option<Spread> {
        self.against(other, |mine, theirs| mine / theirs)
    }

    fn against(&self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Option<Spread> {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Spread::of(pairs.filter_map(|(mine, theirs)| {
            let (mine, theirs) = (mine.as_ref().ok()?.cpu_us?, theirs.as_ref().ok()?.cpu_us?);
            (theirs > 0.0).then(|| of(mine, theirs))
        }))
    }
}

impl Spread {
    /// `None` of no values.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }

    fn show(&self, digits: usize) -> String {
        let Self { median, min, max } = self;
        format!("{median:.digits$} ({min:.digits$}..{max:.digits$})")
    }
}

impl Summary {
    /// Adds up.
    pub(super) fn new(
        options: &Options,
        rooms: usize,
        machine: Machine,
        notes: Vec<String>,
        records: &[Record],
    ) -> Self {
        let of_kind = |kind| records.iter().find(|record| record.kind == kind);
        let (limit, ours) = (of_kind(Kind::Limit), of_kind(Kind::Ours));
        let contestants = records.iter().map(|record| record.line(limit, ours)).collect();
        Self {
            kind: "compare",
            scenario: options.scenario.clone(),
            rooms,
            seconds: options.seconds,
            rounds: options.rounds,
            contestants,
            notes,
            machine,
        }
    }

    /// What makes the comparison fail: a peer's faults do not.
    pub(super) fn faults(&self) -> Vec<String> {
        let own = self.contestants.iter().filter(|line| line.kind != Kind::Peer);
        own.flat_map(|line| line.faults.iter().map(|fault| format!("{}, {fault}", line.name)))
            .collect()
    }

    /// Prints it.
    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self).context("writing the result")?);
            return Ok(());
        }
        let Self { scenario, rooms, seconds, rounds, .. } = self;
        let title =
            format!("bench compare {scenario}: {rooms} rooms, {rounds} rounds of {seconds} s");
        let mut rows =
            vec![("machine", self.machine.line()), ("command", self.machine.command.clone())];
        rows.extend(self.notes.iter().map(|note| ("note", note.clone())));
        table::print(&title, &rows);
        println!("\nMedian (lowest..highest) of the rounds; CPU in us for each forwarded packet:");
        let header = HEADER.map(str::to_owned).to_vec();
        let lines = self.contestants.iter().map(Line::cells);
        table::grid(&std::iter::once(header).chain(lines).collect::<Vec<_>>());
        println!();
        for line in &self.contestants {
            println!("  {}: {}", line.name, line.remarks());
            line.faults.iter().for_each(|fault| println!("    FAULT {fault}"));
            line.warnings.iter().for_each(|warning| println!("    WARNING {warning}"));
        }
        Ok(())
    }
}

/// Above this much of a core a server with one thread for media waits for itself.
const CORES_MAX: f64 = 0.8;

const HEADER: [&str; 8] =
    ["", "CPU", "times limit", "times ours", "rooms per core", "latency p50 us", "p99 us", "lost"];

impl Line {
    fn cells(&self) -> Vec<String> {
        let show = |spread: Option<Spread>, digits| {
            spread.map_or_else(|| "-".to_owned(), |spread| spread.show(digits))
        };
        let p50 = self.forward_latency_us.map(|latency| latency.p50);
        let p99 = self.forward_latency_us.map(|latency| latency.p99);
        vec![
            self.name.clone(),
            show(self.cpu_us_per_forwarded_packet, 2),
            show(self.cpu_ratio_to_limit.filter(|_| self.kind != Kind::Limit), 2),
            show(self.cpu_ratio_to_ours.filter(|_| self.kind != Kind::Ours), 2),
            show(self.rooms_per_core, 0),
            show(p50, 0),
            show(p99, 0),
            self.lost_packets.to_string(),
        ]
    }

    fn remarks(&self) -> String {
        let mut remarks = vec![self.about.clone()];
        if !self.srtp_profiles.is_empty() {
            remarks.push(self.srtp_profiles.join(" and "));
        }
        remarks
            .extend(self.rss_kib_per_participant.map(|kib| format!("{kib:.0} KiB a participant")));
        let added = self.cpu_us_added_by_relay;
        remarks.extend(added.map(|us| format!("relaying adds {} us a packet", us.show(2))));
        remarks.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: Kind, costs: &[f64]) -> Record {
        let figures = |cpu_us: &f64| Ok(Figures { cpu_us: Some(*cpu_us), ..Figures::default() });
        let rounds = costs.iter().map(figures).collect();
        Record { name: format!("{kind:?}"), kind, about: String::new(), warm_up: None, rounds }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was half as fast in the second round.
        let (limit, ours) = (record(Kind::Limit, &[2.0, 4.0]), record(Kind::Ours, &[3.0, 6.0]));
        let ratio = ours.ratio_to(&limit).unwrap();
        assert_eq!((ratio.min, ratio.max), (1.5, 1.5));
    }

    #[test]
    fn what_relaying_adds_is_a_difference_within_a_round() {
        let (ours, relayed) = (record(Kind::Ours, &[3.0, 6.0]), record(Kind::Relayed, &[3.5, 6.5]));
        let line = relayed.line(None, Some(&ours));
        let half = Spread { median: 0.5, min: 0.5, max: 0.5 };
        assert_eq!(line.cpu_us_added_by_relay, Some(half));
        assert_eq!(ours.line(None, Some(&ours)).cpu_us_added_by_relay, None);
    }

    #[test]
    fn a_round_without_figures_is_left_out_of_ratios_and_is_a_fault() {
        let limit = record(Kind::Limit, &[2.0, 2.0]);
        let mut peer = record(Kind::Peer, &[8.0]);
        peer.rounds.insert(0, Err("it crashed".to_owned()));
        let line = peer.line(Some(&limit), None);
        assert_eq!(line.cpu_ratio_to_limit, Some(Spread { median: 4.0, min: 4.0, max: 4.0 }));
        assert_eq!(line.faults, ["round 1: it crashed"]);
    }

    #[test]
    fn a_server_that_needed_most_of_a_core_is_pointed_out() {
        let mut peer = record(Kind::Peer, &[8.0]);
        peer.rounds[0].as_mut().unwrap().server_cpu_cores = Some(0.7);
        assert!(peer.line(None, None).warnings.is_empty());
        peer.rounds[0].as_mut().unwrap().server_cpu_cores = Some(0.9);
        assert!(peer.line(None, None).warnings[0].contains("90 % of a core"));
    }

    #[test]
    fn a_profile_without_aead_is_pointed_out() {
        let mut peer = record(Kind::Peer, &[8.0]);
        let figures = peer.rounds[0].as_mut().unwrap();
        figures.srtp_profiles = vec!["AES128_CM_HMAC_SHA1_80".to_owned()];
        assert!(peer.line(None, None).warnings[0].contains("AEAD"));
    }
}
