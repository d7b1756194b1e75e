//! A session's first frames: what a client is told before anything else.

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use protocol::ids::{Identity, RoomName, SessionId};
use protocol::token::{ApiKeys, Claims};
use sfu::handle::ShardId;
use sfu::words::{
    event::{Joined, LeaveAction, Resumed},
    info::{LeaveReason, ParticipantInfo},
};

use super::{Effect, End, Intervals, Session, send, split_departed};
use crate::budget::Budget;
use crate::clock::Now;
use crate::config::Config;
use crate::fallback::Ways;
use crate::ice_servers::Told;
use crate::limits::{PING_INTERVAL_S, PING_TIMEOUT_S};
use crate::refresh::Refresh;
use crate::wire::from_media;

/// LiveKit protocol that is announced. Not 18: the Rust SDK would then expect negotiated data
/// channels.
const PROTOCOL: i32 = 17;

/// What a new socket begins with.
pub(crate) struct Greeting<'a> {
    pub(crate) session: SessionId,
    pub(crate) room: RoomName,
    pub(crate) identity: Identity,
    /// The verified token.
    pub(crate) token: &'a Claims,
    /// The client's LiveKit protocol number.
    pub(crate) protocol: u32,
    /// The ways to the media plane that it is told.
    pub(crate) ways: Ways,
    pub(crate) config: &'a Config,
    pub(crate) keys: &'a ApiKeys,
}

impl Greeting<'_> {
    /// The participant has joined.
    pub(crate) fn joined(self, joined: &Joined, now: Now) -> (Session, Vec<Effect>) {
        let told = self.told(joined.shard, now);
        let response = join_response(joined, self.protocol, self.config, told);
        let mut session = self.session(&joined.participant, now);
        let mut effects = vec![send(Response::Join(response))];
        effects.extend(session.refresh_token(now));
        (session, effects)
    }

    /// The participant continues. Those who left come first: JS does not find out from the list of
    /// those present.
    pub(crate) fn resumed(self, resumed: Resumed, now: Now) -> Option<(Session, Vec<Effect>)> {
        let (departed, present) = split_departed(resumed.participants);
        let own = present.iter().find(|info| info.identity == self.identity)?;
        let told = self.told(resumed.shard, now);
        let response = Response::Reconnect(proto::ReconnectResponse {
            // The client's list is replaced by this one.
            ice_servers: told.servers,
            client_configuration: told.configuration,
            server_info: Some(server_info(self.config)),
            last_message_seq: resumed.last_message_seq,
        });
        let mut session = self.session(own, now);
        let mut effects = vec![send(response)];
        effects.extend(from_media::updates(departed).into_iter().map(send));
        effects.push(send(from_media::complete_update(present)));
        let room = Some(from_media::room(resumed.room));
        effects.push(send(Response::RoomUpdate(proto::RoomUpdate { room })));
        effects.extend(session.refresh_token(now));
        Some((session, effects))
    }

    /// The participant is not there any more: the client is to join anew.
    pub(crate) fn mismatched(protocol: u32) -> Vec<Effect> {
        let leave = from_media::leave(LeaveReason::StateMismatch, LeaveAction::Reconnect, protocol);
        vec![send(leave), Effect::End(End::Refused)]
    }

    fn told(&self, shard: ShardId, now: Now) -> Told {
        let times = (self.token.expires_unix_s, now.unix_s());
        let servers = self.config.ice_servers.as_ref();
        let told = servers.map(|all| all.of(&self.room, &self.identity, (shard, self.ways), times));
        told.unwrap_or_default()
    }

    fn session(self, own: &ParticipantInfo, now: Now) -> Session {
        let intervals = Intervals {
            ping: self.config.ping_interval,
            idle: self.config.idle_timeout,
            refresh: self.config.refresh_interval,
        };
        Session {
            id: self.session,
            protocol: self.protocol,
            encoding: None,
            budget: Budget::new(now.instant),
            refresh: Refresh::new(self.room, self.identity, self.token, own),
            keys: self.keys.clone(),
            intervals,
            simulates: self.config.simulates,
            heard_at: now.instant,
            ping_due: now.instant + intervals.ping,
            refresh_due: now.instant + intervals.refresh,
            ended: false,
        }
    }
}

fn join_response(
    joined: &Joined,
    protocol: u32,
    config: &Config,
    told: Told,
) -> proto::JoinResponse {
    proto::JoinResponse {
        room: Some(from_media::room(joined.room.clone())),
        participant: Some(from_media::participant(joined.participant.clone())),
        other_participants: joined.others.iter().cloned().map(from_media::participant).collect(),
        server_version: config.server_version.clone(),
        server_region: config.region.clone(),
        server_info: Some(server_info(config)),
        // No default STUN server: nobody else learns of a consultation.
        ice_servers: told.servers,
        client_configuration: told.configuration,
        // The subscriber connection as primary came with protocol 3.
        subscriber_primary: joined.subscriber_primary && protocol >= 3,
        ping_interval: PING_INTERVAL_S,
        ping_timeout: PING_TIMEOUT_S,
        enabled_publish_codecs: from_media::enabled_codecs(),
        fast_publish: may_publish(&joined.participant),
        ..Default::default()
    }
}

fn may_publish(own: &ParticipantInfo) -> bool {
    own.permission.can_publish || !own.permission.can_publish_sources.is_empty()
}

fn server_info(config: &Config) -> proto::ServerInfo {
    proto::ServerInfo {
        edition: proto::server_info::Edition::Standard as i32,
        version: config.server_version.clone(),
        protocol: PROTOCOL,
        region: config.region.clone(),
        node_id: config.node_id.clone(),
        debug_info: concat!("Bedside ", env!("CARGO_PKG_VERSION")).to_owned(),
        agent_protocol: 0,
    }
}
