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

/// Most SSRCs in one SDP.
pub const SDP_SSRCS_MAX: usize = 512;

/// SSRCs that one connection may send at once: 16 publications x 3 layers with RTX are 96.
pub const SSRCS_AT_ONCE_MAX: usize = 128;

/// Most SSRCs one connection may send in its life; replay protection must remember them all. Camera with three layers and
/// microphone are seven each time that they are published: a day of eight hours at one time every six seconds.
pub const SSRCS_PER_CONNECTION_MAX: usize = 32_768;

/// Longest metadata of a room, in bytes. A page of 64 rooms with all of it is 4 MiB.
pub const ROOM_METADATA_BYTES_MAX: usize = 64 * 1024;

/// Tracks announced by `add_track` that no offer has carried yet.
pub const PENDING_TRACKS_MAX: usize = 20;

/// Largest data-channel message, in bytes. SDKs stay below 64,000.
pub const DATA_MESSAGE_BYTES_MAX: usize = 65_536;

/// Questions of the server to clients of one room that wait for an answer: twice as many as a node takes API calls at once.
pub const QUESTIONS_MAX: usize = 64;

/// Bytes and packets a second of an audio track: Opus goes up to 510 kbit/s, RED sends it twice, and its shortest frames
/// are 2.5 ms.
pub const AUDIO_BYTES_PER_SECOND_MAX: u32 = 160_000;
/// See [`AUDIO_BYTES_PER_SECOND_MAX`].
pub const AUDIO_PACKETS_PER_SECOND_MAX: u32 = 500;

/// Bits a second of a video layer beyond twice what was announced: encoders overshoot for a second after a change of
/// scene, key frames for newcomers and retransmissions come on top, and small layers are made of key frames at times.
pub const VIDEO_BPS_SLACK: u32 = 1_000_000;

/// Bits a second of a video layer whatever was announced, and for those who announce nothing: twice LiveKit's largest
/// preset (8 Mbit/s for 2160p).
pub const VIDEO_BPS_MAX: u32 = 16_000_000;

/// Packets a second of a video layer at least: 60 frames a second in eight slices.
pub const VIDEO_PACKETS_PER_SECOND_MIN: u32 = 500;

/// Bytes of a video packet on average at least, where there are more of them than that: encoders fill packets.
pub const VIDEO_PACKET_BYTES_MEAN_MIN: u32 = 400;

/// Bytes and packets a second of one participant, all tracks together: 40 Mbit/s, which is a camera in three layers and a
/// screen in 2160p, twice.
pub const PARTICIPANT_BYTES_PER_SECOND_MAX: u32 = 5_000_000;
/// See [`PARTICIPANT_BYTES_PER_SECOND_MAX`].
pub const PARTICIPANT_PACKETS_PER_SECOND_MAX: u32 = 8_000;
/// Bytes of reliable messages that wait for one receiver before their senders are made to wait: 8 Mbit/s at a round trip
/// of half a second.
pub const DATA_QUEUE_BYTES_FULL: usize = 512 * 1024;

/// Senders go on when so much is left: half, so that they are not woken for every message.
pub const DATA_QUEUE_BYTES_LOW: usize = DATA_QUEUE_BYTES_FULL / 2;

/// Bytes of reliable messages that wait for one receiver, at most. Beyond the point at which senders wait there is only
/// what cannot wait: the last words of those who leave, and what was held for someone who joined.
pub const DATA_QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of lossy messages that wait for one receiver; older ones make way. Half a second at 1 Mbit/s.
pub const LOSSY_QUEUE_BYTES_MAX: usize = 64 * 1024;

const _: () = assert!(DATA_QUEUE_BYTES_FULL + DATA_MESSAGE_BYTES_MAX < DATA_QUEUE_BYTES_MAX);
