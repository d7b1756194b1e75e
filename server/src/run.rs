//! `bedside all`: starts everything, waits for a signal, stops everything in order.
//!
//! ```text
//! start: listen ─► signalling + media plane ─► serve ─► greet ─► ready
//! stop:  not ready ─► accept no more ─► media plane drains (LeaveRequests) ─► sockets flush ─► end, or the deadline
//! ```

use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use signaling::{EventRouter, Signaling, clock::SystemClock};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tracing::{info, warn};

use crate::{
    cli::Settings,
    clock,
    config::{self, Config, Loaded, Mode, Tls},
    greeting,
    http::{self, Readiness},
    logging,
    machine::Machine,
    metrics,
    tls::{self, CertificateFiles},
};

/// Runs until a signal or a failure.
///
/// # Errors
/// When the settings do not work together, or something cannot be started.
pub(crate) fn all(settings: Settings) -> anyhow::Result<()> {
    let Loaded { raw, config } =
        config::load(settings.given, settings.file.config.as_deref(), &Machine::detect())?;
    logging::start(config.log_format, &config.log_filter)?;
    logging::report_panics_by_location();
    info!(settings = raw.to_toml().trim_end().replace('\n', ", "), "configuration");
    for name in config::unknown_variables() {
        warn!(name, "unknown environment variable");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    let result = runtime.block_on(serve(&config));
    // Whatever did not end by the deadline is cut.
    runtime.shutdown_background();
    result
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let started = clock::since_unix_epoch();
    let main_listener = listen(config.http, "http")?;
    let admin_listener = listen(config.admin, "admin")?;
    let (http, admin) = (main_listener.local_addr()?, admin_listener.local_addr()?);
    let rendered = metrics::install()?;
    let planes = Planes::start(config)?;
    let readiness = Readiness::default();
    let main = Server::start(
        main_listener,
        http::main_router(signaling::router(planes.control.clone()), readiness.clone()),
        certificate(config)?,
    )?;
    let admin_router = http::admin_router(rendered, readiness.clone());
    let admin_server = Server::start(admin_listener, admin_router, None)?;
    let (media, control) = (planes.media.clone(), planes.control.clone());
    let sources = metrics::Sources { media, control, started };
    // The first scrape finds every metric.
    sources.copy();
    tokio::spawn(sources.copy_every_second());

    let mut stop = StopSignal::new()?;
    let greeting = greeting::text(config, http, admin, &planes.media.udp_ports())?;
    // Whoever has read the greeting may ask at once.
    readiness.set_ready();
    greet(&greeting);
    warn_of_plain_http(config, http);
    info!(%http, %admin, shards = config.sfu.shards, "ready");

    stop.wait().await;
    info!("stopping");
    readiness.set_stopping();
    tokio::select! {
        () = drain(&planes, main, config.shutdown_deadline) => info!("stopped"),
        () = tokio::time::sleep(config.shutdown_deadline) => warn!("stopped at the deadline"),
        () = stop.wait() => warn!("stopped at once by a second signal"),
    }
    admin_server.handle.shutdown();
    Ok(())
}

/// The media plane and the control plane, joined.
struct Planes {
    media: sfu::Handle,
    control: Signaling,
}

impl Planes {
    fn start(config: &Config) -> anyhow::Result<Self> {
        let events = EventRouter::default();
        let media =
            sfu::Handle::start(&config.sfu, &events.sink()).context("starting the media plane")?;
        let signaling_config = signaling::Config {
            joins_open_rooms: config.auto_create_rooms,
            sockets_max: config.sockets_max.into(),
            ..signaling::Config::default()
        };
        let link = Arc::new(media.clone());
        let keys = config.api_keys.clone();
        let control = Signaling::new(signaling_config, link, keys, SystemClock, events);
        Ok(Self { media, control })
    }
}

/// Stops what takes new work first, and gives open sockets the time to flush their LeaveRequests.
async fn drain(planes: &Planes, main: Server, deadline: Duration) {
    planes.control.stop_accepting();
    main.handle.graceful_shutdown(Some(deadline));
    let media = planes.media.clone();
    if tokio::task::spawn_blocking(move || media.stop()).await.is_err() {
        warn!("the media plane did not stop cleanly");
    }
    planes.control.drained().await;
    let _ = main.task.await;
}

/// One HTTP service that runs.
struct Server {
    handle: axum_server::Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start(
        listener: TcpListener,
        router: Router,
        certificate: Option<RustlsConfig>,
    ) -> anyhow::Result<Self> {
        let handle = axum_server::Handle::new();
        let service = router.into_make_service();
        let task = match certificate {
            Some(certificate) => {
                let server = axum_server::from_tcp_rustls(listener, certificate)?;
                tokio::spawn(server.handle(handle.clone()).serve(service))
            }
            None => {
                let server = axum_server::from_tcp(listener)?;
                tokio::spawn(server.handle(handle.clone()).serve(service))
            }
        };
        Ok(Self { handle, task })
    }
}

fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("listening on {address}: choose another address with --{setting}")
    })?;
    listener.set_nonblocking(true).context("preparing a listening socket")?;
    Ok(listener)
}

/// The certificate that is served, if any; certificate files are watched from now on.
fn certificate(config: &Config) -> anyhow::Result<Option<RustlsConfig>> {
    match &config.tls {
        Tls::None => Ok(None),
        Tls::SelfSigned => {
            let mut names = config.sfu.advertise.clone();
            names.push(config.http.ip());
            Ok(Some(RustlsConfig::from_config(tls::self_signed(&names)?)))
        }
        Tls::Files { cert, key } => {
            let mut files = CertificateFiles::new(cert.clone(), key.clone());
            let running = RustlsConfig::from_config(files.read()?);
            tokio::spawn(files.watch(running.clone(), tls::hangups()?));
            Ok(Some(running))
        }
    }
}

fn warn_of_plain_http(config: &Config, http: SocketAddr) {
    if config.mode == Mode::Production && config.tls == Tls::None && !http.ip().is_loopback() {
        warn!(
            "plain HTTP is served to other machines: browsers refuse camera and microphone, and join \
             tokens can be read on the way. Set tls_cert_file and tls_key_file, or put a proxy in front"
        );
    }
}

fn greet(text: &str) {
    let mut out = std::io::stdout().lock();
    // A supervisor may have closed standard output.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
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

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}
