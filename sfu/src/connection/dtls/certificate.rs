//! Our certificate, and fingerprints of anyone's (RFC 8122, RFC 8827 §6.5).
//!
//! Owns: making a self-signed certificate, hashing one, the SDP text form. Never: chains, names, validity: in WebRTC a
//! certificate is trusted because signalling said its fingerprint, for nothing else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;

use super::DtlsError;

/// Our side of all handshakes of one process: certificate, key and settings. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    inner: Arc<Inner>,
}

struct Inner {
    identity: dimpl::DtlsCertificate,
    config: Arc<dimpl::Config>,
    fingerprint: Fingerprint,
}

impl Certificate {
    /// Makes a fresh P-256 key and a self-signed certificate for it, valid for a year.
    ///
    /// # Errors
    ///
    /// [`DtlsError::Certificate`] when the system gives no randomness or no cryptography.
    pub fn generate() -> Result<Self, DtlsError> {
        let identity = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|_| DtlsError::Certificate)?;
        let config = dimpl::Config::builder()
            .mtu(HANDSHAKE_DATAGRAM_BYTES_MAX)
            .require_client_certificate(true)
            // The cookie proves a return path; the ICE check did so already, and this saves a round trip.
            .use_server_cookie(false)
            .flight_start_rto(FIRST_RETRANSMISSION)
            .flight_retries(RETRANSMISSIONS_MAX)
            .handshake_timeout(super::HANDSHAKE_MAX)
            .build()
            .map_err(|_| DtlsError::Certificate)?;
        let fingerprint = Fingerprint::of_der(&identity.certificate);
        let config = Arc::new(config);
        Ok(Self { inner: Arc::new(Inner { identity, config, fingerprint }) })
    }

    /// What our descriptions say about this certificate.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.inner.fingerprint
    }

    pub(super) fn identity(&self) -> dimpl::DtlsCertificate {
        self.inner.identity.clone()
    }

    pub(super) fn config(&self) -> Arc<dimpl::Config> {
        Arc::clone(&self.inner.config)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("fingerprint", &self.inner.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Largest datagram of a handshake: fits IPv6's least MTU of 1,280 with its headers and those of a relay.
const HANDSHAKE_DATAGRAM_BYTES_MAX: usize = 1200;

/// RFC 6347 §4.2.4.1 suggests 1 s; every WebRTC client starts well below, since media waits for it.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(250);

/// Doubling from 250 ms, seven reach the deadline of the handshake; the peer's own repetitions use up some.
const RETRANSMISSIONS_MAX: usize = 16;

/// The hash of a fingerprint (RFC 8122 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-1: known, so that it can be parsed, but it matches no certificate.
    Sha1,
    /// SHA-256: what all clients send.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn digest_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// `None` for what is too weak to trust.
    fn strong(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::Sha1 => None,
            Self::Sha256 => Some(&digest::SHA256),
            Self::Sha384 => Some(&digest::SHA384),
            Self::Sha512 => Some(&digest::SHA512),
        }
    }
}

/// The hash of a certificate, as `a=fingerprint` says it (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    algorithm: HashAlgorithm,
    digest: Vec<u8>,
}

impl Fingerprint {
    /// Parses the two words of `a=fingerprint`: the hash's name in any case, and pairs of hexadecimal digits with
    /// colons between. `None` for an unknown hash or digits that are not exactly that hash's.
    #[must_use]
    pub fn parse(algorithm: &str, value: &str) -> Option<Self> {
        let algorithm = HashAlgorithm::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(algorithm))?;
        let digest = value.split(':').map(hex_pair).collect::<Option<Vec<_>>>()?;
        (digest.len() == algorithm.digest_bytes()).then_some(Self { algorithm, digest })
    }

    /// The SHA-256 fingerprint of a certificate in DER form.
    #[must_use]
    pub fn of_der(der: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, der).as_ref().to_vec();
        Self { algorithm: HashAlgorithm::Sha256, digest }
    }

    /// The hash.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Whether a certificate in DER form has this fingerprint, by a hash that is strong enough.
    #[must_use]
    pub fn matches(&self, der: &[u8]) -> bool {
        self.algorithm
            .strong()
            .is_some_and(|strong| digest::digest(strong, der).as_ref() == self.digest)
    }
}

impl fmt::Display for Fingerprint {
    /// The value of `a=fingerprint`: `sha-256 AF:12:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.name())?;
        for (index, byte) in self.digest.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

fn hex_pair(pair: &str) -> Option<u8> {
    let is_hex = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hex { u8::from_str_radix(pair, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_survives_its_text_form_in_any_case() {
        let fingerprint = Fingerprint::of_der(b"certificate");
        let text = fingerprint.to_string();
        let (name, value) = text.split_once(' ').unwrap();
        assert_eq!(name, "sha-256");
        assert_eq!(Fingerprint::parse(name, value), Some(fingerprint.clone()));
        let lower = value.to_lowercase();
        assert_eq!(Fingerprint::parse("SHA-256", &lower), Some(fingerprint));
    }

    #[test]
    fn a_fingerprint_that_is_not_exactly_its_hash_is_refused() {
        let good = vec!["AB"; 32].join(":");
        assert!(Fingerprint::parse("sha-256", &good).is_some());
        let long = vec!["AB"; 33].join(":");
        let cases = [
            ("sha-256", ""),
            ("sha-256", "AB"),
            ("sha-256", long.as_str()),
            ("sha-256", &good[1..]),
            ("sha-256", &good.replace(':', "")),
            ("sha-256", &good.replacen("AB", "+B", 1)),
            ("sha-256", &good.replacen("AB", "é", 1)),
            ("sha-384", good.as_str()),
            ("md5", "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"),
        ];
        for (name, value) in cases {
            assert_eq!(Fingerprint::parse(name, value), None, "{name} {value}");
        }
    }

    #[test]
    fn strong_hashes_match_their_certificate_and_no_other() {
        let der = b"certificate";
        for (algorithm, hash) in [
            (HashAlgorithm::Sha256, &digest::SHA256),
            (HashAlgorithm::Sha384, &digest::SHA384),
            (HashAlgorithm::Sha512, &digest::SHA512),
        ] {
            let digest = digest::digest(hash, der).as_ref().to_vec();
            let fingerprint = Fingerprint { algorithm, digest };
            assert!(fingerprint.matches(der));
            assert!(!fingerprint.matches(b"another"));
        }
    }

    #[test]
    fn a_sha_1_fingerprint_parses_but_matches_nothing() {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"certificate");
        let pairs: Vec<_> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let fingerprint = Fingerprint::parse("sha-1", &pairs.join(":")).unwrap();
        assert!(!fingerprint.matches(b"certificate"));
    }

    #[test]
    fn each_certificate_is_its_own() {
        let (one, two) = (Certificate::generate().unwrap(), Certificate::generate().unwrap());
        assert_ne!(one.fingerprint(), two.fingerprint());
        assert!(one.fingerprint().matches(&one.identity().certificate));
    }
}
