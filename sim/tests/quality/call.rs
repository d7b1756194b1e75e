//! A call of a story: who is in it, the lines, what was seen and heard.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use protocol::ids::ParticipantSid;
use sfu::words::event::Message;
use sim::{
    ClientId, Link, TrackSpec, World,
    client::Feedback,
    judge,
    listener::Hearing,
    screen::{self, Seen},
};

use super::series::Series;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Opus as livekit-client asks for it with its preset for speech.
const SPEECH_BPS: u32 = 24_000;
/// Samples of a story.
const SAMPLE: Duration = Duration::from_millis(200);

pub(crate) struct Call {
    seed: u64,
    name: &'static str,
    world: World,
    doctor: ClientId,
    patient: ClientId,
    series: Series,
}

impl Call {
    /// The patient watches over this line.
    pub(crate) fn new(seed: u64, name: &'static str, line: Link) -> Self {
        Self::with_feedback(seed, name, line, Feedback::TransportCc)
    }

    pub(crate) fn with_feedback(
        seed: u64,
        name: &'static str,
        line: Link,
        feedback: Feedback,
    ) -> Self {
        let mut world = World::new(seed);
        let doctor = world.join("doctor");
        let patient = world.join_with("patient", |_, config| {
            (config.attends, config.feedback) = (true, feedback);
        });
        assert!(world.connect(&[doctor, patient]), "two clients on a clean link connect");
        let mut call = Self { seed, name, world, doctor, patient, series: Series::default() };
        call.publish(doctor, SPEECH_BPS);
        call.set_line(line);
        call
    }

    fn publish(&mut self, who: ClientId, speech_bps: u32) {
        self.world.set_link(who, Link::with_delay_ms(10));
        self.world.act(who, |client, _| {
            client.publish(TrackSpec::LiveMicrophone { dtx: false, bitrate_bps: speech_bps });
            client.publish(TrackSpec::LiveCamera);
        });
    }

    /// The doctor's page is told that a line is low, and speaks at a rate that it carries: this takes the place of the
    /// microphone.
    pub(crate) fn speak_at(&mut self, bitrate_bps: u32) {
        self.world.act(self.doctor, |client, _| {
            client.unpublish(0);
            client.publish(TrackSpec::LiveMicrophone { dtx: false, bitrate_bps })
        });
        self.world.run_for(SECOND);
    }

    /// Both directions of the patient's line.
    pub(crate) fn set_line(&mut self, line: Link) {
        self.world.set_link(self.patient, line);
    }

    /// The patient walks into another network.
    pub(crate) fn roam(&mut self) {
        self.world.roam(self.patient);
    }

    pub(crate) fn set_publisher_line(&mut self, line: Link) {
        self.world.set_link(self.doctor, line);
    }

    /// Lets time pass; answers when it began.
    pub(crate) fn run(&mut self, duration: Duration) -> Instant {
        let (start, end) = (self.world.now, self.world.now + duration);
        while self.world.now < end {
            let step = SAMPLE.min(end - self.world.now);
            self.world.run_for(step);
            self.sample();
        }
        start
    }

    /// Tells what happens, if details are asked for.
    pub(crate) fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        if std::env::var("QUALITY_DETAILS").is_ok() {
            let at = self.world.now - self.world.epoch;
            println!("    {at:?}: {what}, left {:?}", self.world.client(self.patient).left);
        }
    }

    fn sample(&mut self) {
        let carried = self.world.down_line(self.patient).carried_bytes;
        let (epoch, now) = (self.world.epoch, self.world.now);
        let client = self.world.client(self.patient);
        let bytes = client.streams.iter().map(|stream| stream.bytes).sum();
        let shown = client.streams.iter().find_map(|stream| stream.viewer.as_deref());
        let shown = shown.map_or(&[][..], |viewer| &viewer.shown);
        self.series.add(now - epoch, (bytes, carried), shown, SAMPLE, now);
    }

    /// What the patient saw and heard of the doctor since then.
    pub(crate) fn judge(&mut self, from: Instant) -> (Seen, Hearing) {
        let (epoch, to) = (self.world.epoch, self.world.now);
        let client = self.world.client(self.patient);
        let video = client.streams.iter().find_map(|stream| stream.viewer.as_deref());
        // The last, if there were others before it.
        let audio = client.streams.iter().rev().find_map(|stream| stream.listener.as_deref());
        let seen = screen::see(&video.expect("a picture").shown, epoch, from, to);
        // What is under way at the end is neither lost nor late.
        let heard = audio.expect("sound").hear(from, to - SECOND);
        println!(
            "{} seed {}: {:.1} fps, layer {:?}, frozen {:.2} %, longest {:?}, concealed {:.2} % (gap {:?}, {} saved)",
            self.name,
            self.seed,
            seen.fps,
            seen.layer,
            100.0 * seen.frozen_share,
            seen.longest_freeze,
            100.0 * heard.concealed_share(),
            heard.longest_gap,
            heard.saved,
        );
        if std::env::var("QUALITY_DETAILS").is_ok() {
            self.tell_details();
        }
        (seen, heard)
    }

    /// What a red story is asked about.
    fn tell_details(&mut self) {
        let client = self.world.client(self.patient);
        for stream in &client.streams {
            let viewer = stream.viewer.as_ref();
            let [undecodable, keys_asked, shown] = viewer.map_or([0; 3], |one| {
                [one.undecodable as usize, one.key_frames_asked.len(), one.shown.len()]
            });
            println!(
                "    {:?}: {} kB, undecodable {undecodable}, key frames asked {keys_asked}, shown {shown}",
                stream.totals,
                stream.bytes / 1000,
            );
        }
        let layers = &self.world.client(self.doctor).tracks[1].layers;
        for layer in layers {
            let (rate, asked) = (layer.encoder.bitrate_bps(), layer.key_frame_requests.len());
            println!(
                "    layer of {rate} bit/s, active {}, key frames asked {asked}",
                layer.is_active
            );
        }
        let counters = self.world.counters();
        println!("    line {:?}, {counters:?}", self.world.down_line(self.patient));
    }

    /// How long after `since` the first frame below a layer was shown.
    pub(crate) fn first_shown_below(&mut self, layer: u8, since: Instant) -> Duration {
        let client = self.world.client(self.patient);
        let video = client.streams.iter().find_map(|stream| stream.viewer.as_deref());
        let shown = &video.expect("a picture").shown;
        let first = shown.iter().find(|one| one.at >= since && one.layer < layer);
        first.map_or(Duration::MAX, |one| one.at - since)
    }

    /// Waits, at most so long, until the patient is told something; answers how long it took.
    pub(crate) fn told_within(
        &mut self,
        most: Duration,
        is_it: impl Fn(&Message) -> bool,
    ) -> Option<Duration> {
        let start = self.world.now;
        self.world.client(self.patient).messages.clear();
        let patient = self.patient;
        let was_told =
            self.world.run_until(most, |world| world.client(patient).messages.iter().any(&is_it));
        was_told.then(|| self.world.now - start)
    }

    /// The doctor, as the server names participants.
    pub(crate) fn doctor_sid(&mut self) -> ParticipantSid {
        self.world.client(self.doctor).sid.clone().expect("joined")
    }

    /// How long after the first request for a key frame of the best layer, from `since` on, that was shown. None if the
    /// layer was not asked for.
    pub(crate) fn up_switch(&mut self, since: Instant) -> Option<Duration> {
        let layer = &self.world.client(self.doctor).tracks[1].layers[2];
        let asked = *layer.key_frame_requests.iter().find(|at| **at >= since)?;
        let client = self.world.client(self.patient);
        let video = client.streams.iter().find_map(|stream| stream.viewer.as_deref());
        let shown = &video.expect("a picture").shown;
        let first = shown.iter().find(|one| one.at >= asked && one.layer == 2)?;
        Some(first.at - asked)
    }

    /// The share of the line that was used from then on.
    pub(crate) fn carried_share(&self, from: Instant, rate_kbps: u64) -> f64 {
        let since = from - self.world.epoch;
        let (bits, span) = self.series.carried_since(since);
        bits as f64 / span.as_secs_f64() / (1000 * rate_kbps) as f64
    }

    /// Another doctor and patient, in a room of their own.
    pub(crate) fn another_couple(&mut self) -> ClientId {
        let room = |join: &mut sfu::words::command::Join| {
            join.room = "another".to_owned().try_into().unwrap();
        };
        let doctor = self.world.join_with("other doctor", |join, _| room(join));
        let patient = self.world.join_with("other patient", |join, config| {
            room(join);
            config.attends = true;
        });
        assert!(self.world.connect(&[doctor, patient]));
        self.publish(doctor, SPEECH_BPS);
        self.world.set_link(patient, Link::with_delay_ms(20));
        patient
    }

    pub(crate) fn share_line(&mut self, other: ClientId, line: Link) {
        self.world.share_line(&[self.patient, other], line, line);
    }

    /// What each of two got of a shared line from then on.
    pub(crate) fn received_shares(
        &mut self,
        other: ClientId,
        from: Instant,
        rate_kbps: u64,
    ) -> [f64; 2] {
        let span = (self.world.now - from).as_secs_f64();
        let shares = [self.patient, other].map(|id| {
            let client = self.world.client(id);
            let since = client.deliveries.iter().filter(|one| one.at >= from);
            // 12 bytes of RTP, 16 of the seal, 20 of extensions, 28 of IP and UDP.
            let bytes: u64 =
                since.filter_map(|one| Some(u64::from(one.stamp?.len) + 12 + 16 + 20 + 28)).sum();
            8.0 * bytes as f64 / span / (1000 * rate_kbps) as f64
        });
        println!("{} seed {}: shares {shares:?}", self.name, self.seed);
        shares
    }

    /// A digest of everything that was sent, delivered and shown.
    pub(crate) fn digest(&mut self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.world.digest().hash(&mut hasher);
        let epoch = self.world.epoch;
        let client = self.world.client(self.patient);
        for one in &client.deliveries {
            let stamp = one.stamp.map(|stamp| (stamp.tag, stamp.layer, stamp.sequence));
            (one.at - epoch, one.ssrc.0, one.seq.0, one.timestamp, stamp).hash(&mut hasher);
        }
        for viewer in client.streams.iter().filter_map(|stream| stream.viewer.as_deref()) {
            assert!(viewer.shown.len() > 50, "the call went on");
            for one in &viewer.shown {
                (one.at - epoch, one.layer).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// What must hold whatever the line: see the oracles.
    pub(crate) fn finish(mut self) {
        let seed = self.seed;
        for id in [self.doctor, self.patient] {
            let client = self.world.client(id);
            assert_eq!(client.unauthentic, 0, "seed {seed}");
            for stream in &client.streams {
                assert_eq!(stream.totals.corrupt, 0, "seed {seed}");
                let torn = stream.viewer.as_ref().map_or(&[][..], |viewer| &viewer.torn);
                assert!(torn.is_empty(), "seed {seed}: undecodable frames as decodable: {torn:?}");
                let all = client.deliveries.iter().filter(|one| one.ssrc == stream.ssrc);
                let judgement = judge(&all.copied().collect::<Vec<_>>());
                let is_sound = sim::Judgement { began_torn: false, ..judgement.clone() }.is_sound();
                // The first faults are enough.
                let mut told = judgement;
                told.broken_numbers.truncate(3);
                assert!(is_sound, "seed {seed}: {told:#?}");
            }
        }
        assert_eq!(self.world.counters().panics, 0, "seed {seed}");
        self.series.write(self.name, seed);
    }
}
