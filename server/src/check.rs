//! `bedside config check`: does what a start would do, as far as it leaves no trace, and says of each step how it went.
//!
//! Ports are opened and closed again. Where they are taken by a Bedside that runs with the same settings, that is said and
//! is no failure: settings are most often checked before a restart.

use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::Path,
};

use anyhow::Context as _;
use scheduling_api::{Location, ports::payments::Gateways};

use crate::{
    cli::CheckArguments,
    config::{self, Config, Loaded, Scheduling, Tls},
    healthcheck,
    machine::Machine,
    scheduling,
    tls::{self, CertificateFiles},
};

/// What was found, as lines for a person; an error if something would keep Bedside from starting.
///
/// # Errors
/// When the settings do not work together.
pub(crate) fn run(arguments: CheckArguments) -> anyhow::Result<Report> {
    let CheckArguments { settings, offline } = arguments;
    let Loaded { raw, config } =
        config::load(settings.given, settings.file.config.as_deref(), &Machine::detect())?;
    let mut report = Report::default();
    for unknown in config::unknown_variables() {
        report.note(&unknown);
    }
    if !offline {
        ports(&config, &mut report);
        files(&config, &mut report);
        data(&config.scheduling, &mut report);
    }
    payments(&config.scheduling, &mut report);
    let verdict = if report.failures > 0 {
        format!("# {} of these would keep Bedside from starting", report.failures)
    } else if offline {
        "# These settings work together; nothing was tried.".to_owned()
    } else {
        "# These settings work together, and work here.".to_owned()
    };
    let _ = write!(report.text, "{verdict}\n{}", raw.to_toml());
    Ok(report)
}

/// Lines for a person, each a TOML comment, so that the whole is a configuration file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The lines.
    pub(crate) text: String,
    /// Steps that failed.
    pub(crate) failures: usize,
}

impl Report {
    fn step<T>(&mut self, what: &str, outcome: anyhow::Result<T>) {
        match outcome {
            Ok(_) => self.line("ok    ", what),
            Err(error) => {
                self.failures += 1;
                self.line("FAILED", &format!("{what}: {error:#}"));
            }
        }
    }

    fn note(&mut self, what: &str) {
        self.line("note  ", what);
    }

    fn line(&mut self, state: &str, what: &str) {
        let _ = writeln!(self.text, "# {state}  {}", what.replace('\n', " "));
    }
}

fn ports(config: &Config, report: &mut Report) {
    if healthcheck::answers(config.admin) {
        report.note("a Bedside answers at the admin address: its ports were not tried");
        return;
    }
    for (setting, address) in [("http", config.http), ("admin", config.admin)] {
        let opened = TcpListener::bind(address)
            .with_context(|| format!("choose another address with --{setting}"));
        report.step(&format!("TCP {address} ({setting})"), opened);
    }
    let turn = config.sfu.turn.as_ref().and_then(|turn| turn.udp_port);
    let media = Some((config.sfu.udp_port, "media", "sfu-udp-port"));
    let wanted = media.into_iter().chain(turn.map(|first| (first, "TURN", "turn-udp-port")));
    for ((first, what, setting), shard) in
        wanted.flat_map(|wanted| (0..config.sfu.shards).map(move |shard| (wanted, shard)))
    {
        let port = if first == 0 { 0 } else { first + shard };
        let address = SocketAddr::from((config.sfu.bind, port));
        let opened = UdpSocket::bind(address).with_context(|| {
            format!("choose other ports with --{setting}, or another address with --sfu-udp-bind")
        });
        report.step(&format!("UDP {address} ({what}, shard {shard})"), opened);
    }
}

fn files(config: &Config, report: &mut Report) {
    if let Tls::Files { cert, key } = &config.tls {
        let read = CertificateFiles::new(cert.clone(), key.clone()).read();
        report.step(&format!("certificate {}", cert.display()), read);
    }
    if let Some(path) = &config.webhooks.ca_file {
        let read = tls::client_config(Some(path));
        report.step(&format!("certificate authorities {}", path.display()), read);
    }
}

fn data(config: &Scheduling, report: &mut Report) {
    let keys = &config.data_keys_file;
    if keys.exists() {
        report.step(&format!("data keys {}", keys.display()), scheduling::try_keys(config));
    } else {
        report.step(
            &format!("data keys {} (made at the first start)", keys.display()),
            room_for(keys),
        );
    }
    if let config::documents::Place::Folder(path) = &config.documents.place {
        report.step(&format!("documents {}", path.display()), room_for(&path.join("documents")));
    }
    for (what, outcome) in config.documents.reach() {
        report.step(what, outcome);
    }
    if config.documents.clamd.is_none() {
        report.note("clamd is not set: documents are read without a look for malware, and say so");
    }
    match &config.store.location {
        Location::Sqlite(path) if path.exists() => {
            let opened = std::fs::OpenOptions::new().read(true).write(true).open(path);
            report.step(&format!("database {}", path.display()), opened.context("opening it"));
        }
        Location::Sqlite(path) => {
            report.step(
                &format!("database {} (made at the first start)", path.display()),
                room_for(path),
            );
        }
        Location::Postgres(_) => {
            report.step("database PostgreSQL", scheduling::reach(&config.store));
        }
    }
}

/// Which ways of paying are on. Nothing is asked of a provider: it would show in its books.
fn payments(config: &Scheduling, report: &mut Report) {
    let on = config.gateways.methods();
    for (method, setting) in Gateways::METHODS.into_iter().zip([
        "stripe_secret_key",
        "paypal_client_id",
        "mpesa_shortcode",
    ]) {
        if on.contains(&method) {
            report.note(&format!("payments by {method}: on"));
        } else {
            report.note(&format!("payments by {method}: off ({setting} is not set)"));
        }
    }
}

/// Whether a file could be made at `path`: in the nearest folder that exists.
fn room_for(path: &Path) -> anyhow::Result<()> {
    let folders = path
        .ancestors()
        .skip(1)
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let folder =
        folders.into_iter().find(|folder| folder.exists()).context("there is no such folder")?;
    let probe = folder.join(format!(".bedside-check-{}", std::process::id()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    made.and_then(|_| std::fs::remove_file(&probe)).with_context(|| {
        format!("the folder {} cannot be written: choose another data_dir", folder.display())
    })
}
