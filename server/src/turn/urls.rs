//! The addresses of our TURN, as clients are told them (RFC 7065).
//!
//! A shard's own port takes TURN too, but is named only to clients who are to use nothing else. libwebrtc, and with it
//! Chromium and most native SDKs, sends its checks from the socket that it speaks TURN with, and takes whatever comes back
//! from a TURN server's address for TURN's: with one port for both, no direct pair would ever succeed, and everybody would
//! be relayed.

use std::net::{IpAddr, SocketAddr};

/// What the addresses follow from.
pub(crate) struct Doors<'a> {
    /// Where clients reach this machine.
    pub(crate) advertise: &'a [IpAddr],
    /// The port of each shard.
    pub(crate) udp_ports: &'a [u16],
    /// The port of each for TURN alone, if there are any.
    pub(crate) turn_udp_ports: &'a [u16],
    /// The HTTP listener, which takes streams too.
    pub(crate) http: SocketAddr,
    /// Whether it speaks TLS.
    pub(crate) is_tls: bool,
    /// The name in its certificate.
    pub(crate) host: Option<&'a str>,
    /// Whether clients are to send everything through TURN.
    pub(crate) is_forced: bool,
    /// Servers besides.
    pub(crate) others: &'a [String],
}

/// The URLs for clients of each shard, the fastest way first.
pub(crate) fn by_shard(doors: &Doors<'_>) -> Vec<Vec<String>> {
    let over_streams = streams(doors);
    let of_shard = |(shard, port): (usize, &u16)| {
        let own = Some(port).filter(|_| doors.is_forced);
        let ports = [own, doors.turn_udp_ports.get(shard)].into_iter().flatten();
        let at_port = |port: &u16| {
            doors.advertise.iter().map(|ip| url("turn", &host(*ip), *port, "udp")).collect()
        };
        let over_udp = ports.flat_map(|port| -> Vec<String> { at_port(port) });
        over_udp.chain(over_streams.iter().cloned()).chain(doors.others.iter().cloned()).collect()
    };
    doors.udp_ports.iter().enumerate().map(of_shard).collect()
}

/// Where the listener takes streams from outside: a listener behind a proxy speaks to the proxy only, so nobody is sent there.
pub(crate) fn reached(advertise: &[IpAddr], http: SocketAddr) -> Vec<SocketAddr> {
    let bound = http.ip().to_canonical();
    let is_reached = |ip: &&IpAddr| {
        bound == ip.to_canonical() || (bound.is_unspecified() && (bound.is_ipv6() || ip.is_ipv4()))
    };
    advertise.iter().filter(is_reached).map(|ip| SocketAddr::new(*ip, http.port())).collect()
}

fn streams(doors: &Doors<'_>) -> Vec<String> {
    let port = doors.http.port();
    let reached = reached(doors.advertise, doors.http);
    let over_tcp = reached.iter().map(|at| url("turn", &host(at.ip()), port, "tcp"));
    // Browsers check the certificate, which names hosts.
    let over_tls = doors.host.filter(|_| doors.is_tls && !reached.is_empty());
    over_tcp.chain(over_tls.map(|name| url("turns", name, port, "tcp"))).collect()
}

fn url(scheme: &str, host: &str, port: u16, transport: &str) -> String {
    format!("{scheme}:{host}:{port}?transport={transport}")
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors<'a>(http: &str, is_tls: bool, host: Option<&'a str>) -> Doors<'a> {
        const ADVERTISE: [IpAddr; 2] = [
            IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)),
            IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7)),
        ];
        Doors {
            advertise: &ADVERTISE,
            udp_ports: &[7882, 7883],
            turn_udp_ports: &[],
            http: http.parse().unwrap(),
            is_tls,
            host,
            is_forced: false,
            others: &[],
        }
    }

    #[test]
    fn all_shards_share_the_listener() {
        let others = ["turn:turn.example:3478?transport=udp".to_owned()];
        let [first, second] =
            by_shard(&Doors { others: &others, ..doors("[::]:443", true, Some("video.example")) })
                .try_into()
                .unwrap();
        assert_eq!(
            first,
            [
                "turn:203.0.113.7:443?transport=tcp",
                "turn:[2001:db8::7]:443?transport=tcp",
                "turns:video.example:443?transport=tcp",
                "turn:turn.example:3478?transport=udp",
            ]
        );
        assert_eq!(second, first);
    }

    #[test]
    fn a_port_of_media_is_named_only_to_who_is_to_relay_everything() {
        let turn_udp_ports = &[3478, 3479];
        let mut doors = Doors { turn_udp_ports, ..doors("127.0.0.1:7880", false, None) };
        let [own, alone] = [7883, 3479].map(|port| {
            [
                format!("turn:203.0.113.7:{port}?transport=udp"),
                format!("turn:[2001:db8::7]:{port}?transport=udp"),
            ]
        });
        assert_eq!(by_shard(&doors)[1], alone);
        doors.is_forced = true;
        assert_eq!(by_shard(&doors)[1], [own, alone].concat());
    }

    #[test]
    fn nobody_is_sent_to_a_listener_that_he_cannot_reach_or_trust() {
        let behind_a_proxy = doors("127.0.0.1:7880", false, Some("video.example"));
        assert_eq!(by_shard(&behind_a_proxy), [Vec::<String>::new(), Vec::new()]);
        let nameless = &by_shard(&doors("0.0.0.0:443", true, None))[0];
        assert_eq!(*nameless, ["turn:203.0.113.7:443?transport=tcp"]);
    }
}
