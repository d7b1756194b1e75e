//! What a running server exposes (T-row S12): the three sockets that it names at its start, and no connection outward.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::victims::Victims;

/// A row of `/proc/PID/net/{tcp,udp}{,6}`.
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    inode: String,
}

/// The state of a TCP socket that listens, and of one that is connected, which UDP sockets have too.
const LISTENS: u8 = 0x0A;
const CONNECTED: u8 = 0x01;

/// The kernel writes addresses as words of the machine's own byte order.
fn address(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').unwrap();
    let words: Vec<u8> = ip
        .as_bytes()
        .chunks(8)
        .flat_map(|word| {
            let word = std::str::from_utf8(word).unwrap();
            u32::from_str_radix(word, 16).unwrap().to_ne_bytes()
        })
        .collect();
    let ip: IpAddr = match <[u8; 4]>::try_from(&words[..]) {
        Ok(octets) => Ipv4Addr::from(octets).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(&words[..]).unwrap()).to_canonical(),
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap())
}

/// The sockets of one kind that a process holds.
fn rows(pid: u32, kind: &str) -> Vec<Row> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    let own: BTreeSet<String> = links
        .filter_map(|link| {
            let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(link.to_owned())
        })
        .collect();
    let of_family = |family: &str| {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{kind}{family}"));
        // Without IPv6 there is no such table.
        table.unwrap_or_default()
    };
    let tables = [of_family(""), of_family("6")];
    let rows = tables.iter().flat_map(|table| table.lines().skip(1)).map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        Row {
            local: address(fields[1]),
            remote: address(fields[2]),
            state: u8::from_str_radix(fields[3], 16).unwrap(),
            inode: fields[9].to_owned(),
        }
    });
    rows.filter(|row| own.contains(&row.inode)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_the_named_sockets_are_open_and_nothing_is_asked_of_anybody() {
    let victims = Victims::start(&[]).await;
    let server = &victims.server;
    let tcp = rows(server.pid(), "tcp");
    let listening: BTreeSet<SocketAddr> =
        tcp.iter().filter(|row| row.state == LISTENS).map(|row| row.local).collect();
    assert_eq!(listening, BTreeSet::from([server.http(), server.admin()]));
    // Whoever is connected has come to one of these.
    for row in tcp.iter().filter(|row| row.state == CONNECTED) {
        assert!(listening.contains(&row.local), "{} is connected to {}", row.local, row.remote);
    }
    let udp = rows(server.pid(), "udp");
    let ports: Vec<(u16, bool)> =
        udp.iter().map(|row| (row.local.port(), row.state == CONNECTED)).collect();
    assert_eq!(ports, [(server.media().port(), false)]);
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
