//! Session descriptions (RFC 8866) of LiveKit's peer connections: text in, plain values out, and back.
//!
//! ```text
//!   publisher   client's offer ─► parse ─► answer  ─► text, NegotiatedSection per m-section
//!   subscriber  our sections ───► offer ─► text;  client's answer ─► parse ─► accepted
//!   the only one  as publisher; what we send stands in the same answer
//! ```
//!
//! Owns: reading what JSEP (RFC 9429) clients write, choosing codecs and header extensions, writing what they accept.
//! Everything is in one BUNDLE group (RFC 9143) over ICE-lite and DTLS-SRTP. Never: state between two descriptions,
//! a network address of the client (candidates come by trickle or as peer-reflexive ones), panics on any input.

mod accepted;
mod answer;
mod codec;
mod offer;
mod parse;
mod write;

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

pub use self::{
    accepted::{AcceptedSection, accepted},
    answer::{AnswerSection, NegotiatedSection, answer},
    codec::RemoteCodec,
    offer::{OFFER_EXTENSIONS, OfferCodec, OfferMedia, OfferSection, SentTrack, offer},
    parse::{RemoteDescription, RemoteExtension, RemoteSection},
};
use super::dtls::DtlsRole;
use crate::rtp::{ids::Pt, payload::CodecKind};

/// What an m-section carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SectionKind {
    /// `m=audio`.
    Audio,
    /// `m=video`.
    Video,
    /// `m=application`: data channels (RFC 8841).
    Application,
}

impl SectionKind {
    /// Whether a codec belongs into a section of this kind.
    fn carries(self, codec: CodecKind) -> bool {
        match self {
            Self::Audio => codec.is_audio(),
            Self::Video => !codec.is_audio(),
            Self::Application => false,
        }
    }
}

/// Who sends, seen from the side that wrote the description (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// The writer.
    SendOnly,
    /// The reader.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "sendrecv" => Some(Self::SendRecv),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::RecvOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    /// Whether the writer of the description sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer of the description receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Who opens the DTLS association (RFC 5763 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Setup {
    /// Either: only in offers.
    Actpass,
    /// The writer of the description; the default of RFC 4145 §4.1.
    #[default]
    Active,
    /// The reader.
    Passive,
}

/// Our side of the transport, the same in every m-section.
#[derive(Clone, Copy)]
pub struct LocalTransport<'a> {
    /// ICE username fragment.
    pub ufrag: &'a str,
    /// ICE password.
    pub pwd: &'a str,
    /// Value of `a=fingerprint`: hash function and bytes (RFC 8122 §5).
    pub fingerprint: &'a str,
    /// Host candidates, most preferred first.
    pub candidates: &'a [SocketAddr],
    /// Host candidates that take TCP (RFC 6544), most preferred first.
    pub tcp_candidates: &'a [SocketAddr],
    /// `o=` session id, constant for the life of the connection.
    pub session_id: u64,
    /// Our part in DTLS, as answers say it; offers leave it open (RFC 9429 §5.2.1).
    pub dtls_role: DtlsRole,
}

impl fmt::Debug for LocalTransport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTransport").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// A codec that both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedCodec {
    /// Payload type in this m-section.
    pub pt: Pt,
    /// The codec.
    pub codec: CodecKind,
    /// Payload type of its retransmissions (RFC 4588).
    pub rtx: Option<Pt>,
    /// Format parameters as in the answer, without the payload type.
    pub fmtp: String,
}

/// Why a description was refused. It is refused as a whole; the connection stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// More than [`SDP_BYTES_MAX`](crate::limits::SDP_BYTES_MAX).
    #[error("description is too long")]
    TooLong,
    /// A line over [`SDP_LINE_BYTES_MAX`](crate::limits::SDP_LINE_BYTES_MAX).
    #[error("line is too long")]
    LineTooLong,
    /// An fmtp or msid over [`SDP_VALUE_BYTES_MAX`](crate::limits::SDP_VALUE_BYTES_MAX).
    #[error("attribute is too long")]
    ValueTooLong,
    /// Not `type=value` lines that begin with `v=0`, or a malformed attribute that we rely on.
    #[error("description does not parse")]
    Syntax,
    /// More than [`SDP_SECTIONS_MAX`](crate::limits::SDP_SECTIONS_MAX).
    #[error("too many m-sections")]
    TooManySections,
    /// An m-section that is neither audio nor video over SRTP nor data channels over DTLS.
    #[error("unknown kind of m-section")]
    Media,
    /// A section without mid, or a mid of more than 16 characters.
    #[error("m-section has no valid mid")]
    Mid,
    /// Two sections with one mid.
    #[error("mid is used twice")]
    MidReused,
    /// A section outside the BUNDLE group, or a group that names a section which does not exist.
    #[error("m-sections are not in one bundle")]
    Bundle,
    /// ICE ufrag or password missing or of a length outside RFC 8839 §5.4.
    #[error("ICE credentials are missing or invalid")]
    IceCredentials,
    /// No certificate fingerprint, or too many.
    #[error("certificate fingerprint is missing")]
    Fingerprint,
    /// `a=setup` is none of actpass, active, passive.
    #[error("unknown DTLS role")]
    Setup,
    /// A payload type over 127.
    #[error("payload type is invalid")]
    PayloadType,
    /// One extmap id for two extensions in the bundle (RFC 9143 §12 forbids it).
    #[error("header extension id is used twice")]
    ExtensionIdReused,
    /// One SSRC in two sections.
    #[error("ssrc is used twice")]
    SsrcReused,
    /// More than [`SDP_SSRCS_MAX`](crate::limits::SDP_SSRCS_MAX).
    #[error("too many ssrcs")]
    TooManySsrcs,
}

impl SdpError {
    /// Whether there is too much of something: a new session begins with less.
    #[must_use]
    pub fn is_too_large(self) -> bool {
        matches!(self, Self::TooLong | Self::TooManySections | Self::TooManySsrcs)
    }
}

#[cfg(test)]
mod tests;
