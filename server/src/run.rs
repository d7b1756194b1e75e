//! `bedside all`: starts everything, waits for a signal, stops everything in order.
//!
//! ```text
//! start: listen ─► signalling + media plane ─► serve ─► greet ─► ready
//! stop:  not ready ─► no new rooms; calls end, or the drain timeout (SIGTERM) ─► accept no more
//!        ─► media plane drains (LeaveRequests) ─► sockets flush ─► end, or the deadline
//!        a second signal: end at once
//! ```

use std::{
    io::Write as _, net::SocketAddr, os::unix::fs::MetadataExt as _, path::Path, sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use scheduling_api::ports::recordings::Recordings;
use signaling::{
    EventRouter, Signaling,
    clock::SystemClock,
    ice_servers::IceServers,
    webhooks::{self, Webhooks},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::{
    cli::Settings,
    clock,
    config::{self, Config, Loaded, Mode, SchedulingAlone, Tls, turn::TurnAlone},
    descriptors, greeting,
    http::{self, Health},
    listener::{self, Certificate, Door, DoorLimits, Server, Timeouts},
    logging,
    machine::Machine,
    memory, metrics,
    page::Parents,
    recordings, scheduling,
    tls::{self, CertificateFiles},
    turn,
};

/// What sockets of living shards get for their last words while another shard hangs.
const STUCK_GRACE: Duration = Duration::from_millis(500);

/// Runs until a signal or a failure.
///
/// # Errors
/// When the settings do not work together, or something cannot be started.
pub(crate) fn all(settings: Settings) -> anyhow::Result<()> {
    let Loaded { raw, config } =
        config::load(settings.given, settings.file.config.as_deref(), &Machine::detect())?;
    let _log = logging::start(config.log_format, &config.log_filter)?;
    info!(settings = raw.to_toml().trim_end().replace('\n', ", "), "configuration");
    for unknown in config::unknown_variables() {
        warn!("{unknown}");
    }
    warn_of_readable(raw.api_keys_file.as_deref());
    warn_of_readable(raw.tls_key_file.as_deref());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    let result = runtime.block_on(serve(&config));
    // Whatever did not end by the deadline is cut.
    runtime.shutdown_background();
    result
}

/// Runs the scheduling API alone until a signal or a failure.
///
/// # Errors
/// When the settings do not work together, or something cannot be started.
pub(crate) fn scheduling_api(settings: Settings) -> anyhow::Result<()> {
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    let _log = logging::start(config.log_format, &config.log_filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    let result = runtime.block_on(serve_scheduling_api(&config));
    runtime.shutdown_background();
    result
}

async fn serve_scheduling_api(config: &SchedulingAlone) -> anyhow::Result<()> {
    let listener = listener::bind(config.http, "http")?;
    let http = listener.local_addr()?;
    let readiness = Health::new(0, Vec::new);
    let media = scheduling::far_media(config)?;
    let url = config.scheduling.public_url_or(http);
    // The media server's files are on another machine.
    let api = scheduling::open(&config.scheduling, &url, media, None, None).await?;
    tokio::spawn(scheduling_api::work(api.clone()));
    let routes = scheduling_api::router(api);
    let router = http::main_router(routes, readiness.clone(), false, Parents::default());
    let limits = DoorLimits { connections_max: PAGE_CONNECTIONS, per_address_max: 0 };
    let server =
        Server::start(listener, router, None, Door::new(limits), Timeouts::default(), None)?;
    let mut stop = StopSignal::new()?;
    readiness.set_ready();
    info!(%http, "ready");
    stop.wait().await;
    readiness.set_stopping();
    drop(server);
    Ok(())
}

/// Runs a TURN server alone until a signal or a failure.
///
/// # Errors
/// When the settings do not work together, or something cannot be started.
pub(crate) fn turn_alone(settings: Settings) -> anyhow::Result<()> {
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::turn::alone(&raw)?;
    warn_of_readable(raw.turn_secret_file.as_deref());
    let _log = logging::start(config.log_format, &config.log_filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    let result = runtime.block_on(serve_turn(&config));
    runtime.shutdown_background();
    result
}

async fn serve_turn(config: &TurnAlone) -> anyhow::Result<()> {
    let readiness = Health::new(0, Vec::new);
    let certificate = match &config.tls {
        Tls::Files { cert, key } => Some(watched(cert, key)?),
        Tls::None | Tls::SelfSigned => None,
    };
    // From the first client on a stop waits for who is relayed.
    let mut stop = StopSignal::new()?;
    let role = turn::role::Role::start(config, certificate, &readiness)?;
    readiness.set_ready();
    info!(listen = %config.listen, "ready");
    let asked = stop.wait().await;
    readiness.set_stopping();
    let patience = if asked == Asked::Terminate { config.drain_timeout } else { Duration::ZERO };
    tokio::select! {
        () = role.drain(patience) => {}
        _ = stop.wait() => warn!("stopped at once by a second signal"),
    }
    Ok(())
}

/// The ways into the demo clinic.
async fn ways_in(api: &scheduling_api::Api) -> String {
    scheduling::demo_ways_in(api).await.unwrap_or_else(|error| {
        warn!(%error, "the demo clinic cannot be entered");
        String::new()
    })
}

/// Where visits' recordings are, if rooms are recorded here.
fn recordings(config: &Config, planes: &Planes) -> Option<Arc<dyn Recordings>> {
    let folder = config.sfu.recordings.as_deref()?;
    Some(Arc::new(recordings::Folder::of(folder, planes.media.clone())))
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let started = clock::since_unix_epoch();
    let main_listener = listener::bind(config.http, "http")?;
    let admin_listener = listener::bind(config.admin, "admin")?;
    let (http, admin) = (main_listener.local_addr()?, admin_listener.local_addr()?);
    let rendered = metrics::install()?;
    let planes = Planes::start(config, http)?;
    let health = Health::new(planes.media.udp_ports().len(), {
        let media = planes.media.clone();
        move || media.silent_shards()
    });
    let doors = Doors::new(config);
    let signaling = signaling::router(planes.control.clone());
    let url = greeting::public_url(config, http);
    let socket = scheduling::socket_url(&url);
    let near = scheduling::near_media(config.api_keys.clone(), socket, signaling.clone());
    let shards = Some(planes.media.clone());
    let recordings = recordings(config, &planes);
    let api = scheduling::open(&config.scheduling, &url, near, recordings, shards).await?;
    tokio::spawn(scheduling_api::work(api.clone()));
    let scheduling = scheduling_api::router(api.clone());
    planes.ear.open(scheduling.clone());
    let routes = signaling.merge(scheduling);
    let is_secure = matches!(config.tls, Tls::Files { .. });
    let parents = Parents::of(&config.embed_origins);
    let main_router = http::main_router(routes, health.clone(), is_secure, parents);
    let main = Server::start(
        main_listener,
        main_router,
        certificate(config)?,
        doors.main.clone(),
        Timeouts::default(),
        Some(streams(config, &planes.media)),
    )?;
    let admin_router = http::admin_router(rendered, health.clone());
    let admin_server = Server::start(
        admin_listener,
        admin_router,
        None,
        doors.admin.clone(),
        Timeouts::default(),
        None,
    )?;
    let (media, control) = (planes.media.clone(), planes.control.clone());
    let webhooks = planes.webhooks.clone();
    let payments = api.gateways.refused.clone();
    let door = doors.main;
    let sources = metrics::Sources { media, control, webhooks, door, payments, started };
    // The first scrape finds every metric.
    sources.copy();
    tokio::spawn(sources.copy_every_second());
    tokio::spawn(watch_memory(planes.control.clone(), config.memory_budget_bytes));

    let mut stop = StopSignal::new()?;
    let mut greeting = greeting::text(config, http, admin, &planes.media.udp_ports())?;
    if config.mode != Mode::Production {
        greeting.push_str(&ways_in(&api).await);
    }
    // Whoever has read the greeting may ask at once.
    health.set_ready();
    greet(&greeting);
    warn_of_exposure(config, http, admin);
    info!(%http, %admin, shards = config.sfu.shards, "ready");

    let asked = stop.wait().await;
    health.set_stopping();
    let patience = if asked == Asked::Terminate { config.drain_timeout } else { Duration::ZERO };
    tokio::select! {
        () = stop_in_order(&planes, main, patience, config.shutdown_deadline) => {}
        _ = stop.wait() => warn!("stopped at once by a second signal"),
    }
    drop(admin_server);
    Ok(())
}

/// Who understands what clients say over TCP and TLS besides HTTP.
fn streams(config: &Config, media: &sfu::Handle) -> turn::Service {
    let media = media.clone();
    turn::Service::Media { media, turn: config.turn.is_built_in, ice: config.ice_tcp }
}

/// Bounds of the two listeners.
struct Doors {
    main: Door,
    admin: Door,
}

impl Doors {
    /// The admin listener has places and descriptors of its own: it answers when the main one is full.
    fn new(config: &Config) -> Self {
        let wanted = config.sockets_max.saturating_add(PAGE_CONNECTIONS);
        let shards = config.sfu.shards;
        let connections_max =
            descriptors::connections_that_fit(wanted, ADMIN_CONNECTIONS_MAX, shards);
        let per_address_max = config.connections_per_address_max;
        Self {
            main: Door::new(DoorLimits { connections_max, per_address_max }),
            admin: Door::new(DoorLimits {
                connections_max: ADMIN_CONNECTIONS_MAX,
                per_address_max: 0,
            }),
        }
    }
}

/// Connections that load the page or ask something, besides signal sockets. A browser opens six at most.
const PAGE_CONNECTIONS: u32 = 1024;

/// Scrapers, health checks and an operator or two.
const ADMIN_CONNECTIONS_MAX: u32 = 64;

/// Refuses new participants while memory is short, for ever.
async fn watch_memory(control: Signaling, budget_bytes: u64) {
    let mut watch = memory::Watch::new(budget_bytes);
    let mut tick = tokio::time::interval(MEMORY_LOOK_INTERVAL);
    let mut was_full = false;
    loop {
        tick.tick().await;
        let Some(resident) = memory::resident_bytes() else { return };
        let is_full = watch.is_full(resident);
        if is_full != was_full {
            warn!(resident, budget_bytes, refusing = is_full, "memory budget");
            control.set_memory_short(is_full);
        }
        was_full = is_full;
    }
}

/// What one budget of slow readers can fill in this time stays below the tenth that is kept free.
const MEMORY_LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// By far the most common reason is a port that another program has.
const MEDIA_START_ADVICE: &str =
    "starting the media plane (--sfu-udp-port and --turn-udp-port choose other ports)";

/// The media plane and the control plane, joined.
struct Planes {
    media: sfu::Handle,
    control: Signaling,
    webhooks: Webhooks,
    /// How the scheduling API hears of its rooms.
    ear: scheduling::Ear,
}

impl Planes {
    fn start(config: &Config, http: SocketAddr) -> anyhow::Result<Self> {
        let events = EventRouter::default();
        let mut sfu = config.sfu.clone();
        if config.ice_tcp {
            sfu.ice_tcp = turn::urls::reached(&sfu.advertise, http);
        }
        let media = sfu::Handle::start(&sfu, &events.sink()).context(MEDIA_START_ADVICE)?;
        let signaling_config = signaling::Config {
            joins_open_rooms: config.auto_create_rooms,
            sockets_max: config.sockets_max.into(),
            origins: config.origins.clone(),
            simulates: config.mode != Mode::Production,
            ice_servers: Some(ice_servers(config, &media, http)),
            recording_version: config.recording_version.clone(),
            ..signaling::Config::default()
        };
        let ear = scheduling::Ear::default();
        let webhooks = start_webhooks(config, &media, &events, &ear)?;
        let link = Arc::new(media.clone());
        let keys = config.api_keys.clone();
        let control = Signaling::new(signaling_config, link, keys, SystemClock, events);
        Ok(Self { media, control, webhooks, ear })
    }
}

/// What clients are told about the ways to the media plane.
fn ice_servers(config: &Config, media: &sfu::Handle, http: SocketAddr) -> IceServers {
    let config::turn::Turn { secret, is_built_in, is_forced, host, urls, nodes: _ } = &config.turn;
    let ports = media.udp_ports();
    let doors = turn::urls::Doors {
        advertise: if *is_built_in { &config.sfu.advertise } else { &[] },
        udp_ports: &ports,
        turn_udp_ports: &media.turn_udp_ports(),
        http,
        is_tls: config.tls != Tls::None,
        host: host.as_deref(),
        is_forced: *is_forced,
        others: urls,
    };
    let urls_by_shard = turn::urls::by_shard(&doors);
    // Servers besides do not know who is in a call.
    let is_held = urls.is_empty();
    IceServers { secret: secret.clone(), urls_by_shard, force_relay: *is_forced, is_held }
}

/// The scheduling API is told of its own rooms; of the others only receivers outside are, if there are any.
fn start_webhooks(
    config: &Config,
    media: &sfu::Handle,
    events: &EventRouter,
    ear: &scheduling::Ear,
) -> anyhow::Result<Webhooks> {
    let config::Webhooks { urls, api_key, ca_file } = config.webhooks.clone();
    let mut settings = if urls.is_empty() {
        webhooks::Config::without_urls(api_key)
    } else {
        let tls = tls::client_config(ca_file.as_deref()).context("preparing webhooks")?;
        webhooks::Config::new(urls, api_key, Arc::new(tls))
    };
    settings.local = Some(ear.receiver());
    let webhooks = Webhooks::start(&settings, &config.api_keys, SystemClock, events);
    media.observe().context("watching rooms for webhooks")?;
    Ok(webhooks)
}

/// Waits for calls to end, then stops what takes new work, and gives open sockets the time to flush their LeaveRequests.
async fn stop_in_order(planes: &Planes, main: Server, patience: Duration, deadline: Duration) {
    planes.control.start_draining();
    if !patience.is_zero() {
        info!(timeout_s = patience.as_secs(), "waiting for calls to end");
        if tokio::time::timeout(patience, calls_end(planes)).await.is_err() {
            warn!("calls are still running at the end of the drain timeout");
        }
    }
    info!("stopping");
    let stopping = async {
        planes.control.stop_accepting();
        let media = planes.media.clone();
        if !matches!(tokio::task::spawn_blocking(move || media.stop()).await, Ok(true)) {
            // Who is on a shard that hangs is never told to leave, so their sockets would be waited for in vain.
            warn!("a media shard did not stop: its participants are cut off");
            let _ = tokio::time::timeout(STUCK_GRACE, planes.control.drained()).await;
            return;
        }
        planes.control.drained().await;
        main.stop().await;
        // The last events are those that end the rooms.
        planes.webhooks.drained().await;
    };
    match tokio::time::timeout(deadline, stopping).await {
        Ok(()) => info!("stopped"),
        Err(_) => warn!("stopped at the deadline"),
    }
}

/// Returns when nobody is in a call, with or without a socket.
async fn calls_end(planes: &Planes) {
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tick.tick().await;
        let present: u64 = planes.media.counters().iter().map(|shard| shard.participants).sum();
        if present == 0 && planes.control.counters().sockets_open == 0 {
            return;
        }
    }
}

/// The certificate that is served, if any; certificate files are watched from now on.
fn certificate(config: &Config) -> anyhow::Result<Option<Certificate>> {
    match &config.tls {
        Tls::None => Ok(None),
        Tls::SelfSigned => {
            let mut names = config.sfu.advertise.clone();
            names.push(config.http.ip());
            Ok(Some(Certificate::new(tls::self_signed(&names)?)))
        }
        Tls::Files { cert, key } => Ok(Some(watched(cert, key)?)),
    }
}

/// A certificate in files, which are watched from now on.
fn watched(cert: &Path, key: &Path) -> anyhow::Result<Certificate> {
    let mut files = CertificateFiles::new(cert.to_owned(), key.to_owned());
    let running = Certificate::new(files.read()?);
    tokio::spawn(files.watch(running.clone(), tls::hangups()?));
    Ok(running)
}

fn warn_of_exposure(config: &Config, http: SocketAddr, admin: SocketAddr) {
    if config.mode == Mode::Production && config.tls == Tls::None && !http.ip().is_loopback() {
        warn!(
            "plain HTTP is served to other machines: browsers refuse camera and microphone, and join \
             tokens can be read on the way. Set tls_cert_file and tls_key_file, or put a proxy in front"
        );
    }
    if !admin.ip().is_loopback() {
        warn!(
            %admin,
            "the admin address can be reached by other machines: metrics tell how busy a clinic is. Use a loopback \
             address, or let the firewall admit the collector only"
        );
    }
}

/// Secrets belong to this process' user alone.
fn warn_of_readable(file: Option<&Path>) {
    const OTHERS: u32 = 0o007;
    let Some(path) = file else { return };
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS != 0) {
        warn!(file = %path.display(), "every user of this machine can read this secret: chmod 600");
    }
}

fn greet(text: &str) {
    let mut out = std::io::stdout().lock();
    // A supervisor may have closed standard output.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// How the process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// SIGTERM: by a supervisor.
    Terminate,
    /// SIGINT: by somebody at the keyboard.
    Interrupt,
}

/// SIGTERM or SIGINT.
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignal {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("listening for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listening for SIGINT")?,
        })
    }

    async fn wait(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.interrupt.recv() => Asked::Interrupt,
        }
    }
}
