//! Matroska and WebM, as far as a stream that only ever grows needs them (RFC 9559; EBML: RFC 8794). Pure: bytes out.
//!
//! ```text
//!   EBML header | Segment (size unknown) | Info: date, place for the duration | Tracks | Cluster | Cluster ...
//!                                                          Cluster (size unknown): Timestamp, SimpleBlock ...
//! ```
//!
//! No element has to be closed: a file that ends anywhere is read up to its last whole block.

use crate::rtp::payload::CodecKind;

/// A track as the header tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackEntry {
    /// From 1.
    pub(crate) number: u8,
    pub(crate) codec: CodecKind,
    /// Pixels of a picture.
    pub(crate) size: (u32, u32),
    pub(crate) private: Vec<u8>,
    /// Shown by players.
    pub(crate) name: String,
}

/// The beginning of a file.
pub(crate) struct Header {
    pub(crate) bytes: Vec<u8>,
    /// Where [`duration`] may be written, once it is known.
    pub(crate) duration_at: u64,
}

/// The beginning of a file whose time 0 was `start_us`, microseconds since the Unix epoch.
pub(crate) fn header(tracks: &[TrackEntry], start_us: i64) -> Header {
    let mut ebml = Vec::new();
    let doctype = if is_webm(tracks) { "webm" } else { "matroska" };
    number(&mut ebml, 0x4286, 1);
    number(&mut ebml, 0x42f7, 1);
    number(&mut ebml, 0x42f2, 4);
    number(&mut ebml, 0x42f3, 8);
    text(&mut ebml, 0x4282, doctype);
    number(&mut ebml, 0x4287, 4);
    number(&mut ebml, 0x4285, 2);
    let mut bytes = Vec::new();
    element(&mut bytes, 0x1a45_dfa3, &ebml);
    bytes.extend([0x18, 0x53, 0x80, 0x67]);
    bytes.extend(SIZE_UNKNOWN);

    let mut info = Vec::new();
    // A millisecond.
    number(&mut info, 0x002a_d7b1, 1_000_000);
    let ns = (start_us - MATROSKA_EPOCH_US).saturating_mul(1000);
    element(&mut info, 0x4461, &ns.to_be_bytes());
    text(&mut info, 0x4d80, WRITER);
    text(&mut info, 0x5741, WRITER);
    let duration_in_info = info.len();
    info.extend(no_duration());
    let mut head = Vec::new();
    element(&mut head, 0x1549_a966, &info);
    let duration_at = bytes.len() + head.len() - info.len() + duration_in_info;
    bytes.extend(head);

    let mut entries = Vec::new();
    for track in tracks {
        element(&mut entries, 0xae, &entry(track));
    }
    element(&mut bytes, 0x1654_ae6b, &entries);
    Header { bytes, duration_at: duration_at as u64 }
}

/// Whether browsers that only know WebM play it.
pub(crate) fn is_webm(tracks: &[TrackEntry]) -> bool {
    tracks.iter().all(|track| track.codec != CodecKind::H264)
}

/// `Duration`, as long as what stands in its place.
pub(crate) fn duration(ms: i64) -> [u8; DURATION_BYTES] {
    let mut bytes = [0x44, 0x89, 0x88, 0, 0, 0, 0, 0, 0, 0, 0];
    // A recording is far shorter than what a double holds exactly.
    let value = (ms as f64).to_be_bytes();
    bytes.iter_mut().skip(3).zip(value).for_each(|(byte, value)| *byte = value);
    bytes
}

/// Void, in the place of the duration.
fn no_duration() -> [u8; DURATION_BYTES] {
    [0xec, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

const DURATION_BYTES: usize = 11;

/// The beginning of a cluster at this time, in milliseconds.
pub(crate) fn cluster(out: &mut Vec<u8>, ms: u64) {
    out.extend([0x1f, 0x43, 0xb6, 0x75]);
    out.extend(SIZE_UNKNOWN);
    number(out, 0xe7, ms);
}

/// A frame, so many milliseconds from its cluster's time.
pub(crate) fn simple_block(out: &mut Vec<u8>, track: u8, ms: i16, is_key: bool, frame: &[u8]) {
    out.push(0xa3);
    size(out, frame.len() + 4);
    out.push(0x80 | track);
    out.extend(ms.to_be_bytes());
    out.push(if is_key { 0x80 } else { 0 });
    out.extend_from_slice(frame);
}

const SIZE_UNKNOWN: [u8; 8] = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// 2001-01-01, microseconds since the Unix epoch.
const MATROSKA_EPOCH_US: i64 = 978_307_200_000_000;

const WRITER: &str = "bedside";

fn entry(track: &TrackEntry) -> Vec<u8> {
    let is_audio = track.codec.is_audio();
    let mut entry = Vec::new();
    number(&mut entry, 0xd7, track.number.into());
    number(&mut entry, 0x73c5, track.number.into());
    number(&mut entry, 0x83, if is_audio { 2 } else { 1 });
    // No lacing.
    number(&mut entry, 0x9c, 0);
    text(&mut entry, 0x536e, &track.name);
    text(&mut entry, 0x86, codec_id(track.codec));
    if is_audio {
        element(&mut entry, 0x63a2, &OPUS_HEAD);
        number(&mut entry, 0x56bb, OPUS_PREROLL_NS);
        let mut audio = Vec::new();
        element(&mut audio, 0xb5, &48_000_f64.to_be_bytes());
        number(&mut audio, 0x9f, 2);
        element(&mut entry, 0xe1, &audio);
    } else {
        if !track.private.is_empty() {
            element(&mut entry, 0x63a2, &track.private);
        }
        let mut video = Vec::new();
        number(&mut video, 0xb0, track.size.0.into());
        number(&mut video, 0xba, track.size.1.into());
        element(&mut entry, 0xe0, &video);
    }
    entry
}

fn codec_id(codec: CodecKind) -> &'static str {
    match codec {
        CodecKind::Vp8 => "V_VP8",
        CodecKind::Vp9 => "V_VP9",
        CodecKind::H264 => "V_MPEG4/ISO/AVC",
        CodecKind::Av1 => "V_AV1",
        CodecKind::Opus | CodecKind::Red | CodecKind::Pcmu | CodecKind::Pcma => "A_OPUS",
    }
}

/// RFC 7845 §5.1: version 1, two channels, nothing to skip, 48 kHz, no gain, mapping family 0. An Opus decoder makes two
/// channels of one.
const OPUS_HEAD: [u8; 19] = *b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0";

/// What is decoded before the place that is sought (RFC 7845 §4.6).
const OPUS_PREROLL_NS: u64 = 80_000_000;

fn number(out: &mut Vec<u8>, id: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    element(out, id, bytes.get(first..).unwrap_or_default());
}

fn text(out: &mut Vec<u8>, id: u32, value: &str) {
    element(out, id, value.as_bytes());
}

fn element(out: &mut Vec<u8>, id: u32, body: &[u8]) {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
    out.extend(bytes.get(first..).unwrap_or_default());
    size(out, body.len());
    out.extend_from_slice(body);
}

/// A length, in one byte or four.
fn size(out: &mut Vec<u8>, len: usize) {
    match u8::try_from(len) {
        Ok(short) if short < 0x7f => out.push(0x80 | short),
        _ => {
            debug_assert!(len < 1 << 28, "frames are bounded");
            let len = u32::try_from(len).unwrap_or(u32::MAX) & 0x0fff_ffff;
            out.extend((0x1000_0000 | len).to_be_bytes());
        }
    }
}

/// Reading what was written.
#[cfg(test)]
pub(crate) mod reading {
    /// Elements at one level: id and body. Of unknown size: the rest.
    pub(crate) fn elements(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let mut all = Vec::new();
        while let Some(&first) = bytes.first() {
            // What was cut off is not there.
            let id_len = first.leading_zeros() as usize + 1;
            if bytes.len() <= id_len {
                break;
            }
            let id = bytes[..id_len].iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
            bytes = &bytes[id_len..];
            let len_len = bytes[0].leading_zeros() as usize + 1;
            if bytes.len() < len_len {
                break;
            }
            let value = bytes[..len_len].iter().fold(0_u64, |id, byte| id << 8 | u64::from(*byte));
            let len = value & ((1 << (7 * len_len)) - 1);
            bytes = &bytes[len_len..];
            let len = if len == (1 << (7 * len_len)) - 1 { bytes.len() } else { len as usize };
            if bytes.len() < len {
                break;
            }
            all.push((id, bytes[..len].to_vec()));
            bytes = &bytes[len..];
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{reading::elements, *};

    fn sound() -> TrackEntry {
        TrackEntry {
            number: 1,
            codec: CodecKind::Opus,
            size: (0, 0),
            private: Vec::new(),
            name: "sound".to_owned(),
        }
    }

    #[test]
    fn a_header_reads_back_and_has_a_place_for_the_duration() {
        let picture = TrackEntry {
            number: 2,
            codec: CodecKind::H264,
            size: (640, 480),
            private: vec![1; 200],
            name: "picture".to_owned(),
        };
        let start = MATROSKA_EPOCH_US + 5;
        let mut head = header(&[sound(), picture], start);
        let at = head.duration_at as usize;
        head.bytes[at..at + DURATION_BYTES].copy_from_slice(&duration(1500));
        let top = elements(&head.bytes);
        assert_eq!(top.iter().map(|one| one.0).collect::<Vec<_>>(), [0x1a45_dfa3, 0x1853_8067]);
        assert!(elements(&top[0].1).contains(&(0x4282, b"matroska".to_vec())));
        let segment = elements(&top[1].1);
        let info = elements(&segment[0].1);
        assert!(info.contains(&(0x4461, 5000_i64.to_be_bytes().to_vec())));
        assert_eq!(info.last(), Some(&(0x4489, 1500_f64.to_be_bytes().to_vec())));
        let tracks = elements(&segment[1].1);
        assert_eq!(tracks.len(), 2);
        assert!(elements(&tracks[0].1).contains(&(0x86, b"A_OPUS".to_vec())));
        let video = elements(&tracks[1].1);
        assert!(video.contains(&(0x63a2, vec![1; 200])));
        let pixels = elements(&video.last().unwrap().1);
        assert_eq!(pixels, [(0xb0, vec![2, 128]), (0xba, vec![1, 224])]);
    }

    #[test]
    fn without_the_duration_there_is_a_void_and_a_webm_says_so() {
        let head = header(&[sound()], 0);
        let top = elements(&head.bytes);
        assert!(elements(&top[0].1).contains(&(0x4282, b"webm".to_vec())));
        let segment = elements(&top[1].1);
        assert_eq!(elements(&segment[0].1).last(), Some(&(0xec, vec![0; 9])));
    }

    #[test]
    fn blocks_follow_their_cluster_and_long_ones_have_long_sizes() {
        let mut out = Vec::new();
        cluster(&mut out, 70_000);
        simple_block(&mut out, 2, -3, true, &[7; 300]);
        simple_block(&mut out, 1, 20, false, &[8]);
        let all = elements(&out);
        assert_eq!(all[0].0, 0x1f43_b675);
        let within = elements(&all[0].1);
        assert_eq!(within[0], (0xe7, vec![1, 0x11, 0x70]));
        assert_eq!((within[1].0, &within[1].1[..5]), (0xa3, &[0x82, 0xff, 0xfd, 0x80, 7][..]));
        assert_eq!(within[1].1.len(), 304);
        assert_eq!(within[2], (0xa3, vec![0x81, 0, 20, 0, 8]));
    }
}
