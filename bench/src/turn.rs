//! What relaying costs: `bedside turn` beside Debian's coturn, over UDP and over TLS, in turn; and what the relay inside a
//! shard adds to a packet.
//!
//! ```text
//!   client ─► ChannelData ─► server ─► peer     bursts, as video comes; each flow has an allocation, a channel and a
//!   client ◄─ ChannelData ◄─ server ◄─ peer     peer of its own; only packets that arrive count
//! ```
//!
//! Owns: the servers that it starts. Never: judges speed; it fails only if packets do not arrive.

pub(crate) mod client;
mod local;
mod servers;

use std::{
    net::UdpSocket,
    path::PathBuf,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    clock, compare::launch::Folder, machine::Machine, server_process::ServerProcess, table,
};
use client::{Client, Transport};
use servers::{Kind, Relay};

/// Command line of `bench turn`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Flows, each with an allocation of its own.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=1000))]
    flows: u64,
    /// Bytes of a packet's payload.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(20..=1400))]
    bytes: u64,
    /// Packets that a flow sends at once, each way: a frame of video is some.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    burst: u64,
    /// Packets a second and flow, each way.
    #[arg(long, default_value_t = 800, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// Seconds to measure in each turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Turns of each contestant, besides a warm-up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Our server's program; by default `bedside` beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
    /// coturn's program.
    #[arg(long, default_value = "turnserver")]
    coturn: PathBuf,
    /// Over UDP, TLS, or both.
    #[arg(long, value_delimiter = ',', default_value = "udp,tls")]
    transports: Vec<Transport>,
    /// Only what the relay inside a shard adds.
    #[arg(long)]
    only_local: bool,
}

/// What arrived in a turn, and what it cost the server.
#[derive(Debug, Clone, Copy)]
struct Turn {
    sent: u64,
    arrived: u64,
    cpu: Duration,
}

impl Turn {
    fn us_per_packet(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.arrived.max(1) as f64
    }
}

/// At least this share of packets has to arrive, or the figures mean nothing.
const ARRIVED_MIN: f64 = 0.9;

/// Runs, prints, and answers what was wrong.
pub(crate) fn run(options: &Options) -> Result<Vec<String>> {
    println!("{}", Machine::detect().line());
    local::measure();
    if options.only_local {
        return Ok(Vec::new());
    }
    let stop = AtomicBool::new(false);
    let folder = Folder::new()?;
    let mut faults = Vec::new();
    for transport in &options.transports {
        let mut relays = Vec::new();
        for kind in [Kind::Bedside, Kind::Coturn] {
            let relay = Relay::start(kind, options, &folder, &stop)?;
            let flows = Flows::open(&relay, *transport, options)
                .with_context(|| format!("allocating at {}", kind.name()))?;
            relays.push((relay, flows, Vec::new()));
        }
        for round in 0..=options.rounds {
            for (relay, flows, turns) in &mut relays {
                let turn = flows.turn(relay.process, options)?;
                // The first is the warm-up.
                if round > 0 {
                    turns.push(turn);
                }
            }
        }
        let turns: Vec<&[Turn]> = relays.iter().map(|(_, _, turns)| &turns[..]).collect();
        report(*transport, options, [turns[0], turns[1]], &mut faults);
    }
    Ok(faults)
}

fn report(transport: Transport, options: &Options, turns: [&[Turn]; 2], faults: &mut Vec<String>) {
    let Options { flows, bytes, burst, rate, .. } = options;
    println!(
        "\nRelay over {transport:?}: {flows} flows, {bytes} bytes, bursts of {burst}, {rate} packets/s each way and flow"
    );
    let mut lines = vec![vec!["".into(), "µs/packet".into(), "arrived %".into(), "times".into()]];
    let ratios = turns[0].iter().zip(turns[1]).map(|(a, b)| a.us_per_packet() / b.us_per_packet());
    let ratios = [ratios.collect(), vec![1.0; turns[1].len()]];
    for ((kind, turns), ratios) in [Kind::Bedside, Kind::Coturn].into_iter().zip(turns).zip(ratios)
    {
        let (sent, arrived) = turns
            .iter()
            .fold((0, 0), |(sent, arrived), turn| (sent + turn.sent, arrived + turn.arrived));
        let share = arrived as f64 / sent.max(1) as f64;
        if share < ARRIVED_MIN {
            faults.push(format!("{} over {transport:?}: {arrived} of {sent} arrived", kind.name()));
        }
        let (low, middle, high) = spread(ratios);
        lines.push(vec![
            kind.name().into(),
            format!("{:.2}", spread(turns.iter().map(|turn| turn.us_per_packet()).collect()).1),
            format!("{:.1}", share * 100.0),
            format!("{middle:.2} ({low:.2} to {high:.2})"),
        ]);
    }
    table::grid(&lines);
}

/// The least, the median and the most.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

/// Clients with allocations, and their peers.
struct Flows(Vec<Flow>);

struct Flow {
    client: Client,
    peer: UdpSocket,
    relayed: std::net::SocketAddr,
}

impl Flows {
    fn open(relay: &Relay, transport: Transport, options: &Options) -> Result<Self> {
        let open = |number: u64| {
            let peer = UdpSocket::bind("127.0.0.1:0").context("opening a peer")?;
            peer.set_nonblocking(true)?;
            let mut client = Client::connect(relay, transport, &format!("flow-{number}"))?;
            let relayed = client.allocate()?;
            client.bind(peer.local_addr()?)?;
            client.set_nonblocking()?;
            Ok(Flow { client, peer, relayed })
        };
        (0..options.flows).map(open).collect::<Result<_>>().map(Self)
    }

    /// Sends for some seconds, counts what arrives, and reads what it cost.
    fn turn(&mut self, server: ServerProcess, options: &Options) -> Result<Turn> {
        self.drain();
        let interval = Duration::from_secs_f64(options.burst as f64 / options.rate as f64);
        // Flows send one after the other, not all at once.
        let step = interval / self.0.len() as u32;
        let payload = vec![7; options.bytes as usize];
        let before = server.usage()?.cpu;
        let begin = clock::now();
        let end = begin + Duration::from_secs(options.seconds);
        let (mut sent, mut arrived, mut due, mut next) = (0, 0, begin, 0);
        while clock::now() < end {
            let count = self.0.len();
            let flow = &mut self.0[next];
            next = (next + 1) % count;
            for _ in 0..options.burst {
                sent += u64::from(flow.client.send(&payload));
                sent += u64::from(flow.peer.send_to(&payload, flow.relayed).is_ok());
            }
            due += step;
            arrived += self.drain();
            let now: Instant = clock::now();
            if due > now {
                clock::sleep(due - now);
            } else if now - due > interval {
                // The machine was busy with something else: what was missed is not sent all at once.
                due = now;
            }
        }
        clock::sleep(Duration::from_millis(100));
        arrived += self.drain();
        let cpu = server.usage()?.cpu - before;
        ensure!(arrived > 0, "nothing arrives");
        Ok(Turn { sent, arrived, cpu })
    }

    fn drain(&mut self) -> u64 {
        let mut buffer = [0; 2048];
        let mut count = 0;
        for flow in &mut self.0 {
            while flow.peer.recv(&mut buffer).is_ok() {
                count += 1;
            }
            count += flow.client.drain(&mut buffer);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_between_the_least_and_the_most() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), (1.0, 2.0, 3.0));
    }

    #[test]
    fn cost_is_by_packets_that_arrived() {
        let turn = Turn { sent: 2000, arrived: 1000, cpu: Duration::from_millis(3) };
        assert!((turn.us_per_packet() - 3.0).abs() < 1e-9);
    }
}
