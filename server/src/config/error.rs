//! Why settings are refused.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use protocol::{recording::TextVersionError, token::KeysError};
use scheduling_api::ports::key_service::vault::VaultError;
use signaling::webhooks::WebhookUrlError;

/// Why settings were refused, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}, line {line}: {reason} (`bedside config example` shows every key)", path.display())]
    File { path: PathBuf, line: usize, reason: String },
    #[error(
        "no API keys: set BEDSIDE_API_KEYS (\"key: secret\") or api_keys_file, or use --dev to try Bedside on this machine"
    )]
    NoApiKeys,
    #[error("both api_keys and api_keys_file are set: remove one")]
    TwoApiKeys,
    #[error(
        "{0}; write \"key: secret, key2: secret2\" and make a secret with `openssl rand -hex 32`"
    )]
    ApiKeys(#[from] KeysError),
    #[error("recording_text_version: {0}")]
    RecordingVersion(#[from] TextVersionError),
    #[error("--dev-expose does nothing without --dev: add --dev, or remove it")]
    ExposeWithoutDev,
    #[error(
        "{setting} is {ip}, which others can reach, but --dev accepts a public secret: use a loopback address, or add \
         --dev-expose on a network you trust, or run without --dev with keys of your own"
    )]
    DevExposure { setting: &'static str, ip: IpAddr },
    #[error(
        "no advertised address: clients would not know where to send media. Set advertise to the IP addresses they reach \
         this machine by (behind NAT: the public one), or sfu_udp_bind to one specific address"
    )]
    NoAdvertised,
    #[error(
        "--dev-expose found no LAN address on this machine: set advertise to the one others reach it by"
    )]
    NoLanAddress,
    #[error("{ip} cannot be advertised: clients need a specific unicast address")]
    BadAdvertised { ip: IpAddr },
    #[error(
        "{ip} is advertised, but media sockets bind to {bind}, which cannot receive for it: change sfu_udp_bind (:: serves \
         IPv4 and IPv6) or advertise"
    )]
    UnreachableAdvertised { ip: IpAddr, bind: IpAddr },
    #[error("tls_cert_file and tls_key_file belong together: {missing} is missing")]
    HalfTls { missing: &'static str },
    #[error(
        "cannot read api_keys_file {}: it holds one \"key: secret\" on each line; make it with: (umask 077; echo \"clinic: \
         $(openssl rand -hex 32)\" > FILE)",
        path.display()
    )]
    KeysFile {
        path: PathBuf,
        #[source]
        source: Box<ConfigError>,
    },
    #[error(
        "{shards} shards are too many: each is a thread that wants a core of its own, and this machine has {cores}; at most \
         {max} are taken"
    )]
    Shards { shards: u16, cores: u16, max: u16 },
    #[error("{setting} is 0: it must be at least 1")]
    Zero { setting: &'static str },
    #[error(
        "{shards} shards need the UDP ports from {first} up, but the last port is 65535: lower sfu_udp_port or shards"
    )]
    PortRange { first: u16, shards: u16 },
    #[error(
        "{shards} shards need the UDP ports from {first} up for TURN, but the last port is 65535: lower turn_udp_port or shards"
    )]
    TurnPortRange { first: u16, shards: u16 },
    #[error(
        "turn_udp_port {first} and sfu_udp_port {media} name the same UDP ports: every shard needs one of each"
    )]
    TurnPortIsMedia { first: u16, media: u16 },
    #[error("webhook_urls: {url:?} cannot be used: {source}")]
    WebhookUrl {
        url: String,
        #[source]
        source: WebhookUrlError,
    },
    #[error("webhook_api_key names no key of api_keys: use the name before the colon")]
    WebhookKey,
    #[error("{setting} does nothing without webhook_urls: set those, or remove it")]
    WebhookWithoutUrl { setting: &'static str },
    #[error("http and admin are both {address}: give them different ports")]
    SameAddress { address: SocketAddr },
    #[error(
        "origin {origin:?} is not understood: write scheme, host and, if it is not the usual one, port, such as \
         https://clinic.example"
    )]
    Origin { origin: String },
    #[error(
        "database is not understood: write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE (it is not repeated here, \
         because it may hold a password)"
    )]
    Database,
    #[error("{setting}: {reason}")]
    Notifications { setting: &'static str, reason: String },
    #[error("{setting}: {reason}")]
    Documents { setting: &'static str, reason: String },
    #[error("{setting}: {reason}")]
    Payments { setting: &'static str, reason: String },
    #[error("{setting} is missing: it belongs to {to}")]
    Belongs { setting: &'static str, to: &'static str },
    #[error("{setting} does nothing without key_service_url: set it, or remove this")]
    KeyServiceWithoutUrl { setting: &'static str },
    #[error("key_service_url: {source}")]
    KeyService {
        #[source]
        source: VaultError,
    },
    #[error("sms_twilio_account and sms_http_url exclude each other: remove one")]
    TwoSms,
    #[error(
        "public_url {url:?} is not understood: write https://video.clinic.example, as browsers reach this server"
    )]
    PublicUrl { url: String },
    #[error("turn_secret and turn_secret_file are both given: keep one")]
    TurnSecretTwice,
    #[error("turn_secret is shorter than 20 bytes; make one with: openssl rand -hex 32")]
    TurnSecretShort,
    #[error("a TURN server that stands alone needs a shared secret: set turn_secret_file")]
    TurnSecretMissing,
    #[error("cannot read {}", path.display())]
    ReadSecret {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the system gives no random numbers")]
    NoRandomness,
    #[error(
        "turn_urls: {url:?} is not understood; an example is turn:turn.clinic.example:3478?transport=udp"
    )]
    TurnUrl { url: String },
    #[error(
        "turn_nodes: {node:?} is not understood; an example is 203.0.113.8:7882-7885, and at most 256 addresses in all"
    )]
    TurnNode { node: String },
    #[error("turn_host {host:?} is not a name, such as video.clinic.example")]
    TurnHost { host: String },
    #[error(
        "`bedside turn` needs the addresses of its relays, which must be this machine's own: set advertise"
    )]
    TurnRelayAddress,
    #[error(
        "turn_relay_ports {range:?} is not understood; an example is 49152-65535, none below 1024"
    )]
    TurnRelayPorts { range: String },
    #[error("{network:?} is not a network, such as 203.0.113.7 or 10.1.0.0/16")]
    TurnNetwork { network: String },
    #[error(
        "log_filter {filter:?} is not understood ({reason}); an example is \"info,signaling=debug\""
    )]
    LogFilter { filter: String, reason: String },
}
