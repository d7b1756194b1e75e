//! `RawConfig` -> `Config`: every rule about settings and how they depend on each other. Pure, but for reading the
//! file of API keys.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use protocol::recording::TextVersion;
use protocol::token::{ApiKeys, SecretPolicy};
use scheduling_api::{
    Location, StoreSettings,
    domain::web_origin::WebOrigin,
    ports::key_service::vault::{Vault, VaultSettings},
};
use signaling::webhooks::WebhookUrl;

use crate::{
    config::{
        Config, ConfigError, KeyGuard, LogFormat, Mode, RawConfig, Scheduling, SchedulingAlone,
        Webhooks, documents, file, notifications, payments,
        rules::{at_least_one, log_filter, tls},
        turn::Turn,
    },
    machine::Machine,
    memory,
};

/// The key pair that `--dev` accepts, as `api_keys` would be written. Public knowledge; LiveKit's tools use it too.
pub(crate) const DEV_API_KEYS: &str = "devkey: secret";

/// More threads than this on one core only take it from each other.
const SHARDS_PER_CORE_MAX: u16 = 4;

/// So many may be tried on the smallest machine.
const SHARDS_ALWAYS: u16 = 16;

/// A clinic of some hundred people behind one address, each with a signal socket and a page that loads.
const CONNECTIONS_PER_ADDRESS_DEFAULT: u32 = 1000;

/// Checks settings that are already merged with the defaults.
///
/// # Errors
/// When a value is missing, out of range, or contradicts another.
pub(crate) fn parse(raw: &RawConfig, machine: &Machine) -> Result<Config, ConfigError> {
    let mode = mode(raw)?;
    let http = raw.http.unwrap_or_else(|| default_http(mode));
    let admin = raw.admin.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 7881)));
    if http == admin && http.port() != 0 {
        return Err(ConfigError::SameAddress { address: http });
    }
    let turn = super::turn::turn(raw)?;
    let sfu = sfu_config(raw, mode, machine, &turn)?;
    if mode == Mode::Dev {
        refuse_exposure(http, admin, &sfu)?;
    }
    let api_keys = api_keys(raw, mode)?;
    Ok(Config {
        mode,
        http,
        admin,
        tls: tls(raw, mode)?,
        sfu,
        turn,
        ice_tcp: raw.ice_tcp.unwrap_or(true),
        webhooks: webhooks(raw, &api_keys)?,
        api_keys,
        auto_create_rooms: raw.auto_create_rooms.unwrap_or(true),
        origins: origins(raw.origins.as_deref())?,
        embed_origins: origins(raw.embed_origins.as_deref())?,
        connections_per_address_max: raw.connections_per_address_max.unwrap_or_else(|| {
            if http.ip().is_loopback() { 0 } else { CONNECTIONS_PER_ADDRESS_DEFAULT }
        }),
        sockets_max: at_least_one("sockets_max", raw.sockets_max)?,
        memory_budget_bytes: match raw.memory_budget_mib {
            Some(0) => return Err(ConfigError::Zero { setting: "memory_budget_mib" }),
            Some(mebibytes) => u64::from(mebibytes) << 20,
            None => memory::default_budget_bytes(machine.memory_bytes),
        },
        recording_version: recording_version(raw)?,
        scheduling: scheduling(raw)?,
        log_format: raw.log_format.unwrap_or(LogFormat::Text),
        log_filter: log_filter(raw)?,
        dev_token_ttl: seconds(at_least_one("dev_token_ttl_s", raw.dev_token_ttl_s)?),
        drain_timeout: seconds(raw.drain_timeout_s.unwrap_or_default()),
        shutdown_deadline: seconds(raw.shutdown_deadline_s.unwrap_or_default()),
    })
}

/// Checks the settings that a scheduling API alone needs.
///
/// # Errors
/// When one of them cannot be so.
pub(crate) fn scheduling_alone(raw: &RawConfig) -> Result<SchedulingAlone, ConfigError> {
    Ok(SchedulingAlone {
        http: raw.http.unwrap_or_else(|| default_http(Mode::Production)),
        scheduling: scheduling(raw)?,
        media: match &raw.media_url {
            None => None,
            Some(url) => Some((base_url(url)?, api_keys(raw, Mode::Production)?)),
        },
        log_format: raw.log_format.unwrap_or(LogFormat::Text),
        log_filter: log_filter(raw)?,
    })
}

fn recording_version(raw: &RawConfig) -> Result<TextVersion, ConfigError> {
    let given = raw.recording_text_version.clone();
    Ok(given.map(TextVersion::try_from).transpose()?.unwrap_or_default())
}

fn mode(raw: &RawConfig) -> Result<Mode, ConfigError> {
    match (raw.dev.unwrap_or(false), raw.dev_expose.unwrap_or(false)) {
        (false, false) => Ok(Mode::Production),
        (true, false) => Ok(Mode::Dev),
        (true, true) => Ok(Mode::DevExposed),
        (false, true) => Err(ConfigError::ExposeWithoutDev),
    }
}

fn default_http(mode: Mode) -> SocketAddr {
    let ip = match mode {
        Mode::DevExposed => Ipv4Addr::UNSPECIFIED,
        Mode::Production | Mode::Dev => Ipv4Addr::LOCALHOST,
    };
    (ip, 7880).into()
}

fn sfu_config(
    raw: &RawConfig,
    mode: Mode,
    machine: &Machine,
    turn: &Turn,
) -> Result<sfu::config::Config, ConfigError> {
    let advertise = advertised(raw, mode, machine)?;
    let bind = raw.sfu_udp_bind.unwrap_or_else(|| default_bind(mode, &advertise));
    if let Some(ip) = advertise.iter().find(|ip| !can_receive_for(bind, **ip)) {
        return Err(ConfigError::UnreachableAdvertised { ip: *ip, bind });
    }
    let shards = at_least_one("shards", raw.shards.or(Some(machine.cores.max(1))))?;
    let max = machine.cores.saturating_mul(SHARDS_PER_CORE_MAX).max(SHARDS_ALWAYS);
    if shards > max {
        return Err(ConfigError::Shards { shards, cores: machine.cores, max });
    }
    let udp_port = raw.sfu_udp_port.unwrap_or_default();
    if udp_port != 0 && udp_port.checked_add(shards - 1).is_none() {
        return Err(ConfigError::PortRange { first: udp_port, shards });
    }
    let allocations_max = at_least_one("turn_allocations_max", raw.turn_allocations_max)?;
    let turn = turn.is_built_in.then(|| sfu::config::TurnConfig {
        secret: turn.secret.clone(),
        allocations_max,
        udp_port: raw.turn_udp_port,
        nodes: turn.nodes.clone(),
    });
    if let Some(first) = raw.turn_udp_port.filter(|first| *first != 0) {
        let last =
            first.checked_add(shards - 1).ok_or(ConfigError::TurnPortRange { first, shards })?;
        let media = udp_port..=udp_port.saturating_add(shards - 1);
        if udp_port != 0 && first <= *media.end() && *media.start() <= last {
            return Err(ConfigError::TurnPortIsMedia { first, media: udp_port });
        }
    }
    let (limits, ice_tcp) = (limits(raw)?, Vec::new());
    let recordings = raw.recording_dir.clone();
    Ok(sfu::config::Config { shards, bind, udp_port, advertise, ice_tcp, limits, turn, recordings })
}

fn advertised(raw: &RawConfig, mode: Mode, machine: &Machine) -> Result<Vec<IpAddr>, ConfigError> {
    let given = raw.advertise.clone().unwrap_or_default();
    let bound = raw.sfu_udp_bind.filter(|ip| !ip.is_unspecified());
    let advertise = match (given.is_empty(), bound, mode) {
        (false, _, _) => given,
        (true, Some(ip), _) => vec![ip],
        (true, None, Mode::Dev) => vec![Ipv4Addr::LOCALHOST.into()],
        (true, None, Mode::DevExposed) if machine.lan_addresses.is_empty() => {
            return Err(ConfigError::NoLanAddress);
        }
        (true, None, Mode::DevExposed) => machine.lan_addresses.clone(),
        (true, None, Mode::Production) => return Err(ConfigError::NoAdvertised),
    };
    match advertise.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
        Some(ip) => Err(ConfigError::BadAdvertised { ip: *ip }),
        None => Ok(advertise),
    }
}

fn default_bind(mode: Mode, advertise: &[IpAddr]) -> IpAddr {
    match mode {
        Mode::Dev if advertise == [IpAddr::from(Ipv6Addr::LOCALHOST)] => Ipv6Addr::LOCALHOST.into(),
        Mode::Dev => Ipv4Addr::LOCALHOST.into(),
        _ if advertise.iter().any(IpAddr::is_ipv6) => Ipv6Addr::UNSPECIFIED.into(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Whether a socket bound to `bind` can get datagrams of `ip`'s family. An unspecified IPv6 address serves both; a
/// specific one may stand behind NAT, so that the addresses themselves may differ.
fn can_receive_for(bind: IpAddr, ip: IpAddr) -> bool {
    bind.is_ipv4() == ip.is_ipv4() || bind == IpAddr::from(Ipv6Addr::UNSPECIFIED)
}

fn limits(raw: &RawConfig) -> Result<sfu::limits::Limits, ConfigError> {
    let defaults = sfu::limits::Limits::default();
    Ok(sfu::limits::Limits {
        participants_per_room: at_least_one(
            "participants_per_room_max",
            raw.participants_per_room_max,
        )?,
        publications_per_participant: at_least_one(
            "publications_per_participant_max",
            raw.publications_per_participant_max,
        )?,
        rooms_per_shard: at_least_one("rooms_per_shard_max", raw.rooms_per_shard_max)?,
        overflow_subscriptions: raw
            .room_overflow_subscriptions
            .unwrap_or(defaults.overflow_subscriptions),
        empty_timeout_s: raw.room_empty_timeout_s.unwrap_or(defaults.empty_timeout_s),
        departure_timeout_s: raw.room_departure_timeout_s.unwrap_or(defaults.departure_timeout_s),
    })
}

/// The public secret of `--dev` must not be reachable from outside.
fn refuse_exposure(
    http: SocketAddr,
    admin: SocketAddr,
    sfu: &sfu::config::Config,
) -> Result<(), ConfigError> {
    let single = [("http", http.ip()), ("admin", admin.ip()), ("sfu_udp_bind", sfu.bind)];
    let advertised = sfu.advertise.iter().map(|ip| ("advertise", *ip));
    match single.into_iter().chain(advertised).find(|(_, ip)| !ip.is_loopback()) {
        Some((setting, ip)) => Err(ConfigError::DevExposure { setting, ip }),
        None => Ok(()),
    }
}

/// The API keys of `raw`, with the strictness of `mode`.
///
/// # Errors
/// When there are none, or one is malformed or too short.
pub(crate) fn api_keys(raw: &RawConfig, mode: Mode) -> Result<ApiKeys, ConfigError> {
    let text = match (&raw.api_keys, &raw.api_keys_file) {
        (Some(_), Some(_)) => return Err(ConfigError::TwoApiKeys),
        (Some(pairs), None) => pairs.reveal().to_owned(),
        (None, Some(path)) => file::read_text(path).map_err(|source| ConfigError::KeysFile {
            path: path.clone(),
            source: Box::new(source),
        })?,
        (None, None) if mode == Mode::Production => return Err(ConfigError::NoApiKeys),
        (None, None) => DEV_API_KEYS.to_owned(),
    };
    let policy = match mode {
        Mode::Production => SecretPolicy::Strict,
        Mode::Dev | Mode::DevExposed => SecretPolicy::Dev,
    };
    Ok(ApiKeys::parse(&text, policy)?)
}

/// What browsers send (RFC 6454 §6.2), so that it can be compared byte by byte.
fn origins(given: Option<&[String]>) -> Result<Vec<String>, ConfigError> {
    let origins = given.unwrap_or_default().to_vec();
    match origins.iter().find(|origin| origin.parse::<WebOrigin>().is_err()) {
        Some(origin) => Err(ConfigError::Origin { origin: origin.clone() }),
        None => Ok(origins),
    }
}

fn webhooks(raw: &RawConfig, keys: &ApiKeys) -> Result<Webhooks, ConfigError> {
    let urls = raw.webhook_urls.iter().flatten().filter(|url| !url.is_empty());
    let urls = urls.map(|url| {
        url.parse().map_err(|source| ConfigError::WebhookUrl { url: url.clone(), source })
    });
    let urls = urls.collect::<Result<Vec<WebhookUrl>, _>>()?;
    let (api_key, ca_file) = (raw.webhook_api_key.clone(), raw.webhook_ca_file.clone());
    if api_key.as_ref().is_some_and(|key| !keys.has(key)) {
        return Err(ConfigError::WebhookKey);
    }
    let extras = [("webhook_api_key", api_key.is_some()), ("webhook_ca_file", ca_file.is_some())];
    match extras.into_iter().find(|(_, given)| *given && urls.is_empty()) {
        Some((setting, _)) => Err(ConfigError::WebhookWithoutUrl { setting }),
        None => Ok(Webhooks { urls, api_key, ca_file }),
    }
}

fn scheduling(raw: &RawConfig) -> Result<Scheduling, ConfigError> {
    let folder = raw.data_dir.clone().unwrap_or_default();
    let location = match &raw.database {
        None => Location::Sqlite(folder.join("bedside.db")),
        Some(url) => url.reveal().parse().map_err(|_| ConfigError::Database)?,
    };
    let connections_max = at_least_one("database_connections_max", raw.database_connections_max)?;
    let keys = raw.data_keys_file.clone();
    Ok(Scheduling {
        store: StoreSettings { connections_max, ..StoreSettings::at(location) },
        data_keys_file: keys.unwrap_or_else(|| folder.join("data-keys")),
        key_service: key_service(raw)?,
        public_url: public_url(raw)?,
        trusted_proxies: raw.trusted_proxies.clone().unwrap_or_default(),
        outbound: notifications::outbound(raw)?,
        documents: documents::documents(raw, &folder)?,
        data_dir: folder,
        gateways: payments::gateways(raw)?,
    })
}

/// What guards the data keys besides the file, if anything does.
fn key_service(raw: &RawConfig) -> Result<Option<KeyGuard>, ConfigError> {
    let (key, token, ca) =
        (&raw.key_service_key, &raw.key_service_token_file, &raw.key_service_ca_file);
    let Some(url) = raw.key_service_url.clone().filter(|url| !url.is_empty()) else {
        let given = [
            ("key_service_key", key.is_some()),
            ("key_service_token_file", token.is_some()),
            ("key_service_ca_file", ca.is_some()),
        ];
        let alone = given.into_iter().find(|(_, is_given)| *is_given);
        return alone
            .map_or(Ok(None), |(setting, _)| Err(ConfigError::KeyServiceWithoutUrl { setting }));
    };
    let missing = |setting| ConfigError::Belongs { setting, to: "key_service_url" };
    let vault = VaultSettings {
        url,
        key: key.clone().ok_or_else(|| missing("key_service_key"))?,
        token_file: token.clone().ok_or_else(|| missing("key_service_token_file"))?,
        authorities: ca.as_deref().map(file::read_text).transpose()?.map(String::into_bytes),
    };
    // What it is told now, it is not told by the first request.
    Vault::new(vault.clone()).map_err(|source| ConfigError::KeyService { source })?;
    let keep = seconds(at_least_one("key_service_keep_s", raw.key_service_keep_s)?);
    Ok(Some(KeyGuard { vault, keep }))
}

/// Where people's browsers reach this server, if it is said.
fn public_url(raw: &RawConfig) -> Result<Option<String>, ConfigError> {
    let Some(url) = &raw.public_url else { return Ok(None) };
    base_url(url).map(Some)
}

/// An address with nothing behind its host and port.
fn base_url(url: &str) -> Result<String, ConfigError> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host.map(|host| host.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && !host.contains(['?', '#', ' ']) => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(ConfigError::PublicUrl { url: url.to_owned() }),
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tls;

    const LONG: &str = "key: 0123456789abcdef0123456789abcdef";

    #[test]
    fn dev_mode_stays_on_this_machine() {
        let config = parsed_dev(|_| ()).unwrap();
        assert_eq!(config.http, "127.0.0.1:7880".parse().unwrap());
        assert_eq!(config.sfu.bind, "127.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(config.sfu.advertise, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(config.tls, Tls::None);
    }

    #[test]
    fn dev_mode_refuses_every_address_that_others_can_reach() {
        let exposures: [(&str, Change); 4] = [
            ("http", |raw| raw.http = Some("0.0.0.0:7880".parse().unwrap())),
            ("admin", |raw| raw.admin = Some("[::]:7881".parse().unwrap())),
            ("sfu_udp_bind", |raw| raw.sfu_udp_bind = Some("10.0.0.1".parse().unwrap())),
            ("advertise", |raw| raw.advertise = Some(vec!["10.0.0.1".parse().unwrap()])),
        ];
        for (setting, expose) in exposures {
            let message = parsed_dev(expose).unwrap_err().to_string();
            assert!(message.starts_with(setting) && message.contains("--dev-expose"), "{message}");
        }
    }

    #[test]
    fn an_exposed_dev_mode_serves_https_and_advertises_the_lan() {
        let config = parsed_dev(|raw| raw.dev_expose = Some(true)).unwrap();
        assert_eq!(config.tls, Tls::SelfSigned);
        assert_eq!(config.http, "0.0.0.0:7880".parse().unwrap());
        assert_eq!(config.sfu.advertise, machine().lan_addresses);
        assert_eq!(config.sfu.bind, "::".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn an_exposed_dev_mode_keeps_given_certificates_and_addresses() {
        let config = parsed_dev(|raw| {
            raw.dev_expose = Some(true);
            raw.tls_cert_file = Some("cert".into());
            raw.tls_key_file = Some("key".into());
            raw.advertise = Some(vec!["10.9.9.9".parse().unwrap()]);
        })
        .unwrap();
        assert!(matches!(config.tls, Tls::Files { .. }));
        assert_eq!(config.sfu.advertise, ["10.9.9.9".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn contradictions_are_refused_with_advice() {
        let cases: [(&str, Change); 29] = [
            ("key_service_key is missing", |raw| raw.key_service_url = Some("https://v".into())),
            ("without key_service_url", |raw| raw.key_service_key = Some("bedside".into())),
            ("must be https", |raw| key_service(raw, "http://vault.internal:8200", "bedside")),
            ("mount/name", |raw| key_service(raw, "https://vault.internal", "be side")),
            ("https://clinic.example", |raw| raw.origins = Some(vec!["clinic.example".into()])),
            ("https://clinic.example", |raw| raw.origins = Some(vec!["https://a/b".into()])),
            ("https://clinic.example", |raw| raw.embed_origins = Some(vec!["*".into()])),
            ("memory_budget_mib is 0", |raw| raw.memory_budget_mib = Some(0)),
            ("webhook_urls", |raw| raw.webhook_urls = Some(vec!["clinic.example".to_owned()])),
            ("before the colon", |raw| raw.webhook_api_key = Some("nobody".to_owned())),
            ("set those", |raw| raw.webhook_api_key = Some("key".to_owned())),
            ("set those", |raw| raw.webhook_ca_file = Some("ca.pem".into())),
            ("BEDSIDE_API_KEYS", |raw| raw.api_keys = None),
            ("openssl rand", |raw| raw.api_keys = Some("key: secret".into())),
            ("`key: secret`", |raw| raw.api_keys = Some("hunter2".into())),
            ("given twice", |raw| raw.api_keys = Some(format!("{LONG}, {LONG}").into())),
            ("remove one", |raw| raw.api_keys_file = Some("keys".into())),
            ("Set advertise", |raw| raw.advertise = None),
            ("unicast", |raw| raw.advertise = Some(vec!["0.0.0.0".parse().unwrap()])),
            ("sfu_udp_bind", |raw| {
                raw.sfu_udp_bind = Some("0.0.0.0".parse().unwrap());
                raw.advertise = Some(vec!["2001:db8::1".parse().unwrap()]);
            }),
            ("add --dev", |raw| raw.dev_expose = Some(true)),
            ("tls_key_file is missing", |raw| raw.tls_cert_file = Some("cert".into())),
            ("shards is 0", |raw| raw.shards = Some(0)),
            ("at most 16", |raw| raw.shards = Some(17)),
            ("umask 077", |raw| {
                raw.api_keys = None;
                raw.api_keys_file = Some("no/such/keys".into());
            }),
            ("https://video", |raw| raw.public_url = Some("video.clinic.example".into())),
            ("lower sfu_udp_port", |raw| raw.sfu_udp_port = Some(65535)),
            ("different ports", |raw| raw.http = raw.admin),
            ("log_filter", |raw| raw.log_filter = Some("a=b=c".into())),
        ];
        for (advice, break_it) in cases {
            let message = refused(break_it);
            assert!(message.contains(advice), "{advice}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_specific_bind_address_is_advertised() {
        let config = parsed(|raw| {
            raw.advertise = None;
            raw.sfu_udp_bind = Some("10.0.0.1".parse().unwrap());
        })
        .unwrap();
        assert_eq!(config.sfu.advertise, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn media_binds_to_both_families_when_an_ipv6_address_is_advertised() {
        let bind = |ip: &str| {
            parsed(|raw| raw.advertise = Some(vec![ip.parse().unwrap()])).unwrap().sfu.bind
        };
        assert_eq!(bind("192.0.2.1"), IpAddr::from(Ipv4Addr::UNSPECIFIED));
        assert_eq!(bind("2001:db8::1"), IpAddr::from(Ipv6Addr::UNSPECIFIED));
    }

    #[test]
    fn there_are_as_many_shards_as_cores_unless_told() {
        assert_eq!(parsed(|_| ()).unwrap().sfu.shards, 2);
        assert_eq!(parsed(|raw| raw.shards = Some(5)).unwrap().sfu.shards, 5);
    }

    #[test]
    fn a_port_for_turn_alone_is_no_media_port() {
        let with = |first: u16, shards: u16| {
            parsed(move |raw| {
                raw.turn_udp_port = Some(first);
                raw.shards = Some(shards);
            })
        };
        let port = |config: Config| config.sfu.turn.unwrap().udp_port;
        assert_eq!(port(with(3478, 2).unwrap()), Some(3478));
        assert_eq!(port(with(7880, 2).unwrap()), Some(7880));
        for (first, shards) in [(7882, 1), (7881, 2), (7883, 2)] {
            let error = with(first, shards).unwrap_err();
            assert!(matches!(error, ConfigError::TurnPortIsMedia { .. }), "{first} {shards}");
        }
        assert!(matches!(with(65_535, 2), Err(ConfigError::TurnPortRange { .. })));
    }

    #[test]
    fn limits_reach_the_media_plane() {
        let config = parsed(|raw| raw.participants_per_room_max = Some(3)).unwrap();
        assert_eq!(config.sfu.limits.participants_per_room, 3);
    }

    fn key_service(raw: &mut RawConfig, url: &str, key: &str) {
        raw.key_service_url = Some(url.to_owned());
        raw.key_service_key = Some(key.to_owned());
        raw.key_service_token_file = Some("/run/bedside/token".into());
    }

    type Change = fn(&mut RawConfig);

    /// Changes settings that are complete without `--dev`.
    fn parsed(change: impl Fn(&mut RawConfig)) -> Result<Config, ConfigError> {
        let mut raw = RawConfig {
            api_keys: Some(LONG.into()),
            advertise: Some(vec!["192.0.2.7".parse().unwrap()]),
            ..RawConfig::defaults()
        };
        change(&mut raw);
        parse(&raw, &machine())
    }

    fn parsed_dev(change: impl Fn(&mut RawConfig)) -> Result<Config, ConfigError> {
        let mut raw = RawConfig { dev: Some(true), ..RawConfig::defaults() };
        change(&mut raw);
        parse(&raw, &machine())
    }

    fn refused(change: impl Fn(&mut RawConfig)) -> String {
        parsed(change).unwrap_err().to_string()
    }

    fn machine() -> Machine {
        Machine {
            cores: 2,
            lan_addresses: vec!["192.168.1.5".parse().unwrap(), "2001:db8::5".parse().unwrap()],
            memory_bytes: 1 << 30,
        }
    }
}
