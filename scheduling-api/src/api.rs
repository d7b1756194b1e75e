//! One value that every use case gets: the store, the keys, the clock, randomness, and the ports to the outside.

use std::sync::Arc;

use crate::{
    calendar_cache::CalendarCache,
    clock::Clock,
    crypto::KeyRing,
    domain::id::ClinicId,
    gate::Gate,
    links::Links,
    live::Live,
    outbound::Outbound,
    ports::{
        files::Files, identify::Identify, identity_provider::IdentityProviders, machine::Machine,
        media::MediaServer, payments::Gateways, recordings::Recordings, scanner::Scan,
    },
    random::Random,
    store::{Scope, Store, StoreError, audit_log},
};

/// What the API works with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Where the data is.
    pub store: Store,
    /// What opens sealed columns.
    pub keys: Arc<KeyRing>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<Random>,
    /// Calendars that were read before, for searches.
    pub calendars: Arc<CalendarCache>,
    /// Who stands behind a bearer token.
    pub identify: Arc<dyn Identify>,
    /// What stands before signing in.
    pub gate: Arc<Gate>,
    /// Outside identity providers.
    pub providers: IdentityProviders,
    /// Where people are sent.
    pub links: Arc<Links>,
    /// Where calls are held.
    pub media: Arc<MediaServer>,
    /// The ways to people and to clinics' programs.
    pub outbound: Arc<Outbound>,
    /// Where documents lie.
    pub files: Files,
    /// What looks for malware in them, if there is something.
    pub scanner: Option<Arc<dyn Scan>>,
    /// What the media server has recorded, if its files can be reached from here.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// The machine that this runs on.
    pub machine: Arc<dyn Machine>,
    /// Those who take money.
    pub gateways: Arc<Gateways>,
    /// The bus of those who watch.
    pub live: Arc<Live>,
}

impl Api {
    /// Checks every audit log: how many there are.
    ///
    /// # Errors
    /// The inner error is the first chain that is not what was written, and the number of its first wrong entry.
    pub async fn verify_audits(&self) -> Result<Result<usize, (String, i64)>, StoreError> {
        let mut tx = self.store.read(Scope::Platform).await?;
        let chains = audit_log::chains(&mut tx).await?;
        for chain in &chains {
            if let Err(seq) = audit_log::verify_chain(&mut tx, chain).await? {
                return Ok(Err((chain.clone(), seq)));
            }
        }
        Ok(Ok(chains.len()))
    }

    /// Checks a clinic's audit log from its beginning: the number of its entries.
    ///
    /// # Errors
    /// The inner error is the number of the first entry that is not what was written.
    pub async fn verify_audit(&self, clinic: &ClinicId) -> Result<Result<i64, i64>, StoreError> {
        let mut tx = self.store.read(Scope::Clinic(clinic)).await?;
        audit_log::verify(&mut tx, Some(clinic)).await
    }
}
