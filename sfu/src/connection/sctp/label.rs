//! The names of channels.

use rtc_datachannel::message::message_channel_open::ChannelType;

/// The channels that the client protocol names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelLabel {
    /// `_reliable`: ordered, everything arrives.
    Reliable,
    /// `_lossy`: unordered, never repeated.
    Lossy,
    /// `_data_track`: unordered, never repeated.
    DataTrack,
}

impl ChannelLabel {
    /// All labels.
    pub const ALL: [Self; 3] = [Self::Reliable, Self::Lossy, Self::DataTrack];

    /// The label on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reliable => "_reliable",
            Self::Lossy => "_lossy",
            Self::DataTrack => "_data_track",
        }
    }

    pub(super) fn from_wire(label: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str().as_bytes() == label)
    }

    /// Whether everything arrives, in order.
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self == Self::Reliable
    }

    pub(super) fn channel_type(self) -> ChannelType {
        match self {
            Self::Reliable => ChannelType::Reliable,
            Self::Lossy | Self::DataTrack => ChannelType::PartialReliableRexmitUnordered,
        }
    }
}
