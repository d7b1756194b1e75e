//! Reads appointments: one, or a list. Both are seen in the patient's access log.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::{Caller, Role},
        appointment::Appointment,
        availability::Span,
        id::{AppointmentId, PatientId, PractitionerId, SeriesId},
        page::{Page, PageRequest},
    },
    store::{
        Scope,
        appointments::{self, Filter},
        change::Change,
    },
    usecase::{Failure, load, patient},
};

/// Which appointments are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppointmentWish {
    pub(crate) patient: Option<PatientId>,
    pub(crate) practitioner: Option<PractitionerId>,
    pub(crate) series: Option<SeriesId>,
    pub(crate) state: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

/// Reads an appointment; the patient and who treats them also why the patient comes.
pub(crate) async fn read_appointment(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<(Appointment, Option<Redacted<String>>), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReadAppointment;
    let (found, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    let reason = match (&found.patient, permit.role()) {
        // It is about health: none of the desk's.
        (Some(patient), Role::Patient | Role::Practitioner) => {
            patient::open_reason(api, &mut change, id, patient).await?
        }
        _ => None,
    };
    change.saw(&permit, "appointment", Some(id.as_str()), found.patient.as_ref());
    change.commit(None, &()).await?;
    Ok((found, reason))
}

/// Lists appointments by their start: a patient's own, a practitioner's own, or the clinic's.
pub(crate) async fn list_appointments(
    api: &Api,
    caller: &Caller,
    wish: AppointmentWish,
    page: &PageRequest,
) -> Result<Page<Appointment>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = wish.patient.or_else(|| caller.actor.only_patient());
    // Who broke the glass looks at all of the patient's visits, not at their own with them.
    let emergency = patient.as_ref().is_some_and(|one| caller.actor.emergencies.contains(one));
    let practitioner = wish
        .practitioner
        .or_else(|| if emergency { None } else { caller.actor.only_practitioner() });
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: practitioner.iter().cloned().collect(),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::ListAppointments, &resource, now)?;
    let span =
        Span { start: wish.from.unwrap_or(Timestamp::MIN), end: wish.to.unwrap_or(Timestamp::MAX) };
    let (series, state) = (wish.series, wish.state);
    let filter = Filter { patient, practitioner, series, state, span: Some(span) };

    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = appointments::list(change.tx(), clinic, &filter, page).await?;
    if found.items.is_empty() {
        // Nothing was seen of anybody.
        return Ok(found);
    }
    for appointment in &found.items {
        let patient = appointment.patient.as_ref();
        change.saw(&permit, "appointment", Some(appointment.id.as_str()), patient);
    }
    change.commit(None, &()).await?;
    Ok(found)
}
