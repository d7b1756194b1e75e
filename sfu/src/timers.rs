//! When a shard must look after something without being asked: a timing wheel.
//!
//! ```text
//!   tick   0      1      2      3                  255
//!        [    ][ a, b ][    ][ c  ] ... 5 ms each [    ]   later than the horizon: waits in the last slot, moves on
//! ```
//!
//! An entry is a promise to look, not a promise that something is due: whoever is looked at compares with its own
//! deadline and asks again. That makes moving a deadline later free, and moving it earlier one push. Looks are rounded
//! up to whole ticks, so that what a thousand connections want at almost the same time is one wake-up. Scheduling and
//! taking are O(1); slots have memory for a thousand connections, and keep what they grow to.
//!
//! A pass over what is due never meets what it schedules itself, however early that wants to be: it comes with the next
//! tick. So a pass ends, and whoever asks for a look again and again costs one look a tick.

use std::time::{Duration, Instant};

use crate::keys::{ConnectionKey, RoomKey};

/// Precision of all looks. The shortest wait anybody asks for is the 5 ms before a lost packet is asked for again, and
/// 200 wake-ups a second cost an idle shard nothing that shows.
const TICK: Duration = Duration::from_millis(TICK_MS);

/// Slots: a horizon of 1.28 s, beyond the reports of every second, which are the longest regular wait.
const SLOTS: usize = 256;

/// Entries a slot holds before it grows: ten looks a second at each of a thousand connections are 50 in 5 ms.
const SLOT_CAPACITY: usize = 64;

const WORDS: usize = SLOTS / 64;

// A slot is the low byte of its tick.
const _: () = assert!(SLOTS == 256);

/// What to look after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// A connection: ICE consent, DTLS and SCTP retransmission, feedback, reports.
    Connection(ConnectionKey),
    /// A room: speakers, resume windows, timeouts, stale layers.
    Room(RoomKey),
}

/// See the module.
#[derive(Debug)]
pub struct Timers {
    start: Instant,
    /// The first tick that has not been taken whole.
    next: u64,
    /// The first tick that new entries may have: the one after the last pass.
    open: u64,
    /// Each entry with its own tick, which lies beyond its slot's when it waits for longer than the horizon.
    slots: [Vec<(u64, Timer)>; SLOTS],
    /// A bit for each slot that holds something.
    occupied: [u64; WORDS],
}

impl Timers {
    /// Nothing scheduled; ticks count from `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        let slots = std::array::from_fn(|_| Vec::with_capacity(SLOT_CAPACITY));
        Self { start, next: 0, open: 0, slots, occupied: [0; WORDS] }
    }

    /// Looks after `timer` at `at`, rounded up to a tick, but not within the pass that runs. O(1).
    pub fn schedule(&mut self, at: Instant, timer: Timer) {
        let wait = at.saturating_duration_since(self.start);
        let is_whole = wait.subsec_nanos().is_multiple_of(TICK_NS);
        self.insert((ticks(wait) + u64::from(!is_whole)).max(self.open), timer);
    }

    /// When something must be looked after next. O(1).
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let tick = self.next + self.distance()?;
        Some(self.start + Duration::from_millis(tick * TICK_MS))
    }

    /// Takes one entry that is due. O(1) over the ticks that have passed.
    pub fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        let current = ticks(now.saturating_duration_since(self.start));
        self.open = self.open.max(current + 1);
        while self.next <= current {
            let (slot, word, bit) = position(self.next);
            match self.slots.get_mut(slot).and_then(Vec::pop) {
                Some((tick, timer)) if tick <= current => return Some(timer),
                Some((tick, timer)) => self.insert(tick, timer),
                None => {
                    if let Some(word) = self.occupied.get_mut(word) {
                        *word &= !bit;
                    }
                    let empty = self.distance().unwrap_or(u64::MAX);
                    self.next = self.next.saturating_add(empty.max(1)).min(current + 1);
                }
            }
        }
        None
    }

    fn insert(&mut self, tick: u64, timer: Timer) {
        let place = tick.clamp(self.next, self.next + (SLOTS as u64 - 1));
        let (slot, word, bit) = position(place);
        if let (Some(slot), Some(word)) = (self.slots.get_mut(slot), self.occupied.get_mut(word)) {
            slot.push((tick, timer));
            *word |= bit;
        }
    }

    /// From the next tick to the first that has something.
    fn distance(&self) -> Option<u64> {
        let (_, first, bit) = position(self.next);
        // The word of the next tick is looked at twice: from its bit on, and at the end before it.
        (0..=WORDS).find_map(|step| {
            let mut word = *self.occupied.get((first + step) % WORDS)?;
            if step == 0 {
                word &= !(bit - 1);
            }
            let found = u64::from(word.trailing_zeros());
            (word != 0)
                .then(|| (step as u64 * 64 + found).saturating_sub(bit.trailing_zeros().into()))
        })
    }
}

const TICK_MS: u64 = 5;
const TICK_NS: u32 = 5_000_000;
const TICKS_PER_SECOND: u64 = 1000 / TICK_MS;
const _: () = assert!(TICK.as_nanos() == TICK_NS as u128 && TICK.as_millis() == TICK_MS as u128);

/// Whole ticks in a time.
fn ticks(time: Duration) -> u64 {
    time.as_secs() * TICKS_PER_SECOND + u64::from(time.subsec_nanos() / TICK_NS)
}

/// Slot of a tick, and its word and bit among the occupied.
fn position(tick: u64) -> (usize, usize, u64) {
    let [low, ..] = tick.to_le_bytes();
    let slot = usize::from(low);
    (slot, slot / 64, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slotmap::SlotMap;

    use super::*;

    fn keys(count: usize) -> Vec<Timer> {
        let mut rooms = SlotMap::<RoomKey, ()>::with_key();
        (0..count).map(|_| Timer::Room(rooms.insert(()))).collect()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_look_comes_at_the_next_whole_tick_and_once() {
        let start = Instant::now();
        let (mut timers, timer) = (Timers::new(start), keys(1)[0]);
        assert_eq!((timers.next(), timers.pop_due(start + ms(50))), (None, None));
        timers.schedule(start + ms(72), timer);
        assert_eq!(timers.next(), Some(start + ms(75)));
        assert_eq!(timers.pop_due(start + ms(74)), None);
        assert_eq!(timers.pop_due(start + ms(75)), Some(timer));
        assert_eq!((timers.pop_due(start + ms(75)), timers.next()), (None, None));
    }

    #[test]
    fn what_is_overdue_comes_with_the_next_tick() {
        let start = Instant::now();
        let (mut timers, timer) = (Timers::new(start), keys(1)[0]);
        assert_eq!(timers.pop_due(start + ms(1000)), None);
        timers.schedule(start + ms(10), timer);
        assert_eq!(timers.next(), Some(start + ms(1005)));
        assert_eq!(timers.pop_due(start + ms(1005)), Some(timer));
    }

    #[test]
    fn a_pass_never_meets_what_it_schedules_and_meets_it_in_the_next() {
        let start = Instant::now();
        for (late, count) in [(0, 1), (3, 2), (10_000, 5)] {
            let mut timers = Timers::new(start);
            let now = start + ms(50 + late);
            keys(count).into_iter().for_each(|timer| timers.schedule(start + ms(50), timer));
            for pass in 0..3 {
                let now = now + TICK * pass;
                for _ in 0..count {
                    let timer = timers.pop_due(now).expect("each once in every pass");
                    // In the past, now, and within the running tick.
                    timers.schedule(now - ms(7 * u64::from(pass)), timer);
                }
                assert_eq!(timers.pop_due(now), None);
            }
        }
    }

    #[test]
    fn years_do_not_overflow() {
        let start = Instant::now();
        let years = Duration::from_secs(60 * 60 * 24 * 3650);
        let (mut timers, timer) = (Timers::new(start), keys(1)[0]);
        assert_eq!(timers.pop_due(start + years), None);
        timers.schedule(start + years + ms(7), timer);
        assert_eq!(timers.next(), Some(start + years + ms(10)));
        assert_eq!(timers.pop_due(start + years + ms(10)), Some(timer));
    }

    proptest! {
        /// Against a list that is searched: every entry comes at its tick or at the first look after it, never before.
        #[test]
        fn entries_come_when_a_naive_list_says(
            steps in prop::collection::vec((0..4000u64, 0..1500u64), 1..120)
        ) {
            let start = Instant::now();
            let mut timers = Timers::new(start);
            let mut waiting: Vec<(Instant, Timer)> = Vec::new();
            let mut now = start;
            for (timer, (wait, step)) in keys(steps.len()).into_iter().zip(steps) {
                let at = now + ms(wait);
                timers.schedule(at, timer);
                waiting.push((at, timer));
                // What the tick that has begun could hold has been looked at: rounded up, it is of the next.
                now += ms(step);
                let mut due = Vec::new();
                while let Some(timer) = timers.pop_due(now) {
                    due.push(timer);
                }
                for timer in due {
                    let place = waiting.iter().position(|(_, one)| *one == timer).unwrap();
                    prop_assert!(waiting.remove(place).0 <= now);
                }
                for (at, _) in &waiting {
                    prop_assert!(*at + TICK > now, "left waiting");
                }
                if let Some(earliest) = waiting.iter().map(|(at, _)| *at).min() {
                    let next = timers.next().unwrap();
                    prop_assert!(next > now && next <= (earliest + TICK).max(now + TICK));
                }
            }
        }
    }
}
