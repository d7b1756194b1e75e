//! Changes a clinic's public card.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        clinic::{Clinic, ClinicCard},
        id::ClinicId,
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        clinics,
        outbox::Event,
    },
    usecase::Failure,
};

/// Changes a clinic's public card, if it still has the revision that the caller has seen.
pub(crate) async fn update_clinic(
    api: &Api,
    caller: &Caller,
    id: &ClinicId,
    seen: Rev,
    card: ClinicCard,
) -> Result<Clinic, Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(id);
    let permit = access::decide(&caller.actor, Act::UpdateClinic, &resource, now)?;

    let scope = Scope::Clinic(id);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let clinic = clinics::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    if clinic.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let clinic = clinic.with_card(card)?;
    clinics::update(change.tx(), &clinic).await?;
    let transition = Transition {
        kind: "clinic",
        id: clinic.id.as_str(),
        rev: clinic.rev,
        patient: None,
        body: serde_json::json!({ "clinic": &clinic }),
        events: vec![Event::now("clinic.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &clinic).await?;
    Ok(clinic)
}
