//! What signalling is told at start.

use std::time::Duration;

use protocol::recording::TextVersion;

use crate::ice_servers::IceServers;

/// Configuration of the signalling server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names this node to clients.
    pub node_id: String,
    /// Names this node's region to clients; may be empty.
    pub region: String,
    /// Version told to clients. They compare it with LiveKit's releases, so it is one of those, not
    /// ours.
    pub server_version: String,
    /// Whether a join may open a room. Without, a join to an absent room gets 404.
    pub joins_open_rooms: bool,
    /// Origins whose pages may open a socket; empty means any. Sockets are authorised by token,
    /// never by cookie.
    pub origins: Vec<String>,
    /// Sockets open at once. 10,000 at about 100 kB each are 1 GB.
    pub sockets_max: u64,
    /// How long the media plane may take to answer a join. Clients wait 5 s for the socket (Rust
    /// SDK).
    pub join_timeout: Duration,
    /// How long one write may block before the socket counts as dead.
    pub write_timeout: Duration,
    /// How often a WebSocket ping is sent. The LiveKit server: 10 s.
    pub ping_interval: Duration,
    /// A socket without any frame for this long is closed: three missed pings.
    pub idle_timeout: Duration,
    /// How often a refresh token is sent. The LiveKit server: 5 min.
    pub refresh_interval: Duration,
    /// Whether clients may order trouble (`SimulateScenario`): in development only.
    pub simulates: bool,
    /// The TURN servers that clients are told, if there are some.
    pub ice_servers: Option<IceServers>,
    /// The text by which people are asked whether they may be recorded, where a call names none.
    pub recording_version: TextVersion,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node_id: "ND_bedside".to_owned(),
            region: String::new(),
            server_version: "1.13.5".to_owned(),
            joins_open_rooms: true,
            origins: Vec::new(),
            sockets_max: 10_000,
            join_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            refresh_interval: Duration::from_mins(5),
            simulates: false,
            ice_servers: None,
            recording_version: TextVersion::default(),
        }
    }
}
