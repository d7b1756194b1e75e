//! LiveKit's signal protocol, as one participant speaks it: the token in the URL, protobuf in binary frames.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use livekit_protocol::{
    self as proto, SignalRequest, SignalResponse, signal_request::Message as Asking,
};
use prost::Message as _;
use protocol::{
    ids::{Identity, RoomName},
    token::{ApiKeys, Claims, SecretPolicy, mint},
};
use sim::Side;
use tokio_tungstenite::tungstenite;

use super::{
    Options,
    dialect::{Dialect, Effect, News},
    wire::{self, Heard},
};
use crate::{kernel, scenario::Role};

/// See the module.
pub(super) struct LiveKit;

impl LiveKit {
    /// Where a participant opens its socket, with a token of its own.
    pub(super) fn url(base: &str, options: &Options, role: &Role, name: &str) -> Result<String> {
        let pair = format!("{}: {}", options.key, options.secret);
        let keys = ApiKeys::parse(&pair, SecretPolicy::Dev).context("reading the API key")?;
        let room = RoomName::try_from(format!("bench-{}-{}", options.seed, role.room));
        let identity = Identity::try_from(format!("bench-{name}"));
        let (Ok(room), Ok(identity)) = (room, identity) else { bail!("names are refused") };
        let expires = kernel::wall_clock() + TOKEN_LIFETIME;
        let mut claims = Claims::for_join(room, identity, expires.as_secs().cast_signed());
        // As in a real webinar; only whoever may not publish can be served by another shard than the room's home.
        claims.permission.can_publish = role.publishes;
        let token = mint(&claims, &keys).context("signing a token")?;
        Ok(format!(
            "{base}/rtc?access_token={token}&auto_subscribe=1&adaptive_stream=0&sdk=rust&protocol=15\
             &version=0.1.0"
        ))
    }
}

/// Longer than any run.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

impl Dialect for LiveKit {
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    fn on_open(&mut self, _: &mut Vec<Effect>) {
        // The server speaks first.
    }

    fn on_frame(&mut self, frame: tungstenite::Message, effects: &mut Vec<Effect>) -> Result<()> {
        let tungstenite::Message::Binary(bytes) = frame else { return Ok(()) };
        let response = SignalResponse::decode(bytes).context("reading a response")?;
        match response.message.map_or(Heard::Nothing, wire::heard) {
            Heard::Message(message) => effects.push(Effect::Tell(News::Message(message))),
            Heard::Candidate(side, address) => {
                effects.push(Effect::Tell(News::Candidate(side, address)));
            }
            Heard::Nothing => {}
        }
        Ok(())
    }

    fn on_request(&mut self, request: sim::Asking, effects: &mut Vec<Effect>) {
        effects.extend(wire::asking(request).map(send));
    }

    fn on_candidate(&mut self, side: Side, address: SocketAddr, effects: &mut Vec<Effect>) {
        effects.extend(wire::candidates(side, address).map(send));
    }

    fn on_ping_due(&mut self, effects: &mut Vec<Effect>) {
        effects.push(send(Asking::PingReq(proto::Ping::default())));
    }
}

fn send(asking: Asking) -> Effect {
    let request = SignalRequest { message: Some(asking) };
    Effect::Send(tungstenite::Message::Binary(request.encode_to_vec().into()))
}
