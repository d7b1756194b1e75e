//! Opens a clinic.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        clinic::{Clinic, ClinicCard},
        id::ClinicId,
        once::Once,
    },
    store::{
        Scope,
        change::{Change, Transition},
        clinics,
        idempotency::Earlier,
        outbox::Event,
    },
    usecase::Failure,
};

/// Opens a clinic.
pub(crate) async fn create_clinic(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    card: ClinicCard,
) -> Result<Clinic, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::CreateClinic, &Resource::platform(), now)?;
    let clinic = Clinic::open(ClinicId::mint(&api.random, now), card)?;

    let scope = Scope::Platform;
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(clinic) => return Ok(clinic),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    clinics::insert(change.tx(), &clinic).await?;
    let transition = Transition {
        kind: "clinic",
        id: clinic.id.as_str(),
        rev: clinic.rev,
        patient: None,
        body: serde_json::json!({ "clinic": &clinic }),
        events: vec![Event::now("clinic.created")],
    };
    change.record(&permit, transition).await?;
    change.commit(once, &clinic).await?;
    Ok(clinic)
}
