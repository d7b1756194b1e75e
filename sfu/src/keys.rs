//! The keys by which a shard names what it owns: generation-checked slab indices, and the map for numbers that peers
//! choose.

use foldhash::fast::FixedState;

use crate::words::info::Target;

slotmap::new_key_type! {
    /// A room of this shard.
    pub struct RoomKey;
    /// A participant of its room.
    pub struct ParticipantKey;
    /// A publication of its room.
    pub struct PublicationKey;
    /// A subscription of its room.
    pub struct SubscriptionKey;
}

slotmap::new_key_type! {
    /// A connection of this shard; generation-checked.
    pub struct ConnectionKey;
}

/// Whose transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) room: RoomKey,
    pub(crate) participant: ParticipantKey,
    pub(crate) target: Target,
}

/// Index of a layer in its publication, lowest quality first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LayerIndex(pub(crate) u8);

/// Hash maps keyed by numbers that a peer chooses are small and bounded; a fixed seed keeps runs repeatable.
pub(crate) type FastMap<K, V> = std::collections::HashMap<K, V, FixedState>;
