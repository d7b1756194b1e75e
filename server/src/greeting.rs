//! What a person at the terminal reads when Bedside starts: addresses, the development banner, the two links.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

use crate::{
    config::{Config, Mode, Tls},
    page, token,
};

/// The text for standard output, given where we really listen.
///
/// # Errors
/// When a development link cannot be signed.
pub(crate) fn text(
    config: &Config,
    http: SocketAddr,
    admin: SocketAddr,
    udp_ports: &[u16],
) -> anyhow::Result<String> {
    let base_url = base_url(config, http);
    let mut text = String::new();
    if config.mode != Mode::Production {
        text.push_str(banner(config.mode));
    }
    let _ = writeln!(text, "bedside {} is ready", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  page     {base_url}");
    let _ = writeln!(text, "  http     {http}");
    let _ = writeln!(text, "  admin    http://{admin}  (/metrics /healthz /readyz)");
    let _ = writeln!(text, "  media    {}", media(config, udp_ports));
    if !page::has_client() {
        text.push_str("  The web client is not in this binary: run `make web` and build again.\n");
    }
    if config.mode != Mode::Production {
        text.push_str("\nOpen one link in each of two browser windows:\n");
        for (role, link) in token::demo_links(&base_url, &config.api_keys, config.dev_token_ttl)? {
            let _ = writeln!(text, "  {role:<8} {link}");
        }
    }
    Ok(text)
}

/// Where people's browsers reach this server: as is said, or as it looks from here.
pub(crate) fn public_url(config: &Config, http: SocketAddr) -> String {
    config.scheduling.public_url.clone().unwrap_or_else(|| base_url(config, http))
}

fn banner(mode: Mode) -> &'static str {
    match mode {
        Mode::DevExposed => {
            "\n\
             ****************************************************************************\n\
             *  DEVELOPMENT MODE, EXPOSED TO THE NETWORK: the API secret is public.     *\n\
             *  Whoever reaches this machine can join any room. Not for patients.       *\n\
             ****************************************************************************\n\n"
        }
        Mode::Dev | Mode::Production => {
            "\n\
             ****************************************************************************\n\
             *  DEVELOPMENT MODE: the API secret is public. Not for patients.           *\n\
             *  Without --dev, Bedside asks for keys of your own.                       *\n\
             ****************************************************************************\n\n"
        }
    }
}

fn base_url(config: &Config, http: SocketAddr) -> String {
    let scheme = if config.tls == Tls::None { "http" } else { "https" };
    let ip = match http.ip() {
        ip if ip.is_unspecified() => config.sfu.advertise.first().copied().unwrap_or(ip),
        ip => ip,
    };
    // Browsers grant camera and microphone to the name localhost without TLS.
    if ip.is_loopback() && ip.is_ipv4() {
        return format!("{scheme}://localhost:{}", http.port());
    }
    format!("{scheme}://{}", SocketAddr::new(ip, http.port()))
}

fn media(config: &Config, udp_ports: &[u16]) -> String {
    let addresses = config.sfu.advertise.iter().map(IpAddr::to_string).collect::<Vec<_>>();
    let ports = match (udp_ports.first(), udp_ports.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.to_string(),
        _ => "none".to_owned(),
    };
    format!("{}, UDP {ports}", addresses.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{RawConfig, parse::parse},
        machine::Machine,
    };

    #[test]
    fn dev_mode_says_so_and_links_to_localhost() {
        let text = greeted("127.0.0.1:7880", |_| ());
        assert!(text.contains("DEVELOPMENT MODE"));
        assert_eq!(text.matches("http://localhost:7880/#token=").count(), 2);
        assert!(!text.contains("?"));
    }

    #[test]
    fn an_exposed_dev_mode_links_to_the_lan() {
        let text = greeted("0.0.0.0:7880", |raw| raw.dev_expose = Some(true));
        assert!(text.contains("EXPOSED"));
        assert_eq!(text.matches("https://192.168.1.5:7880/#token=").count(), 2);
    }

    #[test]
    fn production_prints_no_token() {
        let text = greeted("0.0.0.0:7880", |raw| {
            raw.dev = Some(false);
            raw.api_keys = Some("key: 0123456789abcdef0123456789abcdef".into());
            raw.advertise = Some(vec!["2001:db8::1".parse().unwrap()]);
        });
        assert!(text.contains("http://[2001:db8::1]:7880"));
        assert!(!text.contains("token") && !text.contains("DEVELOPMENT"));
    }

    fn greeted(http: &str, change: impl Fn(&mut RawConfig)) -> String {
        let mut raw = RawConfig { dev: Some(true), ..RawConfig::defaults() };
        change(&mut raw);
        let lan_addresses = vec!["192.168.1.5".parse().unwrap()];
        let machine = Machine { cores: 1, lan_addresses, memory_bytes: 1 << 30 };
        let config = parse(&raw, &machine).unwrap();
        text(&config, http.parse().unwrap(), "127.0.0.1:7881".parse().unwrap(), &[7882, 7883])
            .unwrap()
    }
}
