//! The rules of our OAuth 2 authorization server: what a client may ask for, and what a code or token is worth.
//!
//! Follows RFC 6749 as narrowed by RFC 9700 (security best practice): code with PKCE S256 only, redirect addresses
//! compared exactly, refresh tokens rotated with reuse detection, no implicit and no password grant.
//!
//! ```text
//! client ── authorization request ──► code ──► grant ──► refresh 1 ──► refresh 2 ──► ...
//!                                       │used twice         │used twice
//!                                       └────────► the whole grant is revoked
//! ```

pub mod client;
pub mod clinical;
pub mod code;
pub mod grant;
pub mod pkce;
pub mod redirect;
pub mod scope;
