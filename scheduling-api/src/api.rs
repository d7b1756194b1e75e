//! One value that every use case gets: the store, the keys, the clock, randomness, and the ports to the outside.

use std::sync::Arc;

use crate::{
    clock::Clock, crypto::KeyRing, ports::identify::Identify, random::Random, store::Store,
};

/// What the API works with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Where the data is.
    pub store: Store,
    /// What opens sealed columns.
    pub keys: Arc<KeyRing>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<Random>,
    /// Who stands behind a bearer token.
    pub identify: Arc<dyn Identify>,
}
