//! Where a page comes from, as browsers write it (RFC 6454 §6.2), so that it can be compared byte by byte.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Longest origin, in bytes: a host has 253 (RFC 1035 §2.3.4), and a scheme and a port stand around it.
const ORIGIN_BYTES_MAX: usize = 280;

/// Scheme, host, and a port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

/// The text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is scheme, host and port, as in https://clinic.example: no path, no slash, no capital letters"
)]
pub struct NoWebOrigin;

impl WebOrigin {
    /// As browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebOrigin {
    type Err = NoWebOrigin;

    /// Nothing but scheme, host and port: the text goes into headers between blanks, where a semicolon would begin
    /// another directive.
    fn from_str(text: &str) -> Result<Self, NoWebOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(NoWebOrigin)?;
        let own_port = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            "capacitor" | "ionic" => None,
            _ => return Err(NoWebOrigin),
        };
        // An IPv6 address has colons of its own, in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_port = |digits: &str| {
            digits
                .parse::<u16>()
                .is_ok_and(|port| Some(port) != own_port && port.to_string() == digits)
        };
        let fits = text.len() <= ORIGIN_BYTES_MAX && is_host(host) && port.is_none_or(is_port);
        if fits { Ok(Self(text.to_owned())) } else { Err(NoWebOrigin) }
    }
}

fn is_host(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    v6.map_or_else(
        || {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
            !host.is_empty() && host.chars().all(plain)
        },
        |address| address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends_and_nothing_that_a_header_would_read_otherwise() {
        for good in [
            "https://clinic.example",
            "https://clinic.example:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "capacitor://localhost",
        ] {
            assert_eq!(good.parse::<WebOrigin>().map(|origin| origin.to_string()), Ok(good.into()));
        }
        let long = format!("https://{}.example", "a".repeat(ORIGIN_BYTES_MAX));
        for bad in [
            "https://clinic.example;script-src *",
            "https://clinic.example; script-src",
            "https://a.example,https://b.example",
            "https://'self'",
            "https://*.clinic.example",
            "https://clinic.example/",
            "https://clinic.example:443",
            "http://clinic.example:80",
            "https://clinic.example:08443",
            "https://clinic.example:",
            "https://clinic.example:70000",
            "https://user@clinic.example",
            "https://Clinic.example",
            "https://klinik\u{e4}.example",
            "https://[::1",
            "https://[0:0::1]",
            "https://",
            "data:text/html",
            "null",
            "ftp://clinic.example",
            &long,
        ] {
            assert_eq!(bad.parse::<WebOrigin>(), Err(NoWebOrigin), "{bad}");
        }
    }
}
