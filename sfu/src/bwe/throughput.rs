//! How much arrives: bytes that feedback acknowledges, by the receiver's clock, over a short and a long window.

/// The window for a steady figure: half a second holds fifteen frames.
const LONG_US: i64 = 500_000;

/// The window right after a line has become narrow: two feedbacks, but some packets at least. What comes in it came
/// through the bottleneck. Measured from packet to packet: on the narrowest lines one fills much of the window.
const SHORT_US: i64 = 150_000;
const SHORT_PACKETS_MIN: usize = 6;

/// Arrivals that are remembered one by one.
const LATEST: usize = 32;

/// Before so much has been seen there is no figure.
const SEEN_MIN_US: i64 = 150_000;

/// Arrivals are gathered in buckets of this length.
const BUCKET_US: i64 = 25_000;
/// The long window, and the bucket that is being filled.
const BUCKETS: usize = 21;

const _: () = assert!(BUCKET_US * (BUCKETS as i64 - 1) == LONG_US);

/// See the module.
#[derive(Debug)]
pub struct Throughput {
    buckets: [u32; BUCKETS],
    /// Number of the newest bucket since the receiver's clock began.
    newest: Option<i64>,
    /// Number of the first.
    first: i64,
    latest: [(i64, u32); LATEST],
    /// Arrivals noted so far.
    count: usize,
}

impl Default for Throughput {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], newest: None, first: 0, latest: [(0, 0); LATEST], count: 0 }
    }
}

impl Throughput {
    /// Notes bytes that arrived at `at_us`.
    pub fn on_arrival(&mut self, at_us: i64, bytes: u32) {
        if let Some(slot) = self.latest.get_mut(self.count % LATEST) {
            *slot = (at_us, bytes);
            self.count = self.count.wrapping_add(1);
        }
        let bucket = at_us.div_euclid(BUCKET_US);
        match self.newest {
            None => {
                self.newest = Some(bucket);
                self.first = bucket;
            }
            Some(newest) if bucket > newest => {
                for skipped in (newest + 1).max(bucket - BUCKETS as i64 + 1)..=bucket {
                    if let Some(slot) = self.buckets.get_mut(place(skipped)) {
                        *slot = 0;
                    }
                }
                self.newest = Some(bucket);
            }
            Some(newest) if newest - bucket >= BUCKETS as i64 => return,
            Some(_) => {}
        }
        if let Some(slot) = self.buckets.get_mut(place(bucket)) {
            *slot = slot.saturating_add(bytes);
        }
    }

    /// Bits a second over the long window; `None` before a fifth of a second has been seen.
    #[must_use]
    pub fn long_bps(&self) -> Option<u64> {
        self.over(LONG_US)
    }

    /// Bits a second over the short window: of the packets that came in it, from the first to the last.
    #[must_use]
    pub fn short_bps(&self) -> Option<u64> {
        let known = self.count.min(LATEST);
        let back = |step: usize| self.latest.get((self.count - 1 - step) % LATEST).copied();
        let (last, _) = if known > 0 { back(0)? } else { return None };
        let (mut bytes, mut first, mut packets) = (0_u64, last, 0);
        for step in 0..known {
            let (at, len) = back(step)?;
            first = at;
            packets += 1;
            if packets >= SHORT_PACKETS_MIN && last - at >= SHORT_US {
                break;
            }
            // What the earliest brought was under way before the span.
            bytes += u64::from(len);
            if step + 1 == known {
                bytes -= u64::from(len);
            }
        }
        if packets < SHORT_PACKETS_MIN || last <= first {
            return None;
        }
        Some(bytes * 8 * 1_000_000 / (last - first).unsigned_abs())
    }

    fn over(&self, window_us: i64) -> Option<u64> {
        let newest = self.newest?;
        // The newest bucket is still being filled.
        let count = (window_us / BUCKET_US).min(newest - self.first);
        if count * BUCKET_US < SEEN_MIN_US {
            return None;
        }
        let buckets = (newest - count..newest).filter_map(|one| self.buckets.get(place(one)));
        let bytes: u64 = buckets.map(|bytes| u64::from(*bytes)).sum();
        Some(bytes * 8 * 1_000_000 / (count * BUCKET_US).unsigned_abs().max(1))
    }
}

fn place(bucket: i64) -> usize {
    usize::try_from(bucket.rem_euclid(BUCKETS as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_tell_what_came_in_them() {
        let mut throughput = Throughput::default();
        assert_eq!(throughput.long_bps(), None);
        // 1 Mbit/s, then 200 kbit/s.
        for ms in 0..1000 {
            throughput.on_arrival(ms * 1000, 125);
        }
        assert_eq!(throughput.long_bps(), Some(1_000_000));
        for ms in 1000..1200 {
            throughput.on_arrival(ms * 1000, 25);
        }
        let (short, long) = (throughput.short_bps().unwrap(), throughput.long_bps().unwrap());
        assert!((190_000..210_000).contains(&short), "{short}");
        assert!((600_000..800_000).contains(&long), "{long}");
    }

    #[test]
    fn a_pause_empties_the_windows_and_late_arrivals_count_where_they_belong() {
        let mut throughput = Throughput::default();
        throughput.on_arrival(0, 1000);
        throughput.on_arrival(10_000_000, 1000);
        throughput.on_arrival(9_950_000, 500);
        throughput.on_arrival(1, 500);
        let long = throughput.long_bps().unwrap();
        assert!(long < 2 * 1500 * 8, "{long}");
    }
}
