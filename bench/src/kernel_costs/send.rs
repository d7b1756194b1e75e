//! Ways to send: system call, socket, grouping.
//!
//! Every client gets the same number of packets in a turn; then, before the next, the other core reads them, as the
//! reader of `bench limit` does. The bytes sent lie in the cache, as if just sealed.

use std::{
    net::{SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};

use super::{CLIENT, per_packet};
use crate::{
    kernel::{self, Inbox, Message, Outbox, Piece, Ring},
    limit::ipv4,
};

/// A way to send.
pub(super) struct Way {
    pub(super) name: &'static str,
    call: Call,
    /// The packets that one client gets in a row: how many bytes longer than the shortest each is.
    frame: &'static [usize],
}

#[derive(PartialEq, Eq)]
enum Call {
    /// `sendto` for each packet.
    SendTo,
    /// A connected socket for each client, all on the server's port; `send`, or `sendmsg` for several segments.
    Connected,
    /// A system call for each message.
    One,
    /// `sendmmsg` of [`BATCH`] messages.
    Batch,
    /// io_uring, [`BATCH`] messages.
    Ring,
}

/// Destinations.
const CLIENTS: usize = 200;
/// Packets for each in a turn.
const PACKETS_EACH: usize = 8;
/// Messages of one call.
const BATCH: usize = 32;

/// The first is what the ratios refer to.
pub(super) const WAYS: [Way; 18] = [
    Way { name: "sendto", call: Call::SendTo, frame: &[0] },
    Way { name: "send, connected", call: Call::Connected, frame: &[0] },
    Way { name: "sendmmsg of 32", call: Call::Batch, frame: &[0] },
    Way { name: "io_uring, 32", call: Call::Ring, frame: &[0] },
    Way { name: "GSO x2", call: Call::One, frame: &[0; 2] },
    Way { name: "GSO x4", call: Call::One, frame: &[0; 4] },
    Way { name: "GSO x8", call: Call::One, frame: &[0; 8] },
    Way { name: "GSO x4, connected", call: Call::Connected, frame: &[0; 4] },
    Way { name: "sendmmsg of 32 GSO x2", call: Call::Batch, frame: &[0; 2] },
    Way { name: "sendmmsg of 32 GSO x4", call: Call::Batch, frame: &[0; 4] },
    Way { name: "sendmmsg of 32 GSO x8", call: Call::Batch, frame: &[0; 8] },
    Way { name: "io_uring, 32 GSO x2", call: Call::Ring, frame: &[0; 2] },
    Way { name: "io_uring, 32 GSO x4", call: Call::Ring, frame: &[0; 4] },
    Way { name: "frame n n n n+1", call: Call::Batch, frame: &[0, 0, 0, 1] },
    Way { name: "frame n n n+1 n+1", call: Call::Batch, frame: &[0, 0, 1, 1] },
    Way { name: "frame n n+1 n+1 n+1", call: Call::Batch, frame: &[0, 1, 1, 1] },
    Way { name: "frame n+1 n+1 n n", call: Call::Batch, frame: &[1, 1, 0, 0] },
    Way { name: "frame levelled", call: Call::Batch, frame: &[1; 4] },
];

impl Way {
    /// Messages that a frame takes.
    #[expect(clippy::cast_precision_loss, reason = "at most eight")]
    pub(super) fn messages(&self) -> f64 {
        groups(self.frame).len() as f64
    }
}

/// Sockets and buffers of all ways, and the thread that reads.
pub(super) struct Sends {
    socket: UdpSocket,
    connected: Vec<UdpSocket>,
    clients: Vec<SocketAddrV4>,
    outbox: Outbox,
    ring: std::io::Result<Ring>,
    /// Packets that the reader shall wait for.
    sent: Sender<u64>,
    /// Packets that it read.
    read: Receiver<u64>,
}

impl Sends {
    pub(super) fn open() -> Result<Self> {
        let own = ([127, 0, 0, 1], 0).into();
        let socket = kernel::open_shared(own, CLIENT).context("opening the server's socket")?;
        let receivers = (0..CLIENTS).map(|_| kernel::open(own, CLIENT));
        let receivers: Vec<_> = receivers.collect::<Result<_, _>>().context("opening clients")?;
        let clients: Vec<_> = receivers.iter().map(ipv4).collect::<Result<_>>()?;
        let mut connected = Vec::new();
        for client in &clients {
            let socket = kernel::open_shared(socket.local_addr()?, CLIENT)?;
            socket.connect(client).context("connecting to a client")?;
            connected.push(socket);
        }
        let ((sent, requests), (answers, read)) = (channel(), channel());
        thread::spawn(move || drain(&receivers, &requests, &answers));
        let ring = Ring::new(&socket);
        let outbox = Outbox::new(PACKETS_EACH, 1500);
        Ok(Self { socket, connected, clients, outbox, ring, sent, read })
    }

    /// Why there is no ring.
    pub(super) fn ring_refused(&self) -> Option<String> {
        self.ring.as_ref().err().map(ToString::to_string)
    }

    /// CPU microseconds for each packet; `None` for a ring where there is none.
    pub(super) fn measure(&mut self, way: &Way, bytes: usize, packets: u64) -> Result<Option<f64>> {
        if way.call == Call::Ring && self.ring.is_err() {
            return Ok(None);
        }
        let lens: Vec<_> = way.frame.iter().map(|extra| bytes + extra).collect();
        let pieces: Vec<_> =
            lens.iter().enumerate().map(|(slot, len)| Piece { slot, len: *len }).collect();
        let groups = groups(&lens);
        let mut messages = Vec::new();
        for to in &self.clients {
            let to = (way.call != Call::Connected).then_some(*to);
            messages.extend(groups.iter().map(|(first, count)| Message {
                to,
                first: *first,
                count: *count,
            }));
        }
        let turn = (CLIENTS * PACKETS_EACH) as u64;
        let (mut cpu, mut done) = (Duration::ZERO, 0);
        while done < packets {
            let mut sent = 0;
            let before = kernel::thread_cpu();
            for _ in 0..PACKETS_EACH / lens.len() {
                sent += self.send(&way.call, &pieces, &messages)?;
            }
            cpu += kernel::thread_cpu() - before;
            ensure!(sent == turn, "{}: the kernel refused {} packets", way.name, turn - sent);
            self.sent.send(turn).context("the reader is gone")?;
            let read = self.read.recv().context("the reader failed")?;
            ensure!(read == turn, "{}: {read} packets of {turn} arrived", way.name);
            done += turn;
        }
        Ok(Some(per_packet(cpu, done)))
    }

    /// One frame to everybody; how many packets the kernel took.
    fn send(&mut self, call: &Call, pieces: &[Piece], messages: &[Message]) -> Result<u64> {
        let len = pieces[0].len;
        let mut sent = 0;
        match call {
            Call::SendTo => {
                for to in &self.clients {
                    let packet = &self.outbox.slot(0)[..len];
                    sent += u64::from(self.socket.send_to(packet, to)? == len);
                }
            }
            Call::Connected if pieces.len() == 1 => {
                for socket in &self.connected {
                    sent += u64::from(socket.send(&self.outbox.slot(0)[..len])? == len);
                }
            }
            Call::Connected => {
                for (socket, message) in self.connected.iter().zip(messages.chunks(1)) {
                    sent += self.outbox.send(socket, pieces, message).datagrams;
                }
            }
            Call::One | Call::Batch => {
                for batch in messages.chunks(if *call == Call::One { 1 } else { BATCH }) {
                    sent += self.outbox.send(&self.socket, pieces, batch).datagrams;
                }
            }
            Call::Ring => {
                let Ok(ring) = &mut self.ring else { bail!("no io_uring here") };
                for batch in messages.chunks(BATCH) {
                    sent += self.outbox.send_by_ring(ring, pieces, batch).datagrams;
                }
            }
        }
        Ok(sent)
    }
}

/// First packet and number of each message, grouped as the server does: all but the last of a group are of one length, the
/// last is not longer.
fn groups(lens: &[usize]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (index, len) in lens.iter().enumerate() {
        match groups.last_mut() {
            Some((first, count)) if lens[index - 1] == lens[*first] && *len <= lens[*first] => {
                *count += 1;
            }
            _ => groups.push((index, 1)),
        }
    }
    groups
}

/// Reads what each turn sent, until nobody asks any more.
fn drain(clients: &[UdpSocket], requests: &Receiver<u64>, answers: &Sender<u64>) -> Result<()> {
    let _ = kernel::pin(1);
    let mut poll = Poll::new()?;
    for (index, client) in clients.iter().enumerate() {
        let fd = client.as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), Token(index), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(CLIENTS);
    let mut inbox = Inbox::new(16, 2048);
    for expected in requests {
        let mut read = 0;
        // Loopback delivers within the send call; the bound only ends a failing run.
        for _ in 0..1000 {
            poll.poll(&mut events, Some(Duration::ZERO))?;
            for event in &events {
                loop {
                    let count = inbox.receive(&clients[event.token().0])?;
                    read += count as u64;
                    if count < inbox.capacity() {
                        break;
                    }
                }
            }
            if read >= expected {
                break;
            }
            thread::yield_now();
        }
        answers.send(read)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_grouped_as_the_server_groups_it() {
        let cases: [(&[usize], &[usize]); 5] = [
            (&[9, 9, 9, 9], &[4]),
            (&[8, 8, 9, 9], &[2, 2]),
            (&[8, 9, 9, 9], &[1, 3]),
            (&[9, 9, 8, 8], &[3, 1]),
            (&[9], &[1]),
        ];
        for (lens, expected) in cases {
            let groups = groups(lens);
            let counts: Vec<_> = groups.iter().map(|(_, count)| *count).collect();
            assert_eq!(counts, expected, "{lens:?}");
            assert!(groups.is_sorted());
        }
    }

    #[test]
    fn every_way_delivers_every_packet() {
        let mut sends = Sends::open().unwrap();
        for way in &WAYS {
            sends.measure(way, 130, 1).unwrap();
        }
    }
}
