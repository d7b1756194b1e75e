//! Which indices of one SSRC were received (RFC 3711 §3.3.2), and the guess of the next (§3.3.1).
//!
//! Two steps, so that a forged packet leaves no trace: `check` and `guess` look, `accept`
//! remembers, and `accept` is called only for authenticated packets.

use crate::rtp::ids::{ExtSeq, Seq};

/// Indices remembered per SSRC. A retransmission or a burst of 300 packets of one frame must not
/// push a late packet out.
pub(crate) const WINDOW: u64 = 1024;

const WORDS: usize = 16;
const _: () = assert!(WORDS as u64 * 64 == WINDOW);

/// A sliding window that starts with its first index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplayWindow {
    highest: u64,
    /// Bit `index % WINDOW` for the indices from `highest - WINDOW + 1` to `highest`.
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// A window in which `first` was seen.
    pub(crate) fn new(first: u64) -> Self {
        let mut window = Self { highest: first, seen: [0; WORDS] };
        window.set(first, true);
        window
    }

    /// A window that takes only what comes after `highest`.
    pub(crate) fn spent(highest: u64) -> Self {
        Self { highest, seen: [u64::MAX; WORDS] }
    }

    /// The highest index that was seen.
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether `index` is new.
    pub(crate) fn check(&self, index: u64) -> bool {
        if index > self.highest {
            return true;
        }
        let (word, bit) = place(index);
        self.highest - index < WINDOW && self.seen.get(word).is_some_and(|w| w & bit == 0)
    }

    /// Remembers an index that `check` passed. O(distance), at most the window.
    pub(crate) fn accept(&mut self, index: u64) {
        if index > self.highest {
            if index - self.highest >= WINDOW {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.highest + 1..index {
                    self.set(skipped, false);
                }
            }
            self.highest = index;
        }
        self.set(index, true);
    }

    /// The full index of a sequence number (RFC 3711 §3.3.1 and appendix A). `None`: it would lie
    /// before index 0, or beyond the last rollover that 32 bits can count.
    pub(crate) fn guess(&self, seq: Seq) -> Option<ExtSeq> {
        let highest = ExtSeq(self.highest);
        let (rollover, last) = (highest.rollover(), highest.seq().0);
        let rollover = if last < HALF {
            if seq.0 > HALF && seq.0 - HALF > last { rollover.checked_sub(1)? } else { rollover }
        } else if last - HALF > seq.0 {
            rollover.checked_add(1)?
        } else {
            rollover
        };
        Some(ExtSeq(u64::from(rollover) << 16 | u64::from(seq.0)))
    }

    fn set(&mut self, index: u64, seen: bool) {
        let (word, bit) = place(index);
        if let Some(word) = self.seen.get_mut(word) {
            if seen {
                *word |= bit;
            } else {
                *word &= !bit;
            }
        }
    }
}

const HALF: u16 = 1 << 15;

fn place(index: u64) -> (usize, u64) {
    (((index % WINDOW) / 64) as usize, 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_window_remembers_exactly_1024() {
        let mut window = ReplayWindow::new(5000);
        assert!(!window.check(5000));
        assert!(window.check(5000 - 1023));
        assert!(!window.check(5000 - 1024));
        window.accept(5000 - 1023);
        assert!(!window.check(5000 - 1023));
        window.accept(5001);
        assert!(!window.check(5000 - 1023));
        assert!(window.check(5000 - 1022));
    }

    #[test]
    fn guesses_follow_rfc_3711() {
        let at = |index| ReplayWindow::new(index);
        assert_eq!(at(10).guess(Seq(65_535)), None);
        assert_eq!(at(10).guess(Seq(32_778)), Some(ExtSeq(32_778)));
        assert_eq!(at(10).guess(Seq(32_779)), None);
        assert_eq!(at(65_535).guess(Seq(0)), Some(ExtSeq(0x1_0000)));
        assert_eq!(at(65_535).guess(Seq(32_766)), Some(ExtSeq(0x1_7ffe)));
        assert_eq!(at(65_535).guess(Seq(32_767)), Some(ExtSeq(0x7fff)));
        assert_eq!(at(0x1_0000).guess(Seq(65_535)), Some(ExtSeq(0xffff)));
        assert_eq!(at(0xffff_ffff_ffff).guess(Seq(0)), None);
    }

    proptest! {
        #[test]
        fn no_index_passes_twice_and_none_in_the_window_is_refused_once(
            first in 0..1u64 << 40,
            steps in prop::collection::vec(prop_oneof![
                4 => -40..40i64, 2 => -1100..1100i64, 1 => -40_000..40_000i64,
            ], 1..300)
        ) {
            let first = first + 50_000_000;
            let mut window = ReplayWindow::new(first);
            let mut seen = HashSet::from([first]);
            let mut highest = first;
            for step in steps {
                let index = highest.wrapping_add_signed(step);
                let expected = index > highest
                    || (highest - index < WINDOW && !seen.contains(&index));
                prop_assert_eq!(window.check(index), expected);
                if expected {
                    window.accept(index);
                    seen.insert(index);
                    highest = highest.max(index);
                }
            }
        }
    }
}
