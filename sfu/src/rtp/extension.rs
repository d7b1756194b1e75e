//! RTP header extensions (RFC 8285): which ones we know, under which ids a peer negotiated them,
//! their values.
//!
//! Hot: values are parsed into a `Copy` struct of views and written straight into the outgoing
//! packet. Unknown ids are skipped. Only extensions on this list are ever forwarded, because they
//! travel outside SRTP's encryption.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rtp::ids::{Mid, Rid};

macro_rules! extension_kinds {
    ($($(#[$doc:meta])* $name:ident => $uri:literal,)+) => {
        /// A header extension that we know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ExtensionKind {
            $($(#[$doc])* $name,)+
        }

        impl ExtensionKind {
            /// All kinds, in the order in which they are written.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The URI in `a=extmap`.
            #[must_use]
            pub fn uri(self) -> &'static str {
                match self {
                    $(Self::$name => $uri,)+
                }
            }

            /// The kind with that URI.
            #[must_use]
            pub fn from_uri(uri: &str) -> Option<Self> {
                match uri {
                    $($uri => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

extension_kinds! {
    /// The m-section of the stream (RFC 9143 §15).
    Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
    /// The simulcast layer (RFC 8852 §4.1).
    Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    /// The simulcast layer that a retransmission repairs (RFC 8852 §4.2).
    RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    /// Voice activity and level (RFC 6464).
    AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    /// Transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    /// Departure time, 6.18 fixed point.
    AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    /// Frame dependencies (AV1 RTP specification, appendix A).
    DependencyDescriptor =>
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    /// NTP time of capture, with or without the clock offset.
    AbsCaptureTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    /// Camera and rotation (3GPP TS 26.114).
    VideoOrientation => "urn:3gpp:video-orientation",
    /// Bounds of the receiver's buffer.
    PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
}

/// Number of kinds.
const KINDS: usize = ExtensionKind::ALL.len();

/// Which id a peer uses for which kind. Ids are per peer and m-section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExtensionMap {
    // By kind; 0 means not negotiated.
    ids: [u8; KINDS],
}

impl ExtensionMap {
    /// No extension.
    #[must_use]
    pub const fn new() -> Self {
        Self { ids: [0; KINDS] }
    }

    /// Adds a pair; `false` when the id is reserved (0, 15), or the id or the kind is already taken
    /// otherwise.
    #[expect(clippy::indexing_slicing, reason = "KINDS discriminants, KINDS places")]
    pub const fn insert(&mut self, id: u8, kind: ExtensionKind) -> bool {
        if id == 0 || id == ONE_BYTE_STOP {
            return false;
        }
        let mut place = 0;
        while place < KINDS {
            if self.ids[place] == id {
                return place == kind as usize;
            }
            place += 1;
        }
        if self.ids[kind as usize] != 0 {
            return false;
        }
        self.ids[kind as usize] = id;
        true
    }

    /// The id of a kind.
    #[must_use]
    pub fn id(&self, kind: ExtensionKind) -> Option<u8> {
        self.ids.get(kind as usize).copied().filter(|id| *id != 0)
    }

    /// The kind of an id.
    #[must_use]
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        if id == 0 {
            return None;
        }
        let place = self.ids.iter().position(|taken| *taken == id)?;
        ExtensionKind::ALL.get(place).copied()
    }

    /// All pairs, in the order of [`ExtensionKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (u8, ExtensionKind)> + '_ {
        self.ids.iter().zip(ExtensionKind::ALL).filter(|(id, _)| **id != 0).map(|(id, k)| (*id, *k))
    }
}

/// The values of one packet's extensions. Longer ones are views into the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtensionValues<'a> {
    /// The m-section.
    pub mid: Option<Mid>,
    /// The simulcast layer.
    pub rid: Option<Rid>,
    /// The simulcast layer that is repaired.
    pub repaired_rid: Option<Rid>,
    /// Raw byte: voice activity in the top bit, level in -dBov below (RFC 6464 §3).
    pub audio_level: Option<u8>,
    /// Transport-wide sequence number.
    pub transport_cc: Option<u16>,
    /// 24 bits, 6.18 fixed-point seconds.
    pub abs_send_time: Option<u32>,
    /// Dependency descriptor, unparsed.
    pub dependency_descriptor: Option<&'a [u8]>,
    /// Absolute capture time, 8 or 16 bytes.
    pub abs_capture_time: Option<&'a [u8]>,
    /// Raw byte: camera, flip, rotation.
    pub video_orientation: Option<u8>,
    /// Two times 12 bits: least and greatest delay in 10 ms.
    pub playout_delay: Option<[u8; 3]>,
}

impl<'a> ExtensionValues<'a> {
    /// Reads the elements whose ids `map` knows. `block` is where the packet's header says that they
    /// are.
    ///
    /// Elements of a wrong length are ignored; a truncated element ends the reading. O(bytes of the
    /// block).
    #[must_use]
    pub fn parse(packet: &'a [u8], block: Option<ExtensionBlock>, map: &ExtensionMap) -> Self {
        let mut values = Self::default();
        let Some(block) = block else { return values };
        let elements = packet.get(block.start..).and_then(|rest| rest.get(..block.len));
        let mut rest = elements.unwrap_or_default();
        let two_byte = match block.profile {
            ONE_BYTE_PROFILE => false,
            profile if profile & 0xfff0 == TWO_BYTE_PROFILE => true,
            _ => return values,
        };
        while let Some((&first, after)) = rest.split_first() {
            if first == 0 {
                rest = after;
                continue;
            }
            let (id, len, after) = if two_byte {
                let Some((&len, after)) = after.split_first() else { break };
                (first, usize::from(len), after)
            } else {
                (first >> 4, usize::from(first & 0x0f) + 1, after)
            };
            // RFC 8285 §4.2: id 0 with a length, and id 15, end the one-byte form.
            if !two_byte && (id == 0 || id == ONE_BYTE_STOP) {
                break;
            }
            let Some((data, after)) = after.split_at_checked(len) else { break };
            if let Some(kind) = map.kind(id) {
                values.set(kind, data);
            }
            rest = after;
        }
        values
    }

    fn set(&mut self, kind: ExtensionKind, data: &'a [u8]) {
        match (kind, data) {
            (ExtensionKind::Mid, _) => self.mid = Mid::from_bytes(data).or(self.mid),
            (ExtensionKind::Rid, _) => self.rid = Rid::from_bytes(data).or(self.rid),
            (ExtensionKind::RepairedRid, _) => {
                self.repaired_rid = Rid::from_bytes(data).or(self.repaired_rid);
            }
            (ExtensionKind::AudioLevel, [level]) => self.audio_level = Some(*level),
            (ExtensionKind::TransportCc, [a, b]) => {
                self.transport_cc = Some(u16::from_be_bytes([*a, *b]));
            }
            (ExtensionKind::AbsSendTime, [a, b, c]) => {
                self.abs_send_time = Some(u32::from_be_bytes([0, *a, *b, *c]));
            }
            (ExtensionKind::DependencyDescriptor, _) => self.dependency_descriptor = Some(data),
            (ExtensionKind::AbsCaptureTime, _) if matches!(data.len(), 8 | 16) => {
                self.abs_capture_time = Some(data);
            }
            (ExtensionKind::VideoOrientation, [orientation]) => {
                self.video_orientation = Some(*orientation);
            }
            (ExtensionKind::PlayoutDelay, [a, b, c]) => self.playout_delay = Some([*a, *b, *c]),
            _ => {}
        }
    }

    /// The bytes of one value; small ones are put into `scratch`.
    fn bytes<'b>(&'b self, kind: ExtensionKind, scratch: &'b mut [u8; 3]) -> Option<&'b [u8]> {
        let [a, b, c] = scratch;
        match kind {
            ExtensionKind::Mid => self.mid.as_ref().map(Mid::as_bytes),
            ExtensionKind::Rid => self.rid.as_ref().map(Rid::as_bytes),
            ExtensionKind::RepairedRid => self.repaired_rid.as_ref().map(Rid::as_bytes),
            ExtensionKind::AudioLevel => self.audio_level.as_ref().map(std::slice::from_ref),
            ExtensionKind::TransportCc => {
                [*a, *b] = self.transport_cc?.to_be_bytes();
                scratch.get(..2)
            }
            ExtensionKind::AbsSendTime => {
                [_, *a, *b, *c] = self.abs_send_time?.to_be_bytes();
                Some(scratch)
            }
            ExtensionKind::DependencyDescriptor => self.dependency_descriptor,
            ExtensionKind::AbsCaptureTime => self.abs_capture_time,
            ExtensionKind::VideoOrientation => {
                self.video_orientation.as_ref().map(std::slice::from_ref)
            }
            ExtensionKind::PlayoutDelay => self.playout_delay.as_ref().map(<[u8; 3]>::as_slice),
        }
    }

    /// Writes the extension block (its 4-byte head included) for the kinds that `map` holds; 0
    /// bytes when there are none. Hot.
    ///
    /// The one-byte form unless an element needs the other: longer than 16 bytes, empty, or an id
    /// above 14.
    pub(super) fn write(&self, out: &mut [u8], map: &ExtensionMap) -> Option<usize> {
        self.write_short(out, map).or_else(|| self.write_any(out, map))
    }

    /// As [`write`](Self::write), in the form that nearly all packets have: each element is one comparison and one store.
    /// `None`: something does not fit it.
    fn write_short(&self, out: &mut [u8], map: &ExtensionMap) -> Option<usize> {
        let (head, out) = out.split_first_chunk_mut::<4>()?;
        let mut elements = ShortElements { out, len: 0, map };
        let [_, a, b, c] = self.abs_send_time.unwrap_or_default().to_be_bytes();
        elements.put_slice(ExtensionKind::Mid, self.mid.as_ref().map(Mid::as_bytes))?;
        elements.put_slice(ExtensionKind::Rid, self.rid.as_ref().map(Rid::as_bytes))?;
        let repaired = self.repaired_rid.as_ref().map(Rid::as_bytes);
        elements.put_slice(ExtensionKind::RepairedRid, repaired)?;
        elements.put(ExtensionKind::AudioLevel, self.audio_level.map(|level| [level]))?;
        elements.put(ExtensionKind::TransportCc, self.transport_cc.map(u16::to_be_bytes))?;
        elements.put(ExtensionKind::AbsSendTime, self.abs_send_time.map(|_| [a, b, c]))?;
        elements.put_slice(ExtensionKind::DependencyDescriptor, self.dependency_descriptor)?;
        elements.put_slice(ExtensionKind::AbsCaptureTime, self.abs_capture_time)?;
        elements.put(ExtensionKind::VideoOrientation, self.video_orientation.map(|one| [one]))?;
        elements.put(ExtensionKind::PlayoutDelay, self.playout_delay)?;
        let ShortElements { out, len, .. } = elements;
        if len == 0 {
            return Some(0);
        }
        // Up to three bytes of padding; what is written too much is overwritten by the payload.
        *out.get_mut(len..)?.first_chunk_mut::<3>()? = [0; 3];
        let padded_len = len.next_multiple_of(4);
        let [p0, p1] = ONE_BYTE_PROFILE.to_be_bytes();
        let [w0, w1] = u16::try_from(padded_len / 4).ok()?.to_be_bytes();
        *head = [p0, p1, w0, w1];
        Some(4 + padded_len)
    }

    fn write_any(&self, out: &mut [u8], map: &ExtensionMap) -> Option<usize> {
        let mut scratch = [0; 3];
        let (mut any, mut two_byte) = (false, false);
        for (id, kind) in map.iter() {
            if let Some(data) = self.bytes(kind, &mut scratch) {
                any = true;
                two_byte |= id >= ONE_BYTE_STOP || !(1..=16).contains(&data.len());
            }
        }
        if !any {
            return Some(0);
        }
        let (head, elements) = out.split_first_chunk_mut::<4>()?;
        let mut len = 0;
        for (id, kind) in map.iter() {
            let Some(data) = self.bytes(kind, &mut scratch) else { continue };
            let place = elements.get_mut(len..)?;
            let data_len = u8::try_from(data.len()).ok()?;
            let place = if two_byte {
                let (element, place) = place.split_first_chunk_mut::<2>()?;
                *element = [id, data_len];
                len += 2;
                place
            } else {
                let (element, place) = place.split_first_mut()?;
                *element = id << 4 | data_len.wrapping_sub(1);
                len += 1;
                place
            };
            place.get_mut(..data.len())?.copy_from_slice(data);
            len += data.len();
        }
        let padded_len = len.next_multiple_of(4);
        elements.get_mut(len..padded_len)?.fill(0);
        let profile = if two_byte { TWO_BYTE_PROFILE } else { ONE_BYTE_PROFILE };
        let [p0, p1] = profile.to_be_bytes();
        let [w0, w1] = u16::try_from(padded_len / 4).ok()?.to_be_bytes();
        *head = [p0, p1, w0, w1];
        Some(4 + padded_len)
    }
}

/// Elements in the one-byte form (RFC 8285 §4.2), as they are written.
struct ShortElements<'a> {
    out: &'a mut [u8],
    len: usize,
    map: &'a ExtensionMap,
}

impl ShortElements<'_> {
    /// Nothing happens for what has no value, or no id on this connection. `None`: it does not fit the form.
    #[inline]
    fn put<const N: usize>(&mut self, kind: ExtensionKind, data: Option<[u8; N]>) -> Option<()> {
        let (Some(data), Some(id)) = (data, self.map.id(kind)) else { return Some(()) };
        self.head(id, N)?;
        *self.out.get_mut(self.len..)?.first_chunk_mut::<N>()? = data;
        self.len += N;
        Some(())
    }

    #[inline]
    fn put_slice(&mut self, kind: ExtensionKind, data: Option<&[u8]>) -> Option<()> {
        let (Some(data), Some(id)) = (data, self.map.id(kind)) else { return Some(()) };
        self.head(id, data.len())?;
        self.out.get_mut(self.len..self.len + data.len())?.copy_from_slice(data);
        self.len += data.len();
        Some(())
    }

    #[inline]
    fn head(&mut self, id: u8, len: usize) -> Option<()> {
        let len = u8::try_from(len).ok().filter(|len| (1..=16).contains(len))?;
        if id >= ONE_BYTE_STOP {
            return None;
        }
        *self.out.get_mut(self.len)? = id << 4 | (len - 1);
        self.len += 1;
        Some(())
    }
}

/// A time for the abs-send-time extension: seconds modulo 64 in 6.18 fixed point.
#[must_use]
pub fn abs_send_time_24(since_start: Duration) -> u32 {
    let whole = since_start.as_secs() << 18;
    let fraction = (u64::from(since_start.subsec_nanos()) << 18) / 1_000_000_000;
    ((whole | fraction) & 0x00ff_ffff) as u32
}

/// RFC 8285 §4.2.
const ONE_BYTE_PROFILE: u16 = 0xbede;
/// RFC 8285 §4.3; the low 4 bits are "appbits".
const TWO_BYTE_PROFILE: u16 = 0x1000;
/// The id that ends the one-byte form, never used as an identifier (RFC 8285 §4.2).
const ONE_BYTE_STOP: u8 = 15;

/// Where the extension block's elements stand in the packet (RFC 3550 §5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionBlock {
    /// "Defined by profile": tells the form of the elements (RFC 8285 §4).
    pub profile: u16,
    /// Offset of the first element in the packet.
    pub start: usize,
    /// Bytes of elements, padding included; a multiple of 4.
    pub len: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::{
        header::{self, OutHeader, RtpHeader},
        ids::{Pt, Seq, Ssrc},
    };

    #[test]
    fn uris_are_found_again_and_unlike() {
        for kind in ExtensionKind::ALL {
            assert_eq!(ExtensionKind::from_uri(kind.uri()), Some(*kind));
        }
        assert_eq!(ExtensionKind::from_uri("urn:ietf:params:rtp-hdrext:toffset"), None);
    }

    #[test]
    fn the_map_refuses_reserved_ids_and_contradictions() {
        let mut map = ExtensionMap::new();
        assert!(!map.insert(0, ExtensionKind::Mid));
        assert!(!map.insert(15, ExtensionKind::Mid));
        assert!(map.insert(4, ExtensionKind::Mid));
        assert!(map.insert(4, ExtensionKind::Mid));
        assert!(!map.insert(4, ExtensionKind::Rid));
        assert!(!map.insert(5, ExtensionKind::Mid));
        assert!(map.insert(200, ExtensionKind::Rid));
        assert_eq!(map.id(ExtensionKind::Mid), Some(4));
        assert_eq!(map.id(ExtensionKind::AudioLevel), None);
        assert_eq!(map.kind(200), Some(ExtensionKind::Rid));
        assert_eq!(map.kind(0), None);
        assert_eq!(map.kind(5), None);
        let pairs: Vec<_> = map.iter().collect();
        assert_eq!(pairs, [(4, ExtensionKind::Mid), (200, ExtensionKind::Rid)]);
    }

    #[test]
    fn a_map_can_be_a_constant() {
        const MAP: ExtensionMap = {
            let mut map = ExtensionMap::new();
            assert!(map.insert(1, ExtensionKind::AudioLevel));
            map
        };
        assert_eq!(MAP.kind(1), Some(ExtensionKind::AudioLevel));
    }

    fn parse_block(profile: u16, elements: &[u8]) -> (Option<u8>, Option<u16>) {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend(profile.to_be_bytes());
        packet.extend(u16::try_from(elements.len() / 4).unwrap().to_be_bytes());
        packet.extend(elements);
        let mut map = ExtensionMap::new();
        map.insert(1, ExtensionKind::AudioLevel);
        map.insert(3, ExtensionKind::TransportCc);
        let header = RtpHeader::parse(&packet).unwrap();
        let values = ExtensionValues::parse(&packet, header.extension, &map);
        (values.audio_level, values.transport_cc)
    }

    #[test]
    fn elements_are_read_as_rfc_8285_says() {
        // Padding between and after; unknown id 2 is skipped.
        let block = [0, 0x10, 7, 0x21, 9, 9, 0x31, 1, 2, 0, 0, 0];
        assert_eq!(parse_block(0xbede, &block), (Some(7), Some(0x102)));
        // Id 15 and id 0 with a length end the reading.
        assert_eq!(parse_block(0xbede, &[0x10, 7, 0xf0, 0x31, 1, 2, 0, 0]), (Some(7), None));
        assert_eq!(parse_block(0xbede, &[0x10, 7, 0x01, 0x31, 1, 2, 0, 0]), (Some(7), None));
        // Truncated element, wrong length.
        assert_eq!(parse_block(0xbede, &[0x10, 7, 0x3f, 0]), (Some(7), None));
        assert_eq!(parse_block(0xbede, &[0x11, 7, 7, 0]), (None, None));
        // Two-byte form, any appbits, empty unknown element; id 15 is an id like any other.
        let block = [1, 1, 7, 0, 9, 0, 15, 1, 1, 3, 2, 1, 2, 0, 0, 0];
        assert_eq!(parse_block(0x1000, &block), (Some(7), Some(0x102)));
        assert_eq!(parse_block(0x100f, &block), (Some(7), Some(0x102)));
        assert_eq!(parse_block(0x1000, &[1, 1, 7, 3]), (Some(7), None));
        // Some other profile.
        assert_eq!(parse_block(0xabac, &[0x10, 7, 0, 0]), (None, None));
    }

    #[test]
    fn the_two_byte_form_is_used_only_when_needed() {
        let mut out = [0xff; 400];
        let mut map = ExtensionMap::new();
        map.insert(1, ExtensionKind::AudioLevel);
        map.insert(2, ExtensionKind::DependencyDescriptor);
        let long = [5; 256];
        let mut values = ExtensionValues { audio_level: Some(9), ..Default::default() };
        assert_eq!(values.write(&mut out, &map), Some(8));
        assert_eq!(out[..8], [0xbe, 0xde, 0, 1, 0x10, 9, 0, 0]);
        for (len, profile) in [(16, 0xbe), (17, 0x10), (0, 0x10), (255, 0x10)] {
            values.dependency_descriptor = Some(&long[..len]);
            assert!(values.write(&mut out, &map).is_some());
            assert_eq!(out[0], profile, "{len}");
        }
        values.dependency_descriptor = Some(&long);
        assert_eq!(values.write(&mut out, &map), None);
        let mut high = ExtensionMap::new();
        high.insert(16, ExtensionKind::AudioLevel);
        assert_eq!(values.write(&mut out, &high), Some(8));
        assert_eq!(out[..8], [0x10, 0, 0, 1, 16, 1, 9, 0]);
    }

    #[test]
    fn abs_send_time_wraps_every_64_seconds() {
        assert_eq!(abs_send_time_24(Duration::ZERO), 0);
        assert_eq!(abs_send_time_24(Duration::from_millis(1500)), 3 << 17);
        assert_eq!(abs_send_time_24(Duration::from_secs(65)), 1 << 18);
        assert_eq!(abs_send_time_24(Duration::new(63, 999_999_999)), 0x00ff_ffff);
    }

    prop_compose! {
        fn arbitrary_values()(
            mid in prop::option::of("[!-~]{1,16}"),
            rid in prop::option::of("[a-z]{1,16}"),
            repaired in prop::option::of("[a-z]{1,16}"),
            level: Option<u8>,
            transport_cc: Option<u16>,
            abs_send_time in prop::option::of(0..1u32 << 24),
            orientation: Option<u8>,
            delay: Option<[u8; 3]>,
        ) -> ExtensionValues<'static> {
            ExtensionValues {
                mid: mid.and_then(|m| Mid::new(&m)),
                rid: rid.and_then(|m| Rid::new(&m)),
                repaired_rid: repaired.and_then(|m| Rid::new(&m)),
                audio_level: level,
                transport_cc,
                abs_send_time,
                video_orientation: orientation,
                playout_delay: delay,
                ..Default::default()
            }
        }
    }

    proptest! {
        #[test]
        fn values_survive_writing_and_parsing_under_any_map(
            values in arbitrary_values(),
            descriptor in prop::option::of(prop::collection::vec(any::<u8>(), 0..=255)),
            capture in prop::option::of(prop_oneof![Just(8usize), Just(16)]),
            one_byte_ids: bool,
            ids in prop::sample::subsequence((1..=255u8).collect::<Vec<_>>(), KINDS),
            kept in prop::collection::vec(any::<bool>(), KINDS),
        ) {
            let capture = capture.map(|len| vec![0x5a; len]);
            let values = ExtensionValues {
                dependency_descriptor: descriptor.as_deref(),
                abs_capture_time: capture.as_deref(),
                ..values
            };
            let mut map = ExtensionMap::new();
            for (place, kind) in ExtensionKind::ALL.iter().enumerate() {
                let id = if one_byte_ids { 1 + u8::try_from(place).unwrap() } else { ids[place] };
                if kept[place] {
                    map.insert(id, *kind);
                }
            }
            let mut expected = ExtensionValues::default();
            let mut scratch = [0; 3];
            for (_, kind) in map.iter() {
                match kind {
                    ExtensionKind::DependencyDescriptor => expected.dependency_descriptor = descriptor.as_deref(),
                    ExtensionKind::AbsCaptureTime => expected.abs_capture_time = capture.as_deref(),
                    _ => if let Some(bytes) = values.bytes(kind, &mut scratch) {
                        let bytes: &'static [u8] = Vec::leak(bytes.to_vec());
                        expected.set(kind, bytes);
                    },
                }
            }
            let out_header = OutHeader {
                marker: false, pt: Pt(1), seq: Seq(2), timestamp: 3, ssrc: Ssrc(4),
            };
            let mut out = [0xff; 500];
            let len = header::write(&mut out, out_header, &map, &values).unwrap();
            prop_assert_eq!(len % 4, 0);
            let header = RtpHeader::parse(&out[..len]).unwrap();
            prop_assert_eq!(header.len, len);
            prop_assert_eq!(ExtensionValues::parse(&out, header.extension, &map), expected);
        }
    }
}
