//! Codecs by name, and the little that forwarding must know of their payload formats: where
//! decoding can start.
//!
//! Never decodes. With end-to-end encryption the frames are opaque, but payload descriptors and the
//! first bytes of a frame stay clear, and only these are read.

pub mod av1;
pub mod h264;
pub(crate) mod picture;
pub mod red;
pub mod vp8;
pub mod vp9;

use serde::{Deserialize, Serialize};

/// A codec that we forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CodecKind {
    /// RFC 7587.
    Opus,
    /// Redundant audio around Opus (RFC 2198).
    Red,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// AV1 RTP specification.
    Av1,
    /// G.711 µ-law (RFC 3551 §4.5.14).
    Pcmu,
    /// G.711 A-law (RFC 3551 §4.5.14).
    Pcma,
}

impl CodecKind {
    /// All codecs.
    pub const ALL: &'static [Self] = &[
        Self::Opus,
        Self::Red,
        Self::Vp8,
        Self::Vp9,
        Self::H264,
        Self::Av1,
        Self::Pcmu,
        Self::Pcma,
    ];

    /// Media type and encoding name.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Opus => "audio/opus",
            Self::Red => "audio/red",
            Self::Vp8 => "video/VP8",
            Self::Vp9 => "video/VP9",
            Self::H264 => "video/H264",
            Self::Av1 => "video/AV1",
            Self::Pcmu => "audio/PCMU",
            Self::Pcma => "audio/PCMA",
        }
    }

    /// The encoding name in `a=rtpmap`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.mime().split_once('/').map_or("", |(_, name)| name)
    }

    /// RTP timestamp units per second.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus | Self::Red => 48_000,
            Self::Pcmu | Self::Pcma => 8_000,
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::Av1 => 90_000,
        }
    }

    /// Audio, as opposed to video.
    #[must_use]
    pub fn is_audio(self) -> bool {
        matches!(self, Self::Opus | Self::Red | Self::Pcmu | Self::Pcma)
    }

    /// The codec of an encoding name (`VP8`) or a media type (`video/VP8`), in any case.
    ///
    /// `red` is both an audio and a video name: compare the clock rate where it matters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|codec| {
            codec.name().eq_ignore_ascii_case(name) || codec.mime().eq_ignore_ascii_case(name)
        })
    }
}

/// Whether a decoder can start with this packet: the first of a key frame, or any audio. Hot: O(1),
/// for H.264 O(NAL units).
///
/// `dd` is the dependency descriptor, if the packet has one. Never wrong about VP8 and VP9; for
/// H.264 every packet that begins an IDR slice or holds a sequence parameter set counts.
#[must_use]
pub fn is_key_frame(codec: CodecKind, payload: &[u8], dd: Option<&[u8]>) -> bool {
    match codec {
        CodecKind::Opus | CodecKind::Red | CodecKind::Pcmu | CodecKind::Pcma => true,
        CodecKind::Vp8 => vp8::is_key_frame(payload),
        CodecKind::Vp9 => vp9::is_key_frame(payload),
        CodecKind::H264 => h264::is_key_frame(payload),
        CodecKind::Av1 => av1::is_key_frame(payload, dd),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        for codec in CodecKind::ALL {
            assert_eq!(CodecKind::from_name(codec.mime()), Some(*codec));
            assert_eq!(CodecKind::from_name(&codec.name().to_lowercase()), Some(*codec));
            assert_eq!(CodecKind::from_name(&codec.name().to_uppercase()), Some(*codec));
            assert_eq!(codec.is_audio(), codec.mime().starts_with("audio/"));
        }
        assert_eq!(CodecKind::from_name("rtx"), None);
        assert_eq!(CodecKind::from_name(""), None);
    }

    #[test]
    fn audio_can_start_anywhere() {
        assert!(is_key_frame(CodecKind::Opus, &[], None));
        assert!(!is_key_frame(CodecKind::Vp8, &[], None));
    }

    proptest! {
        #[test]
        fn arbitrary_payloads_never_panic(
            payload in prop::collection::vec(any::<u8>(), 0..64),
            dd in prop::option::of(prop::collection::vec(any::<u8>(), 0..16)),
        ) {
            for codec in CodecKind::ALL {
                for len in 0..=payload.len() {
                    let _ = is_key_frame(*codec, &payload[..len], dd.as_deref());
                }
            }
            let _ = red::primary(&payload);
            if let Some(descriptor) = vp8::Descriptor::parse(&payload) {
                prop_assert!(descriptor.len <= payload.len());
                vp8::rewrite(&mut payload.clone(), &descriptor, 1, 2);
                // A foreign descriptor must not panic either.
                vp8::rewrite(&mut [0; 2], &descriptor, 1, 2);
            }
        }
    }
}
