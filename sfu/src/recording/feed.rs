//! What crosses from a room to the writer, through bounded queues that neither side waits for.
//!
//! A recording ends when its [`Feed`] has no sender any more, a track when its queue has none: nothing that says so can
//! be lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    time::Instant,
};

use protocol::ids::{EgressSid, Identity, ParticipantSid, RoomName, RoomSid, TrackSid};

use crate::{
    rtp::{ids::ExtSeq, payload::CodecKind},
    words::{
        info::RoomInfo,
        recording::{ConsentEntry, Scope},
    },
};

/// Notes that may wait for the writer: a busy room makes some a second, and it looks twenty times as often.
pub(crate) const NOTES_WAITING_MAX: usize = 1024;

/// Buffers of a track of sound: a second and a quarter of 20 ms packets.
pub(crate) const AUDIO_BUFFERS: usize = 64;
/// Buffers of a picture: a second at 2.5 Mbit/s.
pub(crate) const VIDEO_BUFFERS: usize = 256;

/// A recording, on its way to the writer.
pub struct Feed {
    /// Which.
    pub id: EgressSid,
    /// The room.
    pub room: RoomSid,
    /// The room.
    pub room_name: RoomName,
    /// What of it.
    pub scope: Scope,
    /// One moment by both clocks: the shard's, and milliseconds since the Unix epoch.
    pub epoch: (Instant, i64),
    /// As its events tell the room.
    pub room_info: RoomInfo,
    /// What happens to it.
    pub notes: Receiver<Note>,
    /// What the writer tells the room.
    pub standing: Arc<Standing>,
}

/// What the writer tells the room, looked at a few times a second.
#[derive(Debug, Default)]
pub struct Standing {
    has_failed: AtomicBool,
}

impl Standing {
    /// Nothing more can be written.
    pub fn fail(&self) {
        self.has_failed.store(true, Ordering::Release);
    }

    /// Whether nothing more can be written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }
}

/// Something that happens to a recording.
pub enum Note {
    /// A track is recorded from now on.
    Track(Box<TrackFeed>),
    /// Something for the timeline.
    Happened {
        /// When.
        at: Instant,
        /// What.
        what: Moment,
    },
    /// New entries of the consent log.
    Consent(Vec<ConsentEntry>),
}

/// What the timeline tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// It runs.
    Running,
    /// It pauses.
    Paused,
    /// It has ended.
    Stopped,
    /// Somebody is in the room.
    Present {
        /// Who.
        identity: Identity,
        /// Which stay.
        participant: ParticipantSid,
    },
    /// Somebody is not any more.
    Gone {
        /// Who.
        identity: Identity,
        /// Which stay.
        participant: ParticipantSid,
    },
    /// A track is muted.
    Muted {
        /// Which.
        track: TrackSid,
        /// Or not any more.
        muted: bool,
    },
    /// A track cannot be recorded.
    NotRecorded {
        /// Which.
        track: TrackSid,
        /// Why.
        why: NotRecorded,
    },
}

/// Why a track cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRecorded {
    /// It is encrypted end to end.
    Encrypted,
    /// There is no place for its codec in our files.
    Codec,
}

/// A track, on its way to the writer.
pub struct TrackFeed {
    /// Which.
    pub sid: TrackSid,
    /// Whose.
    pub participant: ParticipantSid,
    /// Whose.
    pub identity: Identity,
    /// A shared screen or its sound, which has a file of its own.
    pub is_screen: bool,
    /// Its codec.
    pub codec: CodecKind,
    /// Pixels as declared; 0 if unknown.
    pub width: u32,
    /// Pixels as declared; 0 if unknown.
    pub height: u32,
    /// Its packets and reports.
    pub items: Receiver<Item>,
    /// Where buffers go back.
    pub spare: SyncSender<Vec<u8>>,
    /// What the writer wishes.
    pub wishes: Arc<Wishes>,
}

/// What the writer wishes of a track; looked at a few times a second.
#[derive(Debug, Default)]
pub struct Wishes {
    key_frame: AtomicBool,
}

impl Wishes {
    /// A picture can only go on with a key frame.
    pub fn want_key_frame(&self) {
        self.key_frame.store(true, Ordering::Release);
    }

    /// Whether one is wished for; forgets it.
    pub(crate) fn take_key_frame(&self) -> bool {
        self.key_frame.swap(false, Ordering::AcqRel)
    }
}

/// What comes of a track.
pub enum Item {
    /// A packet.
    Packet(Packet),
    /// The publisher's clock.
    Report(Report),
}

/// A packet as it was forwarded.
pub struct Packet {
    /// Simulcast layer; another one than before begins anew, with a key frame.
    pub layer: u8,
    /// Number within the layer.
    pub seq: ExtSeq,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Last of its frame.
    pub marker: bool,
    /// A decoder can begin here.
    pub is_key: bool,
    /// What the payload is: RED may carry Opus.
    pub codec: CodecKind,
    /// When it came.
    pub at: Instant,
    /// Packets before it for which there was no buffer.
    pub missed: u32,
    /// Payload.
    pub payload: Vec<u8>,
}

/// The publisher's clock, from a sender report (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Of which layer.
    pub layer: u8,
    /// NTP timestamp.
    pub ntp: u64,
    /// The same moment in RTP units.
    pub timestamp: u32,
    /// When it came.
    pub at: Instant,
}
