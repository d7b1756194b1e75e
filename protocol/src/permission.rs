//! What a participant may do in its room, derived from the grants of its join token.

use serde::{Deserialize, Serialize};

/// Where a track's media comes from. Numbers are those of LiveKit's `TrackSource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackSource {
    /// Not said.
    Unknown,
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
    /// A shared screen, window or tab.
    ScreenShare,
    /// The sound of a shared screen.
    ScreenShareAudio,
}

/// Whether somebody who has a room's token may take part, or waits to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Takes part.
    Admitted,
    /// Is connected, and neither sees nor reaches anybody.
    Waiting,
}

impl Admission {
    /// The attribute that shows a client whether it waits.
    pub const ATTRIBUTE: &'static str = "bedside.admission";

    /// As the attribute says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Waiting => "waiting",
        }
    }

    /// What an attribute says.
    #[must_use]
    pub fn of_attribute(value: &str) -> Option<Self> {
        [Self::Admitted, Self::Waiting].into_iter().find(|word| word.as_str() == value)
    }
}

/// The attribute that carries what the clinic tells who waits.
pub const NOTICE_ATTRIBUTE: &str = "bedside.notice";

/// Attributes that begin so are the server's: no client sets them.
pub const SERVER_ATTRIBUTES: &str = "bedside.";

/// A participant's permissions, already resolved: absent grants have their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "these are the independent grants of the wire")]
pub struct Permission {
    /// May receive media.
    pub can_subscribe: bool,
    /// May publish media (from `can_publish_sources`, if any are named).
    pub can_publish: bool,
    /// May send data packets.
    pub can_publish_data: bool,
    /// Sources that may be published; empty means any.
    pub can_publish_sources: Vec<TrackSource>,
    /// Is invisible to all others.
    pub hidden: bool,
    /// Marks the room as recorded while present.
    pub recorder: bool,
    /// May change its own metadata, name and attributes.
    pub can_update_metadata: bool,
}

impl Permission {
    /// What somebody may do who waits: nothing, unseen.
    #[must_use]
    pub fn none() -> Self {
        Self {
            can_subscribe: false,
            can_publish: false,
            can_publish_data: false,
            can_publish_sources: Vec::new(),
            hidden: true,
            recorder: false,
            can_update_metadata: false,
        }
    }

    /// Whether a track of this source may be published.
    #[must_use]
    pub fn allows_source(&self, source: TrackSource) -> bool {
        if self.can_publish_sources.is_empty() {
            self.can_publish
        } else {
            self.can_publish_sources.contains(&source)
        }
    }
}

impl Default for Permission {
    fn default() -> Self {
        Self {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            can_publish_sources: Vec::new(),
            hidden: false,
            recorder: false,
            can_update_metadata: false,
        }
    }
}
