//! Reads a clinic's public card.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        clinic::Clinic,
        id::ClinicId,
    },
    store::{Scope, clinics},
    usecase::Failure,
};

/// Reads a clinic's public card. Public, so not audited.
pub(crate) async fn read_clinic(
    api: &Api,
    caller: &Caller,
    id: &ClinicId,
) -> Result<Clinic, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadClinic, &Resource::of_clinic(id), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    clinics::find(&mut tx, id).await?.ok_or(Failure::NotFound)
}
