//! Who speaks to the server.

use std::net::SocketAddr;

/// Where a client's messages come from and replies go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// As the server sees it.
    pub address: SocketAddr,
    /// Which stream it is; 0 for datagrams.
    pub stream: u32,
}

impl Client {
    pub(crate) fn is_stream(self) -> bool {
        self.stream != 0
    }
}
