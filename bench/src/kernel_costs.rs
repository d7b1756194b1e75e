//! What the kernel takes for a packet, by the way it is sent and received: the figures behind docs/adr/0009.
//!
//! ```text
//!   core 0: sends or receives, and is measured   ◄──►   core 1: the other side, not measured
//! ```
//!
//! Everything is measured in turn, round after round, because a machine's speed drifts: compare ratios, which are taken
//! within a round. Loopback's delivery to the receiver's buffer happens in the sender's call and counts. Nothing is
//! encrypted, and nothing may be lost.

mod ports;
mod send;
mod wait;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::{
    kernel::{self, Receiving},
    machine::Machine,
    table,
};

/// Command line of `bench kernel`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Rounds; each measures everything once.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Packets of each measurement, at least.
    #[arg(long, default_value_t = 32_000, value_parser = clap::value_parser!(u64).range(1..))]
    packets: u64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    kind: &'static str,
    rounds: u32,
    packets: u64,
    /// Why io_uring could not be measured.
    io_uring_refused: Option<String>,
    figures: Vec<Figure>,
    machine: Machine,
}

/// One measure of one way, over all rounds.
#[derive(Serialize)]
struct Figure {
    section: &'static str,
    way: &'static str,
    measure: String,
    median: f64,
    lowest: f64,
    highest: f64,
    #[serde(skip)]
    samples: Vec<f64>,
}

/// Figures in the order of their first sample.
#[derive(Default)]
struct Figures(Vec<Figure>);

/// A client's buffers: a few frames, as a browser's. Each turn is read before the next begins.
const CLIENT: Receiving = Receiving { buffer_bytes: 256 * 1024, offload: false, timestamps: false };

/// Runs and prints.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    let machine = Machine::detect();
    let limit = kernel::raise_open_files(1024).context("raising the open files limit")?;
    anyhow::ensure!(limit >= 1024, "1024 files needed, but only {limit} may be open");
    // On a machine of one core both sides share it.
    let _ = kernel::pin(0);
    let mut sends = send::Sends::open()?;
    let mut figures = Figures::default();
    for _ in 0..options.rounds {
        for bytes in [1100, 130] {
            let mut first = None;
            for way in &send::WAYS {
                let Some(us) = sends.measure(way, bytes, options.packets)? else { continue };
                figures.add("send", way.name, format!("us, {bytes} B"), us);
                let ratio = us / *first.get_or_insert(us);
                figures.add("send", way.name, format!("ratio, {bytes} B"), ratio);
                figures.add("send", way.name, "messages a frame".to_owned(), way.messages());
            }
        }
        for way in wait::WAYS {
            for (measure, value) in wait::measure(way, 500)? {
                figures.add("wait", way.name(), measure.to_owned(), value);
            }
        }
        for way in ports::WAYS {
            for (measure, value) in ports::measure(way, options.packets)? {
                figures.add("ports", way.name(), measure.to_owned(), value);
            }
        }
    }
    figures.summarise();
    let Options { rounds, packets, .. } = *options;
    let io_uring_refused = sends.ring_refused();
    let figures = figures.0;
    print(
        &Report { kind: "kernel", rounds, packets, io_uring_refused, figures, machine },
        options.json,
    )?;
    Ok(Vec::new())
}

impl Figures {
    fn add(&mut self, section: &'static str, way: &'static str, measure: String, value: f64) {
        let known =
            |one: &&mut Figure| one.section == section && one.way == way && one.measure == measure;
        if let Some(figure) = self.0.iter_mut().find(known) {
            figure.samples.push(value);
            return;
        }
        let (median, lowest, highest) = (value, value, value);
        let samples = vec![value];
        self.0.push(Figure { section, way, measure, median, lowest, highest, samples });
    }

    fn summarise(&mut self) {
        for figure in &mut self.0 {
            figure.samples.sort_by(f64::total_cmp);
            let samples = &figure.samples;
            let middle = [(samples.len() - 1) / 2, samples.len() / 2];
            figure.median = middle.map(|at| samples[at]).iter().sum::<f64>() / 2.0;
            (figure.lowest, figure.highest) = (samples[0], samples[samples.len() - 1]);
        }
    }
}

/// Microseconds.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_packet(cpu: Duration, packets: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / packets as f64
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report).context("writing the report")?);
        return Ok(());
    }
    let rounds = format!("{} rounds of {} packets", report.rounds, report.packets);
    let mut rows = vec![("machine", report.machine.line()), ("medians of", rounds)];
    if let Some(error) = &report.io_uring_refused {
        rows.push(("io_uring", error.clone()));
    }
    table::print("bench kernel", &rows);
    for section in ["send", "wait", "ports"] {
        println!();
        table::grid(&lines(section, &report.figures));
    }
    Ok(())
}

/// A line for each way, a column for each measure: median and, in brackets, lowest and highest.
fn lines(section: &str, figures: &[Figure]) -> Vec<Vec<String>> {
    let mine = || figures.iter().filter(|figure| figure.section == section);
    let mut header = vec![section.to_owned()];
    let mut lines: Vec<Vec<String>> = Vec::new();
    for figure in mine() {
        if !header.contains(&figure.measure) {
            header.push(figure.measure.clone());
        }
        if !lines.iter().any(|line| line[0] == figure.way) {
            lines.push(vec![figure.way.to_owned()]);
        }
    }
    for line in &mut lines {
        for measure in &header[1..] {
            let figure = mine().find(|one| one.way == line[0] && one.measure == *measure);
            line.push(figure.map_or_else(
                String::new,
                |Figure { median, lowest, highest, .. }| {
                    format!("{median:.3} ({lowest:.3}-{highest:.3})")
                },
            ));
        }
    }
    lines.insert(0, header);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_of_its_rounds_and_stands_in_its_line_and_column() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 2.0] {
            figures.add("send", "a", "us".to_owned(), value);
            figures.add("send", "b", "ratio".to_owned(), value);
            figures.add("wait", "a", "us".to_owned(), 9.0);
        }
        figures.summarise();
        let cell = "2.000 (1.000-3.000)";
        let expected = [["send", "us", "ratio"], ["a", cell, ""], ["b", "", cell]];
        assert_eq!(lines("send", &figures.0), expected);
    }
}
