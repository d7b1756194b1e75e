//! What several targets set up: a shard with people in one room, deterministic to the last bit but for its certificate.

use std::{cell::OnceCell, collections::BTreeMap, time::Instant};

use protocol::{
    ids::{Identity, RoomName, SessionId},
    permission::Permission,
};
use sfu::{
    config::ShardConfig,
    connection::dtls::Certificate,
    limits::Limits,
    placement::ShardId,
    shard::Shard,
    words::{
        administration::RoomSettings,
        command::{Command, Connections, Join},
        event::{Event, Message},
        info::{ClientInfo, ParticipantKind},
    },
};

/// Wall clock of every rehearsal, in milliseconds since the Unix epoch.
pub const NOW_UNIX_MS: i64 = 1_800_000_000_000;

/// An empty shard.
pub fn shard(now: Instant) -> Shard {
    thread_local! {
        static CERTIFICATE: OnceCell<Certificate> = const { OnceCell::new() };
    }
    let certificate = CERTIFICATE
        .with(|cell| cell.get_or_init(|| Certificate::generate().expect("a certificate")).clone());
    let candidates = vec![([127, 0, 0, 1], 7882).into()];
    let limits = Limits::default();
    let config = ShardConfig {
        shard: ShardId(0),
        limits,
        candidates,
        tcp_candidates: Vec::new(),
        certificate,
    };
    Shard::new(config, [7; 32], now)
}

/// Lets somebody into the room; answers what the shard says to everybody.
pub fn join(shard: &mut Shard, session: SessionId, who: &str, now: Instant) -> Vec<Event> {
    let join = Join {
        session,
        room: room(),
        may_open_room: true,
        room_settings: RoomSettings::default(),
        identity: identity(who),
        name: who.to_owned(),
        metadata: String::new(),
        attributes: BTreeMap::new(),
        kind: ParticipantKind::Standard,
        permission: Permission { can_update_metadata: true, ..Permission::default() },
        auto_subscribe: true,
        adaptive_stream: false,
        may_pause: true,
        connections: Connections::Two,
        client: ClientInfo { protocol: 17, ..ClientInfo::default() },
        resume: None,
        unix_ms: NOW_UNIX_MS,
        only_asks: false,
        admission: None,
    };
    shard.handle_command(Command::Join(Box::new(join)), now);
    events(shard)
}

/// Everything the shard has to say; what it would send is discarded.
pub fn events(shard: &mut Shard) -> Vec<Event> {
    shard.egress().clear();
    std::iter::from_fn(|| shard.poll_event()).collect()
}

/// Whether the shard tells a session to leave.
pub fn is_leave(event: &Event, session: SessionId) -> bool {
    event.session == session && matches!(event.message, Message::Leave { .. })
}

/// The room.
pub fn room() -> RoomName {
    RoomName::try_from("demo".to_owned()).expect("a room name")
}

/// Somebody.
pub fn identity(who: &str) -> Identity {
    Identity::try_from(who.to_owned()).expect("an identity")
}

/// A point to count from; nothing depends on which.
#[expect(clippy::disallowed_methods, reason = "a point to count from; nothing depends on which")]
pub fn now() -> Instant {
    Instant::now()
}
