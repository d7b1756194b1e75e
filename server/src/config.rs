//! Configuration: what an operator may set, where it comes from, and what follows from it.
//!
//! ```text
//!   flags ─┐
//!   BEDSIDE_* ─┴─► RawConfig ─┐
//!   --config FILE ─► RawConfig ─┼─ or ─► RawConfig ─► parse ─► Config
//!   defaults ─────► RawConfig ─┘
//! ```
//!
//! Owns: the fields (`raw`), their merging, and every check before anything is opened (`parse`). Never: sockets;
//! what depends on the machine (cores, addresses) comes in as [`Machine`].

pub(crate) mod address;
pub(crate) mod docs;
pub(crate) mod documents;
mod error;
pub(crate) mod file;
mod notifications;
pub(crate) mod parse;
mod payments;
pub(crate) mod raw;
mod rules;
pub(crate) mod turn;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use protocol::{recording::TextVersion, token::ApiKeys};
use scheduling_api::{
    Outbound,
    ports::{key_service::vault::VaultSettings, payments::Gateways},
};
use signaling::webhooks::WebhookUrl;

use crate::machine::Machine;
pub(crate) use error::ConfigError;
pub(crate) use raw::{LogFormat, RawConfig};

/// The checked configuration: everything in it can be acted on.
#[derive(Debug)]
pub(crate) struct Config {
    /// Whether development shortcuts are on.
    pub(crate) mode: Mode,
    /// Where HTTP and the signal socket are served.
    pub(crate) http: SocketAddr,
    /// Where metrics and health are served.
    pub(crate) admin: SocketAddr,
    /// How HTTP is secured.
    pub(crate) tls: Tls,
    /// The media plane's part.
    pub(crate) sfu: sfu::config::Config,
    /// The keys that join tokens may be signed with.
    pub(crate) api_keys: ApiKeys,
    /// Whether a valid token opens a room that does not exist.
    pub(crate) auto_create_rooms: bool,
    /// Origins whose pages may open a signal socket; empty means any.
    pub(crate) origins: Vec<String>,
    /// Origins whose pages may show a visit in a frame.
    pub(crate) embed_origins: Vec<String>,
    /// Most connections at once from one address; 0 for no limit.
    pub(crate) connections_per_address_max: u32,
    /// Most signal sockets at once.
    pub(crate) sockets_max: u32,
    /// Memory that this process may use, in bytes.
    pub(crate) memory_budget_bytes: u64,
    /// How clients come through closed networks.
    pub(crate) turn: turn::Turn,
    /// Whether clients may come by TCP streams on the HTTP address without TURN.
    pub(crate) ice_tcp: bool,
    /// Who is told what happens in rooms.
    pub(crate) webhooks: Webhooks,
    /// The text by which people are asked whether they may be recorded.
    pub(crate) recording_version: TextVersion,
    /// The scheduling API's part.
    pub(crate) scheduling: Scheduling,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written.
    pub(crate) log_filter: String,
    /// Lifetime of the links that `--dev` prints.
    pub(crate) dev_token_ttl: Duration,
    /// Longest time that SIGTERM waits for calls to end.
    pub(crate) drain_timeout: Duration,
    /// Longest time a graceful stop may take.
    pub(crate) shutdown_deadline: Duration,
}

/// Webhooks, as configured. Without addresses there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Webhooks {
    /// The receivers.
    pub(crate) urls: Vec<WebhookUrl>,
    /// Name of the key that signs, if not the first.
    pub(crate) api_key: Option<String>,
    /// Certificate authorities besides those of the operating system.
    pub(crate) ca_file: Option<PathBuf>,
}

/// Where the scheduling API keeps its data.
#[derive(Debug)]
pub(crate) struct Scheduling {
    /// The database.
    pub(crate) store: scheduling_api::StoreSettings,
    /// The folder of all that is kept beside no address of its own.
    pub(crate) data_dir: PathBuf,
    /// What opens sealed columns; made at the first start when it is missing.
    pub(crate) data_keys_file: PathBuf,
    /// Who guards those keys, if not the file's permissions alone.
    pub(crate) key_service: Option<KeyGuard>,
    /// Where people's browsers reach this server.
    pub(crate) public_url: Option<String>,
    /// Who is believed about where a request comes from.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// The ways to people and to clinics' programs.
    pub(crate) outbound: Outbound,
    /// Where documents lie, and what looks at them.
    pub(crate) documents: documents::Documents,
    /// Those who take money.
    pub(crate) gateways: Gateways,
}

/// A key service, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyGuard {
    /// Where it is, and by what right it is asked.
    pub(crate) vault: VaultSettings,
    /// Longest time since it last opened the keys.
    pub(crate) keep: Duration,
}

impl Scheduling {
    /// Where people's browsers reach this server: as is said, or by the name localhost.
    pub(crate) fn public_url_or(&self, http: SocketAddr) -> String {
        let local = || format!("http://localhost:{}", http.port());
        self.public_url.clone().unwrap_or_else(local)
    }
}

/// The settings of a scheduling API that runs alone.
#[derive(Debug)]
pub(crate) struct SchedulingAlone {
    /// Where it is served, behind a proxy that ends TLS.
    pub(crate) http: SocketAddr,
    /// Where it keeps its data.
    pub(crate) scheduling: Scheduling,
    /// The media server's address, and the keys that it knows.
    pub(crate) media: Option<(String, ApiKeys)>,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written.
    pub(crate) log_filter: String,
}

/// Development or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Real keys are demanded.
    Production,
    /// `devkey` / `secret` is accepted, on this machine only.
    Dev,
    /// The same, reachable from the network (`--dev-expose`).
    DevExposed,
}

/// How the HTTP side is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Plain HTTP: loopback, or behind a proxy that ends TLS.
    None,
    /// PEM files, read again when they change.
    Files {
        /// Certificate chain, leaf first.
        cert: PathBuf,
        /// Private key.
        key: PathBuf,
    },
    /// A certificate made at start, for trying a phone on the same network.
    SelfSigned,
}

/// The effective settings: the merged text form (for printing) and what it means.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// After merging, computed defaults filled in.
    pub(crate) raw: RawConfig,
    /// After checking.
    pub(crate) config: Config,
}

/// Merges flags and environment (already in `given`) over the file over the defaults, and checks the result.
///
/// # Errors
/// When the file cannot be read or holds something unknown, or when settings contradict each other.
pub(crate) fn load(
    given: RawConfig,
    file: Option<&std::path::Path>,
    machine: &Machine,
) -> Result<Loaded, ConfigError> {
    let mut raw = merge(given, file)?;
    let config = parse::parse(&raw, machine)?;
    raw.http = Some(config.http);
    raw.advertise = Some(config.sfu.advertise.clone());
    raw.sfu_udp_bind = Some(config.sfu.bind);
    raw.shards = Some(config.sfu.shards);
    raw.connections_per_address_max = Some(config.connections_per_address_max);
    raw.memory_budget_mib = u32::try_from(config.memory_budget_bytes >> 20).ok();
    Ok(Loaded { raw, config })
}

/// Merges flags and environment over the file over the defaults.
///
/// # Errors
/// When the file cannot be read or holds something unknown.
pub(crate) fn merge(
    given: RawConfig,
    file: Option<&std::path::Path>,
) -> Result<RawConfig, ConfigError> {
    let from_file = file.map(file::read).transpose()?.unwrap_or_default();
    Ok(given.or(from_file).or(RawConfig::defaults()))
}

/// `BEDSIDE_*` variables that mean nothing, each as a sentence. Reported, not refused: Kubernetes sets such variables for
/// a service that is called bedside.
pub(crate) fn unknown_variables() -> Vec<String> {
    let known = docs::environment_names();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = names.filter(|name| name.starts_with("BEDSIDE_") && !known.contains(name));
    unknown.map(|name| unknown_variable(&name, &known)).collect()
}

fn unknown_variable(name: &str, known: &[String]) -> String {
    // From here on two names are rather a slip of the fingers than two words.
    const ALIKE: f64 = 0.95;
    let likeness = |one: &String| strsim::jaro_winkler(name, one);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|one| likeness(one) >= ALIKE) {
        Some(meant) => format!("unknown environment variable {name}: is {meant} meant?"),
        None => format!("unknown environment variable {name}: it changes nothing"),
    }
}
