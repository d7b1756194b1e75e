//! The estimator against a line that it does not know: packets, a bottleneck with a queue, and feedback as a browser
//! sends it.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::rtp::{
    extension::abs_send_time_24,
    ids::Ssrc,
    rtcp::{self, RtcpPacket},
    twcc::ArrivalRecorder,
};

const MS: Duration = Duration::from_millis(1);

/// A line and the media on it.
struct Line {
    now: Instant,
    start: Instant,
    rng: StdRng,
    estimator: Estimator,
    sent: SentPackets,
    recorder: ArrivalRecorder,
    seq: u16,
    /// What is sent, of what the line carries, and how it loses.
    media_bps: u64,
    line_bps: u64,
    loss: f64,
    queue_max: Duration,
    delay: Duration,
    /// Each packet takes up to so much longer; none overtakes another.
    jitter: Duration,
    last_arrival: Instant,
    /// The receiver drops what is nothing but padding.
    refuses_padding: bool,
    frame_ms: u64,
    free: Instant,
    underway: Vec<(Instant, u16)>,
    owed: u64,
    wanted_bps: u64,
}

impl Line {
    fn new(media_bps: u64, line_bps: u64) -> Self {
        let now = Instant::now();
        Self {
            now,
            start: now,
            rng: StdRng::seed_from_u64(7),
            estimator: Estimator::new(now),
            sent: SentPackets::default(),
            recorder: ArrivalRecorder::default(),
            seq: 65_000,
            media_bps,
            line_bps,
            loss: 0.0,
            queue_max: 200 * MS,
            delay: 25 * MS,
            jitter: Duration::ZERO,
            last_arrival: now,
            refuses_padding: false,
            frame_ms: 33,
            free: now,
            underway: Vec::new(),
            owed: 0,
            wanted_bps: media_bps,
        }
    }

    fn clock(&self) -> u32 {
        abs_send_time_24(self.now - self.start)
    }

    fn send(&mut self, len: usize) {
        self.sent.note(self.seq, len, self.clock());
        let wait = self.free.saturating_duration_since(self.now);
        if wait <= self.queue_max {
            self.free = self.now
                + wait
                + Duration::from_nanos(len as u64 * 8 * 1_000_000_000 / self.line_bps);
            if !self.rng.random_bool(self.loss) {
                let late = self.jitter.mul_f64(self.rng.random());
                self.last_arrival = self.last_arrival.max(self.free + self.delay + late);
                self.underway.push((self.last_arrival, self.seq));
            }
        }
        self.seq = self.seq.wrapping_add(1);
    }

    fn send_padding(&mut self, len: usize) {
        let (seq, clock) = (self.seq, self.clock());
        self.send(len);
        self.sent.note_padding(seq, len, clock);
        if self.refuses_padding {
            self.underway.retain(|(_, underway)| *underway != seq);
        }
    }

    /// A millisecond: frames every 33 ms, sound every 20, padding, feedback.
    fn step(&mut self, tick: u64) {
        self.now += MS;
        self.owed += self.media_bps / 8000;
        if tick.is_multiple_of(20) {
            self.send(120);
        }
        if tick.is_multiple_of(self.frame_ms) {
            while self.owed >= 1100 {
                self.send(1100);
                self.owed -= 1100;
            }
        }
        self.estimator.set_wanted(self.wanted_bps);
        if let Some(rate) = self.estimator.probe_bps(self.now) {
            self.estimator.prober().begin(rate, self.seq, self.now);
        }
        if tick.is_multiple_of(5) {
            while let Some((first, due)) = self.estimator.prober().due(self.now)
                && self.sent.bytes_between(first, self.seq) < due
            {
                self.send_padding(240);
            }
            self.estimator.prober().on_sent(self.seq, self.now);
        }
        let now = self.now;
        let arrived: Vec<_> = self.underway.iter().copied().filter(|(at, _)| *at <= now).collect();
        self.underway.retain(|(at, _)| *at > now);
        for (at, seq) in arrived {
            self.recorder.on_packet(seq, at);
        }
        if self.recorder.due(now) {
            let mut out = [0; 1200];
            while let Some(len) = self.recorder.build(&mut out, Ssrc(1), Ssrc(2), now) {
                let Some(Ok(RtcpPacket::TransportCc { raw, .. })) =
                    rtcp::packets(&out[..len]).next()
                else {
                    panic!("feedback");
                };
                let clock = self.clock();
                self.estimator.on_feedback(raw, &mut self.sent, clock, now).unwrap();
            }
        }
    }

    fn run(&mut self, ms: u64, mut each: impl FnMut(&mut Self)) {
        for tick in 0..ms {
            self.step(tick);
            each(self);
        }
    }

    fn estimate(&self) -> u64 {
        self.estimator.estimate_bps().unwrap()
    }
}

#[test]
fn nothing_is_known_before_feedback_and_a_remb_is_a_cap() {
    let mut estimator = Estimator::new(Instant::now());
    assert_eq!(estimator.estimate_bps(), None);
    assert_eq!(estimator.on_remb(400_000), Turn::Less);
    assert_eq!(estimator.estimate_bps(), Some(400_000));
    assert_eq!(estimator.on_remb(900_000), Turn::More);
    assert_eq!(estimator.on_remb(0), Turn::Less);
    assert_eq!(estimator.estimate_bps(), Some(MIN_BPS));
}

#[test]
fn a_good_line_is_known_to_carry_what_is_wanted_within_a_second() {
    let mut line = Line::new(500_000, 20_000_000);
    line.wanted_bps = 1_700_000;
    line.run(1000, |_| {});
    assert!(line.estimate() >= 1_700_000, "{}", line.estimate());
    assert!(!line.estimator.is_informed());
    // What is wanted is known to fit: no more padding.
    let seq = line.seq;
    line.run(1000, |_| {});
    assert!(line.seq.wrapping_sub(seq) < 200, "{} packets", line.seq.wrapping_sub(seq));
}

#[test]
fn a_drop_to_300_kbit_is_found_within_half_a_second_and_its_end_within_eight() {
    let mut line = Line::new(1_600_000, 2_000_000);
    line.run(5000, |_| {});
    assert!(line.estimate() >= 1_500_000, "{}", line.estimate());
    line.line_bps = 300_000;
    let (mut below, mut elapsed) = (None, 0);
    line.run(500, |line| {
        elapsed += 1;
        if line.estimate() < 600_000 {
            below.get_or_insert(elapsed);
            line.media_bps = 150_000;
        }
    });
    assert!(below.is_some_and(|ms| ms <= 400), "{below:?}");
    line.run(3000, |_| {});
    let settled = line.estimate();
    assert!((190_000..330_000).contains(&settled), "{settled}");
    // Sending little for twenty seconds on the narrow line does not lose what is known.
    line.run(20_000, |_| {});
    let kept = line.estimate();
    assert!((200_000..340_000).contains(&kept), "{kept}");
    line.line_bps = 2_000_000;
    let (mut above, mut elapsed) = (None, 0);
    line.run(9000, |line| {
        elapsed += 1;
        if line.estimate() > 1_600_000 {
            above.get_or_insert(elapsed);
        }
        line.media_bps = if line.estimate() > 700_000 { 500_000 } else { 150_000 };
    });
    assert!(above.is_some_and(|ms| ms <= 7000), "{above:?}");
}

#[test]
fn random_loss_without_a_queue_does_not_lower_the_estimate() {
    for loss in [0.1, 0.3] {
        let mut line = Line::new(1_500_000, 10_000_000);
        line.loss = loss;
        line.run(10_000, |_| {});
        assert!(line.estimate() > 1_200_000, "{loss}: {}", line.estimate());
        let told = f64::from(line.estimator.loss_permille()) / 1000.0;
        assert!((told - loss).abs() < 0.08, "{loss}: {told}");
    }
}

#[test]
fn a_line_of_50_kbit_is_found() {
    let mut line = Line::new(10_000, 50_000);
    line.wanted_bps = 300_000;
    line.run(20_000, |_| {});
    assert!((30_000..=70_000).contains(&line.estimate()), "{}", line.estimate());
}

#[test]
fn silence_halves_the_estimate_each_second_while_something_is_sent() {
    let mut line = Line::new(500_000, 5_000_000);
    line.run(2000, |_| {});
    let before = line.estimate();
    let later = line.now + Duration::from_secs(3);
    assert!(!line.estimator.on_second(false, later));
    assert!(line.estimator.on_second(true, later));
    assert_eq!(line.estimate(), before / 2);
}

impl Line {
    /// A room of three layers on this line, for so long; answers how many milliseconds the best was sent.
    fn run_layers(&mut self, ms: u64) -> u64 {
        let mut best = 0;
        self.run(ms, |line| {
            let estimate = line.estimator.estimate_bps().unwrap_or(START_BPS);
            let fits = |layer: &u64| layer + 60_000 <= estimate;
            line.media_bps = [1_200_000, 390_000, 90_000].into_iter().find(fits).unwrap_or(0);
            best += u64::from(line.media_bps == 1_200_000);
        });
        best
    }
}

#[test]
fn a_way_that_becomes_longer_is_taken_for_a_narrow_one_for_two_seconds_at_most() {
    for (longer, jitter, frame_ms) in [
        (95, 0, 33),
        (95, 60, 66),
        (120, 60, 66),
        (150, 20, 33),
        (200, 30, 33),
        (400, 0, 66),
        (800, 30, 33),
    ] {
        let mut line = Line::new(1_200_000, 20_000_000);
        (line.frame_ms, line.wanted_bps) = (frame_ms, 1_400_000);
        line.run_layers(10_000);
        (line.delay, line.jitter) = (line.delay + longer * MS, jitter * MS);
        let best = line.run_layers(10_000);
        assert!(best > 8_000, "{longer} ms longer, {jitter} of jitter, {frame_ms}: {best} ms");
    }
}

#[test]
fn a_line_that_becomes_narrow_is_never_taken_for_a_longer_way() {
    for line_bps in [80_000, 150_000, 300_000, 500_000, 900_000] {
        for queue_ms in [60, 120, 250, 500] {
            for (jitter, frame_ms) in [(0, 33), (20, 33), (0, 66), (40, 66)] {
                let mut line = Line::new(1_200_000, 20_000_000);
                (line.frame_ms, line.wanted_bps) = (frame_ms, 1_400_000);
                line.run_layers(6_000);
                (line.line_bps, line.jitter) = (line_bps, jitter * MS);
                line.queue_max = queue_ms * MS;
                line.run_layers(8_000);
                let of =
                    format!("{line_bps}, {queue_ms} ms of queue, {jitter} of jitter, {frame_ms}");
                assert!(line.estimator.went_back.is_none(), "{of}");
            }
        }
    }
}

#[test]
fn a_receiver_that_is_busy_while_little_is_sent_says_little_of_its_line() {
    for (longer_ms, for_ms) in [(120, 500), (150, 700), (200, 400), (200, 2000)] {
        let mut line = Line::new(0, 20_000_000);
        // Sound alone, and no more is wanted than the line is taken to carry.
        line.wanted_bps = 900_000;
        line.run(2000, |_| {});
        line.delay += longer_ms * MS;
        line.jitter = 40 * MS;
        line.run(for_ms, |_| {});
        line.delay -= longer_ms * MS;
        line.jitter = Duration::ZERO;
        line.run(500, |_| {});
        assert!(line.estimate() >= START_BPS / 4, "{longer_ms} {for_ms}: {}", line.estimate());
    }
}

#[test]
fn padding_that_a_receiver_never_takes_says_nothing_of_its_line() {
    for media_bps in [0, 60_000, 150_000, 600_000] {
        let mut line = Line::new(media_bps, 20_000_000);
        line.wanted_bps = 1_700_000;
        line.refuses_padding = true;
        let mut least = u64::MAX;
        line.run(20_000, |line| {
            least = least.min(line.estimator.estimate_bps().unwrap_or(u64::MAX));
        });
        assert!(least >= START_BPS, "{media_bps}: {least}");
    }
}
