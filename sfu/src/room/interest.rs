//! Which edges want a publication.

use crate::relay::{FarEnd, TrackHandle};

/// An edge that wants a publication.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interest {
    pub(super) at: FarEnd,
    /// How the edge names the publication.
    pub(super) handle: TrackHandle,
    /// Layers of which it knows that they began, one bit each.
    pub(super) begun: u8,
}
