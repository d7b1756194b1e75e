//! When a loop looks at its socket: as soon as something comes, or under load by the clock.
//!
//! ```text
//!   eager      ......wait for the socket......|work|......wait......|work|
//!   gathering  |work|.nap.|work|.nap.|work|.nap.|          a period each
//! ```
//!
//! Under load, waking up for every few datagrams costs more than forwarding them: gathered for a period, they take one
//! wake-up, one receive call and one send call of many, and the packets of a frame leave together. The period is counted
//! from the beginning of one turn to that of the next, so that work shortens the nap: near saturation nothing is held at
//! all. A lightly loaded shard gains nothing from naps (docs/adr/0008) and holds nothing.

use std::time::{Duration, Instant};

/// Time over which the load is averaged: a few video frames.
const MEMORY: Duration = Duration::from_millis(100);

/// Share of a core above which gathering begins.
const LOAD_HIGH: f64 = 0.28;

/// Share below which it ends: gathering itself lowers the load by up to a third.
const LOAD_LOW: f64 = 0.16;

/// Longest that a datagram is held: with the work of a turn, within the millisecond that nobody notices.
const PERIOD: Duration = Duration::from_micros(500);

/// A shorter nap costs more than it gains: putting a core to sleep and waking it up is some ten microseconds of work.
const NAP_MIN: Duration = Duration::from_micros(100);

/// See the module.
#[derive(Debug)]
pub struct Pace {
    mode: Mode,
    /// Share of the time that is work, 0 to 1.
    load: f64,
    began: Instant,
    ended: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Eager,
    Gathering,
}

/// What to do before the next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Wait until something comes.
    Wait,
    /// Let datagrams gather for so long, then look. Zero: look at once.
    Nap(Duration),
}

impl Pace {
    /// An idle loop.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { mode: Mode::Eager, load: 0.0, began: now, ended: now }
    }

    /// Share of the time that is work, 0 to 1, over the last moments.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// A turn of the loop begins.
    pub fn begin(&mut self, now: Instant) {
        self.began = now;
    }

    /// It has ended; `received` tells whether it found any datagram.
    pub fn end(&mut self, received: bool, now: Instant) -> Rest {
        let span = now.saturating_duration_since(self.ended).as_secs_f64();
        let work = now.saturating_duration_since(self.began);
        if span > 0.0 {
            let weight = span / (span + MEMORY.as_secs_f64());
            self.load += (work.as_secs_f64() / span - self.load) * weight;
        }
        self.ended = now;
        self.mode = match self.mode {
            Mode::Eager if self.load > LOAD_HIGH => Mode::Gathering,
            Mode::Gathering if self.load < LOAD_LOW => Mode::Eager,
            mode => mode,
        };
        // Whoever napped for nothing waits for the next datagram.
        if self.mode == Mode::Eager || !received {
            return Rest::Wait;
        }
        let nap = PERIOD.saturating_sub(work);
        Rest::Nap(if nap < NAP_MIN { Duration::ZERO } else { nap })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    /// Turns of this much work after this much rest; the last answer.
    fn turns(
        pace: &mut Pace,
        now: &mut Instant,
        count: u32,
        rest: Duration,
        work: Duration,
    ) -> Rest {
        let mut answer = Rest::Wait;
        for _ in 0..count {
            *now += rest;
            pace.begin(*now);
            *now += work;
            answer = pace.end(true, *now);
        }
        answer
    }

    #[test]
    fn gathering_begins_under_load_and_ends_only_well_below() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(turns(&mut pace, &mut now, 1000, us(800), us(200)), Rest::Wait);
        assert_eq!(turns(&mut pace, &mut now, 1000, us(450), us(300)), Rest::Nap(us(200)));
        assert!((pace.load - 0.4).abs() < 0.01, "{}", pace.load);
        // As much as would not have begun it.
        assert_eq!(turns(&mut pace, &mut now, 1000, us(800), us(200)), Rest::Nap(us(300)));
        assert_eq!(turns(&mut pace, &mut now, 1000, us(900), us(100)), Rest::Wait);
    }

    #[test]
    fn near_saturation_nothing_is_held() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(turns(&mut pace, &mut now, 1000, us(10), us(450)), Rest::Nap(Duration::ZERO));
    }

    #[test]
    fn who_found_nothing_waits_for_the_socket() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        turns(&mut pace, &mut now, 1000, us(500), us(500));
        pace.begin(now);
        assert_eq!(pace.end(false, now + us(5)), Rest::Wait);
    }
}
