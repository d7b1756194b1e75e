//! Addresses as an operator writes them, and what to write when they are not understood. Host names are not resolved: what
//! a name means may change after a start, and an address that is bound or advertised may not.

use std::net::{IpAddr, SocketAddr};

/// An IP address with a port.
///
/// # Errors
/// What to write instead.
pub(crate) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let example =
            "write an IP address and a port, such as 127.0.0.1:7880, 0.0.0.0:443 or [::]:443";
        match text.rsplit_once(':') {
            Some(("localhost", _)) => {
                format!("host names are not resolved: {example}")
            }
            Some((host, port)) if is_host_name(host) && port.parse::<u16>().is_ok() => {
                format!("host names are not resolved: {example}")
            }
            _ if text.parse::<IpAddr>().is_ok() => format!("the port is missing: {example}"),
            _ if text.contains("://") => format!("a URL is not an address: {example}"),
            _ => example.to_owned(),
        }
    })
}

/// An IP address alone.
///
/// # Errors
/// What to write instead.
pub(crate) fn ip_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        let example = "write an IP address, such as 203.0.113.7 or 2001:db8::7";
        if text.parse::<SocketAddr>().is_ok() {
            format!("there must be no port: {example}")
        } else if is_host_name(text) {
            format!("host names are not resolved: {example}")
        } else {
            example.to_owned()
        }
    })
}

/// Letters, digits, dots and hyphens, with at least one letter.
fn is_host_name(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_understood_says_what_to_write() {
        for (text, advice) in [
            ("localhost:7880", "host names are not resolved"),
            ("video.clinic.example:443", "host names are not resolved"),
            ("127.0.0.1", "the port is missing"),
            ("https://127.0.0.1:7880", "a URL is not an address"),
            ("127.0.0.1:99999", "write an IP address and a port"),
            ("", "write an IP address and a port"),
        ] {
            let error = socket_address(text).unwrap_err();
            assert!(error.contains(advice) && error.contains("[::]:443"), "{text}: {error}");
        }
        for (text, advice) in [
            ("video.clinic.example", "host names are not resolved"),
            ("203.0.113.7:7882", "there must be no port"),
            ("300.1.1.1", "write an IP address"),
        ] {
            let error = ip_address(text).unwrap_err();
            assert!(error.contains(advice) && error.contains("2001:db8::7"), "{text}: {error}");
        }
        assert!(socket_address("[::1]:7880").is_ok());
        assert!(ip_address("2001:db8::7").is_ok());
    }
}
