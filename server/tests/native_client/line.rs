//! The wire end of a peer connection: notes what passes, and loses a packet when told to.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use prost::bytes::Bytes;
use rtc::{
    interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket},
    rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication,
    rtp,
    sansio::Protocol,
    shared::error::Error,
};
use tokio::sync::watch;

/// What passed a line, and what it is to lose.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Lose the next incoming packet of this payload type.
    pub(crate) lose_incoming: Option<u8>,
    /// Lose the next outgoing packet of this SSRC.
    pub(crate) lose_outgoing: Option<u32>,
    /// Payloads that were lost.
    pub(crate) lost: Vec<Bytes>,
    /// Packets that came, by payload type.
    pub(crate) incoming: BTreeMap<u8, u32>,
    /// Packets that went, by SSRC.
    pub(crate) outgoing: BTreeMap<u32, u32>,
    /// Requests for a key frame that came, by the SSRC they are about.
    pub(crate) key_frame_requests: BTreeMap<u32, u32>,
}

impl Log {
    /// Whether this incoming packet goes on.
    fn on_incoming(&mut self, packet: &rtp::Packet) -> bool {
        let pt = packet.header.payload_type;
        if self.lose_incoming == Some(pt) {
            self.lose_incoming = None;
            self.lost.push(packet.payload.clone());
            return false;
        }
        *self.incoming.entry(pt).or_default() += 1;
        true
    }

    /// Whether this outgoing packet goes on.
    fn on_outgoing(&mut self, packet: &rtp::Packet) -> bool {
        let ssrc = packet.header.ssrc;
        if self.lose_outgoing == Some(ssrc) {
            self.lose_outgoing = None;
            self.lost.push(packet.payload.clone());
            return false;
        }
        *self.outgoing.entry(ssrc).or_default() += 1;
        true
    }
}

/// A log that several may read and wait for.
pub(crate) type SharedLog = Arc<watch::Sender<Log>>;

/// The interceptor: put it nearest to the wire.
pub(crate) struct Line {
    log: SharedLog,
    incoming: VecDeque<TaggedPacket>,
    outgoing: VecDeque<TaggedPacket>,
}

impl Line {
    pub(crate) fn new(log: SharedLog) -> Self {
        Self { log, incoming: VecDeque::new(), outgoing: VecDeque::new() }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Line {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        let mut passes = true;
        self.log.send_modify(|log| match &message.message.packet {
            Packet::Rtp(packet) => passes = log.on_incoming(packet),
            Packet::Rtcp(packets) => {
                for packet in packets {
                    if let Some(pli) = packet.as_any().downcast_ref::<PictureLossIndication>() {
                        *log.key_frame_requests.entry(pli.media_ssrc).or_default() += 1;
                    }
                }
            }
            _ => {}
        });
        self.incoming.extend(passes.then_some(message));
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.incoming.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        let mut passes = true;
        if let Packet::Rtp(packet) = &message.message.packet {
            self.log.send_modify(|log| passes = log.on_outgoing(packet));
        }
        self.outgoing.extend(passes.then_some(message));
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outgoing.pop_front()
    }
}

impl Interceptor for Line {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
