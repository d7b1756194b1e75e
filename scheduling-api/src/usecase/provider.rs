//! Signing in by an outside identity provider.

pub(crate) mod manage;
pub(crate) mod sign_in;
