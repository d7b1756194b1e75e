//! The loop itself. One thread, one socket; nothing that forwarding can do without.

use std::{
    collections::HashMap,
    net::{SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};

use super::{
    Options, Window,
    participants::{Publisher, Receiver, Subscription},
    seal::{Head, VIDEO, extend},
};
use crate::{
    clock,
    kernel::{self, Inbox, MESSAGE_BYTES_MAX, Message, Outbox, Piece, SEGMENTS_MAX},
};

/// Slots of one batch: a few frames in a room of 100.
const SLOTS: usize = 4096;
/// Bytes of a slot.
const SLOT_BYTES: usize = 1500;
/// Messages of one receive call.
const RECEIVE_MESSAGES: usize = 32;
/// Bytes for each: the most that receive offload makes of one, and not a power of two, so that the fronts of all of them
/// do not compete for the same places of the caches.
const RECEIVE_BYTES: usize = 65_536 + 1280;
/// Full batches after which the loop sends.
const BATCHES_PER_FLUSH: usize = 4;

/// What the loop did while measuring.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    pub(super) user_system: (Duration, Duration),
    pub(super) received: u64,
    pub(super) wake_ups: u64,
    pub(super) calls: u64,
    pub(super) messages: u64,
    pub(super) datagrams: u64,
    /// Of the whole run: must stay 0.
    pub(super) errors: u64,
    /// Of the whole run: must stay 0.
    pub(super) refused: u64,
}

/// Forwards until told to stop.
pub(super) fn run(
    server: &UdpSocket,
    publishers: &[Publisher],
    receivers: &[Receiver],
    subscriptions: &[Subscription],
    options: &Options,
    window: Window,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let mut poll = Poll::new().context("preparing to wait for the socket")?;
    poll.registry()
        .register(&mut SourceFd(&server.as_raw_fd()), Token(0), Interest::READABLE)
        .context("waiting for the socket")?;
    let mut events = Events::with_capacity(1);
    let mut inbox = Inbox::new(RECEIVE_MESSAGES, RECEIVE_BYTES);
    let mut forwarder = Forwarder::new(server, publishers, receivers, subscriptions, options);
    let hold = Duration::from_micros(options.hold_us);
    let (mut before, mut measured) = (None, None);
    while !stop.load(Ordering::Relaxed) {
        let waited = poll.poll(&mut events, Some(Duration::from_millis(50)));
        if let Err(error) = waited
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error).context("waiting for the socket");
        }
        forwarder.done.wake_ups += 1;
        let now = clock::now();
        if now >= window.begin {
            before.get_or_insert_with(|| (now, measure(&forwarder.done)));
        }
        if now >= window.end && measured.is_none() {
            let (begun, before) = before.unwrap_or((now, forwarder.done));
            measured = Some(between(before, measure(&forwarder.done), now - begun));
        }
        if !hold.is_zero() && !events.is_empty() {
            clock::sleep(hold);
        }
        for batch in 1_usize.. {
            let count = inbox.receive(server).context("reading the socket")?;
            for datagram in inbox.datagrams(count) {
                if let Some(source) = datagram.source {
                    forwarder.forward(source, datagram.bytes);
                }
            }
            if count < inbox.capacity() {
                break;
            }
            // With a backlog nobody waits longer than for a few batches.
            if batch.is_multiple_of(BATCHES_PER_FLUSH) {
                forwarder.flush();
            }
        }
        forwarder.flush();
    }
    let mut measured = measured.context("the run ended before it was measured")?;
    (measured.errors, measured.refused) = (forwarder.done.errors, forwarder.done.refused);
    Ok(measured)
}

fn measure(done: &Outcome) -> Outcome {
    Outcome { cpu: kernel::thread_cpu(), user_system: kernel::thread_user_system(), ..*done }
}

fn between(before: Outcome, after: Outcome, wall: Duration) -> Outcome {
    Outcome {
        wall,
        cpu: after.cpu - before.cpu,
        user_system: (
            after.user_system.0 - before.user_system.0,
            after.user_system.1 - before.user_system.1,
        ),
        received: after.received - before.received,
        wake_ups: after.wake_ups - before.wake_ups,
        calls: after.calls - before.calls,
        messages: after.messages - before.messages,
        datagrams: after.datagrams - before.datagrams,
        errors: 0,
        refused: 0,
    }
}

struct Forwarder<'a> {
    server: &'a UdpSocket,
    publishers: &'a [Publisher],
    receivers: &'a [Receiver],
    subscriptions: &'a [Subscription],
    by_address: HashMap<SocketAddrV4, usize, foldhash::fast::RandomState>,
    /// Next expected number of each publisher's streams.
    arrived: Vec<[u64; 2]>,
    /// Next number of each subscription's streams.
    next: Vec<[u64; 2]>,
    outbox: Outbox,
    used: usize,
    /// What waits for each receiver.
    waiting: Vec<Vec<Piece>>,
    /// Receivers for whom something waits.
    touched: Vec<usize>,
    pieces: Vec<Piece>,
    messages: Vec<Message>,
    segments_max: usize,
    done: Outcome,
}

impl<'a> Forwarder<'a> {
    fn new(
        server: &'a UdpSocket,
        publishers: &'a [Publisher],
        receivers: &'a [Receiver],
        subscriptions: &'a [Subscription],
        options: &Options,
    ) -> Self {
        let addresses = publishers.iter().enumerate();
        Self {
            server,
            publishers,
            receivers,
            subscriptions,
            by_address: addresses.map(|(index, publisher)| (publisher.address, index)).collect(),
            arrived: vec![[0; 2]; publishers.len()],
            next: vec![[0; 2]; subscriptions.len()],
            outbox: Outbox::new(SLOTS, SLOT_BYTES),
            used: 0,
            waiting: vec![Vec::with_capacity(SEGMENTS_MAX); receivers.len()],
            touched: Vec::with_capacity(receivers.len()),
            pieces: Vec::with_capacity(SLOTS),
            messages: Vec::with_capacity(SLOTS),
            segments_max: if options.no_gso { 1 } else { SEGMENTS_MAX },
            done: Outcome::default(),
        }
    }

    fn forward(&mut self, source: SocketAddrV4, packet: &mut [u8]) {
        // Nobody's: a port may have had another owner, to whom somebody still sends.
        let Some(publisher) = self.by_address.get(&source) else { return };
        self.done.received += 1;
        if self.try_forward(*publisher, packet).is_none() {
            self.done.refused += 1;
        }
    }

    fn try_forward(&mut self, index: usize, packet: &mut [u8]) -> Option<()> {
        let publisher = &self.publishers[index];
        let head = Head::read(packet)?;
        let stream = usize::from(head.pt == VIDEO);
        let arrived = &mut self.arrived[index][stream];
        let number = extend(head.seq, *arrived);
        let payload = publisher.seal.open(packet, head.ssrc, number)?;
        *arrived = number + 1;
        if self.outbox.slots() - self.used < publisher.subscriptions {
            self.flush();
        }
        let first = publisher.first_subscription;
        for at in first..first + publisher.subscriptions {
            let to = self.subscriptions[at].receiver;
            let next = &mut self.next[at][stream];
            let ssrc = (at * 2 + stream) as u32;
            let out = self.outbox.slot(self.used);
            Head { seq: *next as u16, ssrc, ..head }.write(out);
            let len = self.receivers[to].seal.seal_scatter(out, payload, ssrc, *next);
            *next += 1;
            let waiting = &mut self.waiting[to];
            if waiting.is_empty() {
                self.touched.push(to);
            }
            waiting.push(Piece { slot: self.used, len });
            self.used += 1;
        }
        Some(())
    }

    /// Sends what waits, receiver by receiver.
    fn flush(&mut self) {
        for receiver in self.touched.drain(..) {
            let to = Some(self.receivers[receiver].address);
            let mut message = Message { to, first: self.pieces.len(), count: 0 };
            let (mut segment, mut bytes) = (0, 0);
            for piece in self.waiting[receiver].drain(..) {
                let fits = message.count < self.segments_max
                    && bytes == message.count * segment
                    && piece.len <= segment
                    && bytes + piece.len <= MESSAGE_BYTES_MAX;
                if message.count > 0 && !fits {
                    self.messages.push(message);
                    message = Message { to, first: self.pieces.len(), count: 0 };
                    bytes = 0;
                }
                if message.count == 0 {
                    segment = piece.len;
                }
                message.count += 1;
                bytes += piece.len;
                self.pieces.push(piece);
            }
            self.messages.push(message);
        }
        let sent = self.outbox.send(self.server, &self.pieces, &self.messages);
        self.done.calls += sent.calls;
        self.done.messages += sent.messages;
        self.done.datagrams += sent.datagrams;
        self.done.errors += sent.errors;
        self.pieces.clear();
        self.messages.clear();
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_while_measuring_is_counted() {
        let before = Outcome { datagrams: 5, wake_ups: 2, ..Outcome::default() };
        let after = Outcome { datagrams: 25, wake_ups: 4, errors: 1, ..Outcome::default() };
        let measured = between(before, after, Duration::from_secs(1));
        assert_eq!((measured.datagrams, measured.wake_ups), (20, 2));
    }
}
