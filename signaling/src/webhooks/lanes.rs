//! One receiver's queue: a lane a room, events of a lane one after the other. Pure.
//!
//! Take what is due, try it, settle it; a lane that failed waits, longer each time, with its first event still first.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::ids::RoomSid;

use super::event::Prepared;
use crate::limits::{WEBHOOK_BYTES_MAX, WEBHOOK_EVENTS_MAX};

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) retry_first: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) age_max: Duration,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    /// It may succeed later.
    Failed,
    /// It never will.
    Refused,
}

/// What became of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Delivered,
    Refused,
    Retried,
    TooOld,
}

/// See the module.
pub(crate) struct Lanes {
    patience: Patience,
    lanes: HashMap<Arc<RoomSid>, Lane>,
    /// When idle lanes are to be looked at.
    due: BTreeSet<(Instant, Arc<RoomSid>)>,
    events: usize,
    bytes: usize,
}

struct Lane {
    events: VecDeque<Prepared>,
    failures: u32,
    /// None while its first event is being tried.
    due: Option<Instant>,
}

impl Lanes {
    pub(crate) fn new(patience: Patience) -> Self {
        let (lanes, due) = (HashMap::new(), BTreeSet::new());
        Self { patience, lanes, due, events: 0, bytes: 0 }
    }

    /// Queues an event; false if there is no space.
    pub(crate) fn push(&mut self, event: Prepared, now: Instant) -> bool {
        let bytes = self.bytes + event.body.len();
        if self.events >= WEBHOOK_EVENTS_MAX || bytes > WEBHOOK_BYTES_MAX {
            return false;
        }
        self.bytes = bytes;
        self.events += 1;
        let room = Arc::clone(&event.room);
        let lane = self.lanes.entry(Arc::clone(&room)).or_insert_with(|| {
            self.due.insert((now, room));
            Lane { events: VecDeque::new(), failures: 0, due: Some(now) }
        });
        lane.events.push_back(event);
        true
    }

    /// When the next lane is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The first event of a lane that is due; settle it before the lane gives another.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Arc<RoomSid>, Bytes)> {
        self.next_due().filter(|at| *at <= now)?;
        let (_, room) = self.due.pop_first()?;
        let lane = self.lanes.get_mut(&room)?;
        lane.due = None;
        let body = lane.events.front()?.body.clone();
        Some((room, body))
    }

    /// The attempt is over.
    pub(crate) fn settle(
        &mut self,
        room: &Arc<RoomSid>,
        outcome: Outcome,
        now: Instant,
    ) -> Settled {
        let Some(lane) = self.lanes.get_mut(room) else { return Settled::Refused };
        debug_assert!(lane.due.is_none(), "only what was taken is settled");
        let since = lane.events.front().map_or(now, |event| event.since);
        let settled = match outcome {
            Outcome::Delivered => Settled::Delivered,
            Outcome::Refused => Settled::Refused,
            Outcome::Failed if now.duration_since(since) >= self.patience.age_max => {
                Settled::TooOld
            }
            Outcome::Failed => Settled::Retried,
        };
        let due = match settled {
            Settled::Retried => {
                lane.failures = lane.failures.saturating_add(1);
                now + self.patience.pause(lane.failures)
            }
            // A receiver that is down is not asked more often because an event has become too old.
            Settled::TooOld => now + self.patience.pause(lane.failures),
            Settled::Delivered | Settled::Refused => {
                lane.failures = 0;
                now
            }
        };
        if settled != Settled::Retried
            && let Some(done) = lane.events.pop_front()
        {
            self.events -= 1;
            self.bytes -= done.body.len();
        }
        if lane.events.is_empty() {
            self.lanes.remove(room);
        } else {
            lane.due = Some(due);
            self.due.insert((due, Arc::clone(room)));
        }
        settled
    }
}

impl Patience {
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.retry_first.saturating_mul(doubled).min(self.retry_max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Patience = Patience {
        retry_first: SECOND,
        retry_max: Duration::from_secs(8),
        age_max: Duration::from_secs(60),
    };

    fn event(room: u8, number: u32, since: Instant) -> Prepared {
        let room = Arc::new(RoomSid::try_from(format!("RM_{room}")).unwrap());
        Prepared { room, body: number.to_string().into(), since }
    }

    fn text(body: &Bytes) -> String {
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn a_failed_event_stays_first_and_its_pauses_double_to_the_longest() {
        let start = samples::now().instant;
        let mut lanes = Lanes::new(PATIENCE);
        assert!(lanes.push(event(1, 1, start), start) && lanes.push(event(1, 2, start), start));
        let mut now = start;
        for pause in [1, 2, 4, 8, 8] {
            let (room, body) = lanes.take_due(now).unwrap();
            assert_eq!(text(&body), "1");
            assert!(lanes.take_due(now).is_none());
            assert_eq!(lanes.settle(&room, Outcome::Failed, now), Settled::Retried);
            assert_eq!(lanes.next_due(), Some(now + pause * SECOND));
            now += pause * SECOND;
        }
        let (room, _) = lanes.take_due(now).unwrap();
        assert_eq!(lanes.settle(&room, Outcome::Delivered, now), Settled::Delivered);
        let (room, body) = lanes.take_due(now).unwrap();
        assert_eq!(text(&body), "2");
        assert_eq!(lanes.settle(&room, Outcome::Refused, now), Settled::Refused);
        assert_eq!((lanes.next_due(), lanes.events, lanes.bytes), (None, 0, 0));
    }

    #[test]
    fn an_event_that_is_too_old_is_given_up_for_the_next() {
        let start = samples::now().instant;
        let mut lanes = Lanes::new(PATIENCE);
        let later = start + PATIENCE.age_max;
        assert!(lanes.push(event(1, 1, start), start) && lanes.push(event(1, 2, later), later));
        let (room, _) = lanes.take_due(later).unwrap();
        assert_eq!(lanes.settle(&room, Outcome::Failed, later), Settled::TooOld);
        assert_eq!(text(&lanes.take_due(later + PATIENCE.retry_max).unwrap().1), "2");
    }

    #[test]
    fn a_room_that_fails_keeps_no_other_waiting() {
        let start = samples::now().instant;
        let mut lanes = Lanes::new(PATIENCE);
        assert!(lanes.push(event(1, 1, start), start));
        let (room, _) = lanes.take_due(start).unwrap();
        lanes.settle(&room, Outcome::Failed, start);
        assert!(lanes.push(event(2, 7, start), start));
        assert_eq!(text(&lanes.take_due(start).unwrap().1), "7");
    }

    #[test]
    fn the_queue_is_bounded_in_events_and_bytes() {
        let start = samples::now().instant;
        let mut lanes = Lanes::new(PATIENCE);
        let taken = (0..WEBHOOK_EVENTS_MAX + 5).filter(|_| lanes.push(event(1, 1, start), start));
        assert_eq!(taken.count(), WEBHOOK_EVENTS_MAX);
        let mut lanes = Lanes::new(PATIENCE);
        let large = Prepared { body: vec![0; WEBHOOK_BYTES_MAX / 2].into(), ..event(1, 1, start) };
        let taken = (0..4).filter(|_| lanes.push(large.clone(), start));
        assert_eq!(taken.count(), 2);
    }

    proptest! {
        #[test]
        fn every_room_gets_its_events_in_order_and_each_once(
            steps in prop::collection::vec((0..4_u8, 0..4_u8), 1..200),
        ) {
            let mut now = samples::now().instant;
            let mut lanes = Lanes::new(PATIENCE);
            let (mut sent, mut next) = (HashMap::<u8, Vec<u32>>::new(), 0);
            let mut done = HashMap::<String, Vec<u32>>::new();
            let mut under_way = Vec::new();
            let rest = std::iter::repeat_n((3, 0), 2_000);
            for (what, room) in steps.into_iter().chain(rest) {
                match what {
                    0 => {
                        next += 1;
                        sent.entry(room).or_default().push(next);
                        prop_assert!(lanes.push(event(room, next, now), now));
                    }
                    1 => under_way.extend(lanes.take_due(now)),
                    2 => if let Some((room, _)) = under_way.pop() {
                        lanes.settle(&room, Outcome::Failed, now);
                        now += SECOND / 7;
                    },
                    _ => {
                        let one = under_way.pop().or_else(|| lanes.take_due(now));
                        if let Some((room, body)) = one {
                            lanes.settle(&room, Outcome::Delivered, now);
                            let number = text(&body).parse().unwrap();
                            done.entry(room.as_str().to_owned()).or_default().push(number);
                        }
                        now += SECOND;
                    }
                }
            }
            for (room, numbers) in sent {
                prop_assert_eq!(done.get(&format!("RM_{room}")), Some(&numbers));
            }
            prop_assert_eq!(lanes.events, 0);
        }
    }
}
