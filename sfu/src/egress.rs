//! The datagrams of one batch, waiting to be sent, grouped by destination.
//!
//! ```text
//!   arena   [slot 0][slot 1][slot 2][slot 3][slot 4] ...      one fixed buffer each
//!   chains  connection A: 0 -> 2 -> 4      connection B: 1 -> 3
//! ```
//!
//! A sender reserves the next slot, writes its datagram straight into it, and commits it to the chain of its
//! connection. The driver walks the chains, so that consecutive datagrams to one destination leave as one UDP
//! segmentation-offload send, then clears the batch. No allocation after `new`.

use std::net::SocketAddr;

use crate::limits::DATAGRAM_BYTES_MAX;

/// Datagrams in one batch. The driver sends whenever fewer than [`FREE_SLOTS_MIN`] are left.
pub const SLOTS: usize = 1024;

/// In a room of the default size one incoming datagram yields at most 63 copies, of sound twice that on lines that lose
/// much, or 64 retransmissions, and feedback: with this many free slots none is dropped. Where a setting makes rooms larger,
/// a copy without a slot is dropped and counted as `egress_full`.
pub const FREE_SLOTS_MIN: usize = 256;

const _: () = assert!(FREE_SLOTS_MIN < SLOTS && SLOTS < NONE as usize);

/// Bytes of a slot: a datagram and room for nothing more.
const SLOT_BYTES: usize = DATAGRAM_BYTES_MAX;

const NONE: u16 = u16::MAX;

#[derive(Clone, Copy)]
struct Slot {
    len: u16,
    next: u16,
}

#[derive(Clone, Copy)]
struct Chain {
    destination: SocketAddr,
    head: u16,
    tail: u16,
}

/// Remembers, in a connection, which chain of the running batch is its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct EgressTag {
    batch: u64,
    chain: u16,
}

/// See the module.
pub struct Egress {
    arena: Box<[u8]>,
    slots: Vec<Slot>,
    chains: Vec<Chain>,
    batch: u64,
}

impl Default for Egress {
    fn default() -> Self {
        Self::new()
    }
}

impl Egress {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            arena: vec![0; SLOTS * SLOT_BYTES].into_boxed_slice(),
            slots: Vec::with_capacity(SLOTS),
            chains: Vec::with_capacity(SLOTS),
            batch: 1,
        }
    }

    /// Slots left in this batch.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        SLOTS - self.slots.len()
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The buffer that the next [`commit`](Self::commit) will send; `None` when the batch is full.
    pub fn reserve(&mut self) -> Option<&mut [u8]> {
        let start = self.slots.len() * SLOT_BYTES;
        self.arena.get_mut(start..start + SLOT_BYTES)
    }

    /// Sends the first `len` bytes of the reserved buffer to `destination`, after all earlier ones of the same `tag`.
    pub fn commit(&mut self, tag: &mut EgressTag, destination: SocketAddr, len: usize) {
        debug_assert!(len <= SLOT_BYTES && self.slots.len() < SLOTS);
        let (Ok(slot), Ok(len)) = (u16::try_from(self.slots.len()), u16::try_from(len)) else {
            return;
        };
        self.slots.push(Slot { len, next: NONE });
        if tag.batch == self.batch
            && let Some(chain) = self.chains.get_mut(usize::from(tag.chain))
            && chain.destination == destination
        {
            if let Some(last) = self.slots.get_mut(usize::from(chain.tail)) {
                last.next = slot;
            }
            chain.tail = slot;
            return;
        }
        if let Ok(chain) = u16::try_from(self.chains.len()) {
            *tag = EgressTag { batch: self.batch, chain };
            self.chains.push(Chain { destination, head: slot, tail: slot });
        }
    }

    /// Sends the datagram that was committed last once more, after it. Nothing if the batch is full.
    pub fn repeat(&mut self, tag: &mut EgressTag, destination: SocketAddr) {
        let Some(last) = self.slots.len().checked_sub(1) else { return };
        let Some(len) = self.slots.get(last).map(|slot| usize::from(slot.len)) else { return };
        let (from, to) = (last * SLOT_BYTES, (last + 1) * SLOT_BYTES);
        if to + len > self.arena.len() {
            return;
        }
        self.arena.copy_within(from..from + len, to);
        self.commit(tag, destination, len);
    }

    /// The batch, chain by chain: destination and its datagrams in order.
    pub fn chains(&self) -> impl Iterator<Item = (SocketAddr, Datagrams<'_>)> {
        self.chains
            .iter()
            .map(|chain| (chain.destination, Datagrams { egress: self, next: chain.head }))
    }

    /// Forgets the batch.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.chains.clear();
        self.batch += 1;
    }
}

/// The datagrams of one chain.
pub struct Datagrams<'a> {
    egress: &'a Egress,
    next: u16,
}

impl<'a> Iterator for Datagrams<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let index = usize::from(self.next);
        let slot = self.egress.slots.get(index)?;
        self.next = slot.next;
        let start = index * SLOT_BYTES;
        self.egress.arena.get(start..start + usize::from(slot.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(egress: &mut Egress, tag: &mut EgressTag, to: SocketAddr, byte: u8) {
        egress.reserve().unwrap()[0] = byte;
        egress.commit(tag, to, 1);
    }

    fn bytes(egress: &Egress) -> Vec<(SocketAddr, Vec<u8>)> {
        egress.chains().map(|(to, datagrams)| (to, datagrams.map(|d| d[0]).collect())).collect()
    }

    #[test]
    fn datagrams_of_one_connection_stay_in_order_and_together() {
        let (a, b): (SocketAddr, SocketAddr) =
            ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let (mut tag_a, mut tag_b) = (EgressTag::default(), EgressTag::default());
        let mut egress = Egress::new();
        for (tag, to, byte) in [(&mut tag_a, a, 1), (&mut tag_b, b, 2)] {
            send(&mut egress, tag, to, byte);
        }
        send(&mut egress, &mut tag_a, a, 3);
        assert_eq!(bytes(&egress), [(a, vec![1, 3]), (b, vec![2])]);
        egress.clear();
        send(&mut egress, &mut tag_b, b, 4);
        assert_eq!(bytes(&egress), [(b, vec![4])]);
    }

    #[test]
    fn the_last_datagram_is_sent_once_more_if_there_is_room() {
        let to: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let (mut egress, mut tag) = (Egress::new(), EgressTag::default());
        egress.repeat(&mut tag, to);
        assert!(egress.is_empty());
        send(&mut egress, &mut tag, to, 7);
        egress.repeat(&mut tag, to);
        assert_eq!(bytes(&egress), [(to, vec![7, 7])]);
        while egress.free_slots() > 0 {
            send(&mut egress, &mut tag, to, 1);
        }
        egress.repeat(&mut tag, to);
        assert_eq!(egress.free_slots(), 0);
    }

    #[test]
    fn a_moved_path_starts_a_chain_of_its_own() {
        let (a, b): (SocketAddr, SocketAddr) =
            ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let mut tag = EgressTag::default();
        let mut egress = Egress::new();
        send(&mut egress, &mut tag, a, 1);
        send(&mut egress, &mut tag, b, 2);
        assert_eq!(bytes(&egress), [(a, vec![1]), (b, vec![2])]);
    }

    #[test]
    fn a_full_batch_refuses() {
        let to: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let (mut egress, mut tag) = (Egress::new(), EgressTag::default());
        for _ in 0..SLOTS {
            send(&mut egress, &mut tag, to, 0);
        }
        assert_eq!(egress.free_slots(), 0);
        assert!(egress.reserve().is_none());
    }
}
