//! What the media plane is told at start.

use std::net::IpAddr;

use crate::limits::Limits;

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
    /// Bounds.
    pub limits: Limits,
}
