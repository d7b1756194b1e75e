//! Every bound of signalling, each with its reason.

/// Largest signal frame, in bytes. The LiveKit server's.
pub const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Fields of a message and of those right inside it. A room of 64, each with four tracks, takes some hundreds; as many empty
/// tracks are 8 MiB in memory.
pub const FIELDS_MAX: usize = 16 * 1024;

/// Largest frame that is read at all, in bytes: one that is over [`FRAME_BYTES_MAX`] but not over
/// this is read to its end, so that the leave that answers it arrives. Beyond, the connection
/// breaks off. Bounds memory per socket.
pub const FRAME_BYTES_READ_MAX: usize = 2 * FRAME_BYTES_MAX;

/// Events that wait for one socket. A join into a full room of 64 brings about 200 at once.
pub const EVENTS_QUEUED_MAX: usize = 512;

/// Bytes that wait for one socket. News of a participant replace older ones, so this is a full room
/// with 64 kB of metadata and attributes each.
pub const SOCKET_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that wait for all sockets of a node, or are being written, above which a socket may only
/// have [`SOCKET_BYTES_MAX_WHEN_SHORT`] waiting.
pub const NODE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// See [`NODE_BYTES_MAX`]: what a socket has waiting that is not slow.
pub const SOCKET_BYTES_MAX_WHEN_SHORT: usize = 64 * 1024;

/// Bytes that are written to a socket at once, if they are more than one message: they are in memory
/// three times then, as values, as protobuf and as frames.
pub const WRITE_BYTES_AT_ONCE: usize = 256 * 1024;

/// Bytes of participants in one update; more are split. LiveKit's clients are known to take 128
/// KiB.
pub const UPDATE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of a client's track id, track name or stream name. SDKs use UUIDs and short names.
pub const TRACK_TEXT_BYTES_MAX: usize = 1024;

/// Layers or codecs in one `add_track`. SDKs send three layers and two codecs.
pub const TRACK_PARTS_MAX: usize = 16;

/// Bytes of a display name.
pub const PARTICIPANT_NAME_BYTES_MAX: usize = 1024;

/// Sids in one request. A room of 64 with 16 publications each has 1,024.
pub const SIDS_MAX: usize = 1024;

/// People in one list of who may subscribe: each of a full room of 64 twice, by sid and by identity. All of
/// their tracks together are at most [`SIDS_MAX`].
pub const PERMISSIONS_MAX: usize = 128;

/// Bytes of `browser` that are kept.
pub const BROWSER_BYTES_MAX: usize = 64;

/// Bytes that a `join_request` may unpack to. The LiveKit server's; an offer of a full room is 400 kB.
pub const JOIN_REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Tracks announced in one `join_request`: as many as may wait for an offer.
pub const FIRST_TRACKS_MAX: usize = sfu::limits::PENDING_TRACKS_MAX;

/// People for whom trouble is simulated at their next socket: in development there are a few.
pub const SIMULATIONS_MAX: usize = 64;

/// Bytes of an SDP fragment: some dozen candidates.
pub const WHIP_FRAGMENT_BYTES_MAX: usize = 16 * 1024;

/// Requests that wait for one WHIP or WHEP client's task; more wait outside, with their connections.
pub const WHIP_ASKS_WAITING_MAX: usize = 4;

/// Refused joins that are remembered for `validate`, and for how long in seconds. JS asks within
/// its 3 s limit.
pub const REFUSALS_MAX: usize = 1024;
/// See [`REFUSALS_MAX`].
pub const REFUSAL_SECONDS: u64 = 10;

/// Seconds between protocol pings that clients are told.
pub const PING_INTERVAL_S: i32 = 5;

/// Seconds without pong after which clients close.
pub const PING_TIMEOUT_S: i32 = 15;

/// Frames that a socket may send at once: a page that subscribes to a full room, with its
/// candidates.
pub const FRAMES_BURST: u64 = 500;

/// Frames a second that a socket may send in the long run.
pub const FRAMES_PER_SECOND: u64 = 100;

/// Bytes that a socket may send at once: 80 answers of 400 kB, which is what a page writes while a
/// full room publishes.
pub const BYTES_BURST: u64 = 32 * 1024 * 1024;

/// Bytes a second that a socket may send in the long run: a second of it is read in some
/// milliseconds.
pub const BYTES_PER_SECOND: u64 = 1024 * 1024;

/// Offers that a socket may send at once. SDKs offer once per track.
pub const OFFERS_BURST: u64 = 100;

/// Offers a second that a socket may send in the long run: twice what SDKs can, which gather for
/// 100 ms. Somebody who switches camera and microphone on and off without a pause comes near.
pub const OFFERS_PER_SECOND: u64 = 20;

/// Work that a socket may ask for at once, see `budget`: about 10 ms of one media thread.
pub const WORK_BURST: u64 = 10_000;

/// Work a second that a socket may ask for in the long run: a thousandth of one media thread.
pub const WORK_PER_SECOND: u64 = 1000;

/// Sockets that one person may have open in one room, joins under way included. One is in use; a
/// client that reconnects has two for a moment.
pub const SOCKETS_PER_PERSON_MAX: u32 = 4;

/// Bytes of an API call's body: metadata of 512 KiB in which every character is escaped fits.
pub const API_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// API calls at once: with their bodies 128 MiB.
pub const API_CALLS_AT_ONCE_MAX: usize = 32;

/// API calls at once after a pause: a clinic that opens its rooms in the morning.
pub const API_CALLS_BURST: u32 = 500;

/// API calls a second in the long run. Each costs its shard well under a millisecond.
pub const API_CALLS_PER_SECOND: u32 = 200;

/// Bytes of rooms in one answer. Without metadata that is some 100,000 rooms.
pub const API_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Names in one `ListRooms`; each asks a shard.
pub const LISTED_NAMES_MAX: usize = 256;

/// Removed participants that are remembered: of a busy clinic's year. About 2 MB.
pub const REVOCATIONS_MAX: usize = 10_000;

/// Tokens that were used and have not expired: twenty joins a second for as long as a token lives. About 5 MB.
pub const FIRST_USES_MAX: usize = 32_768;

/// Occurrences in rooms that wait to become webhook events: a thousand people who come at once.
pub const OCCURRENCES_QUEUED_MAX: usize = 4096;

/// Events that wait for the task of one webhook receiver, which only queues them.
pub const WEBHOOK_HANDOVER_MAX: usize = 1024;

/// Events queued for one webhook receiver: a quarter of an hour of a busy clinic.
pub const WEBHOOK_EVENTS_MAX: usize = 20_000;

/// Bytes queued for one webhook receiver; an event is about 1 kB, with metadata up to 600 kB.
pub const WEBHOOK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Deliveries at once to one webhook receiver, each of another room.
pub const WEBHOOKS_AT_ONCE_MAX: usize = 16;

/// Bytes of a receiver's answer that are read and discarded.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 64 * 1024;

const _: () = assert!(PING_INTERVAL_S > 0 && PING_TIMEOUT_S > PING_INTERVAL_S);
const _: () = assert!(FRAMES_BURST >= FRAMES_PER_SECOND);
const _: () = assert!(BYTES_BURST >= FRAME_BYTES_READ_MAX as u64);
const _: () = assert!(SOCKET_BYTES_MAX as u64 <= NODE_BYTES_MAX);
