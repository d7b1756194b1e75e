//! A clinic's own program, asked by POST. The address is a stranger's word, so it is asked only where the whole world
//! may ask: a name is resolved here, every address that is not public is left out, and the connection goes to one of
//! those that were looked at, not to what the name may mean a moment later. Redirects and proxies are not followed.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::ports::{
    carry::{Carry, CarryError, Carrying, Parcel, Repeats},
    http_client,
};

/// Longest wait for a program's answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks clinics' programs.
pub struct Hooks {
    http: reqwest::Client,
    private: bool,
}

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HookError {
    /// No URL, or one with a user or a fragment.
    #[error("must be an address such as https://clinic.example/hook")]
    Address,
    /// Plain http.
    #[error("must begin with https")]
    Plain,
    /// An address within a network.
    #[error("must be a public address")]
    Private,
}

impl Hooks {
    /// Asks public addresses over https; with `private` also plain http and addresses within a network, for clinics
    /// whose programs stand beside this one.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn new(private: bool) -> Result<Self, std::io::Error> {
        let http = http_client::builder(TIMEOUT)
            .no_proxy()
            .dns_resolver(Arc::new(Guarded { private }))
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { http, private })
    }

    /// A request to an address that was checked.
    pub(crate) fn post(&self, url: Url) -> reqwest::RequestBuilder {
        self.http.post(url)
    }

    /// Whether an address may be asked, as far as can be said without resolving it.
    pub(crate) fn check(&self, address: &str) -> Result<Url, HookError> {
        let url = Url::parse(address).map_err(|_| HookError::Address)?;
        let plain = url.scheme() == "http" && self.private;
        if url.scheme() != "https" && url.scheme() != "http" {
            return Err(HookError::Address);
        }
        if url.scheme() != "https" && !plain {
            return Err(HookError::Plain);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(HookError::Address);
        }
        // A literal address is not resolved, so it is looked at here.
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain("")) | None => return Err(HookError::Address),
            Some(Host::Domain(_)) => None,
        };
        match literal {
            Some(ip) if !self.private && !is_public(ip) => Err(HookError::Private),
            _ => Ok(url),
        }
    }
}

impl Carry for Hooks {
    fn repeats(&self) -> Repeats {
        Repeats::Recognised
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let url = self
                .check(parcel.to.expose())
                .map_err(|error| CarryError::refused(error.to_string()))?;
            let mut request = self
                .http
                .post(url)
                .header("content-type", "application/json")
                .header("user-agent", "bedside-webhooks")
                .body(parcel.text.expose().clone());
            for (name, value) in &parcel.headers {
                request = request.header(*name, value);
            }
            let answer = http_client::ask(request).await?;
            match answer.status.as_u16() {
                200..=299 => Ok(None),
                410 => Err(CarryError::refused("status 410")),
                status => {
                    let why = format!("status {status}");
                    Err(CarryError::Later { why, after: answer.retry_after })
                }
            }
        })
    }
}

struct Guarded {
    private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> =
                found.filter(|address| private || is_public(address.ip())).collect();
            if addresses.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one that the whole world may ask (IANA's special-purpose registries).
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let inner = |high: u16, low: u16| {
        let [[w, x], [y, z]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_public_v4(Ipv4Addr::new(w, x, y, z))
    };
    match (a, b) {
        // An IPv4 address in another coat: mapped, NAT64, 6to4.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => inner(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => inner(g, h),
        (0x2002, _) => inner(b, c),
        // Teredo, ORCHID, documentation, benchmarking.
        (0x2001, 0 | 2 | 0x10..=0x2f | 0xdb8) | (0x3fff, 0..=0x0fff) => false,
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_a_network_are_not_public_in_any_coat() {
        for ip in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn an_endpoint_is_https_and_public_unless_the_operator_allows_more() {
        let strict = Hooks::new(false).unwrap();
        assert!(strict.check("https://clinic.example/hook").is_ok());
        for (address, why) in [
            ("http://clinic.example/hook", HookError::Plain),
            ("https://127.0.0.1/hook", HookError::Private),
            ("https://[::ffff:10.0.0.1]/", HookError::Private),
            ("https://2130706433/", HookError::Private),
            ("https://0x7f.1/", HookError::Private),
            ("https://user:pass@clinic.example/", HookError::Address),
            ("https://clinic.example/#x", HookError::Address),
            ("ftp://clinic.example/", HookError::Address),
            ("clinic.example", HookError::Address),
        ] {
            assert_eq!(strict.check(address), Err(why), "{address}");
        }
        let near = Hooks::new(true).unwrap();
        assert!(near.check("http://127.0.0.1:9/hook").is_ok());
        assert!(near.check("file:///etc/passwd").is_err());
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_not_resolved() {
        let guarded = Guarded { private: false };
        assert!(guarded.resolve("localhost".parse().unwrap()).await.is_err());
        let near = Guarded { private: true };
        assert!(near.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
