//! The association below the channels: how one comes to stand, which packets reach the engine, which leave it.

use std::time::Instant;

use bytes::Bytes;
use rtc_sctp::{
    Association, AssociationEvent, AssociationHandle, DatagramEvent, Endpoint, EndpointEvent,
    Payload,
};

use super::{
    DataChannels, SYNTHETIC_ADDRESS,
    guard::{Guard, Verdict},
    receipt::Receipts,
    repair::Repair,
};

/// Associations of which one may come to stand: the engine makes one for each repetition of INIT.
pub(super) const CANDIDATES_MAX: usize = 4;

#[derive(Debug)]
pub(super) enum State {
    Waiting(Vec<Peer>),
    Established(Box<Peer>),
    Broken,
}

pub(super) struct Peer {
    pub(super) handle: AssociationHandle,
    pub(super) association: Association,
    pub(super) guard: Guard,
    pub(super) receipts: Receipts,
    pub(super) repair: Repair,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("handle", &self.handle)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

impl DataChannels {
    pub(super) fn on_candidate(
        &mut self,
        handle: AssociationHandle,
        association: Association,
        initial_tsn: Option<u32>,
        now: Instant,
    ) {
        match (&mut self.state, initial_tsn) {
            (State::Waiting(candidates), Some(initial_tsn)) => {
                let (guard, receipts) = (Guard::new(initial_tsn), Receipts::new(initial_tsn));
                let repair = Repair::new(now);
                candidates.push(Peer { handle, association, guard, receipts, repair });
                if candidates.len() > CANDIDATES_MAX {
                    let oldest = candidates.remove(0);
                    self.endpoint.handle_event(oldest.handle, EndpointEvent::drained());
                }
            }
            _ => self.endpoint.handle_event(handle, EndpointEvent::drained()),
        }
    }

    pub(super) fn on_packet(
        &mut self,
        handle: AssociationHandle,
        event: AssociationEvent,
        packet: &[u8],
        now: Instant,
    ) {
        let peer = match &mut self.state {
            State::Waiting(candidates) => candidates.iter_mut().find(|peer| peer.handle == handle),
            State::Established(peer) if peer.handle == handle => Some(&mut **peer),
            State::Established(_) | State::Broken => None,
        };
        let Some(peer) = peer else { return };
        match peer.guard.judge(packet) {
            Verdict::Pass => {
                peer.receipts.on_packet(packet, now);
                let instead = peer.repair.on_sack(packet, &mut self.transmits, now);
                let event = match instead.map(|bytes| feed(&mut self.endpoint, bytes, now)) {
                    Some(rewritten) => rewritten,
                    None => Some(event),
                };
                if let Some(event) = event {
                    peer.association.handle_event(event);
                }
            }
            Verdict::Drop => {}
            Verdict::Break => {
                // The ABORT that this queues is the last that the peer hears.
                let _ = peer.association.abort();
                self.gather(now);
            }
            Verdict::Aborted => self.break_down(),
        }
    }

    /// Makes the first candidate whose handshake is complete the association, and forgets the others.
    pub(super) fn promote(&mut self) {
        let State::Waiting(candidates) = &mut self.state else { return };
        let Some(index) = candidates.iter().position(|peer| !peer.association.is_handshaking())
        else {
            return;
        };
        let chosen = candidates.swap_remove(index);
        for other in candidates.drain(..) {
            self.endpoint.handle_event(other.handle, EndpointEvent::drained());
        }
        self.endpoint.reject_new_associations();
        self.state = State::Established(Box::new(chosen));
    }

    /// Fetches all packets that the engine wants to send now.
    pub(super) fn gather(&mut self, now: Instant) {
        let peers = match &mut self.state {
            State::Waiting(candidates) => candidates.as_mut_slice(),
            State::Established(peer) => std::slice::from_mut(&mut **peer),
            State::Broken => return,
        };
        for peer in peers {
            if peer.receipts.due(self.start).is_some_and(|due| due <= now) {
                let request = peer.receipts.request();
                if let Some(event) = feed(&mut self.endpoint, request, now) {
                    peer.association.handle_event(event);
                }
            }
            if peer.repair.due().is_some_and(|due| due <= now) {
                self.transmits.extend(peer.repair.probe(now));
            }
            let Some(transmit) = peer.association.poll_transmit(now) else { continue };
            if let Payload::RawEncode(packets) = transmit.message {
                for packet in packets {
                    peer.guard.on_sent(&packet);
                    peer.repair.on_sent(&packet, now);
                    self.transmits.push_back(peer.receipts.on_sent(packet));
                }
            }
        }
    }

    pub(super) fn break_down(&mut self) {
        self.state = State::Broken;
        while let Some(stream) = self.channels.last().map(|channel| channel.stream) {
            self.on_stream_lost(stream);
        }
        self.wanted.clear();
    }
}

/// What the engine makes of a packet of an association that it has.
fn feed(endpoint: &mut Endpoint, packet: Bytes, now: Instant) -> Option<AssociationEvent> {
    match endpoint.handle(now, SYNTHETIC_ADDRESS, None, packet) {
        Some((_, DatagramEvent::AssociationEvent(event))) => Some(event),
        _ => None,
    }
}
