//! Who is expected, who waits, who is in: the visits of some hours, of one practitioner or of the clinic.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        availability::Span,
        id::PractitionerId,
        page::{Page, PageRequest},
    },
    store::{Scope, change::Change, consultations, consultations::Expected, patients},
    usecase::{Failure, load},
};

/// From how long ago, and how far ahead.
const BEFORE_HOURS: i64 = 12;
const AHEAD_HOURS: i64 = 12;

/// One line.
pub(crate) struct Line {
    pub(crate) expected: Expected,
    pub(crate) patient_name: String,
    pub(crate) now: Timestamp,
}

/// Lists a waiting room. Seen in the patients' access logs.
pub(crate) async fn list_waiting_room(
    api: &Api,
    caller: &Caller,
    practitioner: Option<PractitionerId>,
    page: &PageRequest,
) -> Result<Page<Line>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let practitioner = practitioner.or_else(|| caller.actor.only_practitioner());
    let resource = Resource {
        practitioners: practitioner.iter().cloned().collect(),
        ..Resource::of_clinic(clinic)
    };
    let permit = access::decide(&caller.actor, Act::ListWaitingRoom, &resource, now)?;
    let span = Span { start: now - BEFORE_HOURS.hours(), end: now + AHEAD_HOURS.hours() };
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let tx = change.tx();
    let found = consultations::waiting_room(tx, clinic, practitioner.as_ref(), span, page).await?;
    let mut lines = Vec::new();
    for expected in found.items {
        let patient = patients::find(change.tx(), &api.keys, &expected.patient).await?;
        let patient_name = patient.map(|one| one.profile.display_name()).unwrap_or_default();
        let id = Some(expected.appointment.as_str());
        change.saw(&permit, "appointment", id, Some(&expected.patient));
        lines.push(Line { expected, patient_name, now });
    }
    if !lines.is_empty() {
        change.commit(None, &()).await?;
    }
    Ok(Page { items: lines, next: found.next })
}
