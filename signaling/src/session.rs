//! One signal socket's life, without its socket: frames, events and timers in, [`Effect`]s out.
//! Pure.
//!
//! ```text
//! client frame ─► rate, size, decode ─► to_media ──► Effect::Media
//! media event  ───────────────────────► from_media ─► Effect::Send
//! timer        ─► ping, refresh token, silence
//! ```
//!
//! After an [`Effect::End`] nothing more comes: the socket is to be flushed and closed. Perform the
//! effects of each call in order, then wait until [`Session::poll_timeout`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use protocol::ids::SessionId;
use protocol::token::ApiKeys;
use sfu::words::{
    command::{Command, Request},
    event::{LeaveAction, Message, Outcome},
    info::{LeaveReason, ParticipantInfo, ParticipantState},
};

use crate::budget::Budget;
use crate::clock::Now;
use crate::limits::FRAME_BYTES_MAX;
use crate::refresh::Refresh;
use crate::simulation::{Next, Trouble};
use crate::wire::asked::{self, Asked};
use crate::wire::{Encoding, Frame, data_track, from_media, to_media};

mod open;

pub(crate) use open::Greeting;

/// What the socket is to do.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a response.
    Send(Box<Response>),
    /// Send a WebSocket ping.
    Ping,
    /// Tell the media plane.
    Media(Request),
    /// Keep in mind for the person's next socket.
    Remember(Next),
    /// Flush, close, and be done.
    End(End),
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client left, or was told to: the media plane knows.
    Left,
    /// The client broke a rule; it was told, and the media plane is told with a leave.
    Violated(Violation),
    /// Nothing was heard for too long. The participant stays for the resume window.
    Silent,
    /// It never began: the client was told to join anew.
    Refused,
    /// The client ordered it to break. The participant stays for the resume window.
    Simulated,
}

/// A rule of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A frame over the size limit.
    Oversize,
    /// A frame that does not parse.
    Broken,
    /// Not a WebSocket frame.
    Protocol,
    /// Too many frames or bytes.
    Rate,
    /// Too much asked of others.
    Work,
}

/// How often things happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intervals {
    pub(crate) ping: Duration,
    pub(crate) idle: Duration,
    pub(crate) refresh: Duration,
}

/// One socket of a participant.
pub(crate) struct Session {
    id: SessionId,
    protocol: u32,
    /// Decided by the client's first frame.
    encoding: Option<Encoding>,
    budget: Budget,
    refresh: Refresh,
    keys: ApiKeys,
    intervals: Intervals,
    simulates: bool,
    heard_at: Instant,
    ping_due: Instant,
    refresh_due: Instant,
    ended: bool,
}

impl Session {
    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// How responses are to be written. The first ones, before any frame of the client, are
    /// protobuf.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Protobuf)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// A data frame came.
    pub(crate) fn handle_frame(&mut self, frame: &Frame, now: Now) -> Vec<Effect> {
        if self.ended {
            return Vec::new();
        }
        self.heard_at = now.instant;
        if !self.budget.try_frame(frame.len(), now.instant) {
            return self.violate(Violation::Rate);
        }
        self.encoding.get_or_insert(frame.encoding());
        if frame.len() > FRAME_BYTES_MAX {
            return self.violate(Violation::Oversize);
        }
        match frame.decode() {
            Ok(Some(message)) => self.on_request(message, now),
            Ok(None) => Vec::new(),
            Err(_) => self.violate(Violation::Broken),
        }
    }

    /// What a client asked together with its join.
    pub(crate) fn handle_first(
        &mut self,
        request: proto::signal_request::Message,
        now: Now,
    ) -> Vec<Effect> {
        if self.ended { Vec::new() } else { self.on_request(request, now) }
    }

    /// A control frame (ping or pong) came.
    pub(crate) fn handle_control(&mut self, now: Now) -> Vec<Effect> {
        if self.ended {
            return Vec::new();
        }
        self.heard_at = now.instant;
        let is_within = self.budget.try_frame(0, now.instant);
        if is_within { Vec::new() } else { self.violate(Violation::Rate) }
    }

    /// The client broke a rule: tell it, end its participant, close. Nobody else notices more than
    /// a leave.
    pub(crate) fn violate(&mut self, violation: Violation) -> Vec<Effect> {
        if self.ended {
            return Vec::new();
        }
        vec![
            self.leave(LeaveReason::SignalClose, LeaveAction::Disconnect),
            Effect::Media(Request::Leave),
            self.end(End::Violated(violation)),
        ]
    }

    /// The media plane says something.
    pub(crate) fn handle_event(&mut self, message: Message, now: Now) -> Vec<Effect> {
        if self.ended {
            return Vec::new();
        }
        match message {
            Message::Participant(info) => {
                vec![send(from_media::update(Arc::unwrap_or_clone(info)))]
            }
            Message::ClaimsChanged(claims) => {
                self.refresh.on_claims_changed(*claims);
                self.refresh_token(now).into_iter().collect()
            }
            Message::Leave { reason, action } => {
                vec![self.leave(reason, action), self.end(End::Left)]
            }
            // RequestResponse tells only errors to clients before protocol 15.
            Message::RequestOutcome { outcome: Outcome::Ok, .. } if self.protocol < 15 => {
                Vec::new()
            }
            message => response(message).map(send).into_iter().collect(),
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn poll_timeout(&self) -> Instant {
        self.idle_due().min(self.ping_due).min(self.refresh_due)
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Now) -> Vec<Effect> {
        if self.ended {
            return Vec::new();
        }
        if now.instant >= self.idle_due() {
            return vec![self.end(End::Silent)];
        }
        let mut effects = Vec::new();
        if now.instant >= self.ping_due {
            self.ping_due = now.instant + self.intervals.ping;
            effects.push(Effect::Ping);
        }
        if now.instant >= self.refresh_due {
            effects.extend(self.refresh_token(now));
        }
        effects
    }

    fn on_request(&mut self, message: proto::signal_request::Message, now: Now) -> Vec<Effect> {
        let is_offer = matches!(message, proto::signal_request::Message::Offer(_));
        if is_offer && !self.budget.try_offer(now.instant) {
            return self.violate(Violation::Work);
        }
        match to_media::translate(message) {
            Asked::Media(Request::Leave) => {
                vec![Effect::Media(Request::Leave), self.end(End::Left)]
            }
            Asked::Media(request) => self.hand_on(request, now),
            Asked::Pong => vec![send(Response::Pong(now.unix_ms))],
            Asked::PongResponse(last_ping_timestamp) => {
                vec![send(Response::PongResp(proto::Pong {
                    last_ping_timestamp,
                    timestamp: now.unix_ms,
                }))]
            }
            Asked::Trouble(trouble) if self.simulates => self.on_trouble(&trouble),
            Asked::Refused(refusal) => vec![send(Response::RequestResponse(refusal))],
            Asked::Trouble(_) | Asked::Nothing => Vec::new(),
        }
    }

    fn on_trouble(&mut self, trouble: &Trouble) -> Vec<Effect> {
        tracing::info!(session = %self.id, "trouble is simulated");
        let leave = trouble.leave.map(|(reason, action)| self.leave(reason, action));
        let end = trouble.drops_socket.then(|| self.end(End::Simulated));
        let next = trouble.next.map(Effect::Remember);
        let media = trouble.request().map(Effect::Media);
        media.into_iter().chain(next).chain(leave).chain(end).collect()
    }

    /// What can be refused politely is; whoever goes on with the rest has to go.
    fn hand_on(&mut self, request: Request, now: Now) -> Vec<Effect> {
        if self.budget.try_work(&request, now.instant) {
            return vec![Effect::Media(request)];
        }
        match request {
            Request::UpdateMetadata { request_id, .. } => {
                let refusal = to_media::too_often(request_id);
                vec![send(Response::RequestResponse(refusal))]
            }
            _ => self.violate(Violation::Work),
        }
    }

    fn refresh_token(&mut self, now: Now) -> Option<Effect> {
        self.refresh_due = now.instant + self.intervals.refresh;
        match self.refresh.mint(&self.keys, now.unix_s()) {
            Ok(token) => Some(send(Response::RefreshToken(token))),
            Err(error) => {
                tracing::warn!(session = %self.id, %error, "no refresh token");
                None
            }
        }
    }

    fn leave(&self, reason: LeaveReason, action: LeaveAction) -> Effect {
        send(from_media::leave(reason, action, self.protocol))
    }

    fn end(&mut self, end: End) -> Effect {
        self.ended = true;
        Effect::End(end)
    }

    fn idle_due(&self) -> Instant {
        self.heard_at + self.intervals.idle
    }
}

/// The command that carries a session's request.
pub(crate) fn command(session: SessionId, request: Request) -> Command {
    Command::Request { session, request }
}

fn send(response: Response) -> Effect {
    Effect::Send(Box::new(response))
}

/// Messages that are one response each. First messages of a session are not expected later.
fn response(message: Message) -> Option<Response> {
    Some(match message {
        Message::TrackPublished { cid, track } => {
            Response::TrackPublished(proto::TrackPublishedResponse {
                cid,
                track: Some(from_media::track(track)),
            })
        }
        Message::TrackUnpublished(track) => {
            Response::TrackUnpublished(proto::TrackUnpublishedResponse { track_sid: track.into() })
        }
        Message::TrackSubscribed(track) => {
            Response::TrackSubscribed(proto::TrackSubscribed { track_sid: track.into() })
        }
        Message::Room(room) => {
            Response::RoomUpdate(proto::RoomUpdate { room: Some(from_media::room(room)) })
        }
        Message::Speakers(speakers) => Response::SpeakersChanged(proto::SpeakersChanged {
            speakers: speakers
                .into_iter()
                .map(|speaker| proto::SpeakerInfo {
                    sid: speaker.participant.into(),
                    level: speaker.level,
                    active: speaker.active,
                })
                .collect(),
        }),
        Message::ConnectionQuality(updates) => from_media::connection_quality(updates),
        Message::StreamState { publisher, track, is_paused } => {
            from_media::stream_state(publisher, track, is_paused)
        }
        Message::SubscribedQuality { track, mime_type, layers } => {
            from_media::subscribed_quality(track, &mime_type, layers)
        }
        Message::RemoteMute { track, muted } => {
            Response::Mute(proto::MuteTrackRequest { sid: track.into(), muted })
        }
        Message::SubscriptionAllowed { publisher, track, allowed } => {
            Response::SubscriptionPermissionUpdate(proto::SubscriptionPermissionUpdate {
                participant_sid: publisher.into(),
                track_sid: track.into(),
                allowed,
            })
        }
        Message::SubscriptionFailed { track, error } => {
            Response::SubscriptionResponse(proto::SubscriptionResponse {
                track_sid: track.into(),
                err: from_media::subscription_error(error) as i32,
            })
        }
        Message::RequestOutcome { request_id, outcome, message, add_track } => {
            Response::RequestResponse(proto::RequestResponse {
                request_id,
                reason: asked::reason(outcome) as i32,
                message,
                request: add_track.map(|request| {
                    proto::request_response::Request::AddTrack(from_media::add_track(*request))
                }),
            })
        }
        other => return negotiation(other),
    })
}

/// Messages about offers and answers, or what is left.
fn negotiation(message: Message) -> Option<Response> {
    Some(match message {
        Message::Answer { id, sdp, mid_to_track } => {
            Response::Answer(from_media::description("answer", id, sdp, mid_to_track))
        }
        Message::Offer { id, sdp, mid_to_track } => {
            Response::Offer(from_media::description("offer", id, sdp, mid_to_track))
        }
        Message::SectionsWanted { audio, video } => {
            Response::MediaSectionsRequirement(proto::MediaSectionsRequirement {
                num_audios: audio,
                num_videos: video,
            })
        }
        other => return data_track_response(other),
    })
}

/// Messages about data tracks; none for those that are not one response each.
fn data_track_response(message: Message) -> Option<Response> {
    Some(match message {
        Message::DataTrackPublished(track) => data_track::published(track),
        Message::DataTrackUnpublished(track) => data_track::unpublished(track),
        Message::DataTrackHandles(known) => data_track::handles(known),
        Message::DataTrackRefused { outcome, message, request } => {
            Response::RequestResponse(proto::RequestResponse {
                request_id: 0,
                reason: asked::reason(outcome) as i32,
                message,
                request: Some(data_track::request(request)),
            })
        }
        _ => return None,
    })
}

/// Splits those who left from those who are there.
fn split_departed(
    participants: Vec<ParticipantInfo>,
) -> (Vec<ParticipantInfo>, Vec<ParticipantInfo>) {
    participants.into_iter().partition(|info| info.state == ParticipantState::Disconnected)
}

#[cfg(test)]
mod tests;
