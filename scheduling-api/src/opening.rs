//! Puts an [`Api`] together as it runs outside of tests: the system's clock and randomness, the gate at its full cost.

use std::{net::IpAddr, sync::Arc};

use crate::{
    api::Api,
    clock::SystemClock,
    crypto::{KeyRing, password_hash::HashCost},
    gate::{Gate, hash_queue::HashQueueLimits},
    links::Links,
    outbound::Outbound,
    ports::{
        files::Files, identity_provider::IdentityProviders, machine::Machine, media::MediaServer,
        payments::Gateways, recordings::Recordings, scanner::Scan,
    },
    random::{NoRandomness, Random},
    store::{Store, StoreError, StoreSettings, seal_what_stood_open},
    usecase::identify::Tokens,
};

/// The API could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The operating system gave no thread, or no certificates.
    #[error("the system does not give what signing in needs")]
    System(#[from] std::io::Error),
}

/// Asks the database for one answer, to see whether it can be used; changes nothing in it.
///
/// # Errors
/// When it cannot be reached, or refuses.
pub async fn reach(settings: &StoreSettings) -> Result<(), StoreError> {
    Store::reach(settings).await
}

/// What the API reaches the world by, and is reached by.
pub struct Ways {
    /// Where calls are held.
    pub media: MediaServer,
    /// The ways to people and to clinics' programs.
    pub outbound: Outbound,
    /// Where documents lie.
    pub files: Files,
    /// What looks for malware in them, if there is something.
    pub scanner: Option<Arc<dyn Scan>>,
    /// What the media server has recorded, if its files can be reached from here. Without it no visit is recorded.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// The machine that this runs on.
    pub machine: Arc<dyn Machine>,
    /// Those who take money.
    pub gateways: Gateways,
    /// Who is believed about where a request comes from.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Opens the database, brings its schema up to date, and gets everything else ready.
///
/// # Errors
/// When the database cannot be reached or migrated, or the system refuses.
pub async fn open(
    settings: &StoreSettings,
    keys: KeyRing,
    links: Links,
    ways: Ways,
) -> Result<Api, OpenError> {
    let store = Store::open(settings).await?;
    let random = Arc::new(Random::from_system()?);
    seal_what_stood_open(&store, &keys, &random).await?;
    let links = Arc::new(links);
    let gate = Gate::open(HashQueueLimits::DEFAULT, HashCost::DEFAULT, &random)?;
    Ok(Api {
        identify: Arc::new(Tokens::of(store.clone(), Arc::clone(&links))),
        store,
        keys: Arc::new(keys),
        clock: Arc::new(SystemClock),
        random,
        calendars: Arc::default(),
        gate: Arc::new(gate.trusting(ways.trusted_proxies)),
        providers: IdentityProviders::new()?,
        links,
        media: Arc::new(ways.media),
        outbound: Arc::new(ways.outbound),
        files: ways.files,
        scanner: ways.scanner,
        recordings: ways.recordings,
        machine: ways.machine,
        gateways: Arc::new(ways.gateways),
        live: Arc::default(),
    })
}
