//! What a receiver's application gets.

use std::time::Instant;

use sfu::rtp::ids::{ExtSeq, Pt, Ssrc};

use crate::media::{Picture, Stamp};

/// One packet as the application would get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at: Instant,
    /// On which media stream.
    pub ssrc: Ssrc,
    /// Its number there.
    pub seq: ExtSeq,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Marker.
    pub marker: bool,
    /// Payload type.
    pub pt: Pt,
    /// It came as a retransmission.
    pub is_retransmission: bool,
    /// Audio level extension.
    pub audio_level: Option<u8>,
    /// What the payload says of itself; `None`: it was not what was sent.
    pub stamp: Option<Stamp>,
    /// VP8 numbers.
    pub picture: Option<Picture>,
}
