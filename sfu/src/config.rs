//! What the media plane is told at start.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use protocol::turn_credential::TurnSecret;

use crate::{connection::dtls::Certificate, limits::Limits, placement::ShardId};

/// Configuration of the media plane.
#[derive(Debug, Clone)]
pub struct Config {
    /// Number of shards, at least 1: one thread and one UDP port each.
    pub shards: u16,
    /// Address to bind. An unspecified IPv6 address serves IPv4 too.
    pub bind: IpAddr,
    /// UDP port of shard 0; shard n has `udp_port + n`. 0 lets the system choose (tests).
    pub udp_port: u16,
    /// Addresses that clients reach us by, put into candidates in this order. At least one.
    pub advertise: Vec<IpAddr>,
    /// Where clients' TCP streams reach us (RFC 6544), put into candidates behind the others. Whoever listens there hands them
    /// in by [`open_stream`](crate::handle::Handle::open_stream). Empty: nowhere.
    pub ice_tcp: Vec<SocketAddr>,
    /// Bounds.
    pub limits: Limits,
    /// TURN on the same ports, if clients may come that way.
    pub turn: Option<TurnConfig>,
    /// Folder for recordings; none: rooms cannot be recorded.
    pub recordings: Option<PathBuf>,
}

/// TURN, whose only peers are our own media addresses and those of other nodes.
#[derive(Debug, Clone)]
pub struct TurnConfig {
    /// What credentials are minted with.
    pub secret: TurnSecret,
    /// Allocations on one shard at once.
    pub allocations_max: u32,
    /// UDP port of shard 0 for TURN and nothing else, besides the media port; shard n has this plus n. 0 lets the system choose.
    pub udp_port: Option<u16>,
    /// Media addresses of other nodes that clients may reach through us, by real sockets.
    pub nodes: Vec<SocketAddr>,
}

/// What a shard is told at start.
#[derive(Clone)]
pub struct ShardConfig {
    /// Which one it is.
    pub shard: ShardId,
    /// Bounds.
    pub limits: Limits,
    /// Where clients reach this shard: advertised addresses with its UDP port.
    pub candidates: Vec<SocketAddr>,
    /// Where clients' TCP streams reach it.
    pub tcp_candidates: Vec<SocketAddr>,
    /// The node's DTLS certificate.
    pub certificate: Certificate,
}
