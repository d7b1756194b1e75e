//! Reads what the receivers get: checks every number, opens a sample.

use std::{
    os::fd::AsRawFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};

use super::{
    Window,
    participants::{Receiver, Subscription},
    seal::{Head, extend, read_payload},
};
use crate::{
    clock,
    kernel::{self, Inbox},
    load::SWEEP,
};

/// Every so many packets one is opened and compared.
const SAMPLE: u64 = 64;

/// What arrived in the whole run.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) packets: u64,
    pub(super) duplicates: u64,
    pub(super) reordered: u64,
    pub(super) checked: u64,
    pub(super) wrong: u64,
    /// CPU time while measuring.
    pub(super) cpu: Duration,
}

/// Reads until told to stop.
pub(super) fn run(
    receivers: &[Receiver],
    subscriptions: &[Subscription],
    window: Window,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let mut poll = Poll::new().context("preparing to wait for sockets")?;
    for (index, receiver) in receivers.iter().enumerate() {
        poll.registry()
            .register(&mut SourceFd(&receiver.socket.as_raw_fd()), Token(index), Interest::READABLE)
            .context("waiting for a socket")?;
    }
    let mut events = Events::with_capacity(256);
    let mut inbox = Inbox::new(16, 65_536);
    let mut outcome = Outcome::default();
    // The next number of each stream; two streams a subscription.
    let mut next = vec![0_u64; subscriptions.len() * 2];
    let (mut cpu_before, mut cpu_after) = (None, None);
    while !stop.load(Ordering::Relaxed) {
        // As the clients of a load read: see there why not asleep in the kernel.
        clock::sleep(SWEEP);
        let waited = poll.poll(&mut events, Some(Duration::ZERO));
        if let Err(error) = waited
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error).context("waiting for sockets");
        }
        let now = clock::now();
        if now >= window.begin {
            cpu_before.get_or_insert_with(kernel::thread_cpu);
        }
        if now >= window.end {
            cpu_after.get_or_insert_with(kernel::thread_cpu);
        }
        for event in &events {
            let Token(index) = event.token();
            let receiver = &receivers[index];
            loop {
                let count = inbox.receive(&receiver.socket).context("reading a socket")?;
                for datagram in inbox.datagrams(count) {
                    outcome.check(datagram.bytes, index, receiver, subscriptions, &mut next);
                }
                // Fewer than fit: nothing is left, and what comes later is a new event.
                if count < inbox.capacity() {
                    break;
                }
            }
        }
    }
    outcome.cpu = cpu_after.unwrap_or_default() - cpu_before.unwrap_or_default();
    Ok(outcome)
}

impl Outcome {
    fn check(
        &mut self,
        packet: &mut [u8],
        index: usize,
        receiver: &Receiver,
        subscriptions: &[Subscription],
        next: &mut [u64],
    ) {
        self.packets += 1;
        let stream = Head::read(packet).and_then(|head| {
            let stream = head.ssrc as usize;
            let is_mine = subscriptions.get(stream / 2)?.receiver == index;
            is_mine.then_some((head, stream))
        });
        let Some((head, stream)) = stream else {
            self.wrong += 1;
            return;
        };
        let number = extend(head.seq, next[stream]);
        if number + 1 == next[stream] {
            self.duplicates += 1;
        } else if number < next[stream] {
            self.reordered += 1;
        } else {
            next[stream] = number + 1;
        }
        if self.packets.is_multiple_of(SAMPLE) {
            self.checked += 1;
            let payload = receiver.seal.open(packet, head.ssrc, number);
            // Packets that were lost before the loop make the publisher's numbers run ahead of ours.
            self.wrong +=
                u64::from(payload.and_then(read_payload).is_none_or(|sent| sent < number));
        }
    }
}
