//! Our OAuth 2 authorization server (RFC 6749 as narrowed by RFC 9700) with OpenID Connect's ID token.
//!
//! ```text
//! authorize ─► (consent page) ─► decide_consent ─► code ─► exchange: code ─┬─► access token (JWT, 10 min)
//!                                                          refresh ───────┤    refresh token (rotated)
//!                                                          client_credentials
//! introspect, revoke, user_info: what a token is worth          rotate_signing_key: which key signs
//! ```

mod agreed;
pub(crate) mod authorize;
pub(crate) mod client_proof;
pub(crate) mod decide_consent;
pub(crate) mod exchange;
mod failure;
pub(crate) mod introspect;
pub(crate) mod manage_clients;
pub(crate) mod read_consent;
pub(crate) mod revoke;
pub(crate) mod signing;
pub(crate) mod user_info;

pub(crate) use failure::OauthFailure;
