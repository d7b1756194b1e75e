//! What the world outside offers, as traits: one file a port. Adapters implement them; tests have fakes.

pub mod identify;
pub mod identity_provider;
pub mod mail;
pub mod media;
