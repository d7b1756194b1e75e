//! Certificates for HTTPS: from files that are read again when they change, or made at start for `--dev-expose`.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::listener::Certificate;

/// How often the files are looked at. Certificates are renewed days before they end: a minute is soon enough, and a
/// rotation by hand need not wait long.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Whom a client of ours trusts: the certificate authorities of the operating system, and those of a PEM file.
///
/// # Errors
/// When the file cannot be read or holds none, or there is nobody to trust.
pub(crate) fn client_config(ca_file: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let of_system = rustls_native_certs::load_native_certs();
    for error in &of_system.errors {
        warn!(%error, "some certificate authorities of the operating system cannot be read");
    }
    roots.add_parsable_certificates(of_system.certs);
    if let Some(path) = ca_file {
        let doing = || format!("reading certificate authorities from {}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).with_context(doing)?;
        let before = roots.len();
        for certificate in certificates {
            roots.add(certificate.with_context(doing)?).with_context(doing)?;
        }
        anyhow::ensure!(roots.len() > before, "{} holds no certificate", path.display());
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// A certificate chain and its key in two PEM files.
#[derive(Debug)]
pub(crate) struct CertificateFiles {
    cert: PathBuf,
    key: PathBuf,
    /// Of both files, when they were last read.
    stamp: Option<[Stamp; 2]>,
}

/// Tells whether a file was changed.
type Stamp = (SystemTime, u64);

impl CertificateFiles {
    /// Names the files; reads nothing yet.
    pub(crate) fn new(cert: PathBuf, key: PathBuf) -> Self {
        Self { cert, key, stamp: None }
    }

    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read, or they do not hold a certificate and its key.
    pub(crate) fn read(&mut self) -> anyhow::Result<Arc<ServerConfig>> {
        let stamp = self.look();
        let cert = std::fs::read(&self.cert)
            .with_context(|| format!("reading the certificate {}", self.cert.display()))?;
        let key = std::fs::read(&self.key)
            .with_context(|| format!("reading the private key {}", self.key.display()))?;
        // A broken pair is not tried again until it changes.
        self.stamp = stamp;
        server_config(&cert, &key)
            .with_context(|| format!("using {} with {}", self.cert.display(), self.key.display()))
    }

    /// Whether a file was changed since it was read.
    fn changed(&self) -> bool {
        let stamp = self.look();
        stamp.is_some() && stamp != self.stamp
    }

    fn look(&self) -> Option<[Stamp; 2]> {
        let stamp = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Some([stamp(&self.cert)?, stamp(&self.key)?])
    }

    /// Reads the files again and uses them for new connections. A failure is reported and changes nothing.
    pub(crate) fn reload(&mut self, running: &Certificate) {
        match self.read() {
            Ok(config) => {
                running.replace(config);
                info!(cert = %self.cert.display(), "certificate reloaded");
            }
            Err(error) => warn!(error = %format!("{error:#}"), "certificate not reloaded"),
        }
    }

    /// Reloads on SIGHUP and when the files change, for ever.
    pub(crate) async fn watch(mut self, running: Certificate, mut hangup: Signal) {
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        loop {
            tokio::select! {
                _ = hangup.recv() => self.reload(&running),
                _ = look.tick() => if self.changed() { self.reload(&running) },
            }
        }
    }
}

/// SIGHUP, which asks to read the certificate again.
///
/// # Errors
/// When it cannot be listened to.
pub(crate) fn hangups() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("listening for SIGHUP")
}

/// A certificate for `localhost` and these addresses that nobody vouches for.
///
/// # Errors
/// When the cryptography library refuses.
pub(crate) fn self_signed(addresses: &[IpAddr]) -> anyhow::Result<Arc<ServerConfig>> {
    let names = ["localhost".to_owned()].into_iter();
    let names = names.chain(addresses.iter().map(ToString::to_string)).collect::<Vec<_>>();
    let made = rcgen::generate_simple_self_signed(names).context("making a certificate")?;
    let key = made.signing_key.serialize_pem();
    server_config(made.cert.pem().as_bytes(), key.as_bytes())
}

/// In the first line of PKCS #8 (RFC 7468 §11), in the headers of older files.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn server_config(cert_pem: &[u8], key_pem: &[u8]) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(cert_pem)
        .collect::<Result<Vec<_>, _>>()
        .context("reading the certificate's PEM")?;
    anyhow::ensure!(!chain.is_empty(), "there is no certificate in the file");
    anyhow::ensure!(
        !key_pem.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED),
        "the private key is encrypted, and Bedside asks for no passphrase: write it in the clear with `openssl pkey -in \
         KEY -out PLAIN`, readable by its user alone"
    );
    let key = PrivateKeyDer::from_pem_slice(key_pem).context("reading the private key's PEM")?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("joining the certificate with its key")?;
    // See `listener`.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), crate::listener::ALPN_TURN.to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        net::{SocketAddr, TcpStream},
        path::Path,
    };

    use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream, pki_types::ServerName};

    use super::*;
    use crate::listener::{self, Door, DoorLimits, Server, Timeouts};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_changed_certificate_serves_new_connections_and_a_broken_one_does_not() {
        let folder = Folder::new("tls-reload");
        let first = folder.write_certificate();
        let mut files = CertificateFiles::new(folder.cert(), folder.key());
        let running = Certificate::new(files.read().unwrap());
        let (_server, address) = serve(running.clone());
        assert!(trusted(address, first.clone()).await);
        assert!(!files.changed());

        let second = folder.write_certificate();
        assert!(files.changed());
        files.reload(&running);
        assert!(trusted(address, second.clone()).await);
        assert!(!trusted(address, first).await);

        std::fs::write(folder.key(), "not a key, and of another length").unwrap();
        assert!(files.changed());
        files.reload(&running);
        assert!(trusted(address, second).await);
        assert!(!files.changed(), "a broken pair is reported once");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert!(server_config(one.cert.pem().as_bytes(), other.as_bytes()).is_err());
        assert!(server_config(b"", other.as_bytes()).is_err());
    }

    #[test]
    fn an_encrypted_key_is_refused_with_advice() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let error = server_config(one.cert.pem().as_bytes(), key.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("openssl pkey"), "{error}");
    }

    #[test]
    fn a_certificate_can_be_made_for_addresses_of_both_families() {
        assert!(self_signed(&["192.168.1.5".parse().unwrap(), "fe80::1".parse().unwrap()]).is_ok());
    }

    fn serve(running: Certificate) -> (Server, SocketAddr) {
        let listener = listener::bind("127.0.0.1:0".parse().unwrap(), "http").unwrap();
        let address = listener.local_addr().unwrap();
        let door = Door::new(DoorLimits { connections_max: 100, per_address_max: 0 });
        let server = Server::start(
            listener,
            axum::Router::new(),
            Some(running),
            door,
            Timeouts::default(),
            None,
        );
        (server.unwrap(), address)
    }

    /// Whether a client that trusts only `cert` completes a handshake.
    async fn trusted(address: SocketAddr, cert: CertificateDer<'static>) -> bool {
        tokio::task::spawn_blocking(move || {
            let mut roots = RootCertStore::empty();
            roots.add(cert).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let name = ServerName::try_from("localhost").unwrap();
            let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut socket = TcpStream::connect(address).unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            use std::io::Write as _;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").is_ok()
                && stream.read(&mut [0; 16]).is_ok_and(|length| length > 0)
        })
        .await
        .unwrap()
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("bedside-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn cert(&self) -> PathBuf {
            self.0.join("cert.pem")
        }

        fn key(&self) -> PathBuf {
            self.0.join("key.pem")
        }

        fn write_certificate(&self) -> CertificateDer<'static> {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            write(&self.cert(), &made.cert.pem());
            write(&self.key(), &made.signing_key.serialize_pem());
            made.cert.der().clone()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }
}
