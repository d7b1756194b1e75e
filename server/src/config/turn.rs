//! The settings of TURN: on the media plane's ports, and alone.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::Path,
    time::Duration,
};

use protocol::turn_credential::{TURN_SECRET_BYTES_MIN, TurnSecret};
use turn::peer_policy::Network;

use super::{ConfigError, LogFormat, Mode, RawConfig, Tls};

/// TURN on the media plane's ports.
#[derive(Debug)]
pub(crate) struct Turn {
    /// What clients' credentials are minted with.
    pub(crate) secret: TurnSecret,
    /// Whether the media plane's own ports take TURN.
    pub(crate) is_built_in: bool,
    /// Whether clients are to send everything through it.
    pub(crate) is_forced: bool,
    /// The name that TLS clients are sent to.
    pub(crate) host: Option<String>,
    /// Servers besides.
    pub(crate) urls: Vec<String>,
    /// Media addresses of other nodes that clients reach through us.
    pub(crate) nodes: Vec<SocketAddr>,
}

/// Media addresses of other nodes: they are searched in order.
const NODES_MAX: usize = 256;

/// The settings of a TURN server that stands alone.
#[derive(Debug)]
pub(crate) struct TurnAlone {
    /// What it and whoever mints credentials share.
    pub(crate) secret: TurnSecret,
    /// UDP and TCP.
    pub(crate) listen: SocketAddr,
    /// TLS.
    pub(crate) tls_listen: SocketAddr,
    /// Addresses of relays.
    pub(crate) relay_addresses: Vec<IpAddr>,
    /// Ports of relays.
    pub(crate) relay_ports: RangeInclusive<u16>,
    /// Who may be a peer; empty: public addresses.
    pub(crate) allow: Vec<Network>,
    /// Who may not.
    pub(crate) deny: Vec<Network>,
    /// Allocations at once.
    pub(crate) allocations_max: u32,
    /// How TLS is spoken, if it is.
    pub(crate) tls: Tls,
    /// Where metrics and health are served.
    pub(crate) admin: SocketAddr,
    /// Longest time that SIGTERM waits for allocations to end.
    pub(crate) drain_timeout: Duration,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written.
    pub(crate) log_filter: String,
}

/// Checks the settings of TURN on the media plane's ports.
pub(super) fn turn(raw: &RawConfig) -> Result<Turn, ConfigError> {
    let urls = raw.turn_urls.clone().unwrap_or_default();
    if let Some(url) = urls.iter().find(|url| !is_url(url)) {
        return Err(ConfigError::TurnUrl { url: url.clone() });
    }
    let nodes = nodes(raw.turn_nodes.as_deref().unwrap_or_default())?;
    let secret = match secret(raw)? {
        Some(secret) => secret,
        None if urls.is_empty() && nodes.is_empty() => random_secret()?,
        None => return Err(ConfigError::TurnSecretMissing),
    };
    let host = raw.turn_host.clone().or_else(|| host_of(raw.public_url.as_deref()?));
    if let Some(host) = host.clone().filter(|host| !is_host(host)) {
        return Err(ConfigError::TurnHost { host });
    }
    Ok(Turn {
        secret,
        is_built_in: raw.turn.unwrap_or(true),
        is_forced: raw.turn_only.unwrap_or(false),
        host,
        urls,
        nodes,
    })
}

/// Checks the settings of a TURN server that stands alone.
pub(crate) fn alone(raw: &RawConfig) -> Result<TurnAlone, ConfigError> {
    let relay_addresses = raw.advertise.clone().unwrap_or_default();
    let is_usable = |ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast();
    if relay_addresses.is_empty() || !relay_addresses.iter().all(is_usable) {
        return Err(ConfigError::TurnRelayAddress);
    }
    Ok(TurnAlone {
        secret: secret(raw)?.ok_or(ConfigError::TurnSecretMissing)?,
        listen: raw.turn_listen.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 3478))),
        tls_listen: raw.turn_tls_listen.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 5349))),
        relay_addresses,
        relay_ports: ports(raw.turn_relay_ports.as_deref().unwrap_or_default())?,
        allow: networks(raw.turn_peers_allow.as_deref())?,
        deny: networks(raw.turn_peers_deny.as_deref())?,
        allocations_max: super::rules::at_least_one(
            "turn_allocations_max",
            raw.turn_allocations_max,
        )?,
        tls: super::rules::tls(raw, Mode::Production)?,
        admin: raw.admin.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7881))),
        drain_timeout: Duration::from_secs(raw.drain_timeout_s.unwrap_or_default().into()),
        log_format: raw.log_format.unwrap_or(LogFormat::Text),
        log_filter: super::rules::log_filter(raw)?,
    })
}

fn secret(raw: &RawConfig) -> Result<Option<TurnSecret>, ConfigError> {
    let text = match (&raw.turn_secret, &raw.turn_secret_file) {
        (Some(secret), None) => secret.reveal().to_owned(),
        (None, Some(path)) => read(path)?,
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(ConfigError::TurnSecretTwice),
    };
    if text.len() < TURN_SECRET_BYTES_MIN {
        return Err(ConfigError::TurnSecretShort);
    }
    Ok(Some(TurnSecret::new(text.as_bytes())))
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path);
    text.map(|text| text.trim().to_owned())
        .map_err(|source| ConfigError::ReadSecret { path: path.to_owned(), source })
}

/// Known to this process only: credentials end with it, and clients are given new ones when they come back.
fn random_secret() -> Result<TurnSecret, ConfigError> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| ConfigError::NoRandomness)?;
    Ok(TurnSecret::new(&secret))
}

fn is_url(url: &str) -> bool {
    let host = url.strip_prefix("turn:").or_else(|| url.strip_prefix("turns:"));
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The host of an https address.
fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', ':']).next()?;
    is_host(host).then(|| host.to_owned())
}

fn is_host(host: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    !host.is_empty() && host.bytes().all(is_in_name)
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, ConfigError> {
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 1024 && first <= last).then_some(first..=last)
    });
    range.ok_or_else(|| ConfigError::TurnRelayPorts { range: text.to_owned() })
}

/// Addresses of nodes, each with a port or a range of ports.
fn nodes(texts: &[String]) -> Result<Vec<SocketAddr>, ConfigError> {
    let mut all = Vec::new();
    for text in texts {
        let fault = || ConfigError::TurnNode { node: text.clone() };
        let (ip, ports) = text.rsplit_once(':').ok_or_else(fault)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        // With its port, so that an IPv6 address needs its brackets.
        let first: SocketAddr = format!("{ip}:{first}").parse().map_err(|_| fault())?;
        let last: u16 = last.parse().map_err(|_| fault())?;
        let ip = first.ip();
        if ip.is_unspecified() || ip.is_multicast() || first.port() == 0 || last < first.port() {
            return Err(fault());
        }
        all.extend((first.port()..=last).map(|port| SocketAddr::new(ip, port)));
        if all.len() > NODES_MAX {
            return Err(fault());
        }
    }
    Ok(all)
}

fn networks(texts: Option<&[String]>) -> Result<Vec<Network>, ConfigError> {
    let parse = |text: &String| {
        text.parse().map_err(|_| ConfigError::TurnNetwork { network: text.clone() })
    };
    texts.unwrap_or_default().iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> RawConfig {
        RawConfig {
            turn_secret: Some("a secret that is long enough".into()),
            advertise: Some(vec!["203.0.113.7".parse().unwrap()]),
            ..RawConfig::defaults()
        }
    }

    #[test]
    fn it_is_on_without_a_word_and_its_secret_is_made_up() {
        let turn = turn(&RawConfig::defaults()).unwrap();
        assert!(turn.is_built_in && !turn.is_forced && turn.urls.is_empty());
    }

    #[test]
    fn tls_clients_are_sent_to_the_public_name_unless_another_is_given() {
        let public_url = Some("https://video.example:8443/x".to_owned());
        let given = RawConfig { public_url, ..RawConfig::defaults() };
        assert_eq!(turn(&given).unwrap().host.as_deref(), Some("video.example"));
        let given = RawConfig { turn_host: Some("turn.example".into()), ..given };
        assert_eq!(turn(&given).unwrap().host.as_deref(), Some("turn.example"));
        let given = RawConfig { turn_host: Some("turn:443".into()), ..given };
        assert!(matches!(turn(&given), Err(ConfigError::TurnHost { .. })));
        assert_eq!(turn(&RawConfig::defaults()).unwrap().host, None);
    }

    #[test]
    fn other_servers_need_the_secret_that_they_share() {
        let urls = |urls: &[&str]| Some(urls.iter().map(|url| (*url).to_owned()).collect());
        let good = ["turn:turn.example:3478?transport=udp", "turns:turn.example:443"];
        let alone = RawConfig { turn_urls: urls(&good), ..RawConfig::defaults() };
        assert!(matches!(turn(&alone), Err(ConfigError::TurnSecretMissing)));
        assert_eq!(turn(&RawConfig { turn_urls: urls(&good), ..raw() }).unwrap().urls, good);
        for bad in ["stun:stun.example", "turn:", "http://x", "turn:a b"] {
            let refused = turn(&RawConfig { turn_urls: urls(&[bad]), ..raw() });
            assert!(matches!(refused, Err(ConfigError::TurnUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn other_nodes_are_named_by_address_and_ports_and_need_the_secret() {
        let with = |texts: &[&str]| RawConfig {
            turn_nodes: Some(texts.iter().map(|text| (*text).to_owned()).collect()),
            ..raw()
        };
        let given = turn(&with(&["203.0.113.8:7882-7883", "[2001:db8::8]:7882"])).unwrap().nodes;
        let expected = ["203.0.113.8:7882", "203.0.113.8:7883", "[2001:db8::8]:7882"];
        assert_eq!(given, expected.map(|text| text.parse().unwrap()));
        assert_eq!(turn(&with(&["203.0.113.8:70-79"])).unwrap().nodes.len(), 10);
        for bad in [
            "203.0.113.8",
            "203.0.113.8:0",
            "0.0.0.0:7882",
            "224.0.0.1:7882",
            "node.example:7882",
            "203.0.113.8:7883-7882",
            "203.0.113.8:7882-",
            "203.0.113.8:7882-x",
            "203.0.113.8:1000-2000",
        ] {
            let refused = turn(&with(&[bad]));
            assert!(matches!(refused, Err(ConfigError::TurnNode { .. })), "{bad}");
        }
        let alone = RawConfig { turn_secret: None, ..with(&["203.0.113.8:7882"]) };
        assert!(matches!(turn(&alone), Err(ConfigError::TurnSecretMissing)));
    }

    #[test]
    fn a_server_alone_needs_a_secret_and_an_address() {
        let given = alone(&raw()).unwrap();
        assert_eq!(given.relay_ports, 49_152..=65_535);
        assert_eq!(given.listen, SocketAddr::from(([0, 0, 0, 0], 3478)));
        let without = RawConfig { turn_secret: None, ..raw() };
        assert!(matches!(alone(&without), Err(ConfigError::TurnSecretMissing)));
        let short = RawConfig { turn_secret: Some("short".into()), ..raw() };
        assert!(matches!(alone(&short), Err(ConfigError::TurnSecretShort)));
        let nowhere = RawConfig { advertise: None, ..raw() };
        assert!(matches!(alone(&nowhere), Err(ConfigError::TurnRelayAddress)));
        let anywhere = RawConfig { advertise: Some(vec!["0.0.0.0".parse().unwrap()]), ..raw() };
        assert!(matches!(alone(&anywhere), Err(ConfigError::TurnRelayAddress)));
    }

    #[test]
    fn ranges_and_networks_are_read_strictly() {
        for range in ["", "5000", "80-90", "6000-5000", "1024-70000", "a-b"] {
            let given = RawConfig { turn_relay_ports: Some(range.into()), ..raw() };
            assert!(matches!(alone(&given), Err(ConfigError::TurnRelayPorts { .. })), "{range}");
        }
        let given = RawConfig { turn_peers_deny: Some(vec!["10.0.0.0/40".into()]), ..raw() };
        assert!(matches!(alone(&given), Err(ConfigError::TurnNetwork { .. })));
    }
}
