//! Data messages: chat, streams, RPC. Routed by the envelope alone; contents stay opaque.

use std::time::Instant;

use bytes::Bytes;

use super::{
    ParticipantKey, Room,
    data_packet::{self, Stamped},
    mirror::stamp_of,
    participant::Participant,
};
use crate::{
    connection::{
        ConnectionKey,
        sctp::{ChannelEvent, ChannelLabel, SendOutcome},
    },
    drop_reason::DropReason,
    limits::DATA_MESSAGE_BYTES_MAX,
    shard::context::Context,
};

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
            ChannelEvent::Message { label, data } => {
                if let Err(reason) = self.on_message(context, participant, label, &data, now) {
                    context.drop_count(reason);
                }
            }
            ChannelEvent::Open(_) | ChannelEvent::Closed(_) => {}
        }
    }

    fn on_message(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        label: ChannelLabel,
        message: &[u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        let sender = self.participants.get_mut(from).ok_or(DropReason::DataRefused)?;
        let relayed = matches!(label, ChannelLabel::Reliable | ChannelLabel::Lossy);
        if !sender.data_budget.take(now) {
            return Err(DropReason::DataRefused);
        }
        if !relayed || !sender.permission.can_publish_data || message.len() > DATA_MESSAGE_BYTES_MAX
        {
            return Err(DropReason::DataRefused);
        }
        let stamp = stamp_of(sender, label);
        let stamped = data_packet::stamp(message, stamp).map_err(|_| DropReason::DataRefused)?;
        if label == ChannelLabel::Reliable && stamped.sequence != 0 {
            // A resumed client sends again what it is not sure of.
            if stamped.sequence <= sender.last_message_seq {
                return Ok(());
            }
            sender.last_message_seq = stamped.sequence;
        }
        self.distribute(context, from, label, &stamped, now);
        Ok(())
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
        let receivers: Vec<_> = self
            .participants
            .iter()
            .filter(|(key, one)| *key != from && is_meant(one, stamped))
            .map(|(key, _)| key)
            .collect();
        for receiver in receivers {
            self.deliver(context, receiver, label, stamped.bytes.clone(), now);
        }
        self.relay_data(context, from, label, stamped);
    }

    fn deliver(
        &mut self,
        context: &mut Context,
        to: ParticipantKey,
        label: ChannelLabel,
        message: Bytes,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(to) else { return };
        let Some(key) = participant.primary() else { return };
        let Some(connection) = context.connections.get_mut(key) else { return };
        match connection.send_data(label, &message, now) {
            SendOutcome::Sent => {
                context.counters.data_messages_forwarded += 1;
                if !context.fed.contains(&key) {
                    context.fed.push(key);
                }
            }
            SendOutcome::NotOpen if label == ChannelLabel::Reliable => {
                if !participant.held_data.push(message) {
                    context.drop_count(DropReason::DataRefused);
                }
            }
            SendOutcome::NotOpen | SendOutcome::Dropped => {
                context.drop_count(DropReason::DataRefused);
            }
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
        for message in participant.held_data.take() {
            self.deliver(context, to, ChannelLabel::Reliable, message, now);
        }
    }
}

pub(super) fn is_meant(participant: &Participant, stamped: &Stamped) -> bool {
    let everyone = stamped.destinations.is_empty() && stamped.destination_sids.is_empty();
    everyone
        || stamped.destinations.iter().any(|identity| identity == participant.identity.as_str())
        || stamped.destination_sids.iter().any(|sid| sid == participant.sid.as_str())
}
