//! When a frame was made, by the server's wall clock: RTP timestamps, placed by the publisher's sender reports
//! (RFC 3550 §6.4.1). Pure.
//!
//! All tracks of a participant share one [`PublisherClock`], so that sound and picture stay together whatever the network
//! does to either. Before the first report a track stands where its first packet came. Corrections are made slowly, so
//! that no frame is heard late or twice; only what is off by more than a second jumps.
//!
//! All times are microseconds since the Unix epoch.

/// Beyond this a correction jumps.
const JUMP_US: i64 = 1_000_000;

/// A correction changes the length of what is played by at most this part: a fiftieth is not heard.
const SLEW_PART: i64 = 50;

/// Weight of one report in the publisher's clock: one a second, half a minute for half of a change.
const CLOCK_WEIGHT: i64 = 48;

/// The publisher's clock by ours.
#[derive(Debug, Default)]
pub(crate) struct PublisherClock {
    ahead_us: Option<i64>,
}

impl PublisherClock {
    /// Takes a report that came at `came_us`; answers when its moment was, by our clock.
    pub(crate) fn on_report(&mut self, ntp: u64, came_us: i64) -> i64 {
        let theirs = ntp_us(ntp);
        let sample = came_us - theirs;
        let ahead = match self.ahead_us {
            Some(ahead) if (sample - ahead).abs() <= JUMP_US => {
                ahead + (sample - ahead) / CLOCK_WEIGHT
            }
            _ => sample,
        };
        self.ahead_us = Some(ahead);
        theirs + ahead
    }
}

/// Seconds since 1900 and their fraction, in microseconds of an arbitrary epoch.
fn ntp_us(ntp: u64) -> i64 {
    let (seconds, fraction) = (ntp >> 32, ntp & 0xffff_ffff);
    let us = seconds * 1_000_000 + ((fraction * 1_000_000) >> 32);
    i64::try_from(us).unwrap_or(i64::MAX)
}

/// The clock of one stream.
#[derive(Debug)]
pub(crate) struct StreamClock {
    rate: i64,
    /// A timestamp, extended, and its time.
    base: Option<(i64, i64)>,
    /// The last timestamp, extended.
    last: i64,
    last_us: i64,
    error_us: i64,
}

impl StreamClock {
    /// Of RTP units a second.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate: rate.max(1).into(), base: None, last: 0, last_us: 0, error_us: 0 }
    }

    /// The moment of `timestamp` was then.
    pub(crate) fn on_report(&mut self, timestamp: u32, us: i64) {
        let at = self.extend(timestamp);
        match self.base {
            None => {
                self.last = at;
                self.base = Some((at, us));
            }
            Some(_) => self.error_us = us - self.time_of(at),
        }
    }

    /// When a frame was made that came at `came_us`. Never before the one before it.
    pub(crate) fn time(&mut self, timestamp: u32, came_us: i64) -> i64 {
        let at = self.extend(timestamp);
        let is_first = self.last_us == 0;
        if self.base.is_none() {
            self.base = Some((at, came_us));
        }
        let elapsed = (self.time_of(at) - self.last_us).max(0);
        let step = if is_first || self.error_us.abs() > JUMP_US {
            self.error_us
        } else {
            let most = elapsed / SLEW_PART;
            self.error_us.clamp(-most, most)
        };
        if let Some((_, us)) = &mut self.base {
            *us += step;
        }
        self.error_us -= step;
        self.last = at;
        self.last_us = self.time_of(at).max(self.last_us);
        self.last_us
    }

    fn time_of(&self, at: i64) -> i64 {
        self.base.map_or(0, |(base, us)| us + (at - base) * 1_000_000 / self.rate)
    }

    /// A timestamp in the numbering of the last: 32 bits wrap after half a day of video.
    fn extend(&self, timestamp: u32) -> i64 {
        if self.base.is_none() {
            return timestamp.into();
        }
        // The lower half of the extended one.
        let behind = timestamp.wrapping_sub((self.last & 0xffff_ffff) as u32);
        self.last + i64::from(behind.cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000_000;

    fn ntp(us: i64) -> u64 {
        let us = u64::try_from(us).unwrap();
        ((us / 1_000_000) << 32) | (((us % 1_000_000) << 32) / 1_000_000)
    }

    #[test]
    fn sound_and_picture_that_came_differently_late_are_brought_together() {
        // The publisher's clock is three hours off; the picture comes 120 ms later than the sound.
        let (mut clock, off) = (PublisherClock::default(), 3 * 3600 * 1_000_000);
        let (mut sound, mut picture) = (StreamClock::new(48_000), StreamClock::new(90_000));
        let mut offset = 0;
        for step in 0..600_i64 {
            let made = START + step * 20_000;
            if step % 50 == 10 {
                let (s, p) = ((step * 960) as u32, (step * 1800) as u32);
                let at = clock.on_report(ntp(made + off), made + 30_000);
                sound.on_report(s, at);
                let at = clock.on_report(ntp(made + off), made + 30_000);
                picture.on_report(p, at);
            }
            let sound_us = sound.time((step * 960) as u32, made + 30_000);
            let picture_us = picture.time((step * 1800) as u32, made + 150_000);
            offset = picture_us - sound_us;
        }
        assert!(offset.abs() < 2_000, "{offset}");
    }

    #[test]
    fn a_report_before_the_first_frame_places_it_at_once() {
        let mut clock = StreamClock::new(90_000);
        clock.on_report(90_000, START);
        assert_eq!(clock.time(180_000, START + 1_500_000), START + 1_000_000);
    }

    #[test]
    fn time_never_goes_back_and_wraps() {
        let mut clock = StreamClock::new(90_000);
        let mut last = 0;
        let mut timestamp = u32::MAX - 90_000;
        for step in 0..100 {
            if step == 30 {
                clock.on_report(timestamp, last - 300_000);
            }
            let at = clock.time(timestamp, START + i64::from(step) * 33_333);
            assert!(at >= last && (step < 2 || at - last < 40_000), "{step}");
            last = at;
            timestamp = timestamp.wrapping_add(3000);
        }
        assert!(clock.error_us < 0);
    }

    #[test]
    fn what_is_far_off_jumps() {
        let mut clock = StreamClock::new(48_000);
        clock.time(0, START);
        clock.on_report(48_000, START + 60_000_000);
        assert_eq!(clock.time(48_000, START + 1_000_000), START + 60_000_000);
    }
}
