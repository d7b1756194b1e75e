//! Counts Rust allocations of the per-packet functions in `rtp`, `connection::srtp` and `relay::wire`: there must be
//! none.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    time::{Duration, Instant},
};

use sfu::{
    connection::srtp::{SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender},
    relay::{
        EdgeId, TrackHandle,
        outbox::BATCH_BYTES,
        wire::{self, Body, Frame, RelayedPacket},
    },
    rtp::{
        extension::{ExtensionKind, ExtensionMap, ExtensionValues},
        header::{self, OutHeader, RtpHeader, is_rtcp, unpadded},
        history::{History, PacketMeta, StoredExtensions},
        ids::{ExtSeq, Mid, Pt, SeqExtender, Ssrc},
        payload::{CodecKind, is_key_frame, red, vp8},
        reception::Reception,
        rtcp::{self, RtcpPacket},
        rtx,
        twcc::ArrivalRecorder,
    },
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system's allocator unchanged; counting touches only a
// constant-initialised thread-local, which does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::AesCm128HmacSha1_80];

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    black_box(vec![0u8; 10]);
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

#[test]
fn a_packet_is_sealed_opened_stored_and_rewritten_without_allocation() {
    for profile in PROFILES {
        let mut path = Path::new(profile);
        // The first packet of an SSRC may grow the receiver's table.
        path.forward(0);
        let before = ALLOCATIONS.get();
        for number in 1..200 {
            path.forward(number);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{profile:?}");
    }
}

#[test]
fn a_packet_is_relayed_without_allocation() {
    let mut batch = Vec::with_capacity(BATCH_BYTES);
    let packet = RelayedPacket {
        track: TrackHandle(7),
        layer: 1,
        seq: ExtSeq(65_536),
        meta: PacketMeta { marker: true, timestamp: 1, codec: CodecKind::Vp8 },
        extensions: StoredExtensions {
            audio_level: Some(30),
            abs_capture_time: Some(&[1; 16]),
            dependency_descriptor: Some(&[2; 40]),
            ..StoredExtensions::default()
        },
        payload: &[3; 1100],
    };
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        wire::begin(&mut batch);
        for _ in 0..50 {
            assert!(wire::write_packet(&mut batch, EdgeId(1), &packet));
        }
        for frame in wire::frames(&batch) {
            let Ok(Frame { body: Body::Packet(read), .. }) = frame else { panic!("a packet") };
            assert_eq!(black_box(read), packet);
        }
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn rtcp_is_written_sealed_opened_and_read_without_allocation() {
    for profile in PROFILES {
        let mut path = Path::new(profile);
        path.report(0);
        let before = ALLOCATIONS.get();
        for number in 1..200 {
            path.report(number);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{profile:?}");
    }
}

/// A client's sender, and all that our side does with a packet.
struct Path {
    sender: SrtpSender,
    receiver: SrtpReceiver,
    map: ExtensionMap,
    extender: SeqExtender,
    history: History,
    reception: Reception,
    arrivals: ArrivalRecorder,
    now: Instant,
    datagram: [u8; 1500],
    out: [u8; 1500],
}

impl Path {
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn new(profile: SrtpProfile) -> Self {
        let material = vec![7; 2 * (profile.key_len() + profile.salt_len())];
        let client = SrtpKeys::from_exporter(profile, &material, true).unwrap();
        let server = SrtpKeys::from_exporter(profile, &material, false).unwrap();
        let mut map = ExtensionMap::new();
        for (id, kind) in (1..).zip(ExtensionKind::ALL) {
            assert!(map.insert(id, *kind));
        }
        Self {
            sender: SrtpSender::new(&client),
            receiver: SrtpReceiver::new(&server),
            map,
            extender: SeqExtender::default(),
            history: History::new(20_000, 64),
            reception: Reception::new(90_000),
            arrivals: ArrivalRecorder::default(),
            now: Instant::now(),
            datagram: [0; 1500],
            out: [0; 1500],
        }
    }

    fn forward(&mut self, number: u64) {
        self.now += Duration::from_millis(1);
        let payload = [0x90, 0xf0, 0x92, 0x34, 7, 0x63, 0x10, 0, 0, 0, 0, 0];
        let seq = ExtSeq(65_500 + number);
        let values = ExtensionValues {
            mid: Mid::new("0"),
            transport_cc: Some(seq.seq().0),
            dependency_descriptor: Some(&[0x80, 0, 1, 0x80, 5]),
            ..ExtensionValues::default()
        };
        let header =
            OutHeader { marker: true, pt: Pt(96), seq: seq.seq(), timestamp: 1, ssrc: Ssrc(1) };
        let header_len = header::write(&mut self.datagram, header, &self.map, &values).unwrap();
        let sealed =
            self.sender.protect_rtp_scatter(&mut self.datagram, header_len, &payload, seq).unwrap();

        assert!(!is_rtcp(&self.datagram));
        let packet = &mut self.datagram[..sealed];
        let header = RtpHeader::parse(packet).unwrap();
        let (index, len) = self.receiver.unprotect_rtp(packet, &header).unwrap();
        assert_eq!(index, seq);
        let values = ExtensionValues::parse(&packet[..len], header.extension, &self.map);
        let plain = unpadded(&packet[header.len..len], header.has_padding).unwrap();
        assert_eq!(plain, payload);
        black_box(self.extender.extend(header.seq));
        self.arrivals.on_packet(values.transport_cc.unwrap(), self.now);
        self.reception.on_packet(index, header.timestamp, self.now);
        let meta = PacketMeta {
            marker: header.marker,
            timestamp: header.timestamp,
            codec: CodecKind::Vp8,
        };
        self.history.push(index, meta, &values, plain);
        black_box((red::primary(plain), rtx::unwrap(plain)));
        for codec in CodecKind::ALL {
            black_box(is_key_frame(*codec, plain, values.dependency_descriptor));
        }

        let stored = self.history.get(index).unwrap();
        let out = OutHeader {
            marker: stored.meta.marker,
            pt: Pt(97),
            seq: seq.seq(),
            timestamp: 2,
            ssrc: Ssrc(2),
        };
        let header_len = header::write(&mut self.out, out, &self.map, &stored.values).unwrap();
        let place = &mut self.out[header_len..header_len + stored.payload.len()];
        place.copy_from_slice(stored.payload);
        let descriptor = vp8::Descriptor::parse(place).unwrap();
        vp8::rewrite(place, &descriptor, 5, 6);
        let len = stored.payload.len();
        black_box(self.sender.protect_rtp(&mut self.out, header_len, len, seq).unwrap());
    }

    fn report(&mut self, number: u16) {
        self.now += Duration::from_millis(100);
        self.reception.on_packet(ExtSeq(5), 7, self.now);
        self.arrivals.on_packet(number * 2, self.now);
        let block = self.reception.report(Ssrc(1), self.now);
        let mut len = rtcp::write_receiver_report(&mut self.out, Ssrc(2), &[block]).unwrap();
        len += rtcp::write_pli(&mut self.out[len..], Ssrc(2), Ssrc(1)).unwrap();
        let room = &mut self.out[len..1200];
        len += self.arrivals.build(room, Ssrc(2), Ssrc(1), self.now).unwrap();
        let sealed = self.sender.protect_rtcp(&mut self.out, len).unwrap();
        let len = self.receiver.unprotect_rtcp(&mut self.out[..sealed]).unwrap();
        let mut blocks = 0;
        for packet in rtcp::packets(&self.out[..len]) {
            if let RtcpPacket::ReceiverReport { reports, .. } = packet.unwrap() {
                blocks += reports.count();
            }
        }
        assert_eq!(blocks, 1);
    }
}
