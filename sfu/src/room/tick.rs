//! What a room does by the clock: speakers, better layers, resume windows, connection deadlines, closing.

use std::time::{Duration, Instant};

use super::{
    Role, Room,
    admission::RESUME_WINDOW,
    participant::{Participant, Signal},
    speaker::WINDOW,
};
use crate::{
    connection::Connection,
    context::Context,
    keys::{ConnectionKey, ParticipantKey},
    relay::message::Down,
    words::{
        event::{LeaveAction, Message},
        info::{LeaveReason, ParticipantState, Speaker, Target},
    },
};

/// An offer of ours that is not answered in this time has failed (LiveKit's limit).
const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(15);

/// Silence after which a connection that stood is taken for lost: nothing authentic has come, neither checks (Chromium's
/// are 2.5 s apart, Firefox's 5 s) nor reports (1 s) nor media. No honest client on a line that works is silent so long.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// How long a connection may be lost before its participant must join anew: time to change the network and to restart ICE
/// over a new socket, for which clients need 2-4 s.
const LOST_TIMEOUT: Duration = Duration::from_secs(5);

/// A participant whose primary connection does not open in this time is removed (LiveKit's limit).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

impl Room {
    /// Looks after the room; returns when to look again, which is later unless the room is over.
    pub(crate) fn tick(&mut self, context: &mut Context, now: Instant) -> Instant {
        if now >= self.window_ends {
            self.window_ends = now + WINDOW;
            self.tell_speakers(context);
            self.allocate_all(context, now);
            self.nudge_layers(context, now);
            self.tell_demands(context, now);
            self.tell_quality(context, now);
            self.expire(context, now);
            self.shed_stalled(context, now);
            self.forget_departed(now);
            self.close_idle_edges(context);
            self.request_held_key_frames(context, now);
            self.look_after_recording(context, now);
        }
        match self.closes {
            // An empty room still looks up: someone may come back before it closes. An empty edge waits for its home.
            Some(closes) if self.is_home() && self.is_empty() => closes.min(self.window_ends),
            _ => self.window_ends,
        }
    }

    fn tell_speakers(&mut self, context: &mut Context) {
        let mut changes = Vec::new();
        for participant in self.participants.values_mut().filter(|one| !one.permission.hidden) {
            if let Some(level) = participant.audio_level.end_window() {
                changes.push(Speaker {
                    participant: participant.sid.clone(),
                    level,
                    active: participant.audio_level.is_speaking(),
                });
            }
        }
        if changes.is_empty() {
            return;
        }
        for participant in self.participants.values().filter(|one| !one.is_waiting()) {
            context.emit(participant.session(), Message::Speakers(changes.clone()));
        }
        if let Role::Home(edges) = &self.role {
            let message = Down::Speakers(changes);
            for edge in edges {
                context.relays.down(*edge, &message);
            }
        }
    }

    /// Removes those who lost their socket for too long, or never connected.
    fn expire(&mut self, context: &mut Context, now: Instant) {
        for one in self.participants.values_mut() {
            if is_silent(context, one, now) {
                one.lost_since.get_or_insert(now);
            } else if one.connections().all(|key| has_path(context, key)) {
                one.lost_since = None;
            }
        }
        let expired: Vec<(ParticipantKey, LeaveReason)> = self
            .participants
            .iter()
            .filter_map(|(key, one)| match one.signal {
                Signal::Elsewhere { .. } => None,
                _ if one
                    .lost_since
                    .is_some_and(|since| now.duration_since(since) >= LOST_TIMEOUT) =>
                {
                    Some((key, LeaveReason::ConnectionTimeout))
                }
                Signal::Connected(_) if one.has_unanswered_offer(now, NEGOTIATION_TIMEOUT) => {
                    Some((key, LeaveReason::MediaFailure))
                }
                Signal::Lost { since } if now.duration_since(since) >= RESUME_WINDOW => {
                    Some((key, LeaveReason::SignalClose))
                }
                _ if one.state == ParticipantState::Joined
                    && now.duration_since(one.joined) >= CONNECT_TIMEOUT =>
                {
                    Some((key, LeaveReason::ConnectionTimeout))
                }
                _ => None,
            })
            .collect();
        for (key, reason) in expired {
            self.remove(context, key, reason, LeaveAction::Reconnect, now);
        }
    }

    /// A connection of a participant has lost its path; it may come back.
    pub(crate) fn on_lost(&mut self, key: ParticipantKey, now: Instant) {
        if let Some(participant) = self.participants.get_mut(key) {
            participant.lost_since.get_or_insert(now);
        }
    }

    /// A connection's keys are agreed.
    pub(crate) fn on_opened(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        target: Target,
        now: Instant,
    ) {
        context.counters.handshakes += 1;
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.is_primary(target) && participant.state == ParticipantState::Joined {
            participant.state = ParticipantState::Active;
            self.announce(context, key);
            self.participant_joined(context, key);
        }
        if target.is_subscribed_on() {
            let own: Vec<_> = self
                .subscriptions
                .iter()
                // Who has switched a track off for now asks again when it is switched on.
                .filter(|(_, one)| one.subscriber == key && !one.settings.disabled)
                .map(|(key, one)| (key, one.publication))
                .collect();
            for (subscription, publication) in own {
                self.ask_for_picture(context, subscription, publication, now);
            }
        }
    }

    /// A connection ended: the client is asked to join anew, since its media cannot go on; without a socket it is
    /// simply gone.
    pub(crate) fn on_closed(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        target: Target,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get(key) else { return };
        if participant.is_primary(target) || !participant.publications.is_empty() {
            let reason = LeaveReason::ConnectionTimeout;
            self.remove(context, key, reason, LeaveAction::Reconnect, now);
        } else if let Some(connection) = participant.publisher {
            context.close_connection(connection, now);
            if let Some(participant) = self.participants.get_mut(key) {
                participant.publisher = None;
            }
        }
    }

    /// Whether any of the participant's connections stands.
    pub(crate) fn is_connected(&self, context: &Context, key: ParticipantKey) -> bool {
        self.participants
            .get(key)
            .and_then(Participant::primary)
            .and_then(|primary| context.connections.get(primary))
            .is_some_and(Connection::is_open)
    }
}

/// Whether nothing has come for too long on any connection that stands.
fn is_silent(context: &Context, participant: &Participant, now: Instant) -> bool {
    let open = participant.connections().filter_map(|key| context.connections.get(key));
    let heard = open.filter(|connection| connection.is_open()).map(|connection| connection.heard);
    heard.max().is_some_and(|heard| now.saturating_duration_since(heard) >= SILENCE_MAX)
}

fn has_path(context: &Context, key: ConnectionKey) -> bool {
    context.connections.get(key).is_some_and(|connection| connection.ice.path().is_some())
}
