//! How much may be on the way to a peer: as much as its line carries, and hardly more.
//!
//! The textbook's window (RFC 9260 §7) grows until a queue overflows and halves at each loss. Beside a call both are
//! wrong: a full queue delays the voice, and a radio link that loses one packet in a hundred is not a full one. This
//! window grows while packets come through without waiting, and shrinks as soon as they wait, or many are lost.
//!
//! ```text
//!   each round trip:   loss > 10 %  ×0.7  |  waits > 25 ms  ×0.875  |  used up  ×2 at first, then +1/16
//! ```
//!
//! The first growth is noticed one or two rounds too late, when several windows wait in the queue. So it is no larger than
//! what has arrived in the round, and ends with what the line was seen to carry in its shortest round trip and 25 ms.

use std::time::{Duration, Instant};

/// What packets may wait in queues on the way, for our sake: less than a voice's jitter buffer holds.
const WAIT_TARGET: Duration = Duration::from_millis(25);

/// At first: three times the textbook's. A chat message fits.
const BYTES_START: usize = 16 * 1024;

/// Always: a few packets in each round trip keep the measurement going.
const BYTES_MIN: usize = 8 * 1024;

/// More than may wait for a peer at all.
const BYTES_MAX: usize = crate::limits::DATA_QUEUE_BYTES_MAX;

/// How long the shortest round trip is believed. Paths change; and what waits for our sake must not count as distance.
const MEMORY: Duration = Duration::from_secs(30);

/// A round is not shorter: a few packets are to be measured in it.
const ROUND_MIN: Duration = Duration::from_millis(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Window {
    bytes: usize,
    is_starting: bool,
    /// Shortest round trips of this memory and the one before.
    shortest: [Option<Duration>; 2],
    memory_ends: Instant,
    smoothed: Option<Duration>,
    round_began: Instant,
    round_ends: Instant,
    round: Round,
}

/// What was measured since the round began.
#[derive(Debug, Default)]
struct Round {
    shortest: Option<Duration>,
    arrived: usize,
    lost: usize,
    is_used_up: bool,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bytes: BYTES_START,
            is_starting: true,
            shortest: [None; 2],
            memory_ends: now + MEMORY,
            smoothed: None,
            round_began: now,
            round_ends: now,
            round: Round::default(),
        }
    }

    /// Bytes that may be on the way.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The usual round trip, if one was measured.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The shortest round trip, as far as it is remembered.
    pub(super) fn distance(&self) -> Duration {
        self.shortest.iter().flatten().min().copied().unwrap_or_default()
    }

    /// So much had been on the way when an acknowledgement came.
    pub(super) fn on_flight(&mut self, bytes: usize) {
        self.round.is_used_up |= bytes >= self.bytes / 2;
    }

    /// A packet took so long to be acknowledged.
    pub(super) fn on_round_trip(&mut self, took: Duration) {
        let shorter = |known: Option<Duration>| Some(known.map_or(took, |known| known.min(took)));
        self.round.shortest = shorter(self.round.shortest);
        let [current, _] = &mut self.shortest;
        *current = shorter(*current);
        self.smoothed = Some(self.smoothed.map_or(took, |known| (known * 7 + took) / 8));
    }

    pub(super) fn on_arrived(&mut self, bytes: usize) {
        self.round.arrived += bytes;
    }

    pub(super) fn on_lost(&mut self, bytes: usize) {
        self.round.lost += bytes;
    }

    /// Ends the round if it is time.
    pub(super) fn on_time(&mut self, now: Instant) {
        if now < self.round_ends || self.round.arrived == 0 {
            return;
        }
        let round = std::mem::take(&mut self.round);
        let took = now.saturating_duration_since(std::mem::replace(&mut self.round_began, now));
        self.round_ends = now + self.smoothed.unwrap_or(ROUND_MIN).max(ROUND_MIN);
        let distance = self.distance();
        let waits = round.shortest.unwrap_or_default().saturating_sub(distance);
        if round.lost * 10 > round.arrived {
            (self.bytes, self.is_starting) = (self.bytes * 7 / 10, false);
        } else if waits > WAIT_TARGET && self.bytes > BYTES_MIN {
            let less = self.bytes * 7 / 8;
            if self.is_starting && round.is_used_up {
                let carried = carried(round.arrived, took, distance + WAIT_TARGET);
                self.bytes = carried.clamp(self.bytes / 8, less);
            } else {
                self.bytes = less;
            }
            self.is_starting = false;
        } else if waits > WAIT_TARGET {
            // Not for our sake: the path has become longer, or belongs to others who fill it. Measured from here.
            (self.shortest, self.is_starting) = ([round.shortest, None], true);
        } else if round.is_used_up {
            let step = if self.is_starting {
                self.bytes.min(round.arrived)
            } else {
                (self.bytes / 16).max(2400)
            };
            self.bytes += step;
        }
        self.bytes = self.bytes.clamp(BYTES_MIN, BYTES_MAX);
        if now >= self.memory_ends {
            self.memory_ends = now + MEMORY;
            let [current, _] = self.shortest;
            self.shortest = [None, current];
        }
    }
}

/// Where so much arrives in a round, so much arrives in this time.
fn carried(arrived: usize, round: Duration, time: Duration) -> usize {
    let bytes = arrived as u128 * time.as_micros() / round.as_micros().max(1);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds over a line of 1 byte per µs (8 Mbit/s) and 40 ms, whatever is more on the way waits; `lost` of it is lost.
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn settle(rounds: usize, lost: f64) -> Window {
        let mut now = Instant::now();
        let mut window = Window::new(now);
        for _ in 0..rounds {
            let bytes = window.bytes();
            let took = Duration::from_micros(40_000.max(bytes as u64));
            now += took;
            window.on_flight(bytes);
            window.on_round_trip(took);
            window.on_arrived(bytes);
            window.on_lost((bytes as f64 * lost) as usize);
            window.on_time(now);
        }
        window
    }

    #[test]
    fn a_line_is_filled_and_its_queue_is_not() {
        for lost in [0.0, 0.01, 0.05] {
            let bytes = settle(200, lost).bytes();
            assert!((40_000..75_000).contains(&bytes), "{bytes} with {lost} lost");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn a_path_that_becomes_longer_is_measured_anew() {
        let mut now = Instant::now();
        let mut window = Window::new(now);
        for round in 0..200 {
            let distance = if round < 50 { 2_000 } else { 60_000 };
            let bytes = window.bytes();
            let took = Duration::from_micros(distance.max(bytes as u64));
            now += took;
            window.on_flight(bytes);
            window.on_round_trip(took);
            window.on_arrived(bytes);
            window.on_time(now);
        }
        assert!((60_000..100_000).contains(&window.bytes()), "{}", window.bytes());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn what_the_first_growth_puts_in_a_queue_leaves_it_at_once() {
        let start = Instant::now();
        let mut window = Window::new(start);
        let mut flight = std::collections::VecDeque::from([start]);
        let (mut sent, mut crowded_ms) = (1000, 0);
        // A line of 1000 bytes each millisecond, 20 ms away; each packet is answered on its own.
        let mut free = start;
        let mut answers = std::collections::VecDeque::from([start + Duration::from_millis(41)]);
        for ms in 0..2000 {
            let now = start + Duration::from_millis(ms);
            while answers.pop_front_if(|at| *at <= now).is_some() {
                window.on_flight(sent);
                sent -= 1000;
                window.on_round_trip(now - flight.pop_front().unwrap());
                window.on_arrived(1000);
                window.on_time(now);
            }
            while sent + 1000 <= window.bytes() {
                sent += 1000;
                flight.push_back(now);
                free = free.max(now) + Duration::from_millis(1);
                answers.push_back(free + Duration::from_millis(40));
            }
            crowded_ms += u32::from(free > now + 3 * WAIT_TARGET);
        }
        assert!(crowded_ms < 400, "{crowded_ms} ms");
    }

    #[test]
    fn heavy_loss_is_a_full_line() {
        assert_eq!(settle(50, 0.3).bytes(), BYTES_MIN);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn a_window_that_is_not_used_stays_as_it_is() {
        let mut now = Instant::now();
        let mut window = Window::new(now);
        for _ in 0..100 {
            now += Duration::from_millis(300);
            window.on_flight(100);
            window.on_round_trip(Duration::from_millis(40));
            window.on_arrived(100);
            window.on_time(now);
        }
        assert_eq!(window.bytes(), BYTES_START);
    }
}
