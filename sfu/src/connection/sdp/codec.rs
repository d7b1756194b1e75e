//! Which configurations of a codec we take, and under which payload types we offer them.
//!
//! Forwarding does not transcode: what a publisher is answered is what every subscriber must decode. So of several
//! profiles the one that most receivers know is taken. In offers each configuration has a payload type of its own:
//! within one BUNDLE group a payload type must mean the same everywhere (RFC 9143 §9.1.1).

use serde::{Deserialize, Serialize};

use crate::rtp::{ids::Pt, payload::CodecKind};

/// Format parameters of H264 in offers. The level is only a hint, as asymmetry is allowed (RFC 6184 §8.1).
macro_rules! h264 {
    ($profile_level_id:literal) => {
        concat!(
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=",
            $profile_level_id
        )
    };
}

/// The value of one `name=value` of an fmtp line.
pub(super) fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = fmtp.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// What the fmtp line says about the bit stream, as far as a receiver must agree with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// The codec's only one, or its usual one: constrained baseline for H264, profile 0 for VP9 and AV1.
    Usual,
    /// H264 main.
    H264Main,
    /// H264 high.
    H264High,
    /// H264 constrained high.
    H264ConstrainedHigh,
    /// VP9 profile 2: ten bits.
    Vp9TenBit,
}

impl Profile {
    /// `None` for one that no browser decodes.
    pub(super) fn of(codec: CodecKind, fmtp: &str) -> Option<Self> {
        match codec {
            CodecKind::H264 => {
                // RFC 6184 §8.1: profile_idc, constraint flags, level_idc. The default is baseline.
                let id = parameter(fmtp, "profile-level-id").unwrap_or("42000a");
                match id.get(..4)?.to_ascii_lowercase().as_str() {
                    // Encoders that say baseline do not use what constrained baseline forbids.
                    id if id.starts_with("42") => Some(Self::Usual),
                    id if id.starts_with("4d") => Some(Self::H264Main),
                    "640c" => Some(Self::H264ConstrainedHigh),
                    id if id.starts_with("64") => Some(Self::H264High),
                    _ => None,
                }
            }
            CodecKind::Vp9 => match parameter(fmtp, "profile-id").unwrap_or("0") {
                "0" => Some(Self::Usual),
                "2" => Some(Self::Vp9TenBit),
                _ => None,
            },
            CodecKind::Av1 => {
                Some(Self::Usual).filter(|_| parameter(fmtp, "profile").unwrap_or("0") == "0")
            }
            CodecKind::Vp8
            | CodecKind::Opus
            | CodecKind::Red
            | CodecKind::Pcmu
            | CodecKind::Pcma => Some(Self::Usual),
        }
    }
}

/// The configuration of a codec to take from those offered: packetization mode 1 first (RFC 6184 §6.3; mode 0 cannot
/// fragment a picture), then the usual profile, then the client's order.
pub(super) fn choose(codecs: &[RemoteCodec], kind: CodecKind) -> Option<&RemoteCodec> {
    let rank = |codec: &RemoteCodec| {
        let is_fragmenting = parameter(&codec.fmtp, "packetization-mode") == Some("1");
        let penalty = u8::from(kind == CodecKind::H264 && !is_fragmenting) * 4;
        let profile = Profile::of(kind, &codec.fmtp)?;
        // 42e0 and 42c0 say constrained baseline outright; a receiver may take 4200 for a profile it lacks.
        let is_plain_baseline = parameter(&codec.fmtp, "profile-level-id")
            .is_some_and(|id| id.starts_with("4200") && kind == CodecKind::H264);
        Some(penalty + u8::from(profile != Profile::Usual) * 2 + u8::from(is_plain_baseline))
    };
    let candidates = codecs.iter().filter(|codec| codec.codec == kind);
    let ranked = candidates.filter_map(|codec| Some((rank(codec)?, codec)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, codec)| codec)
}

/// The configuration, of those a client decodes, that fits what a publisher sends: the same profile, for nothing is
/// transcoded; of those the one that says the same. `fmtp` is what the publisher was answered.
pub(super) fn choose_for<'a>(
    codecs: &'a [RemoteCodec],
    kind: CodecKind,
    fmtp: &str,
) -> Option<&'a RemoteCodec> {
    let profile = Profile::of(kind, fmtp).unwrap_or(Profile::Usual);
    let says = |fmtp: &str, name: &str, length: usize| {
        parameter(fmtp, name).and_then(|value| value.get(..length)).map(str::to_ascii_lowercase)
    };
    let rank = |codec: &RemoteCodec| {
        let differs = |name, length| says(&codec.fmtp, name, length) != says(fmtp, name, length);
        u8::from(differs("packetization-mode", 1)) * 2 + u8::from(differs("profile-level-id", 4))
    };
    let same = codecs.iter().filter(|codec| codec.codec == kind);
    same.filter(|one| Profile::of(kind, &one.fmtp) == Some(profile)).min_by_key(|one| rank(one))
}

/// How a codec stands in our offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) codec: CodecKind,
    pub(super) pt: Pt,
    pub(super) rtx: Option<Pt>,
    pub(super) fmtp: &'static str,
}

/// The one configuration for what a publisher sends. `fmtp` is what the publisher was answered.
///
/// Payload types are those that LiveKit clients see from other servers where there is a custom; none is 64-95, which
/// RTCP would be taken for (RFC 5761 §4).
pub(super) fn configuration(codec: CodecKind, fmtp: &str, is_stereo: bool) -> Configuration {
    let profile = Profile::of(codec, fmtp).unwrap_or(Profile::Usual);
    let (pt, rtx, fmtp) = match (codec, profile) {
        // `sprop-stereo=1` makes livekit-client answer `stereo=1`, without which browsers decode to mono.
        (CodecKind::Opus, _) if is_stereo => {
            (109, None, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1")
        }
        (CodecKind::Opus, _) => (111, None, "minptime=10;useinbandfec=1"),
        (CodecKind::Red, _) if is_stereo => (61, None, "109/109"),
        (CodecKind::Red, _) => (63, None, "111/111"),
        (CodecKind::Pcmu, _) => (0, None, ""),
        (CodecKind::Pcma, _) => (8, None, ""),
        (CodecKind::Vp8, _) => (96, Some(97), ""),
        (CodecKind::Vp9, Profile::Vp9TenBit) => (100, Some(101), "profile-id=2"),
        (CodecKind::Vp9, _) => (98, Some(99), "profile-id=0"),
        (CodecKind::H264, Profile::H264Main) => (123, Some(122), h264!("4d001f")),
        (CodecKind::H264, Profile::H264High) => (102, Some(103), h264!("64001f")),
        (CodecKind::H264, Profile::H264ConstrainedHigh) => (104, Some(105), h264!("640c1f")),
        (CodecKind::H264, _) => (125, Some(107), h264!("42e01f")),
        (CodecKind::Av1, _) => (35, Some(36), "level-idx=5;profile=0;tier=0"),
    };
    Configuration { codec, pt: Pt(pt), rtx: rtx.map(Pt), fmtp }
}

/// What a publisher's Opus encoder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpusWish {
    pub(super) is_stereo: bool,
    pub(super) is_dtx: bool,
}

impl OpusWish {
    /// RFC 7587 §6.1. 510 kbit/s is Opus' own limit: the sender's encoding parameters decide below it.
    pub(super) fn fmtp(self) -> String {
        let dtx = if self.is_dtx { ";usedtx=1" } else { "" };
        let stereo = if self.is_stereo { ";stereo=1;maxaveragebitrate=510000" } else { "" };
        format!("minptime=10;useinbandfec=1{dtx}{stereo}")
    }
}

/// The fmtp that we answer for a chosen video codec or RED: only what describes the bit stream. Firefox's `max-fs` and
/// the like describe *its* decoder, and would bind its encoder if they were returned.
pub(super) fn answered_fmtp(codec: &RemoteCodec) -> String {
    let kept: &[&str] = match codec.codec {
        CodecKind::Red => return codec.fmtp.clone(),
        CodecKind::H264 => &["level-asymmetry-allowed", "packetization-mode", "profile-level-id"],
        CodecKind::Vp9 => &["profile-id"],
        CodecKind::Av1 => &["level-idx", "profile", "tier"],
        CodecKind::Vp8 | CodecKind::Opus | CodecKind::Pcmu | CodecKind::Pcma => &[],
    };
    let pairs = kept
        .iter()
        .filter_map(|name| parameter(&codec.fmtp, name).map(|value| format!("{name}={value}")));
    pairs.collect::<Vec<_>>().join(";")
}

/// One codec of an m-section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteCodec {
    /// Payload type in this section.
    pub pt: Pt,
    /// The codec.
    pub codec: CodecKind,
    /// Format parameters as written.
    pub fmtp: String,
    /// Payload type of its retransmissions.
    pub rtx: Option<Pt>,
    /// Ready for generic NACK (RFC 4585 §4.2).
    pub nack: bool,
    /// Ready for picture loss indication (RFC 4585 §4.2).
    pub pli: bool,
    /// Ready for full intra requests (RFC 5104 §7.1).
    pub fir: bool,
    /// Ready for transport-wide feedback.
    pub transport_cc: bool,
}
