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
    report::{Sample, Series},
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

/// How often the score is judged, and how often everyone is told without a change (LiveKit's five seconds).
const JUDGE_INTERVAL: Duration = Duration::from_secs(2);
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// Silence from which on a participant is lost: one that is sent media answers it ten times a second, one that sends
/// media does so all the time and reports at least every five seconds, and every client checks its path within five.
const LOST_RECEIVING: Duration = Duration::from_millis(3000);
const LOST_SENDING: Duration = Duration::from_millis(4200);
const LOST_IDLE: Duration = Duration::from_secs(10);

/// Media that came or went within this time before the silence counts.
const MEDIA_RECENT: Duration = Duration::from_secs(8);

/// LiveKit protocol from which clients know "lost".
const PROTOCOL_LOST: u32 = 11;

/// What a participant's connections are like. Loss in thousandths, the worse of both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) loss_up: u32,
    pub(crate) loss_down: u32,
    pub(crate) rtt_ms: u32,
    pub(crate) jitter_ms: u32,
    /// The line does not carry what is wanted.
    pub(crate) is_constrained: bool,
    /// Low-bandwidth mode.
    pub(crate) is_low: bool,
}

impl Condition {
    /// 0 to 5, as people would say: 5 as if in the same room, below 3 annoying.
    pub(crate) fn score(&self) -> f32 {
        let loss = match self.loss_up.max(self.loss_down) {
            0..20 => 0.0,
            20..50 => 0.5,
            50..100 => 1.1,
            100..200 => 2.1,
            _ => 3.2,
        };
        let delay = match self.rtt_ms {
            0..200 => 0.0,
            200..350 => 0.4,
            350..600 => 1.0,
            _ => 2.1,
        };
        let jitter = match self.jitter_ms {
            0..40 => 0.0,
            40..100 => 0.4,
            _ => 1.1,
        };
        let narrow = match (self.is_low, self.is_constrained) {
            (true, _) => 2.1,
            (false, true) => 1.0,
            (false, false) => 0.0,
        };
        (5.0_f32 - loss - delay - jitter - narrow).max(1.0)
    }

    /// The level of a score.
    pub(crate) fn level(score: f32) -> ConnectionQuality {
        if score >= 4.2 {
            ConnectionQuality::Excellent
        } else if score >= 3.0 {
            ConnectionQuality::Good
        } else {
            ConnectionQuality::Poor
        }
    }
}

/// What is kept of one participant.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    judged: Option<Instant>,
    score: f32,
    level: Option<ConnectionQuality>,
    told: Option<(ConnectionQuality, Instant)>,
    pub(crate) series: Series,
}

impl Standing {
    /// Takes a judgement; getting better takes two.
    fn take(&mut self, score: f32, now: Instant) {
        let is_first = self.judged.is_none();
        self.judged = Some(now);
        self.score =
            if is_first || score < self.score { score } else { (self.score + score) / 2.0 };
        self.level = Some(Condition::level(self.score));
    }

    /// What is to be told now, if anything is; remembers it.
    fn tell(&mut self, level: ConnectionQuality, now: Instant) -> Option<(ConnectionQuality, f32)> {
        let is_due = self.told.is_none_or(|(told, at)| {
            told != level || now.saturating_duration_since(at) >= TELL_INTERVAL
        });
        if !is_due {
            return None;
        }
        self.told = Some((level, now));
        let score = if level == ConnectionQuality::Lost { 0.0 } else { self.score };
        Some((level, score))
    }
}

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
            let seen: Vec<_> = updates
                .iter()
                .filter(|(whose, one)| {
                    let is_own = *whose == key;
                    let is_visible =
                        self.participants.get(*whose).is_some_and(|one| !one.permission.hidden);
                    (is_own && one.quality != ConnectionQuality::Lost) || (!is_own && is_visible)
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
    fn scores_follow_what_people_notice() {
        let good = Condition { rtt_ms: 130, ..Condition::default() };
        for (condition, level) in [
            (good, ConnectionQuality::Excellent),
            (Condition { loss_up: 15, jitter_ms: 30, ..good }, ConnectionQuality::Excellent),
            (Condition { loss_down: 60, ..good }, ConnectionQuality::Good),
            (Condition { loss_down: 120, ..good }, ConnectionQuality::Poor),
            (Condition { is_constrained: true, ..good }, ConnectionQuality::Good),
            (Condition { is_low: true, is_constrained: true, ..good }, ConnectionQuality::Poor),
            (Condition { rtt_ms: 400, ..good }, ConnectionQuality::Good),
            (Condition { rtt_ms: 900, ..good }, ConnectionQuality::Poor),
        ] {
            assert_eq!(Condition::level(condition.score()), level, "{condition:?}");
        }
        let worst = Condition {
            loss_up: 900,
            loss_down: 900,
            rtt_ms: 5000,
            jitter_ms: 900,
            is_constrained: true,
            is_low: true,
        };
        assert!((worst.score() - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_level_is_told_when_it_changes_and_every_five_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut standing = Standing::default();
        let (excellent, poor) = (ConnectionQuality::Excellent, ConnectionQuality::Poor);
        standing.take(4.8, start);
        for (second, level, is_told) in [
            (0, excellent, true),
            (2, excellent, false),
            (5, excellent, true),
            (6, poor, true),
            (7, poor, false),
            (8, ConnectionQuality::Lost, true),
            (13, ConnectionQuality::Lost, true),
        ] {
            assert_eq!(standing.tell(level, at(second)).is_some(), is_told, "{second}");
        }
        // Worse at once, better by halves.
        standing.take(1.0, at(20));
        assert_eq!(standing.level, Some(poor));
        standing.take(5.0, at(22));
        assert_eq!(standing.level, Some(ConnectionQuality::Good));
        standing.take(5.0, at(24));
        standing.take(5.0, at(26));
        assert_eq!(standing.level, Some(excellent));
    }

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
