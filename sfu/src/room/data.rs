//! Data messages: chat, streams, RPC. Routed by the envelope alone; contents stay opaque.
//!
//! ```text
//!   sender's SCTP ─► fetch ─► check, stamp, once each ─► room for all it is meant for? ─► their queues, other shards
//!        ▲                                                    │ no: it is parked, nothing more is fetched
//!        └── its window closes and opens with what is fetched ┘     until the receiver has room, or is shed
//! ```
//!
//! Nothing reliable is lost between two who are present: a sender waits for the slowest receiver of its messages, at
//! most until that one counts as stalled and is told to join anew. Lossy messages wait for nobody.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    Room,
    data_packet::{self, Sender, Stamped},
    participant::Participant,
};
use crate::{
    connection::sctp::{ChannelEvent, ChannelLabel, SendOutcome},
    context::Context,
    drop_reason::DropReason,
    keys::{ConnectionKey, ParticipantKey},
    words::{
        event::{LeaveAction, Message},
        info::{LeaveReason, ParticipantKind},
    },
};

/// When a sender that has spent its budget is looked at again.
const BUDGET_PAUSE: Duration = Duration::from_millis(5);

impl Room {
    /// Something happened on a participant's data channels.
    pub(crate) fn on_channel(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        participant: ParticipantKey,
        event: ChannelEvent,
        now: Instant,
    ) {
        match event {
            ChannelEvent::Open(ChannelLabel::Reliable) => {
                self.deliver_held(context, key, participant, now);
            }
            ChannelEvent::Readable(ChannelLabel::Reliable) => self.pump(context, participant, now),
            ChannelEvent::Readable(label) => {
                self.pass_lossy(context, key, participant, label, now);
            }
            ChannelEvent::Drained => self.pump_waiting(context, now),
            ChannelEvent::Open(_) | ChannelEvent::Closed(_) => {}
        }
    }

    /// Passes on what a participant has sent reliably, until a receiver has no room for it.
    pub(crate) fn pump(&mut self, context: &mut Context, from: ParticipantKey, now: Instant) {
        while self.pass_parked(context, from, now) {
            let Some(sender) = self.participants.get_mut(from) else { return };
            sender.data_flow.is_resting = !sender.data_flow.has_budget(now);
            if sender.data_flow.is_resting {
                if let Some(key) = sender.connections().next() {
                    context.wake_connection(key, now + BUDGET_PAUSE);
                }
                return;
            }
            let Some(message) = self.fetch_message(context, from, ChannelLabel::Reliable, now)
            else {
                return;
            };
            match self.check(context, from, ChannelLabel::Reliable, &message) {
                Ok(Some(stamped)) => {
                    if let Some(sender) = self.participants.get_mut(from) {
                        sender.data_flow.park(stamped);
                    }
                }
                Ok(None) => {}
                Err(reason) => context.drop_count(reason),
            }
        }
    }

    /// Goes on for a participant that has rested.
    pub(crate) fn pump_resting(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        now: Instant,
    ) {
        if self.participants.get(from).is_some_and(|one| one.data_flow.is_resting) {
            self.pump(context, from, now);
        }
    }

    /// Tries again for everyone who waits for a receiver.
    pub(crate) fn pump_waiting(&mut self, context: &mut Context, now: Instant) {
        let waiting: Vec<_> = self
            .participants
            .iter()
            .filter(|(_, one)| one.data_flow.is_waiting())
            .map(|(key, _)| key)
            .collect();
        for key in waiting {
            self.pump(context, key, now);
        }
    }

    /// Passes on what waits, in order; false if some of it must go on waiting.
    fn pass_parked(&mut self, context: &mut Context, from: ParticipantKey, now: Instant) -> bool {
        loop {
            let sender = self.participants.get_mut(from);
            let Some(stamped) = sender.and_then(|sender| sender.data_flow.take_parked()) else {
                return true;
            };
            if !self.have_room(context, from, &stamped, now) {
                if let Some(sender) = self.participants.get_mut(from) {
                    sender.data_flow.put_back(stamped);
                }
                return false;
            }
            self.distribute(context, from, ChannelLabel::Reliable, &stamped, now);
            self.tell_taken(context, from, stamped.bytes.len());
        }
    }

    /// The next message of a participant, over whichever of its connections.
    fn fetch_message(
        &self,
        context: &mut Context,
        from: ParticipantKey,
        label: ChannelLabel,
        now: Instant,
    ) -> Option<Bytes> {
        self.participants.get(from)?.connections().find_map(|key| {
            let message = context.connections.get_mut(key)?.poll_data(label, now)?;
            // The peer may have to be told that its window opens.
            context.feed(key);
            Some(message)
        })
    }

    fn pass_lossy(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        from: ParticipantKey,
        label: ChannelLabel,
        now: Instant,
    ) {
        while let Some(connection) = context.connections.get_mut(key)
            && let Some(message) = connection.poll_data(label, now)
        {
            let Some(sender) = self.participants.get_mut(from) else { return };
            let passed = if !sender.data_flow.has_budget(now) {
                Err(DropReason::DataRefused)
            } else if label == ChannelLabel::DataTrack {
                self.pass_data_track(context, from, &message, now)
            } else {
                self.check(context, from, label, &message).map(|stamped| {
                    if let Some(stamped) = stamped {
                        self.distribute(context, from, label, &stamped, now);
                    }
                })
            };
            if let Err(reason) = passed {
                context.drop_count(reason);
            }
        }
    }

    /// A message as its receivers get it; `None` if they have it, or it is for the server.
    fn check(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        label: ChannelLabel,
        message: &[u8],
    ) -> Result<Option<Stamped>, DropReason> {
        let sender = self.participants.get_mut(from).ok_or(DropReason::DataRefused)?;
        if !sender.permission.can_publish_data {
            return Err(DropReason::DataRefused);
        }
        let stamp = stamp_of(sender, label);
        let stamped = data_packet::stamp(message, stamp).map_err(|_| DropReason::DataRefused)?;
        if label == ChannelLabel::Reliable && stamped.sequence != 0 {
            // A resumed client sends again what it is not sure of.
            if stamped.sequence <= sender.last_message_seq {
                return Ok(None);
            }
            sender.last_message_seq = stamped.sequence;
        }
        if let Some(asker) = self.questions.asker_of(from, &stamped.bytes) {
            context.emit(Some(asker), Message::Answered(stamped.bytes.to_vec()));
            return Ok(None);
        }
        Ok(Some(stamped))
    }

    /// Whether all whom a message is meant for can take it, here and on other shards.
    fn have_room(
        &self,
        context: &mut Context,
        from: ParticipantKey,
        stamped: &Stamped,
        now: Instant,
    ) -> bool {
        let Some(sender) = self.participants.get(from) else { return true };
        let bytes = stamped.bytes.len();
        self.far_ends_meant(from, stamped).all(|end| sender.data_flow.may_relay(end, bytes))
            && self.meant_by(from, stamped).filter_map(|(_, one)| one.primary()).all(|key| {
                context.connections.get_mut(key).is_none_or(|one| one.has_data_room(now))
            })
    }

    /// Whom a message is meant for.
    fn meant_by(
        &self,
        from: ParticipantKey,
        stamped: &Stamped,
    ) -> impl Iterator<Item = (ParticipantKey, &Participant)> {
        let meant = move |(key, one): &(ParticipantKey, &Participant)| {
            *key != from && is_meant(one, stamped)
        };
        self.participants.iter().filter(meant)
    }

    /// Sends a message to all it is meant for, here and on other shards.
    pub(super) fn distribute(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        label: ChannelLabel,
        stamped: &Stamped,
        now: Instant,
    ) {
        let receivers: Vec<_> = self.meant_by(from, stamped).map(|(key, _)| key).collect();
        if let Some(sender) = self.participants.get_mut(from) {
            sender.data_flow.spend(receivers.len());
        }
        for receiver in receivers {
            self.deliver(context, receiver, label, &stamped.bytes, now);
        }
        self.relay_data(context, from, label, stamped);
    }

    pub(super) fn deliver(
        &mut self,
        context: &mut Context,
        to: ParticipantKey,
        label: ChannelLabel,
        message: &Bytes,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(to) else { return };
        let Some(key) = participant.primary() else { return };
        let Some(connection) = context.connections.get_mut(key) else { return };
        let is_held = label.is_reliable() && !participant.held_data.is_empty();
        let outcome =
            if is_held { SendOutcome::NotOpen } else { connection.send_data(label, message, now) };
        match outcome {
            SendOutcome::Sent { displaced } => {
                context.counters.data_messages_forwarded += 1;
                for _ in 0..displaced {
                    context.drop_count(DropReason::DataDisplaced);
                }
                context.feed(key);
            }
            SendOutcome::NotOpen if label.is_reliable() => {
                let expired = participant.held_data.expire(now);
                let is_kept = participant.held_data.push(message.clone(), now);
                for _ in 0..expired + usize::from(!is_kept) {
                    context.drop_count(DropReason::DataExpired);
                }
            }
            SendOutcome::NotOpen => context.drop_count(DropReason::DataRefused),
            SendOutcome::Dropped => context.drop_count(DropReason::DataOverflow),
        }
    }

    /// The channel opened: what was held for it goes out, in order.
    fn deliver_held(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        to: ParticipantKey,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(to) else { return };
        if participant.primary() != Some(key) {
            return;
        }
        for _ in 0..participant.held_data.expire(now) {
            context.drop_count(DropReason::DataExpired);
        }
        for message in participant.held_data.take() {
            self.deliver(context, to, ChannelLabel::Reliable, &message, now);
        }
    }

    /// Someone leaves: what it has said by then is passed on, whether there is room or not.
    pub(super) fn pass_last_words(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        now: Instant,
    ) {
        loop {
            while let Some(sender) = self.participants.get_mut(from)
                && let Some(stamped) = sender.data_flow.take_parked()
            {
                self.distribute(context, from, ChannelLabel::Reliable, &stamped, now);
            }
            let Some(message) = self.fetch_message(context, from, ChannelLabel::Reliable, now)
            else {
                return;
            };
            if let Ok(Some(stamped)) = self.check(context, from, ChannelLabel::Reliable, &message) {
                self.distribute(context, from, ChannelLabel::Reliable, &stamped, now);
            }
        }
    }

    /// Whoever takes next to nothing of what waits for it is told to join anew, so that the others can go on.
    pub(super) fn shed_stalled(&mut self, context: &mut Context, now: Instant) {
        let mut is_stalled = |one: &Participant| {
            let connection = one.primary().and_then(|key| context.connections.get_mut(key));
            connection.is_some_and(|connection| connection.is_data_stalled(now))
        };
        let stalled: Vec<_> = self
            .participants
            .iter()
            .filter(|(_, one)| is_stalled(one))
            .map(|(key, _)| key)
            .collect();
        for key in stalled {
            context.counters.data_receivers_shed += 1;
            let (reason, action) = (LeaveReason::ConnectionTimeout, LeaveAction::Reconnect);
            self.remove(context, key, reason, action, now);
        }
        self.pump_waiting(context, now);
    }
}

pub(super) fn is_meant(participant: &Participant, stamped: &Stamped) -> bool {
    if participant.is_waiting() {
        return false;
    }
    let everyone = stamped.destinations.is_empty() && stamped.destination_sids.is_empty();
    everyone
        || stamped.destinations.iter().any(|identity| identity == participant.identity.as_str())
        || stamped.destination_sids.iter().any(|sid| sid == participant.sid.as_str())
}

/// Who a message is from, as its receivers are told.
pub(super) fn stamp_of(sender: &Participant, label: ChannelLabel) -> Sender<'_> {
    Sender {
        identity: if sender.permission.hidden { "" } else { sender.identity.as_str() },
        sid: sender.sid.as_str(),
        is_agent: sender.kind == ParticipantKind::Agent,
        lossy: label == ChannelLabel::Lossy,
    }
}
