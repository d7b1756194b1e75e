//! Frames of the signal socket, through the session into a room, and back.
//!
//! Promises: no panic, there or in the media plane; the patient hears of what the doctor's client sends at most as the
//! protocol allows, and never has to leave because of it; every response is one that a client can decode.

use livekit_protocol::SignalResponse;
use prost::Message as _;
use protocol::{
    ids::SessionId,
    token::{ApiKeys, Claims, SecretPolicy},
};
use sfu::{
    shard::Shard,
    words::{command::Command, event::Message},
};
use signaling::{clock::Now, fuzzing::BareSession};

use super::rehearsal::{NOW_UNIX_MS, events, identity, is_leave, join, now, room, shard};

const PATIENT: SessionId = SessionId(1);
const DOCTOR: SessionId = SessionId(2);

/// Most frames of one input: more find nothing new and take long.
const FRAMES_MAX: usize = 32;

/// Frames, each: a byte (even: binary, odd: text), two bytes of length, so many bytes.
pub fn run(mut data: &[u8]) {
    let now = now();
    let mut shard = shard(now);
    join(&mut shard, PATIENT, "patient", now);
    let mut doctor = doctor(&mut shard, now);
    for _ in 0..FRAMES_MAX {
        let Some(([kind, high, low], rest)) = data.split_first_chunk::<3>() else { break };
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (frame, rest) = rest.split_at(len);
        data = rest;
        let requests = if kind.is_multiple_of(2) {
            doctor.handle_binary(frame)
        } else {
            doctor.handle_text(&String::from_utf8_lossy(frame))
        };
        for request in requests {
            shard.handle_command(Command::Request { session: DOCTOR, request }, now);
            deliver(&mut shard, &mut doctor);
        }
    }
    if let Some(due) = shard.poll_timeout() {
        shard.handle_timeout(due.max(now));
        deliver(&mut shard, &mut doctor);
    }
    assert_eq!(shard.counters().panics, 0, "the media plane panicked");
}

fn deliver(shard: &mut Shard, doctor: &mut BareSession) {
    for event in events(shard) {
        assert!(!is_leave(&event, PATIENT), "somebody else had to leave");
        if event.session != DOCTOR {
            continue;
        }
        for response in doctor.handle_message(event.message) {
            let read_back = SignalResponse::decode(response.encode_to_vec().as_slice());
            assert_eq!(read_back.as_ref(), Ok(&response));
            let json = serde_json::to_string(&response).expect("a response has a JSON form");
            let read_back: SignalResponse = serde_json::from_str(&json).expect("JSON reads back");
            assert_eq!(read_back, response);
        }
    }
}

fn doctor(shard: &mut Shard, now: std::time::Instant) -> BareSession {
    let joined = join(shard, DOCTOR, "doctor", now)
        .into_iter()
        .find_map(|event| match event.message {
            Message::Joined(joined) if event.session == DOCTOR => Some(joined),
            _ => None,
        })
        .expect("the doctor is let in");
    let token = Claims::for_join(room(), identity("doctor"), NOW_UNIX_MS / 1000 + 3600);
    let keys = ApiKeys::parse("devkey: secret", SecretPolicy::Dev).expect("a key pair");
    let now = Now { instant: now, unix_ms: NOW_UNIX_MS };
    BareSession::joined(DOCTOR, room(), &token, &keys, &joined, now)
}
