//! Changes a practitioner's public card: their own hand, or the clinic's administrator's.

use jiff::tz::TimeZone;

use super::of_practitioner;
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::Caller,
        id::PractitionerId,
        profile::{self, practitioner::PractitionerProfile},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        practitioners::{self, Practitioner},
    },
    usecase::{Failure, load},
};

/// Changes a practitioner's public card, if it still has the revision that the caller has seen.
pub(crate) async fn update_practitioner(
    api: &Api,
    caller: &Caller,
    id: &PractitionerId,
    seen: Rev,
    time_zone: &str,
    profile: PractitionerProfile,
) -> Result<Practitioner, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let resource = of_practitioner(&clinic, id);
    let permit = access::decide(&caller.actor, Act::UpdatePractitioner, &resource, now)?;
    let time_zone = profile::time_zone("/time_zone", time_zone)?;
    let profile = profile.checked(now.to_zoned_datetime(TimeZone::UTC).date())?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    let practitioner = practitioners::find(change.tx(), id).await?;
    let practitioner = practitioner.filter(|it| it.clinic == clinic).ok_or(Failure::NotFound)?;
    if practitioner.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let practitioner =
        Practitioner { rev: practitioner.rev.next(), time_zone, profile, ..practitioner };
    practitioners::update(change.tx(), &practitioner).await?;
    let transition = Transition {
        kind: "practitioner",
        id: id.as_str(),
        rev: practitioner.rev,
        patient: None,
        body: serde_json::json!({ "profile": &practitioner.profile }),
        events: vec![Event::now("practitioner.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(practitioner)
}
