//! How long a clinic keeps what it may forget: read, and changed.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::ClinicId,
        retention::Retention,
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

/// Reads it, with its revision.
pub(crate) async fn read_retention(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
) -> Result<(Rev, Retention), Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ReadRetention, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    clinics::retention(&mut tx, clinic).await?.ok_or(Failure::NotFound)
}

/// Changes it, if it still has the revision that the caller has seen. The next sweep forgets by it.
pub(crate) async fn update_retention(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    seen: Rev,
    retention: Retention,
) -> Result<(Rev, Retention), Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::UpdateRetention, &resource, now)?;
    let checked = retention.checked();
    let retention = checked.map_err(|(field, why)| Failure::invalid(field, why))?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = clinics::retention(change.tx(), clinic).await?;
    let (rev, _) = found.ok_or(Failure::NotFound)?;
    if rev != seen {
        return Err(StoreError::Stale.into());
    }
    let rev = rev.next();
    clinics::set_retention(change.tx(), clinic, rev, &retention).await?;
    let id = format!("{clinic}/retention");
    let transition = Transition {
        kind: "retention",
        id: &id,
        rev,
        patient: None,
        body: serde_json::json!({ "retention": retention }),
        events: vec![Event::now("retention.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok((rev, retention))
}
