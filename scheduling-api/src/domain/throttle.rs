//! How often something may be tried: a budget per key that refills by itself.
//!
//! Owns: [`Budget`] and the bounded memory of who spent what. Never: reads a clock, knows what a key stands for, locks
//! an account: a spent budget is a pause, and a budget belongs to who asks (a person's known device has its own), so
//! that nobody can spend somebody else's.
//!
//! The memory is one instant a key, "empty until then" (the generic cell rate algorithm). Two generations of a bounded
//! map stand for all keys: when the young one is full the old one is forgotten, so that a flood of made-up keys costs
//! a fixed amount of memory and forgets only who was idle longest.

use std::{collections::HashMap, hash::Hash, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// So many at once, then one each so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many may be spent at once after a long pause.
    pub burst: u32,
    /// How long one takes to come back.
    pub refill: Duration,
}

/// Not now; worth another try after so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When one will have come back.
    pub retry_after: Duration,
}

/// Budgets of one kind, by key.
#[derive(Debug)]
pub struct Throttle<K> {
    budget: Budget,
    keys_max: usize,
    young: HashMap<K, Timestamp>,
    old: HashMap<K, Timestamp>,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Nobody has spent anything. Remembers between `keys_max` and twice as many keys.
    #[must_use]
    pub fn new(budget: Budget, keys_max: usize) -> Self {
        debug_assert!(budget.burst > 0 && !budget.refill.is_zero() && keys_max > 0);
        Self { budget, keys_max, young: HashMap::new(), old: HashMap::new() }
    }

    /// Spends one of the key's budget.
    ///
    /// # Errors
    /// If it is spent; nothing is charged then, so that trying on does not lengthen the pause.
    pub fn spend(&mut self, key: &K, now: Timestamp) -> Result<(), Spent> {
        let refill = signed(self.budget.refill);
        let full_until = self.full_until(key, now);
        let after = full_until.saturating_add(refill).unwrap_or(Timestamp::MAX);
        let burst = refill * i32::try_from(self.budget.burst).unwrap_or(i32::MAX);
        let horizon = now.saturating_add(burst).unwrap_or(Timestamp::MAX);
        if after > horizon {
            return Err(Spent { retry_after: after.duration_since(horizon).unsigned_abs() });
        }
        self.remember(key, after);
        Ok(())
    }

    /// Gives one back, for a try that turned out to be the right person's.
    pub fn refund(&mut self, key: &K, now: Timestamp) {
        let refill = signed(self.budget.refill);
        let before = self.full_until(key, now).saturating_sub(refill).unwrap_or(Timestamp::MIN);
        self.remember(key, before);
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn full_until(&self, key: &K, now: Timestamp) -> Timestamp {
        self.young
            .get(key)
            .or_else(|| self.old.get(key))
            .copied()
            .map_or(now, |until| until.max(now))
    }

    fn remember(&mut self, key: &K, until: Timestamp) {
        if self.young.len() >= self.keys_max && !self.young.contains_key(key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.clone(), until);
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIVE_A_MINUTE: Budget = Budget { burst: 5, refill: Duration::from_secs(12) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_burst_passes_then_one_each_refill() {
        let mut throttle = Throttle::new(FIVE_A_MINUTE, 100);
        for _ in 0..5 {
            assert_eq!(throttle.spend(&"a", at(0)), Ok(()));
        }
        assert_eq!(
            throttle.spend(&"a", at(0)),
            Err(Spent { retry_after: Duration::from_secs(12) })
        );
        assert_eq!(
            throttle.spend(&"a", at(11)),
            Err(Spent { retry_after: Duration::from_secs(1) })
        );
        assert_eq!(throttle.spend(&"a", at(12)), Ok(()));
        assert_eq!(throttle.spend(&"b", at(12)), Ok(()), "another key has its own budget");
    }

    #[test]
    fn a_refund_undoes_a_spending() {
        let mut throttle = Throttle::new(FIVE_A_MINUTE, 100);
        for _ in 0..50 {
            assert_eq!(throttle.spend(&"a", at(0)), Ok(()));
            throttle.refund(&"a", at(0));
        }
        assert!(throttle.spend(&"a", at(0)).is_ok());
    }

    #[test]
    fn a_flood_of_keys_costs_a_fixed_amount_of_memory() {
        let mut throttle = Throttle::new(FIVE_A_MINUTE, 100);
        for key in 0..10_000 {
            assert!(throttle.spend(&key, at(0)).is_ok());
            assert!(throttle.len() <= 200);
        }
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_refill_allow(gaps in prop::collection::vec(0_i64..40, 1..200)) {
            let mut throttle = Throttle::new(FIVE_A_MINUTE, 100);
            let (mut now, mut passed) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                if throttle.spend(&(), at(now)).is_ok() {
                    passed.push(now);
                }
            }
            for (first, start) in passed.iter().enumerate() {
                for (last, end) in passed.iter().enumerate().skip(first) {
                    let allowed = 5 + (end - start) / 12;
                    prop_assert!(i64::try_from(last - first + 1).unwrap() <= allowed + 1);
                }
            }
        }

        #[test]
        fn a_refusal_names_the_moment_that_succeeds(spent in 5_i64..20, wait in 0_i64..100) {
            let mut throttle = Throttle::new(FIVE_A_MINUTE, 100);
            for _ in 0..spent {
                let _ = throttle.spend(&(), at(0));
            }
            if let Err(Spent { retry_after }) = throttle.spend(&(), at(wait)) {
                let then = at(wait) + SignedDuration::try_from(retry_after).unwrap();
                prop_assert!(throttle.spend(&(), then).is_ok());
            }
        }
    }
}
