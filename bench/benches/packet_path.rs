//! Micro-benchmarks of the packet path: SRTP, headers, and the whole way of one packet through a shard to N subscribers.
//!
//! `cargo bench -p bench` runs all, `cargo bench -p bench -- forward` some. Every benchmark checks that its work was
//! done. Caches are warm here, as they are not in a server with hundreds of rooms: these figures compare two versions of
//! a function; what a packet costs says `bench load`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a measuring tool may fail loudly: nothing here serves the network"
)]

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use sfu::{
    connection::srtp::{SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender},
    rtp::{
        extension::{ExtensionKind, ExtensionMap, ExtensionValues},
        header::{self, OutHeader, RtpHeader},
        ids::{ExtSeq, Mid, Pt, Ssrc},
    },
};
use sim::{
    TrackSpec,
    stage::{Cast, Incoming, STEP, Stage},
};

fn main() {
    divan::main();
}

/// Packets prepared at once: what a driver reads in a turn, and what fits a second-level cache.
const SAMPLE: u32 = 32;
/// Samples for a median that stays the same.
const SAMPLES: u32 = 500;

/// As libwebrtc offers them.
const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::AesCm128HmacSha1_80];

mod srtp {
    use super::*;

    /// In place: what a client sends, and retransmissions.
    #[divan::bench(args = PROFILES, consts = [80, 1100], sample_size = 100, sample_count = SAMPLES)]
    fn protect<const BYTES: usize>(bencher: Bencher, profile: SrtpProfile) {
        let (mut sender, _) = ends(profile);
        let mut packet = Packet::new(BYTES);
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
            packet.number();
            let Packet { bytes, header_len, seq } = &mut packet;
            let len = sender.protect_rtp(bytes, *header_len, BYTES, *seq);
            assert_eq!(len, Some(*header_len + BYTES + profile.tag_len()));
        });
    }

    /// From one shared plaintext: what is forwarded.
    #[divan::bench(args = PROFILES, consts = [80, 1100], sample_size = 100, sample_count = SAMPLES)]
    fn protect_scatter<const BYTES: usize>(bencher: Bencher, profile: SrtpProfile) {
        let (mut sender, _) = ends(profile);
        let mut packet = Packet::new(BYTES);
        let payload = [0x5a; BYTES];
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
            packet.number();
            let Packet { bytes, header_len, seq } = &mut packet;
            let len = sender.protect_rtp_scatter(bytes, *header_len, black_box(&payload), *seq);
            assert_eq!(len, Some(*header_len + BYTES + profile.tag_len()));
        });
    }

    #[divan::bench(args = PROFILES, consts = [80, 1100], sample_size = SAMPLE, sample_count = SAMPLES)]
    fn unprotect<const BYTES: usize>(bencher: Bencher, profile: SrtpProfile) {
        let (mut sender, mut receiver) = ends(profile);
        let mut packet = Packet::new(BYTES);
        bencher
            .counter(BytesCount::new(BYTES))
            .with_inputs(|| {
                packet.number();
                let Packet { mut bytes, header_len, seq } = packet.clone();
                let len = sender.protect_rtp(&mut bytes, header_len, BYTES, seq).unwrap();
                (bytes, len, header_len + BYTES)
            })
            .bench_local_refs(|(bytes, len, plain_len)| {
                let sealed = &mut bytes[..*len];
                let header = RtpHeader::parse(sealed).unwrap();
                let (_, len) = receiver.unprotect_rtp(sealed, &header).unwrap();
                assert_eq!(len, *plain_len);
            });
    }

    /// Both ends of one association.
    fn ends(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
        let material = vec![7; 2 * (profile.key_len() + profile.salt_len())];
        let client = SrtpKeys::from_exporter(profile, &material, true).unwrap();
        let server = SrtpKeys::from_exporter(profile, &material, false).unwrap();
        (SrtpSender::new(&client), SrtpReceiver::new(&server))
    }

    /// A packet that gets a new number each time.
    #[derive(Clone)]
    struct Packet {
        bytes: [u8; 1500],
        header_len: usize,
        seq: ExtSeq,
    }

    impl Packet {
        fn new(payload_bytes: usize) -> Self {
            let mut bytes = [0x5a; 1500];
            let header_len =
                header::write(&mut bytes, out_header(), &extension_map(), &values()).unwrap();
            assert!(header_len + payload_bytes + 16 <= bytes.len());
            Self { bytes, header_len, seq: ExtSeq(0) }
        }

        fn number(&mut self) {
            self.seq = ExtSeq(self.seq.0 + 1);
            self.bytes[2..4].copy_from_slice(&self.seq.seq().0.to_be_bytes());
        }
    }
}

mod rtp_header {
    use super::*;

    #[divan::bench]
    fn parse(bencher: Bencher) {
        let map = extension_map();
        let mut packet = [0; 1200];
        let len = header::write(&mut packet, out_header(), &map, &values()).unwrap();
        bencher.bench_local(|| {
            let packet = black_box(&packet);
            let header = RtpHeader::parse(packet).unwrap();
            assert_eq!(header.len, len);
            let read = ExtensionValues::parse(packet, header.extension, &map);
            assert_eq!(read.transport_cc, Some(7));
            read
        });
    }

    /// The header of a forwarded packet: numbers of the subscriber's own, extensions under its ids.
    #[divan::bench]
    fn write(bencher: Bencher) {
        let map = extension_map();
        let mut slot = [0; 1200];
        bencher.bench_local(|| {
            let len = header::write(black_box(&mut slot), out_header(), &map, black_box(&values()));
            assert_eq!(len, Some(28));
        });
    }
}

/// Receiving, opening, finding those who want it, numbering, writing and sealing for each of them, and the walk over the
/// batch; nothing of the kernel.
mod forward {
    use super::*;

    const SUBSCRIBERS: [usize; 4] = [1, 2, 10, 100];

    /// 1,100 bytes of VP8.
    #[divan::bench(args = SUBSCRIBERS, sample_size = SAMPLE, sample_count = SAMPLES)]
    fn video(bencher: Bencher, subscribers: usize) {
        let camera = TrackSpec::CameraOf { bitrate_bps: 1_056_000, fps: 30 };
        let feed = Feed::new(subscribers, camera);
        run(bencher.counter(ItemsCount::new(subscribers)), &feed, subscribers);
    }

    /// 80 bytes of Opus.
    #[divan::bench(args = SUBSCRIBERS, sample_size = SAMPLE, sample_count = SAMPLES)]
    fn audio(bencher: Bencher, subscribers: usize) {
        let feed = Feed::new(subscribers, TrackSpec::Microphone);
        run(bencher.counter(ItemsCount::new(subscribers)), &feed, subscribers);
    }

    /// The lowest of three layers, while all get the highest: received, kept, and for each subscriber only the decision
    /// not to send it. What a decision costs is the difference between many and few subscribers.
    #[divan::bench(args = SUBSCRIBERS, sample_size = SAMPLE, sample_count = SAMPLES)]
    fn layer_that_nobody_gets(bencher: Bencher, subscribers: usize) {
        let feed = Feed::new(subscribers, TrackSpec::Camera);
        run(bencher.counter(ItemsCount::new(subscribers)), &feed, 0);
    }

    fn run(bencher: Bencher, feed: &Feed, expected: usize) {
        bencher
            .with_inputs(|| feed.next())
            .bench_local_refs(|(packet, now)| assert_eq!(feed.forward(packet, *now), expected));
        feed.check();
    }

    /// One who publishes a track, and those who receive it. What is fed is its only layer, or the lowest.
    struct Feed {
        stage: RefCell<Stage>,
        ssrc: Ssrc,
        taken: Cell<u64>,
        received_before: u64,
    }

    impl Feed {
        fn new(listeners: usize, track: TrackSpec) -> Self {
            let mut stage = Stage::new(1, &[Cast { publishers: 1, listeners, tracks: &[track] }]);
            // Until the first packets, which carry more extensions, are through.
            stage.run_for(Duration::from_secs(2));
            let ssrc = stage.client(0).tracks[0].layers[0].ssrc;
            let received_before = stage.shard.counters().rtp_received;
            Self { stage: RefCell::new(stage), ssrc, taken: Cell::new(0), received_before }
        }

        /// The next packet of the stream, when it is due.
        fn next(&self) -> (Incoming, Instant) {
            let mut stage = self.stage.borrow_mut();
            loop {
                while let Some(datagram) = stage.poll_transmit(0) {
                    let header = RtpHeader::parse(datagram.bytes());
                    if header.is_ok_and(|header| header.ssrc == self.ssrc) {
                        return (datagram, stage.now);
                    }
                }
                stage.now += STEP;
            }
        }

        /// How many datagrams follow from it.
        fn forward(&self, packet: &mut Incoming, now: Instant) -> usize {
            let shard = &mut self.stage.borrow_mut().shard;
            shard.handle_datagram(packet.source, packet.bytes_mut(), now);
            let egress = shard.egress();
            let sent = egress.chains().map(|(_, datagrams)| datagrams.count()).sum();
            egress.clear();
            self.taken.set(self.taken.get() + 1);
            sent
        }

        /// Nothing was refused on the way.
        fn check(&self) {
            let counters = self.stage.borrow().shard.counters();
            assert_eq!(counters.rtp_received - self.received_before, self.taken.get());
            assert_eq!(counters.dropped.iter().map(|(_, count)| count).sum::<u64>(), 0);
        }
    }
}

fn out_header() -> OutHeader {
    OutHeader { marker: true, pt: Pt(96), seq: ExtSeq(1).seq(), timestamp: 90_000, ssrc: Ssrc(1) }
}

/// Ids as Chromium numbers them.
fn extension_map() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    for (id, kind) in (1..).zip(ExtensionKind::ALL) {
        assert!(map.insert(id, *kind));
    }
    map
}

/// What a video packet carries while its receiver learns the SSRC.
fn values() -> ExtensionValues<'static> {
    ExtensionValues {
        mid: Mid::new("0"),
        transport_cc: Some(7),
        abs_send_time: Some(0x12_3456),
        video_orientation: Some(0),
        ..ExtensionValues::default()
    }
}
