//! Puts an appointment on the calendar, within a change that others open: hold, request, book, series, waitlist.
//!
//! The order matters: lock every resource, end what is overdue there, then claim. Between lock and commit nobody else
//! can claim them; were the lock missing, the database's constraint would still refuse the second.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    domain::{
        access::Permit,
        appointment::{Appointment, Wanted},
        availability::Span,
        claim::{Claim, ClaimState, Resource, wanted_by},
        id::{AppointmentId, ClaimId, ClinicId, PatientId, PractitionerId, SeriesId, ServiceId},
        service::Service,
        slot::{self, SlotRefusal},
    },
    store::{Tx, appointments, calendars, change::Change, claims, schedules, services},
    usecase::{Failure, expire},
};

/// Where and when a visit is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The visit type.
    pub(crate) service: ServiceId,
    /// With whom; anybody who offers it when absent.
    pub(crate) practitioner: Option<PractitionerId>,
    /// When it begins.
    pub(crate) start: Timestamp,
}

/// A place that was found, with what it was found by.
pub(crate) struct Found {
    pub(crate) service: Service,
    pub(crate) practitioner: PractitionerId,
    pub(crate) visit: Span,
}

/// Finds out with whom, and checks that a visit may begin then. Locks the practitioner.
///
/// # Errors
/// [`Failure::Slot`] when it may not, [`Failure::NotFound`] for a visit type of another clinic.
pub(crate) async fn find(
    tx: &mut Tx,
    clinic: &ClinicId,
    place: &Place,
    now: Timestamp,
) -> Result<Found, Failure> {
    let service = service_of(tx, clinic, &place.service).await?;
    let candidates: Vec<PractitionerId> = match &place.practitioner {
        Some(one) => service.terms.practitioners.iter().filter(|id| *id == one).cloned().collect(),
        None => service.terms.practitioners.clone(),
    };
    let any = place.practitioner.is_none();
    let mut refusal = Failure::from(SlotRefusal::OutsideHours);
    for practitioner in candidates {
        let checked = check(tx, &service, &practitioner, place.start, now).await;
        let visit = match checked {
            Ok(visit) => visit,
            Err(Failure::Slot(reason)) => {
                refusal = reason.into();
                continue;
            }
            Err(other) => return Err(other),
        };
        if any && !is_free(tx, &service, &practitioner, visit, now).await? {
            refusal = Failure::Store(crate::store::StoreError::SlotTaken);
            continue;
        }
        return Ok(Found { service, practitioner, visit });
    }
    Err(refusal)
}

/// A clinic's visit type.
pub(crate) async fn service_of(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &ServiceId,
) -> Result<Service, Failure> {
    let service = services::find(tx, id).await?;
    service.filter(|service| service.clinic == *clinic).ok_or(Failure::NotFound)
}

/// Checks hours, notice, horizon and limits, in the transaction that will book.
pub(crate) async fn check(
    tx: &mut Tx,
    service: &Service,
    practitioner: &PractitionerId,
    start: Timestamp,
    now: Timestamp,
) -> Result<Span, Failure> {
    let schedule = schedules::of_practitioner(tx, practitioner).await?;
    let schedule = schedule.ok_or(SlotRefusal::OutsideHours)?;
    let availability = schedule.hours.availability().map_err(|_| Failure::NotFound)?;
    let visits = if service.terms.daily_limit == 0 {
        Vec::new()
    } else {
        // A civil day in any zone lies within two days around an instant of it.
        let around = Span { start: start - 48.hours(), end: start + 48.hours() };
        appointments::starts(tx, practitioner, &service.id, around).await?
    };
    Ok(slot::check(&service.terms, &availability, &visits, start, now)?)
}

async fn is_free(
    tx: &mut Tx,
    service: &Service,
    practitioner: &PractitionerId,
    visit: Span,
    now: Timestamp,
) -> Result<bool, Failure> {
    let resource = Resource::from(practitioner);
    claims::lock(tx, std::slice::from_ref(&resource)).await?;
    let claim = slot::claim_of(&service.terms, visit);
    let active = claims::active(tx, &service.clinic, &resource, claim).await?;
    Ok(active.iter().all(|(_, until)| until.is_some_and(|until| until <= now)))
}

/// What the appointment at a place would be.
pub(crate) fn wanted(
    api: &Api,
    found: &Found,
    patient: Option<PatientId>,
    series: Option<SeriesId>,
    now: Timestamp,
) -> Wanted {
    Wanted {
        id: AppointmentId::mint(&api.random, now),
        clinic: found.service.clinic.clone(),
        service: (found.service.id.clone(), found.service.rev),
        practitioner: found.practitioner.clone(),
        patient,
        visit: found.visit,
        series,
    }
}

/// Keeps a new appointment and claims its time.
///
/// # Errors
/// `SlotTaken` when the practitioner or the patient is occupied then.
pub(crate) async fn put(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    appointment: &Appointment,
    now: Timestamp,
) -> Result<(), Failure> {
    make_room(change, appointment, now).await?;
    appointments::insert(change.tx(), appointment).await?;
    let state = ClaimState::of(&appointment.state);
    claim(api, change, appointment, state, now).await?;
    super::record::appointment(change, permit, appointment).await
}

/// Locks everyone who is wanted, and ends what is overdue on their calendars.
pub(crate) async fn make_room(
    change: &mut Change<'_>,
    appointment: &Appointment,
    now: Timestamp,
) -> Result<(), Failure> {
    let wanted = wanted_by(appointment);
    let resources: Vec<Resource> = wanted.iter().map(|(resource, _)| resource.clone()).collect();
    claims::lock(change.tx(), &resources).await?;
    for (resource, span) in &wanted {
        let clinic = &appointment.clinic;
        for overdue in claims::overdue(change.tx(), clinic, resource, *span, now).await? {
            if overdue != appointment.id {
                expire::within(change, clinic, &overdue, now).await?;
            }
        }
    }
    Ok(())
}

/// Claims the time of everyone who takes part.
pub(crate) async fn claim(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &Appointment,
    state: ClaimState,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut wanted = wanted_by(appointment);
    wanted.sort();
    for (resource, span) in wanted {
        claim_one(api, change, appointment, (resource, span), state, now).await?;
    }
    let (clinic, practitioner) = (&appointment.clinic, &appointment.practitioner);
    calendars::touch(change.tx(), clinic, practitioner).await?;
    Ok(())
}

/// Claims the patient's time alone, when a hold gets its patient.
pub(crate) async fn claim_patient(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &Appointment,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(patient) = &appointment.patient else { return Ok(()) };
    let wanted = (Resource::from(patient), appointment.visit);
    let state = ClaimState::of(&appointment.state);
    claim_one(api, change, appointment, wanted, state, now).await
}

async fn claim_one(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &Appointment,
    (resource, span): (Resource, Span),
    state: ClaimState,
    now: Timestamp,
) -> Result<(), Failure> {
    let claim = Claim {
        id: ClaimId::mint(&api.random, now),
        clinic: appointment.clinic.clone(),
        resource,
        appointment: Some(appointment.id.clone()),
        span,
        state,
    };
    Ok(claims::insert(change.tx(), &claim).await?)
}
