//! A listener: the jitter buffer of sound, as NetEq does it, and what of the sound it has to make up.
//!
//! ```text
//!   played in time ── as it is
//!   missing, and what follows is there ── 20 ms made up
//!   late, and nothing is there ── made up until it comes; all that follows is later by as much, and is caught up with
//! ```
//!
//! Owns arrivals and judges them afterwards: nothing that a listener does changes what it is sent. A pause of speech that
//! is not sent (DTX) is no loss: numbers go on although time has passed.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sfu::rtp::ids::ExtSeq;

/// Sound of one packet, on the RTP clock.
const FRAME_TICKS: i64 = 960;
const FRAME_US: i64 = 20_000;
/// The delay begins with this: NetEq's first target.
const TARGET_START_US: i64 = 40_000;
/// Frames that the target is taken from: ten seconds.
const WINDOW: usize = 500;
/// This share of them is to come in time.
const QUANTILE: f64 = 0.97;
/// Time is stretched or squeezed by at most this for each frame.
const STRETCH_US: i64 = 4_000;
/// And squeezed faster when far behind.
const SQUEEZE_US: i64 = 10_000;

#[derive(Debug, Clone, Copy)]
struct Arrival {
    at: Instant,
    seq: u64,
    timestamp: i64,
    is_redundant: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Listener {
    arrivals: Vec<Arrival>,
    highest: Option<i64>,
}

/// What was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hearing {
    /// Sound that should have been played, made up or not.
    pub played: Duration,
    /// Of it, made up.
    pub concealed: Duration,
    /// The longest piece made up without a pause.
    pub longest_gap: Duration,
    /// Frames that only redundancy saved.
    pub saved: u64,
}

impl Hearing {
    /// Made up, of all.
    #[must_use]
    pub fn concealed_share(&self) -> f64 {
        if self.played.is_zero() {
            return 1.0;
        }
        self.concealed.as_secs_f64() / self.played.as_secs_f64()
    }
}

/// One piece of sound as it should be played.
struct Frame {
    media_us: i64,
    arrival_us: Option<i64>,
    is_saved: bool,
}

impl Listener {
    /// Takes a packet, and how much older the blocks are that it repeats, on the RTP clock.
    pub fn on_packet(&mut self, seq: ExtSeq, timestamp: u32, ages: &[u32], now: Instant) {
        let highest = *self.highest.get_or_insert(timestamp.into());
        let ahead = timestamp.wrapping_sub(highest as u32).cast_signed();
        let full = highest + i64::from(ahead);
        self.highest = Some(highest.max(full));
        let arrival = Arrival { at: now, seq: seq.0, timestamp: full, is_redundant: false };
        self.arrivals.push(arrival);
        for age in ages.iter().filter(|age| **age > 0) {
            let timestamp = full - i64::from(*age);
            self.arrivals.push(Arrival { timestamp, is_redundant: true, ..arrival });
        }
    }

    /// What was heard of packets that came, or should have come, in this time.
    #[must_use]
    pub fn hear(&self, from: Instant, to: Instant) -> Hearing {
        let us = |at: Instant| match at.checked_duration_since(from) {
            Some(since) => since.as_micros() as i64,
            None => -(from.saturating_duration_since(at).as_micros() as i64),
        };
        let frames = self.frames(us);
        let mut buffer = Buffer::default();
        let until = us(to);
        for (place, frame) in frames.iter().enumerate() {
            buffer.play(frame, frames.get(place + 1..).unwrap_or_default(), until);
        }
        buffer.hearing
    }

    /// All frames in the order of playing, those that never came too.
    fn frames(&self, us: impl Fn(Instant) -> i64) -> Vec<Frame> {
        let mut primary: BTreeMap<u64, &Arrival> = BTreeMap::new();
        let mut redundant: BTreeMap<i64, i64> = BTreeMap::new();
        for arrival in &self.arrivals {
            if arrival.is_redundant {
                let at = redundant.entry(arrival.timestamp).or_insert(i64::MAX);
                *at = (*at).min(us(arrival.at));
            } else {
                primary.entry(arrival.seq).or_insert(arrival);
            }
        }
        let mut frames = Vec::with_capacity(primary.len());
        let mut before: Option<(u64, i64)> = None;
        for (seq, arrival) in &primary {
            let lost = before.map_or(0, |(known, _)| seq - known - 1) as i64;
            for number in 0..lost {
                // Lost packets follow the one before, or precede the next, where redundancy tells of them.
                let after = before.map_or(0, |(_, ticks)| ticks + (number + 1) * FRAME_TICKS);
                let ahead = arrival.timestamp - (lost - number) * FRAME_TICKS;
                let ticks = if redundant.contains_key(&ahead) { ahead } else { after };
                let saved = redundant.get(&ticks).copied();
                frames.push(Frame {
                    media_us: ticks_us(ticks),
                    arrival_us: saved,
                    is_saved: saved.is_some(),
                });
            }
            let own = us(arrival.at);
            let copy = redundant.get(&arrival.timestamp).copied().unwrap_or(own);
            frames.push(Frame {
                media_us: ticks_us(arrival.timestamp),
                arrival_us: Some(own.min(copy)),
                is_saved: false,
            });
            before = Some((*seq, arrival.timestamp));
        }
        frames.sort_by_key(|frame| frame.media_us);
        frames
    }
}

/// The jitter buffer while it plays.
#[derive(Default)]
struct Buffer {
    /// When media time 0 is played; none before the first packet.
    offset_us: Option<i64>,
    transits: std::collections::VecDeque<i64>,
    gap_us: i64,
    hearing: Hearing,
}

impl Buffer {
    fn play(&mut self, frame: &Frame, following: &[Frame], until: i64) {
        let offset = match (self.offset_us, frame.arrival_us) {
            (Some(offset), _) => offset,
            (None, Some(arrival)) => arrival - frame.media_us + TARGET_START_US,
            (None, None) => return,
        };
        let due = frame.media_us + offset;
        let mut next_offset = offset;
        // What lies outside the time that is looked at only sets the delay.
        let counts = due >= 0 && due < until;
        match frame.arrival_us {
            Some(arrival) if arrival <= due => {
                self.play_sound(counts, frame.is_saved);
                next_offset = self.stretched(offset);
            }
            Some(arrival) if !is_followed(following, due) => {
                let missing = (arrival - due + FRAME_US - 1) / FRAME_US * FRAME_US;
                self.make_up(missing, counts, due, until);
                self.play_sound(counts, frame.is_saved);
                next_offset = offset + missing;
            }
            _ => self.make_up(FRAME_US, counts, due, until),
        }
        if let Some(arrival) = frame.arrival_us.filter(|_| !frame.is_saved) {
            self.transits.push_back(arrival - frame.media_us);
            if self.transits.len() > WINDOW {
                self.transits.pop_front();
            }
        }
        self.offset_us = Some(next_offset);
    }

    fn play_sound(&mut self, counts: bool, is_saved: bool) {
        self.gap_us = 0;
        if counts {
            self.hearing.played += micros(FRAME_US);
            self.hearing.saved += u64::from(is_saved);
        }
    }

    fn make_up(&mut self, missing: i64, counts: bool, due: i64, until: i64) {
        self.gap_us += missing;
        if counts {
            let missing = missing.min(until - due);
            self.hearing.played += micros(missing);
            self.hearing.concealed += micros(missing);
            self.hearing.longest_gap = self.hearing.longest_gap.max(micros(self.gap_us));
        }
    }

    /// The offset after a frame: towards the target, no faster than can be heard.
    fn stretched(&self, offset: i64) -> i64 {
        let Some(least) = self.transits.iter().min() else { return offset };
        let mut late: Vec<i64> = self.transits.iter().map(|transit| transit - least).collect();
        let place = ((late.len() - 1) as f64 * QUANTILE) as usize;
        let (_, target, _) = late.select_nth_unstable(place);
        let target = (*target).max(FRAME_US) + FRAME_US;
        let ahead = offset - least - target;
        let squeeze = if ahead > 3 * target { SQUEEZE_US } else { STRETCH_US };
        offset - ahead.clamp(-STRETCH_US, squeeze)
    }
}

/// Whether anything that is played later has come by then.
fn is_followed(following: &[Frame], due: i64) -> bool {
    following.iter().take(WINDOW).any(|one| one.arrival_us.is_some_and(|at| at <= due))
}

fn ticks_us(ticks: i64) -> i64 {
    ticks * 125 / 6
}

fn micros(us: i64) -> Duration {
    Duration::from_micros(us.max(0).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// Packets of ten seconds, each with a chance to be changed or lost.
    fn hear(ages: &[u32], change: impl Fn(u32) -> Option<Duration>) -> Hearing {
        let (mut listener, start) = (Listener::default(), start());
        let mut arrivals: Vec<_> =
            (0..500).filter_map(|n| Some((start + FRAME * n + change(n)?, n))).collect();
        arrivals.sort();
        for (at, n) in arrivals {
            // A first number, and a timestamp that wraps.
            let timestamp = 960_u32.wrapping_mul(n).wrapping_sub(100_000);
            listener.on_packet(ExtSeq(700 + u64::from(n)), timestamp, ages, at);
        }
        listener.hear(start, start + 500 * FRAME)
    }

    #[test]
    fn sound_that_comes_evenly_or_with_little_jitter_is_played_as_it_is() {
        assert_eq!(hear(&[], |_| Some(Duration::ZERO)).concealed, Duration::ZERO);
        let uneven = |n: u32| Some(Duration::from_millis((n * 7 % 30).into()));
        assert_eq!(hear(&[], uneven).concealed, Duration::ZERO);
    }

    #[test]
    fn each_lost_packet_costs_its_twenty_milliseconds() {
        let hearing = hear(&[], |n| (n % 10 != 3).then_some(Duration::ZERO));
        assert!((0.095..0.105).contains(&hearing.concealed_share()), "{hearing:?}");
        assert_eq!(hearing.longest_gap, FRAME);
    }

    #[test]
    fn redundancy_saves_single_losses_and_not_pairs() {
        let single = hear(&[960], |n| (n % 10 != 3).then_some(Duration::ZERO));
        assert_eq!((single.concealed, single.saved), (Duration::ZERO, 50));
        let pairs = hear(&[960], |n| (n % 10 != 3 && n % 10 != 4).then_some(Duration::ZERO));
        assert_eq!((pairs.concealed, pairs.saved), (50 * FRAME, 50));
        let two = hear(&[1920, 960], |n| (n % 10 != 3 && n % 10 != 4).then_some(Duration::ZERO));
        assert_eq!((two.concealed, two.saved), (Duration::ZERO, 100));
    }

    #[test]
    fn an_outage_is_made_up_once_and_what_follows_is_played_later() {
        // For 400 ms nothing comes, and then all at once.
        let held = |n: u32| match n {
            100..120 => FRAME * (120 - n),
            _ => Duration::ZERO,
        };
        let hearing = hear(&[], |n| Some(held(n)));
        assert!(hearing.concealed > 15 * FRAME && hearing.concealed <= 20 * FRAME, "{hearing:?}");
        assert_eq!(hearing.longest_gap, hearing.concealed);
    }

    #[test]
    fn a_pause_that_is_not_sent_is_no_loss() {
        let (mut listener, start) = (Listener::default(), start());
        for n in 0..200_u32 {
            let slot = if n < 100 { n } else { n + 300 };
            listener.on_packet(ExtSeq(n.into()), 960 * slot, &[], start + FRAME * slot);
        }
        let hearing = listener.hear(start, start + 500 * FRAME);
        assert_eq!((hearing.concealed, hearing.played > 190 * FRAME), (Duration::ZERO, true));
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn start() -> Instant {
        Instant::now()
    }
}
