//! Bodies of server API calls, JSON and protobuf, through their method into a room with somebody in it.
//!
//! Promises: no panic, there or in the media plane; every call is answered with a status of Twirp's table; nobody has to
//! leave unless the method is one that sends people away.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use protocol::{
    ids::{RoomName, SessionId},
    token::{ApiKeys, Claims, Grants, SecretPolicy},
};
use sfu::{
    handle::{EventSink, SendError, ShardId},
    shard::Shard,
    words::{
        administration::{Act, OpenRoom},
        command::{Command, Join},
        event::Event,
    },
};
use signaling::{
    EventRouter,
    clock::{Clock, Now},
    fuzzing::ApiDesk,
    media_link::MediaLink,
};

use super::rehearsal::{NOW_UNIX_MS, events, identity, is_leave, join, now, room, shard};

const PATIENT: SessionId = SessionId(u64::MAX);

/// Most calls of one input: more find nothing new and take long.
const CALLS_MAX: usize = 16;

/// Statuses that Twirp's errors have, and success.
const STATUSES: [u16; 10] = [200, 400, 401, 403, 404, 412, 429, 500, 501, 503];

/// Calls, each: a byte (the method), a byte (even: protobuf, odd: JSON), two bytes of length, so many bytes.
pub fn run(mut data: &[u8]) {
    let now = now();
    let mut shard = shard(now);
    join(&mut shard, PATIENT, "patient", now);
    let router = EventRouter::default();
    let sink = router.sink();
    let media = Arc::new(Media { shard: Mutex::new(shard), sink, now, told: Mutex::default() });
    let link: Arc<dyn MediaLink> = media.clone();
    let keys = ApiKeys::parse("devkey: secret", SecretPolicy::Dev).expect("a key pair");
    let desk = ApiDesk::new(link, keys, Still(now), router, claims()).expect("a desk");
    let mut may_leave = false;
    for _ in 0..CALLS_MAX {
        let Some(([method, kind, high, low], rest)) = data.split_first_chunk::<4>() else { break };
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (body, rest) = rest.split_at(len);
        data = rest;
        let (name, status) = desk.call(*method, !kind.is_multiple_of(2), body);
        assert!(STATUSES.contains(&status), "{name} answers {status}");
        may_leave |= status == 200 && ["DeleteRoom", "RemoveParticipant"].contains(&name);
        let told = std::mem::take(&mut *media.told.lock().expect("a lock"));
        let must_leave = told.iter().any(|event| is_leave(event, PATIENT));
        assert!(may_leave || !must_leave, "{name} sends somebody away");
    }
    let shard = media.shard.lock().expect("a lock");
    assert_eq!(shard.counters().panics, 0, "the media plane panicked");
}

fn claims() -> Claims {
    let mut claims = Claims::for_join(room(), identity("office"), NOW_UNIX_MS / 1000 + 3600);
    claims.grants =
        Grants { room_admin: true, room_create: true, room_list: true, ..Grants::default() };
    claims
}

/// A media plane of one shard that answers at once.
struct Media {
    shard: Mutex<Shard>,
    sink: EventSink,
    now: Instant,
    told: Mutex<Vec<Event>>,
}

impl MediaLink for Media {
    fn join(&self, _join: Join) -> Result<ShardId, SendError> {
        Err(SendError::Stopped)
    }

    fn open_room(&self, session: SessionId, opening: OpenRoom) -> Result<ShardId, SendError> {
        let act = Box::new(Act::OpenRoom(opening));
        self.send(ShardId(0), Command::Administer { session, act }).map(|()| ShardId(0))
    }

    fn home_of(&self, _room: &RoomName) -> Option<ShardId> {
        Some(ShardId(0))
    }

    fn recordings(&self) -> Vec<sfu::words::recording::RecordingInfo> {
        Vec::new()
    }

    fn shards(&self) -> u16 {
        1
    }

    fn send(&self, _shard: ShardId, command: Command) -> Result<(), SendError> {
        let mut shard = self.shard.lock().expect("a lock");
        shard.handle_command(command, self.now);
        for event in events(&mut shard) {
            self.told.lock().expect("a lock").push(event.clone());
            (self.sink)(event);
        }
        Ok(())
    }
}

/// A clock that stands.
struct Still(Instant);

impl Clock for Still {
    fn now(&self) -> Now {
        Now { instant: self.0, unix_ms: NOW_UNIX_MS }
    }
}
