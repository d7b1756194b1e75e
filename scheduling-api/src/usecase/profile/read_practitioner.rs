//! Reads a practitioner's public card. Public, so not audited.

use super::of_practitioner;
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::Caller,
        id::PractitionerId,
    },
    store::{
        Scope,
        practitioners::{self, Practitioner},
    },
    usecase::Failure,
};

/// Reads a practitioner's public card.
pub(crate) async fn read_practitioner(
    api: &Api,
    caller: &Caller,
    id: &PractitionerId,
) -> Result<Practitioner, Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let practitioner = practitioners::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let resource = of_practitioner(&practitioner.clinic, id);
    let _ = access::decide(&caller.actor, Act::ReadPractitioner, &resource, api.clock.now())?;
    Ok(practitioner)
}
