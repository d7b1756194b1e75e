//! Doors for the fuzz targets: one signal session without its socket, and server API calls without HTTP.
//!
//! Frames in, requests for the media plane out; messages of the media plane in, frames out. Bodies of calls in, statuses
//! out. Nothing else uses it.

use std::sync::Arc;

use livekit_protocol::{SignalRequest, SignalResponse};
use prost::Message as _;
use protocol::ids::{RoomName, SessionId};
use protocol::token::{ApiKeys, Claims};
use sfu::words::{
    command::Request,
    event::{Joined, Message},
};

use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::fallback::Ways;
use crate::join_request;
pub use crate::limits::JOIN_REQUEST_BYTES_MAX;
use crate::media_link::MediaLink;
use crate::query::RawQuery;
use crate::session::{Effect, Greeting, Session};
use crate::twirp::{self, methods::METHODS};
use crate::wire::Frame;
use crate::{EventRouter, Signaling};

/// The session of a participant that has joined, speaking the newest protocol.
pub struct BareSession {
    session: Session,
    now: Now,
}

/// Reads the request target of an upgrade: about how many bytes are kept of it, if it can be read. What stands in a
/// `join_request` counts with the frames that it takes the place of.
#[must_use]
pub fn read_query(target: &str) -> Option<usize> {
    let query = RawQuery::of(&target.parse().ok()?).ok()?;
    let token = query.token().map_or(0, |token| token.expose().len());
    let (parameters, first) = match query.join_request() {
        Some(request) => join_request::read(request).ok()?,
        None => (query.parse().ok()?, Vec::new()),
    };
    let first: usize = first
        .into_iter()
        .map(|message| SignalRequest { message: Some(message) }.encoded_len())
        .sum();
    let attributes: usize =
        parameters.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    let client = &parameters.client;
    let texts = [client.sdk.len(), client.browser.len(), 4 * client.capabilities.len()];
    let sid = parameters.reconnect.as_ref().map_or(0, String::len);
    let metadata = parameters.metadata.len();
    Some(token + attributes + sid + metadata + first + texts.iter().sum::<usize>())
}

impl BareSession {
    /// What a socket becomes when the media plane let its participant in.
    #[must_use]
    pub fn joined(
        session: SessionId,
        room: RoomName,
        token: &Claims,
        keys: &ApiKeys,
        joined: &Joined,
        now: Now,
    ) -> Self {
        let config = Config::default();
        let identity = joined.participant.identity.clone();
        let greeting = Greeting {
            session,
            room,
            identity,
            token,
            protocol: 17,
            ways: Ways::All,
            config: &config,
            keys,
        };
        Self { session: greeting.joined(joined, now).0, now }
    }

    /// A binary frame of the client: what the media plane is told.
    pub fn handle_binary(&mut self, frame: &[u8]) -> Vec<Request> {
        self.handle(&Frame::Binary(frame.to_vec().into()))
    }

    /// A text frame of the client: what the media plane is told.
    pub fn handle_text(&mut self, frame: &str) -> Vec<Request> {
        self.handle(&Frame::Text(frame.to_owned()))
    }

    /// Something the media plane says: the responses that the client gets.
    pub fn handle_message(&mut self, message: Message) -> Vec<SignalResponse> {
        let effects = self.session.handle_event(message, self.now);
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(response) => Some(SignalResponse { message: Some(*response) }),
                _ => None,
            })
            .collect()
    }

    /// Whether the session is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.session.has_ended()
    }

    fn handle(&mut self, frame: &Frame) -> Vec<Request> {
        let effects = self.session.handle_frame(frame, self.now);
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Media(request) => Some(request),
                _ => None,
            })
            .collect()
    }
}

/// Takes server API calls whose token grants everything in one room.
pub struct ApiDesk {
    signaling: Signaling,
    claims: Claims,
    runtime: tokio::runtime::Runtime,
}

impl ApiDesk {
    /// A desk before a media plane whose events go to `events`. None if the system has no threads or descriptors left.
    #[must_use]
    pub fn new(
        link: Arc<dyn MediaLink>,
        keys: ApiKeys,
        clock: impl Clock + 'static,
        events: EventRouter,
        claims: Claims,
    ) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        let signaling = Signaling::new(Config::default(), link, keys, clock, events);
        Some(Self { signaling, claims, runtime })
    }

    /// One call of a method (by its place in the table, modulo): its name, and the status of the answer.
    pub fn call(&self, method: u8, is_json: bool, body: &[u8]) -> (&'static str, u16) {
        let place = usize::from(method) % METHODS.len();
        let Some(row) = METHODS.get(place).copied() else { return ("", 0) };
        let answer = twirp::answer_body(&self.signaling, self.claims.clone(), row, is_json, body);
        (row.name, self.runtime.block_on(answer).status().as_u16())
    }
}
