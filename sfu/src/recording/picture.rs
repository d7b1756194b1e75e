//! A picture out of the packets of one frame.

/// Largest frame, in bytes: an uncompressed one of 1080p is not larger.
pub(crate) const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a decoder must know before the first frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Config {
    /// Pixels, if the key frame says them where we look.
    pub(crate) size: Option<(u32, u32)>,
    /// Matroska's `CodecPrivate`; empty if the codec has none.
    pub(crate) private: Vec<u8>,
}

/// A picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) data: Vec<u8>,
    pub(crate) config: Option<Config>,
}
