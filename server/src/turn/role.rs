//! `bedside turn`: a TURN server on a machine of its own.

use std::{net::UdpSocket, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use tracing::{info, warn};
use turn::peer_policy::{PeerPolicy, PeerRules};

use super::{alone::Alone, line::Service};
use crate::{
    config::turn::TurnAlone,
    http,
    listener::{self, Certificate, Door, DoorLimits, Server, Timeouts},
    metrics,
};

/// Allocations of one user at once: what two connections over three transports on a few interfaces take.
const ALLOCATIONS_PER_USER_MAX: u32 = 30;

/// What one allocation may carry in a second, both ways together.
const ALLOCATION_BYTES_PER_SECOND_MAX: u64 = 8 * 1024 * 1024;

/// Connections from one address at once, besides which datagrams cost none.
const CONNECTIONS_PER_ADDRESS_MAX: u32 = 1000;

/// How often metrics are renewed, and a drain looks whether it is done.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The running role.
pub(crate) struct Role {
    alone: Arc<Alone>,
    _listeners: Vec<Server>,
}

impl Role {
    /// Opens the sockets for clients and the admin pages.
    ///
    /// # Errors
    /// When an address is in use or not ours, or the certificate cannot be read.
    pub(crate) fn start(
        config: &TurnAlone,
        certificate: Option<Certificate>,
        readiness: &http::Health,
    ) -> anyhow::Result<Self> {
        let rendered = metrics::install()?;
        let admin_listener = listener::bind(config.admin, "admin")?;
        let datagrams = os::udp::open(config.listen).with_context(|| {
            format!("listening on {}: choose another address with --turn-listen", config.listen)
        })?;
        for address in &config.relay_addresses {
            UdpSocket::bind((*address, 0)).with_context(|| {
                format!("opening a relay on {address}: --advertise wants addresses of this machine")
            })?;
        }
        let mut random = [0; 64];
        aws_lc_rs::rand::fill(&mut random).context("asking the system for random numbers")?;
        let (seed, nonce_key) = split(random);
        let alone = Alone::start(server_config(config, nonce_key), seed, datagrams)
            .context("starting the TURN server")?;
        let door = Door::new(DoorLimits {
            connections_max: config.allocations_max,
            per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
        });
        let start = |address, setting, certificate| {
            let listener = listener::bind(address, setting)?;
            let service = Some(Service::Alone(Arc::clone(&alone)));
            let (door, timeouts) = (door.clone(), Timeouts::default());
            Server::start(listener, Router::new(), certificate, door, timeouts, service)
        };
        let mut listeners = vec![start(config.listen, "turn-listen", None)?];
        if certificate.is_some() {
            listeners.push(start(config.tls_listen, "turn-tls-listen", certificate)?);
        }
        let router = http::admin_router(rendered, readiness.clone());
        let places = Door::new(DoorLimits { connections_max: 64, per_address_max: 0 });
        let (timeouts, listener) = (Timeouts::default(), admin_listener);
        listeners.push(Server::start(listener, router, None, places, timeouts, None)?);
        tokio::spawn(copy_counters(Arc::clone(&alone)));
        Ok(Self { alone, _listeners: listeners })
    }

    /// Takes no new allocations, and waits for the others to end.
    pub(crate) async fn drain(&self, patience: Duration) {
        self.alone.drain();
        let ended = async {
            while self.alone.counters().allocations > 0 {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        if tokio::time::timeout(patience, ended).await.is_err() {
            let remaining = self.alone.counters().allocations;
            warn!(remaining, "stopped with allocations in use");
        } else {
            info!("stopped");
        }
    }
}

async fn copy_counters(alone: Arc<Alone>) {
    let mut tick = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tick.tick().await;
        metrics::turn::record(0, &alone.counters());
    }
}

fn server_config(config: &TurnAlone, nonce_key: [u8; 32]) -> turn::Config {
    let mut own = config.relay_addresses.clone();
    own.extend(Some(config.listen.ip()).filter(|ip| !ip.is_unspecified()));
    turn::Config {
        secret: config.secret.clone(),
        nonce_key,
        relay_addresses: config.relay_addresses.clone(),
        relay_ports: config.relay_ports.clone(),
        policy: PeerPolicy::Rules(PeerRules {
            own,
            deny: config.deny.clone(),
            allow: config.allow.clone(),
            allows_public: config.allow.is_empty(),
        }),
        allocations_max: usize::try_from(config.allocations_max).unwrap_or(usize::MAX),
        allocations_per_user_max: ALLOCATIONS_PER_USER_MAX,
        allocation_bytes_per_second_max: ALLOCATION_BYTES_PER_SECOND_MAX,
        answers_binding: true,
        takes_old_channel_numbers: true,
    }
}

fn split(random: [u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    first.iter_mut().chain(&mut second).zip(random).for_each(|(to, from)| *to = from);
    (first, second)
}
