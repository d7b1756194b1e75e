//! Breaking the glass, and the clinic's look at it.

use jiff::{Timestamp, ToSpan as _};
use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Refusal, Resource},
        actor::Caller,
        break_glass::{BreakGlass, MINUTES_MAX, REASON_CHARS_MAX, REASON_CHARS_MIN, Review, Why},
        id::{BreakGlassId, PatientId},
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError, break_glass,
        change::{Change, Transition},
        outbox::Event,
    },
    usecase::{Failure, load, patient},
};

/// What somebody says who breaks the glass.
pub(crate) struct Plea {
    pub(crate) patient: PatientId,
    pub(crate) why: Why,
    pub(crate) reason: Redacted<String>,
    pub(crate) minutes: u32,
}

/// Breaks the glass over a patient's visits, for a while.
pub(crate) async fn break_glass(
    api: &Api,
    caller: &Caller,
    plea: Plea,
) -> Result<BreakGlass, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: Some(plea.patient.clone()),
        practitioners: Vec::new(),
        participants: Vec::new(),
        fhir: None,
    };
    let permit = access::decide(&caller.actor, Act::BreakGlass, &resource, now)?;
    let characters = plea.reason.expose().trim().chars().count();
    if !(REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&characters) {
        return Err(Failure::invalid("/reason", "must have 10 to 500 characters"));
    }
    if !(1..=MINUTES_MAX).contains(&plea.minutes) {
        return Err(Failure::invalid("/minutes", "must be 1 to 60"));
    }
    let (Some(user), Some(practitioner)) = (&caller.actor.user, &caller.actor.practitioner) else {
        return Err(Refusal::Forbidden.into());
    };
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    patient::check(change.tx(), clinic, Some(&plea.patient)).await?;
    let glass = BreakGlass {
        id: BreakGlassId::mint(&api.random, now),
        rev: Rev::FIRST,
        clinic: clinic.clone(),
        user: user.clone(),
        practitioner: practitioner.clone(),
        patient: plea.patient,
        why: plea.why,
        reason: None,
        created: now,
        until: now + i64::from(plea.minutes).minutes(),
        review: None,
    };
    let reason = plea.reason.expose().trim();
    break_glass::insert(change.tx(), &api.keys, &api.random, &glass, reason).await?;
    record(&mut change, &permit, &glass, Rev::FIRST, "break_glass.opened").await?;
    change.commit(None, &()).await?;
    Ok(BreakGlass { reason: Some(reason.to_owned().into()), ..glass })
}

/// Lists who broke the glass in a clinic, the newest first. Seen in the patients' access logs.
pub(crate) async fn list_break_glass(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<(Page<BreakGlass>, Timestamp), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::ListBreakGlass, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = break_glass::list(change.tx(), &api.keys, clinic, page).await?;
    if found.items.is_empty() {
        return Ok((found, now));
    }
    for glass in &found.items {
        change.saw(&permit, "break_glass", Some(glass.id.as_str()), Some(&glass.patient));
    }
    change.commit(None, &()).await?;
    Ok((found, now))
}

/// Says whether it was right.
pub(crate) async fn review_break_glass(
    api: &Api,
    caller: &Caller,
    id: &BreakGlassId,
    justified: bool,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::ReviewBreakGlass, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = break_glass::find(change.tx(), &api.keys, id).await?;
    let glass = found.filter(|glass| glass.clinic == *clinic).ok_or(Failure::NotFound)?;
    // Nobody says of themselves that they were right.
    if caller.actor.user.as_ref() == Some(&glass.user) {
        return Err(Refusal::Forbidden.into());
    }
    let review = Review { by: caller.actor.user.clone(), at: now, justified };
    match break_glass::review(change.tx(), id, &review).await {
        Err(StoreError::Stale) => return Err(Failure::Stands("it was looked at already")),
        other => other?,
    }
    record(&mut change, &permit, &glass, glass.rev.next(), "break_glass.reviewed").await?;
    Ok(change.commit(None, &()).await?)
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    glass: &BreakGlass,
    rev: Rev,
    topic: &'static str,
) -> Result<(), Failure> {
    // Without the patient: the clinic's desk hears of it, the patient reads it in their access log.
    let payload = serde_json::json!({ "break_glass": glass.id, "why": glass.why });
    let transition = Transition {
        kind: "break_glass",
        id: glass.id.as_str(),
        rev,
        patient: Some(&glass.patient),
        body: serde_json::json!({ "why": glass.why, "until": glass.until, "user": glass.user }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
