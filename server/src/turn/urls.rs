//! The addresses of our TURN, as clients are told them (RFC 7065).

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
    /// Servers besides.
    pub(crate) others: &'a [String],
}

/// The URLs for clients of each shard, the fastest way first.
pub(crate) fn by_shard(doors: &Doors<'_>) -> Vec<Vec<String>> {
    let over_streams = streams(doors);
    let of_shard = |(shard, port): (usize, &u16)| {
        let ports = [Some(port), doors.turn_udp_ports.get(shard)].into_iter().flatten();
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

    fn urls(http: &str, is_tls: bool, host: Option<&str>) -> Vec<Vec<String>> {
        by_shard(&Doors {
            advertise: &["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
            udp_ports: &[7882, 7883],
            turn_udp_ports: &[],
            http: http.parse().unwrap(),
            is_tls,
            host,
            others: &["turn:turn.example:3478?transport=udp".to_owned()],
        })
    }

    #[test]
    fn every_shard_has_its_own_port_and_all_share_the_listener() {
        let [first, second] = urls("[::]:443", true, Some("video.example")).try_into().unwrap();
        assert_eq!(
            first,
            [
                "turn:203.0.113.7:7882?transport=udp",
                "turn:[2001:db8::7]:7882?transport=udp",
                "turn:203.0.113.7:443?transport=tcp",
                "turn:[2001:db8::7]:443?transport=tcp",
                "turns:video.example:443?transport=tcp",
                "turn:turn.example:3478?transport=udp",
            ]
        );
        assert_eq!(second[0], "turn:203.0.113.7:7883?transport=udp");
        assert_eq!(second[2..], first[2..]);
    }

    #[test]
    fn a_port_for_turn_alone_comes_after_the_shards_own() {
        let advertise = ["203.0.113.7".parse().unwrap()];
        let doors = Doors {
            advertise: &advertise,
            udp_ports: &[7882, 7883],
            turn_udp_ports: &[3478, 3479],
            http: "127.0.0.1:7880".parse().unwrap(),
            is_tls: false,
            host: None,
            others: &[],
        };
        assert_eq!(
            by_shard(&doors)[1],
            ["turn:203.0.113.7:7883?transport=udp", "turn:203.0.113.7:3479?transport=udp"]
        );
    }

    #[test]
    fn nobody_is_sent_to_a_listener_that_he_cannot_reach_or_trust() {
        let behind_a_proxy = &urls("127.0.0.1:7880", false, Some("video.example"))[0];
        assert!(!behind_a_proxy.iter().any(|url| url.contains("tcp")));
        let nameless = &urls("0.0.0.0:443", true, None)[0];
        assert!(nameless.contains(&"turn:203.0.113.7:443?transport=tcp".to_owned()));
        assert!(!nameless.iter().any(|url| url.contains("turns") || url.contains("]:443")));
    }
}
