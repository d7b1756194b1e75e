//! The TURN servers that are compared, each started for relays on the loopback network, with one secret for both.

use std::{
    fs,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use protocol::turn_credential::{TurnCredential, TurnSecret};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};

use super::Options;
use crate::{
    clock,
    compare::launch::{Folder, Server},
    server_process::ServerProcess,
};

/// Who relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bedside,
    Coturn,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bedside => "bedside turn",
            Self::Coturn => "coturn",
        }
    }
}

/// A running server.
pub(super) struct Relay {
    pub(super) process: ServerProcess,
    pub(super) udp: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) tls_config: Arc<ClientConfig>,
    _server: Server,
}

const SECRET: &str = "a-secret-of-the-comparison-only";

/// Where coturn and ours listen and relay: peers are on another address of the loopback network, which ours would refuse as
/// its own.
const LISTEN: &str = "127.0.0.3";
const RELAYS: &str = "127.0.0.2";

impl Relay {
    pub(super) fn start(
        kind: Kind,
        options: &Options,
        folder: &Folder,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let (cert, key, tls_config) = certificate(folder)?;
        let (udp, tls) = (free_port()?, free_port()?);
        let mut command = match kind {
            Kind::Bedside => bedside(options, udp, tls)?,
            Kind::Coturn => coturn(options, udp, tls),
        };
        let flags = match kind {
            Kind::Bedside => ["--tls-cert-file", "--tls-key-file"],
            Kind::Coturn => ["--cert", "--pkey"],
        };
        command.args([flags[0].as_ref(), cert.as_os_str(), flags[1].as_ref(), key.as_os_str()]);
        let mut server = Server::start(&mut command, folder, kind.name())?;
        server
            .wait(stop, |_| std::net::TcpStream::connect(tls).ok())
            .with_context(|| format!("starting {}", kind.name()))?;
        clock::sleep(Duration::from_millis(200));
        let process = ServerProcess::of(server.pid())?;
        Ok(Self { process, udp, tls, tls_config, _server: server })
    }

    pub(super) fn credential(&self, name: &str) -> TurnCredential {
        #[expect(clippy::disallowed_methods, reason = "credentials expire at a time of day")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        TurnSecret::new(SECRET.as_bytes()).mint("bench", name, 0, now.as_secs() + 3600)
    }
}

fn bedside(options: &Options, udp: SocketAddr, tls: SocketAddr) -> Result<Command> {
    let beside = std::env::current_exe().context("finding this program")?.with_file_name("bedside");
    let mut command = Command::new(options.server.clone().unwrap_or(beside));
    command.args(["turn", "--turn-secret", SECRET, "--advertise", RELAYS]);
    command.args(["--turn-peers-allow", "127.0.0.1", "--admin", "127.0.0.1:0"]);
    command.args(["--turn-listen", &udp.to_string(), "--turn-tls-listen", &tls.to_string()]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BEDSIDE_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// One relay thread, so that it is not paid for being spread; nothing else that its defaults do not do.
fn coturn(options: &Options, udp: SocketAddr, tls: SocketAddr) -> Command {
    let mut command = Command::new(&options.coturn);
    command.args(["-n", "--use-auth-secret", "--static-auth-secret", SECRET, "--realm", "turn"]);
    command.args(["--listening-ip", LISTEN, "--relay-ip", RELAYS, "--allow-loopback-peers"]);
    command.args(["--listening-port", &udp.port().to_string()]);
    command.args(["--tls-listening-port", &tls.port().to_string()]);
    command.args(["--relay-threads", "1", "--no-cli", "--no-dtls", "--log-file", "stdout"]);
    command
}

/// A certificate for `localhost`, and clients that trust it.
fn certificate(folder: &Folder) -> Result<(PathBuf, PathBuf, Arc<ClientConfig>)> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let (cert, key) = (folder.file("cert.pem"), folder.file("key.pem"));
    fs::write(&cert, made.cert.pem()).context("writing a certificate")?;
    fs::write(&key, made.signing_key.serialize_pem()).context("writing a key")?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((cert, key, Arc::new(config)))
}

/// A port that both UDP and TCP have free just now.
fn free_port() -> Result<SocketAddr> {
    loop {
        let tcp = TcpListener::bind((LISTEN, 0)).context("looking for a free port")?;
        let address = tcp.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
}
