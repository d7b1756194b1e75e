//! Reads where a request comes from: the network, the device's secret, what the browser calls itself.
//!
//! `X-Forwarded-For` is believed only from proxies that the operator named (ASVS 4.1.3): the last address in it that is
//! no such proxy.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use crate::{
    api::Api,
    gate::{Origin, network},
    usecase::account::SecretToken,
};

/// The cookie that holds a device's secret.
pub(super) const DEVICE_COOKIE: &str = "__Host-bedside_device";

/// The header that holds it for programs without cookies.
const DEVICE_HEADER: &str = "bedside-device";

const USER_AGENT_CHARS: usize = 120;

impl FromRequestParts<Api> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        let headers = &parts.headers;
        let device = cookie(headers, DEVICE_COOKIE).or_else(|| text(headers, DEVICE_HEADER));
        let user_agent = text(headers, header::USER_AGENT.as_str()).unwrap_or_default();
        Ok(Self {
            network: network(address(peer, headers, api.gate.proxies())),
            device: device.and_then(SecretToken::presented).map(|device| device.hash()),
            user_agent: user_agent
                .chars()
                .filter(|c| !c.is_control())
                .take(USER_AGENT_CHARS)
                .collect(),
        })
    }
}

fn address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_proxy = |address: IpAddr| {
        proxies.iter().any(|proxy| proxy.to_canonical() == address.to_canonical())
    };
    if !is_proxy(peer) {
        return peer;
    }
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let stranger = |text: &&&str| !text.parse().is_ok_and(is_proxy);
    // What is no address ends the search: whatever is before it is not a proxy's word.
    addresses.iter().rev().find(stranger).and_then(|text| text.parse().ok()).unwrap_or(peer)
}

/// A cookie's value.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        address(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_from_a_named_proxy_only() {
        assert_eq!(seen("192.0.2.1", &["10.9.9.9"], &[]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["192.0.2.1"], &["10.0.0.1"]), "192.0.2.1");
        assert_eq!(
            seen("10.0.0.1", &["6.6.6.6, 192.0.2.1"], &["10.0.0.1"]),
            "192.0.2.1",
            "the rest is the client's own word"
        );
        assert_eq!(
            seen("10.0.0.1", &["192.0.2.1", "10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            "192.0.2.1"
        );
        assert_eq!(seen("10.0.0.1", &["nonsense"], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "x__Host-a=1; __Host-a=2; b=3".parse().unwrap());
        assert_eq!(cookie(&headers, "__Host-a"), Some("2"));
        assert_eq!(cookie(&headers, "c"), None);
    }
}
