//! Every bound of the media plane, each with its reason.

/// Bounds an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Participants in one room. A consultation is 2-4 people; 64 is a large case conference.
    pub participants_per_room: u16,
    /// Publications of one participant. Camera, microphone, screen and its sound are four.
    pub publications_per_participant: u16,
    /// Rooms on one shard: bounds memory before a core is saturated.
    pub rooms_per_shard: u16,
    /// Subscriptions of one room on its home shard from which on further listeners are spread over the other shards. A
    /// consultation has a dozen, a full room of 64 with one speaker 126; a shard serves several hundred with ease, and
    /// a relay costs a copy of everything.
    pub overflow_subscriptions: u32,
    /// Seconds a room waits for its first participant.
    pub empty_timeout_s: u32,
    /// Seconds an abandoned room waits for someone to return.
    pub departure_timeout_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            participants_per_room: 64,
            publications_per_participant: 16,
            rooms_per_shard: 4096,
            overflow_subscriptions: 256,
            empty_timeout_s: 300,
            departure_timeout_s: 20,
        }
    }
}

/// Largest datagram that is read, in bytes. Ethernet's 1,500; anything larger was fragmented and is not WebRTC's.
pub const DATAGRAM_BYTES_MAX: usize = 1500;

/// Largest SDP that is parsed, in bytes: an answer with [`SDP_SECTIONS_MAX`] m-sections is about 400 kB.
pub const SDP_BYTES_MAX: usize = 512 * 1024;

/// Longest line of an SDP, in bytes: a BUNDLE group of [`SDP_SECTIONS_MAX`] mids of 16 characters has 4,367.
pub const SDP_LINE_BYTES_MAX: usize = 8 * 1024;

/// Longest fmtp or msid of an SDP, in bytes. H264 parameter sets are the longest seen, some hundred bytes; a msid is two
/// ids of a few dozen.
pub const SDP_VALUE_BYTES_MAX: usize = 1024;

/// Most m-sections in one SDP: a full room of 64 with camera and microphone each, and half of them sharing a screen.
pub const SDP_SECTIONS_MAX: usize = 256;

/// Most SSRCs one connection may send in its life. 16 publications x 3 layers with RTX are 96, and each new screen share
/// brings a few more; replay protection must remember them all.
pub const SSRCS_PER_CONNECTION_MAX: usize = 512;

/// Longest metadata of a room, in bytes. A page of 64 rooms with all of it is 4 MiB.
pub const ROOM_METADATA_BYTES_MAX: usize = 64 * 1024;

/// Tracks announced by `add_track` that no offer has carried yet.
pub const PENDING_TRACKS_MAX: usize = 20;

/// Largest data-channel message, in bytes. SDKs stay below 64,000.
pub const DATA_MESSAGE_BYTES_MAX: usize = 65_536;

/// Bytes of data-channel messages that wait for one slow subscriber before further lossy ones are dropped and a
/// reliable overflow closes the channel's backlog.
pub const DATA_BACKLOG_BYTES_MAX: usize = 1024 * 1024;
