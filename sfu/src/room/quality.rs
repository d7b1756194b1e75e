//! How well each participant is connected: a score from what its reports and ours say, told to everyone when it changes
//! and every few seconds, and kept for the report at the end of its stay.
//!
//! A participant is "lost" only when nothing authentic has come from it for seconds although something must have: media
//! or feedback about media. A muted microphone is no loss (livekit-client joins anew when it is told of its own loss, so
//! that nobody is ever told of that).

use std::time::{Duration, Instant};

use super::{
    Room,
    participant::Participant,
    report::Sample,
    standing::{Condition, JUDGE_INTERVAL},
};
use crate::{
    connection::Connection,
    context::Context,
    keys::ParticipantKey,
    words::{
        event::Message,
        info::{ConnectionQuality, QualityOf},
    },
};

/// Silence from which on a participant is lost: one that is sent media answers it ten times a second, one that sends
/// media does so all the time and reports at least every five seconds, and every client checks its path within five.
const LOST_RECEIVING: Duration = Duration::from_millis(3000);
const LOST_SENDING: Duration = Duration::from_millis(4200);
const LOST_IDLE: Duration = Duration::from_secs(10);

/// Media that came or went within this time before the silence counts.
const MEDIA_RECENT: Duration = Duration::from_secs(8);

/// LiveKit protocol from which clients know "lost".
const PROTOCOL_LOST: u32 = 11;

impl Room {
    /// Judges everyone who is connected here, and tells what is to be told.
    pub(super) fn tell_quality(&mut self, context: &mut Context, now: Instant) {
        let mut updates = Vec::new();
        for key in self.participants.keys().collect::<Vec<_>>() {
            let update = self.judge_quality(context, key, now);
            updates.extend(update.map(|update| (key, update)));
        }
        if updates.is_empty() {
            return;
        }
        for (key, viewer) in &self.participants {
            let sees_others = !viewer.is_waiting();
            let seen: Vec<_> = updates
                .iter()
                .filter(|(whose, one)| {
                    let is_own = *whose == key;
                    let is_visible =
                        self.participants.get(*whose).is_some_and(|one| !one.permission.hidden);
                    (is_own && one.quality != ConnectionQuality::Lost)
                        || (!is_own && is_visible && sees_others)
                })
                .map(|(_, one)| for_protocol(one, viewer.client.protocol))
                .collect();
            if !seen.is_empty() {
                context.emit(viewer.session(), Message::ConnectionQuality(seen));
            }
        }
    }

    fn judge_quality(
        &mut self,
        context: &Context,
        key: ParticipantKey,
        now: Instant,
    ) -> Option<QualityOf> {
        let participant = self.participants.get(key)?;
        if participant.elsewhere().is_some() || !has_opened(context, participant) {
            return None;
        }
        let is_lost = self.is_lost(context, participant, now);
        let is_due = participant
            .standing
            .judged
            .is_none_or(|at| now.saturating_duration_since(at) >= JUDGE_INTERVAL);
        let judged = (is_due && !is_lost).then(|| self.condition(context, participant));
        let sample = judged.map(|condition| self.sample(context, participant, condition, now));
        let participant = self.participants.get_mut(key)?;
        if let Some(condition) = judged {
            participant.standing.take(condition.score(), now);
            participant.standing.series.push(sample?, now);
        }
        let level =
            if is_lost { Some(ConnectionQuality::Lost) } else { participant.standing.level };
        let (quality, score) = participant.standing.tell(level?, now)?;
        Some(QualityOf { participant: participant.sid.clone(), quality, score })
    }

    /// Whether nothing has come although something must have.
    fn is_lost(&self, context: &Context, participant: &Participant, now: Instant) -> bool {
        let open = || {
            let connections =
                participant.connections().filter_map(|key| context.connections.get(key));
            connections.filter(|connection| connection.is_open())
        };
        let Some(heard) = open().map(|connection| connection.heard).max() else { return false };
        let silence = now.saturating_duration_since(heard);
        if silence < LOST_RECEIVING {
            return false;
        }
        let is_recent = |at: Instant| now.saturating_duration_since(at) < MEDIA_RECENT;
        let is_sent_media =
            participant.subscriber.iter().flat_map(|one| &one.sections).any(|section| {
                let subscription =
                    section.subscription().and_then(|key| self.subscriptions.get(key));
                subscription.and_then(|one| one.stream.last).is_some_and(|(_, at)| is_recent(at))
            });
        if is_sent_media && open().any(|connection| connection.outgoing.is_told_of()) {
            return true;
        }
        let publications =
            participant.publications.iter().filter_map(|key| self.publications.get(*key));
        let sends_media = publications
            .filter(|publication| !publication.info.muted)
            .flat_map(|publication| &publication.layers)
            .any(|layer| layer.last_packet.is_some_and(is_recent));
        silence >= if sends_media { LOST_SENDING } else { LOST_IDLE }
    }

    fn condition(&self, context: &Context, participant: &Participant) -> Condition {
        let layers =
            participant.publications.iter().filter_map(|key| self.publications.get(*key)).flat_map(
                |publication| publication.layers.iter().map(move |one| (publication, one)),
            );
        let (mut loss_up, mut jitter_ms) = (0, 0);
        for (publication, layer) in layers {
            let Some(block) = layer.last_report else { continue };
            loss_up = loss_up.max(u32::from(block.fraction_lost) * 1000 / 256);
            let per_ms = (publication.codec.clock_rate() / 1000).max(1);
            jitter_ms = jitter_ms.max(block.jitter / per_ms);
        }
        let down = participant.subscriber.as_ref().map(|one| one.connection);
        let down = down.and_then(|key| context.connections.get(key));
        let estimator = down.and_then(|one| one.outgoing.estimator.as_ref());
        let rtt = estimator.and_then(|one| one.rtt()).unwrap_or_default();
        Condition {
            loss_up,
            loss_down: estimator.map_or(0, |one| one.loss_permille()),
            // The receiver's wait before it sends feedback is in it.
            rtt_ms: u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX),
            jitter_ms,
            is_constrained: participant.line.is_constrained,
            is_low: participant.line.is_low,
        }
    }

    fn sample(
        &self,
        context: &Context,
        participant: &Participant,
        condition: Condition,
        now: Instant,
    ) -> Sample {
        let down = participant.subscriber.as_ref().map(|one| one.connection);
        let down = down.and_then(|key| context.connections.get(key));
        let estimator = down.and_then(|one| one.outgoing.estimator.as_ref());
        let kbps = |bps: Option<u64>| u32::try_from(bps.unwrap_or(0) / 1000).unwrap_or(u32::MAX);
        let sections = participant.subscriber.iter().flat_map(|one| &one.sections);
        let layer = sections
            .filter_map(|section| self.subscriptions.get(section.subscription()?))
            .filter(|one| one.rtx.is_some())
            .filter_map(|one| one.stream.layer())
            .max();
        Sample {
            at_s: u32::try_from(now.saturating_duration_since(participant.joined).as_secs())
                .unwrap_or(u32::MAX),
            loss_up_permille: condition.loss_up,
            loss_down_permille: condition.loss_down,
            rtt_ms: condition.rtt_ms,
            jitter_up_ms: condition.jitter_ms,
            estimate_kbps: kbps(estimator.and_then(|one| one.estimate_bps())),
            received_kbps: kbps(estimator.and_then(|one| one.arriving_bps())),
            layer: layer.map(|layer| layer.0),
            score: condition.score(),
        }
    }
}

fn has_opened(context: &Context, participant: &Participant) -> bool {
    let mut connections = participant.connections().filter_map(|key| context.connections.get(key));
    connections.any(Connection::is_open)
}

/// Older clients know three levels.
fn for_protocol(update: &QualityOf, protocol: u32) -> QualityOf {
    let quality = match update.quality {
        ConnectionQuality::Lost if protocol < PROTOCOL_LOST => ConnectionQuality::Poor,
        quality => quality,
    };
    QualityOf { quality, ..update.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_clients_are_told_poor_for_lost() {
        let update = QualityOf {
            participant: "PA_x".to_owned().try_into().unwrap(),
            quality: ConnectionQuality::Lost,
            score: 0.0,
        };
        assert_eq!(for_protocol(&update, 10).quality, ConnectionQuality::Poor);
        assert_eq!(for_protocol(&update, 11).quality, ConnectionQuality::Lost);
    }
}
