//! What a shard has to say to others: frames collected into one batch a shard, handed over when the driver asks.
//!
//! Owns the buffers of batches under way and a few spare ones. Packets may be dropped when too many batches wait;
//! control messages may not: if one cannot be written, the link is to be reset.

use std::collections::VecDeque;

use super::{
    EdgeId,
    message::{Down, Up},
    wire::{
        self, FRAME_HEAD_BYTES, PACKET_OVERHEAD_BYTES, RelayedData, RelayedPacket, RelayedReport,
    },
};
use crate::placement::ShardId;

/// A batch is closed when a packet would make it longer: some fifty video packets, and the size of a socket read.
pub const BATCH_BYTES: usize = 64 * 1024;

/// Most bytes that a data message's frame adds: head, channel, and a sid with its length.
const DATA_OVERHEAD_BYTES: usize = FRAME_HEAD_BYTES + 2 + 255;

/// Most batches that wait for the driver, which asks after each turn: a turn reads at most as much.
const READY_MAX: usize = 64;

/// Most empty buffers kept.
const SPARES_MAX: usize = 8;

/// Frames for one shard.
#[derive(Debug, Default)]
pub struct Batch {
    /// See [`wire`].
    pub bytes: Vec<u8>,
    /// Packets in it: what is lost if it is dropped.
    pub packets: u32,
    /// Something in it must not be lost.
    pub has_control: bool,
}

/// What the driver is to carry to another shard.
#[derive(Debug)]
pub enum RelayOutput {
    /// Frames.
    Batch(ShardId, Batch),
    /// The link to that shard is reset: what waits in it is void.
    Reset(ShardId),
}

/// See the module.
#[derive(Default)]
pub(crate) struct Outbox {
    /// By shard; an unused one has an empty buffer.
    open: Vec<Batch>,
    ready: VecDeque<RelayOutput>,
    spares: Vec<Vec<u8>>,
}

impl Outbox {
    /// Adds a packet; false if it is dropped. Hot: one copy, no allocation once buffers have come back.
    pub(crate) fn packet(&mut self, to: ShardId, edge: EdgeId, packet: &RelayedPacket<'_>) -> bool {
        let extensions = &packet.extensions;
        let len = PACKET_OVERHEAD_BYTES
            + packet.payload.len()
            + extensions.abs_capture_time.map_or(0, <[u8]>::len)
            + extensions.dependency_descriptor.map_or(0, <[u8]>::len);
        let Some(batch) = self.batch(to, len) else { return false };
        batch.packets += 1;
        wire::write_packet(&mut batch.bytes, edge, packet)
    }

    /// Adds the publisher's clock; the next one comes in a second if it is dropped.
    pub(crate) fn report(&mut self, to: ShardId, edge: EdgeId, report: &RelayedReport) -> bool {
        self.batch(to, PACKET_OVERHEAD_BYTES)
            .is_some_and(|batch| wire::write_report(&mut batch.bytes, edge, report))
    }

    /// Adds what must not be lost; false if it cannot be written.
    fn must(&mut self, to: ShardId, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let Some(batch) = self.batch(to, 0) else { return false };
        batch.has_control = true;
        write(&mut batch.bytes)
    }

    pub(crate) fn restart(
        &mut self,
        to: ShardId,
        edge: EdgeId,
        track: super::TrackHandle,
        layer: u8,
    ) -> bool {
        self.must(to, |out| wire::write_restart(out, edge, track, layer))
    }

    /// Adds a data message; false if it is dropped, which a reliable one may not be.
    pub(crate) fn data(&mut self, to: ShardId, edge: EdgeId, data: &RelayedData<'_>) -> bool {
        if data.label.is_reliable() {
            return self.must(to, |out| wire::write_data(out, edge, data));
        }
        let len = DATA_OVERHEAD_BYTES + data.message.len();
        let Some(batch) = self.batch(to, len) else { return false };
        batch.packets += 1;
        wire::write_data(&mut batch.bytes, edge, data)
    }

    pub(crate) fn down(&mut self, to: ShardId, edge: EdgeId, message: &Down) -> bool {
        self.must(to, |out| wire::write_down(out, edge, message))
    }

    pub(crate) fn up(&mut self, to: ShardId, edge: EdgeId, message: &Up) -> bool {
        self.must(to, |out| wire::write_up(out, edge, message))
    }

    /// Forgets what is being said to a shard, and says instead that the link is reset.
    pub(crate) fn reset(&mut self, to: ShardId) {
        self.ready.retain(|one| !matches!(one, RelayOutput::Batch(shard, _) if *shard == to));
        if let Some(batch) = self.open.get_mut(to.index()) {
            *batch = Batch { bytes: std::mem::take(&mut batch.bytes), ..Batch::default() };
            batch.bytes.clear();
        }
        self.ready.push_back(RelayOutput::Reset(to));
    }

    /// The next batch to carry, oldest first.
    pub(crate) fn poll(&mut self) -> Option<RelayOutput> {
        if let Some(output) = self.ready.pop_front() {
            return Some(output);
        }
        let index = self.open.iter().position(|batch| !batch.bytes.is_empty())?;
        let batch = std::mem::take(self.open.get_mut(index)?);
        Some(RelayOutput::Batch(ShardId(u16::try_from(index).ok()?), batch))
    }

    /// Takes an empty buffer back.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        // One that a large message has stretched is not worth keeping.
        if self.spares.len() < SPARES_MAX && buffer.capacity() <= 2 * BATCH_BYTES {
            buffer.clear();
            self.spares.push(buffer);
        }
    }

    /// The batch under way to a shard, with room for `len` more bytes; none if too much waits. Messages (of length 0)
    /// are always taken.
    fn batch(&mut self, to: ShardId, len: usize) -> Option<&mut Batch> {
        if self.open.len() <= to.index() {
            self.open.resize_with(to.index() + 1, Batch::default);
        }
        let batch = self.open.get_mut(to.index())?;
        if batch.bytes.len() + len > BATCH_BYTES {
            if len > 0 && self.ready.len() >= READY_MAX {
                return None;
            }
            self.ready.push_back(RelayOutput::Batch(to, std::mem::take(batch)));
        }
        if batch.bytes.is_empty() {
            if batch.bytes.capacity() == 0 {
                batch.bytes = self.spares.pop().unwrap_or_else(|| Vec::with_capacity(BATCH_BYTES));
            }
            wire::begin(&mut batch.bytes);
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{
        history::{PacketMeta, StoredExtensions},
        ids::ExtSeq,
        payload::CodecKind,
    };
    use crate::{
        relay::TrackHandle,
        words::{event::LeaveAction, info::LeaveReason},
    };

    const TO: ShardId = ShardId(1);

    fn packet(outbox: &mut Outbox, payload: &[u8]) -> bool {
        let packet = RelayedPacket {
            track: TrackHandle(1),
            layer: 0,
            seq: ExtSeq(1),
            meta: PacketMeta { marker: false, timestamp: 1, codec: CodecKind::Vp8 },
            extensions: StoredExtensions::default(),
            payload,
        };
        outbox.packet(TO, EdgeId(1), &packet)
    }

    fn close(outbox: &mut Outbox) -> bool {
        let close = Down::Close(LeaveReason::RoomClosed, LeaveAction::Disconnect);
        outbox.down(TO, EdgeId(1), &close)
    }

    #[test]
    fn frames_leave_in_order_in_batches_of_bounded_size() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            assert!(packet(&mut outbox, &[0; 1200]));
        }
        assert!(close(&mut outbox));
        let mut packets = 0;
        while let Some(RelayOutput::Batch(to, batch)) = outbox.poll() {
            assert!(to == TO && batch.bytes.len() <= BATCH_BYTES);
            packets += batch.packets;
            assert_eq!(batch.has_control, packets == 100);
            let read = wire::frames(&batch.bytes).filter(Result::is_ok).count();
            assert_eq!(read, batch.packets as usize + usize::from(batch.has_control));
        }
        assert_eq!(packets, 100);
    }

    #[test]
    fn packets_are_dropped_when_too_much_waits_and_messages_are_not() {
        let mut outbox = Outbox::default();
        while packet(&mut outbox, &[0; 1200]) {}
        assert_eq!(outbox.ready.len(), READY_MAX);
        assert!(close(&mut outbox));
    }

    #[test]
    fn a_reset_voids_what_waits_and_what_follows_comes_after_it() {
        let mut outbox = Outbox::default();
        assert!(packet(&mut outbox, &[0; 1200]) && close(&mut outbox));
        outbox.reset(TO);
        assert!(close(&mut outbox));
        assert!(matches!(outbox.poll(), Some(RelayOutput::Reset(TO))));
        assert!(matches!(outbox.poll(), Some(RelayOutput::Batch(TO, Batch { packets: 0, .. }))));
        assert!(outbox.poll().is_none());
    }

    #[test]
    fn buffers_come_back() {
        let mut outbox = Outbox::default();
        assert!(packet(&mut outbox, &[0; 1200]));
        let Some(RelayOutput::Batch(_, batch)) = outbox.poll() else { panic!("a batch") };
        let place = batch.bytes.as_ptr();
        outbox.recycle(batch.bytes);
        assert!(packet(&mut outbox, &[0; 1200]));
        let Some(RelayOutput::Batch(_, batch)) = outbox.poll() else { panic!("a batch") };
        assert_eq!(batch.bytes.as_ptr(), place);
    }
}
