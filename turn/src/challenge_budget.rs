//! How often one source is told to authenticate: a fixed table of token buckets.
//!
//! Sources share places by a keyed hash, so that memory is bounded and nobody can choose whose place he fills.

use std::{
    hash::BuildHasher,
    net::IpAddr,
    time::{Duration, Instant},
};

use foldhash::quality::FixedState;

use crate::limits::{CHALLENGE_PLACES, ChallengeRate};

/// See the module.
#[derive(Debug)]
pub(crate) struct ChallengeBudget {
    start: Instant,
    hasher: FixedState,
    rate: ChallengeRate,
    /// Until when, after the start, each place has been paid for, in milliseconds.
    paid: Box<[u64]>,
}

impl ChallengeBudget {
    pub(crate) fn new(rate: ChallengeRate, seed: u64, start: Instant) -> Self {
        Self {
            start,
            hasher: FixedState::with_seed(seed),
            rate,
            paid: vec![0; CHALLENGE_PLACES].into_boxed_slice(),
        }
    }

    /// Whether a source may be answered once more.
    pub(crate) fn take(&mut self, source: IpAddr, now: Instant) -> bool {
        let network = match source.to_canonical() {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits() >> 64 | 1 << 127,
        };
        let places = self.paid.len() as u64;
        let place = self.hasher.hash_one(network) % places.max(1);
        let now = millis(now.saturating_duration_since(self.start));
        let place = usize::try_from(place).ok().and_then(|place| self.paid.get_mut(place));
        let Some(paid) = place else { return false };
        // One answer's worth of time, and what may be owed.
        let price = u64::from(1000 / self.rate.per_second);
        if *paid > now + price * u64::from(self.rate.burst - 1) {
            return false;
        }
        *paid = (*paid).max(now) + price;
        true
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DATAGRAM_CHALLENGES;

    #[test]
    fn a_source_has_a_burst_and_then_ten_a_second() {
        let start = Instant::now();
        let mut budget = ChallengeBudget::new(DATAGRAM_CHALLENGES, 1, start);
        let source = IpAddr::from([192, 0, 2, 1]);
        let answered = |budget: &mut ChallengeBudget, now| {
            (0..1000).filter(|_| budget.take(source, now)).count()
        };
        assert_eq!(answered(&mut budget, start), DATAGRAM_CHALLENGES.burst as usize);
        assert_eq!(answered(&mut budget, start + Duration::from_secs(1)), 10);
        assert_eq!(
            answered(&mut budget, start + Duration::from_secs(60)),
            DATAGRAM_CHALLENGES.burst as usize
        );
        assert!(budget.take(IpAddr::from([198, 51, 100, 7]), start), "another one is not affected");
    }

    #[test]
    fn the_addresses_of_one_network_share_a_budget() {
        let start = Instant::now();
        let mut budget = ChallengeBudget::new(DATAGRAM_CHALLENGES, 1, start);
        let answered = (0..1000u16)
            .filter(|host| {
                let source = format!("2001:db8::{host:x}").parse().unwrap();
                budget.take(source, start)
            })
            .count();
        assert_eq!(answered, DATAGRAM_CHALLENGES.burst as usize);
    }
}
