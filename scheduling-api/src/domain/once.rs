//! A request that must take effect once, however often it is sent (`Idempotency-Key`).

/// The key that the client chose for one request, and what the request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Once {
    /// The client's key, unique for its user.
    pub(crate) key: String,
    /// SHA-256 over method, path and body: the same key with another request is a mistake.
    pub(crate) request_hash: [u8; 32],
}
