//! Books an appointment: from a hold, or at once.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        appointment::{Appointment, State},
        claim::ClaimState,
        id::{AppointmentId, ClinicId, PatientId},
        once::Once,
    },
    store::{Scope, appointments, change::Change, idempotency::Earlier},
    usecase::{
        Failure, load, patient, payments,
        place::{self, Place},
        waitlist,
    },
};

/// What is to be booked.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    /// Which time.
    pub(crate) time: Wanted,
    /// For whom; the caller's only patient when absent.
    pub(crate) patient: Option<PatientId>,
    /// Why, in the patient's words; sealed.
    pub(crate) reason: Option<Redacted<String>>,
}

/// A time that is kept already, or one that is free.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// The hold.
    Hold(AppointmentId),
    /// A place on the calendar.
    Place(Place),
}

/// Books an appointment, or asks for approval where the visit type needs it.
pub(crate) async fn create_appointment(
    api: &Api,
    caller: &Caller,
    once: &Once,
    booking: &Booking,
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let reason = booking.reason.as_ref().map(Redacted::expose);
    patient::check_reason(reason)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let patient = booking.patient.clone().or_else(|| caller.actor.only_patient());
    patient::check(change.tx(), clinic, patient.as_ref()).await?;
    let appointment = match &booking.time {
        Wanted::Hold(id) => from_hold(api, &mut change, caller, id, patient, now).await?,
        Wanted::Place(place) => {
            at_once(api, &mut change, caller, (clinic, place), patient, now).await?
        }
    };
    if let (Some(reason), Some(patient)) = (reason, &appointment.patient) {
        patient::seal_reason(api, &mut change, &appointment.id, patient, reason).await?;
    }
    change.commit(Some(once), &appointment).await?;
    Ok(appointment)
}

async fn from_hold(
    api: &Api,
    change: &mut Change<'_>,
    caller: &Caller,
    id: &AppointmentId,
    patient: Option<PatientId>,
    now: Timestamp,
) -> Result<Appointment, Failure> {
    let mut appointment = appointments::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let mut resource = load::resource(&appointment);
    // A hold for nobody yet becomes the patient's that it is booked for; another's hold does not.
    let kept_for = appointment.patient.clone();
    resource.patient = kept_for.clone().or_else(|| patient.clone());
    let permit = access::decide(&caller.actor, Act::CreateAppointment, &resource, now)?;
    if kept_for.is_some() && patient.is_some() && kept_for != patient {
        return Err(Failure::invalid("/patient", "the hold is for another patient"));
    }
    if payments::is_paid_first(&permit, &appointment.agreed) {
        // Paying is what books it.
        return match appointment.state {
            State::Booked => {
                change.saw(&permit, "appointment", Some(id.as_str()), appointment.patient.as_ref());
                Ok(appointment)
            }
            _ => Err(Failure::PaymentNeeded),
        };
    }
    appointment.book(patient, now)?;
    if kept_for.is_none() {
        // The patient is claimed now; the practitioner is already.
        place::make_room(change, &appointment, now).await?;
        place::claim_patient(api, change, &appointment, now).await?;
    }
    load::save(change, &permit, &appointment).await?;
    waitlist::booked(change, &permit, &appointment.id, now).await?;
    Ok(appointment)
}

async fn at_once(
    api: &Api,
    change: &mut Change<'_>,
    caller: &Caller,
    (clinic, place): (&ClinicId, &Place),
    patient: Option<PatientId>,
    now: Timestamp,
) -> Result<Appointment, Failure> {
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: place.practitioner.iter().cloned().collect(),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::CreateAppointment, &resource, now)?;
    let found = place::find(change.tx(), clinic, place, now).await?;
    let terms = &found.service.terms;
    let wanted = place::wanted(api, &found, patient, None, now);
    if terms.needs_approval {
        let appointment = Appointment::request(wanted, terms, now)?;
        place::put(api, change, &permit, &appointment, now).await?;
        return Ok(appointment);
    }
    let appointment = Appointment::hold(wanted, terms, now);
    if payments::is_paid_first(&permit, &appointment.agreed) {
        return Err(Failure::PaymentNeeded);
    }
    book_new(api, change, &permit, appointment, now).await
}

/// Books a hold that was made just now in the same transaction: both steps are in the history, one claim is made.
pub(super) async fn book_new(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    mut appointment: Appointment,
    now: Timestamp,
) -> Result<Appointment, Failure> {
    place::make_room(change, &appointment, now).await?;
    super::record::appointment(change, permit, &appointment).await?;
    appointment.book(None, now)?;
    appointments::insert(change.tx(), &appointment).await?;
    place::claim(api, change, &appointment, ClaimState::Confirmed, now).await?;
    super::record::appointment(change, permit, &appointment).await?;
    Ok(appointment)
}
