//! Ways to wait for packets: asleep in epoll, looking by the clock, spinning.
//!
//! A light load: a frame of four packets every millisecond. Latency is from the kernel's timestamp to the return of the
//! receiving call.

use std::{net::UdpSocket, os::fd::AsRawFd, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};

use super::{CLIENT, per_packet};
use crate::{
    clock,
    histogram::Histogram,
    kernel::{self, Inbox, Receiving},
};

#[derive(Clone, Copy)]
pub(super) enum Way {
    Epoll,
    Nap,
    Spin,
}

pub(super) const WAYS: [Way; 3] = [Way::Epoll, Way::Nap, Way::Spin];

const FRAME: usize = 4;
const INTERVAL: Duration = Duration::from_millis(1);
/// As the server naps under load.
const NAP: Duration = Duration::from_micros(500);

impl Way {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            Self::Nap => "nap of 500 us",
            Self::Spin => "spin",
        }
    }
}

/// CPU and latency.
pub(super) fn measure(way: Way, frames: usize) -> Result<[(&'static str, f64); 4]> {
    let receiving = Receiving { timestamps: true, ..CLIENT };
    let socket = kernel::open(([127, 0, 0, 1], 0).into(), receiving)?;
    let from = kernel::open(([127, 0, 0, 1], 0).into(), CLIENT)?;
    from.connect(socket.local_addr()?).context("connecting")?;
    let sender = thread::spawn(move || send(&from, frames));
    let mut poll = Poll::new()?;
    let fd = socket.as_raw_fd();
    poll.registry().register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
    let mut events = Events::with_capacity(1);
    let mut inbox = Inbox::new(32, 2048);
    let mut latency = Histogram::default();
    let (began, cpu_before) = (clock::now(), kernel::thread_cpu());
    let mut count = 0;
    while count < FRAME * frames {
        match way {
            Way::Epoll => poll.poll(&mut events, Some(INTERVAL * 10))?,
            Way::Nap => clock::sleep(NAP),
            Way::Spin => std::hint::spin_loop(),
        }
        let received = inbox.receive(&socket)?;
        count += received;
        let now = kernel::wall_clock();
        for taken_at in inbox.datagrams(received).filter_map(|datagram| datagram.taken_at) {
            latency.record(now.saturating_sub(taken_at));
        }
        ensure!(began.elapsed() < INTERVAL * 20 * frames as u32, "packets were lost");
    }
    let (cpu, wall) = (kernel::thread_cpu() - cpu_before, began.elapsed());
    sender.join().expect("the sender does not panic").context("sending frames")?;
    let latency = latency.percentiles(Duration::from_micros(1));
    let us = per_packet(cpu, count as u64);
    let share = cpu.as_secs_f64() / wall.as_secs_f64();
    Ok([
        ("us a packet", us),
        ("of a core", share),
        ("p50 us", latency.p50),
        ("p99 us", latency.p99),
    ])
}

fn send(socket: &UdpSocket, frames: usize) -> std::io::Result<()> {
    let _ = kernel::pin(1);
    for _ in 0..frames {
        clock::sleep(INTERVAL);
        for _ in 0..FRAME {
            socket.send(&[0; 1100])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_shows_as_latency_and_spinning_as_load() {
        let [nap, spin] = [Way::Nap, Way::Spin].map(|way| measure(way, 50).unwrap());
        assert!(nap[2].1 > 50.0, "{nap:?}");
        assert!(spin[1].1 > 2.0 * nap[1].1, "{spin:?} {nap:?}");
    }
}
