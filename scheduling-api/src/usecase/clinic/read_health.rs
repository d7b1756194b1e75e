//! How the installation is: what waits, what fails, what is missing.

use jiff::{SignedDuration, Timestamp};

pub(crate) use crate::store::deliveries::Standing;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        notification::Channel,
    },
    ports::machine::MachineState,
    store::{Engine, Scope, deliveries, outbox},
    usecase::Failure,
};

/// Failures of the last day count.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// What is due for longer than this is late: a worker looks every second.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// Less of the disk free than this share of it is little.
const DISK_FREE_PERCENT_MIN: u64 = 10;

/// How the installation is.
pub(crate) struct Health {
    pub(crate) engine: Engine,
    /// How long the database took to answer.
    pub(crate) answered: SignedDuration,
    pub(crate) outbox: Backlog,
    pub(crate) channels: Vec<(Channel, Standing)>,
    pub(crate) failing_endpoints: u64,
    pub(crate) keys_are_open: bool,
    pub(crate) has_media_server: bool,
    pub(crate) machine: MachineState,
    pub(crate) at: Timestamp,
    /// What an administrator should look at, in words of this program.
    pub(crate) concerns: Vec<&'static str>,
}

/// Messages that wait to be handed out.
pub(crate) struct Backlog {
    pub(crate) due: u64,
    pub(crate) due_since: Option<Timestamp>,
    pub(crate) given_up: u64,
}

/// Reads it all. Without a database there is nothing to read: then it fails as everything does.
pub(crate) async fn read_health(api: &Api, caller: &Caller) -> Result<Health, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadHealth, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let (due, due_since, given_up) = outbox::backlog(&mut tx, now).await?;
    let answered = api.clock.now().duration_since(now);
    let lately = now - LATELY;
    let mut channels = Vec::new();
    for channel in Channel::ALL {
        channels.push((channel, deliveries::standing(&mut tx, channel, lately, now).await?));
    }
    let failing_endpoints = deliveries::failing_endpoints(&mut tx, lately).await?;
    let mut health = Health {
        engine: tx.engine(),
        answered,
        outbox: Backlog { due, due_since, given_up },
        channels,
        failing_endpoints,
        keys_are_open: api.keys.is_open(),
        has_media_server: api.media.keys.is_some(),
        machine: api.machine.state(),
        at: now,
        concerns: Vec::new(),
    };
    health.concerns = concerns(&health);
    Ok(health)
}

fn concerns(health: &Health) -> Vec<&'static str> {
    let is_late = |since: Option<Timestamp>| since.is_some_and(|since| since + LATE < health.at);
    let mut channels = health.channels.iter().map(|(_, standing)| standing);
    let (shards, silent) = (health.machine.shards, &health.machine.silent_shards);
    let disk = health.machine.disk;
    let is_full =
        disk.is_some_and(|disk| disk.free_bytes < disk.size_bytes / 100 * DISK_FREE_PERCENT_MIN);
    let all = [
        (is_late(health.outbox.due_since), "messages_are_late"),
        (health.outbox.given_up > 0, "messages_were_given_up"),
        (channels.clone().any(|standing| is_late(standing.due_since)), "deliveries_are_late"),
        (channels.any(|standing| standing.failed > 0), "deliveries_failed"),
        (health.failing_endpoints > 0, "webhooks_fail"),
        (!health.keys_are_open, "data_keys_are_closed"),
        (!health.has_media_server, "no_media_server"),
        (shards > 0 && !silent.is_empty(), "media_shards_are_silent"),
        (is_full, "disk_is_nearly_full"),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect()
}
