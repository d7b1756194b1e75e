//! Finds a visit for a change, asks whether the caller may, and writes it back, with what follows for its appointment.

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::Visit;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller, Role},
        appointment::{Appointment, State as AppointmentState},
        consultation::{
            Consultation, OPEN_AFTER_END_MIN, State, VisitError,
            participant::{PartRole, Participant},
        },
        id::{AppointmentId, ConsultationId, ParticipantId},
        rev::Rev,
    },
    store::{
        Scope, StoreError, Tx, appointments,
        change::{Change, Transition},
        clinics, consultations,
        consultations::Sealer,
        join_links,
        outbox::Event,
        patients, practitioners, services,
    },
    usecase::{Failure, load},
};

/// What a visit is to the access decision.
pub(super) fn resource(one: &Consultation) -> Resource {
    Resource {
        clinic: Some(one.clinic.clone()),
        patient: Some(one.patient.clone()),
        practitioners: vec![one.practitioner.clone()],
        participants: one.participants.iter().map(|part| part.id.clone()).collect(),
        fhir: None,
    }
}

/// A visit that the caller may do something with.
pub(super) async fn find(
    tx: &mut Tx,
    api: &Api,
    caller: &Caller,
    act: Act,
    id: &ConsultationId,
    now: Timestamp,
) -> Result<(Consultation, Permit), Failure> {
    let found = consultations::find(tx, &api.keys, id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, act, &resource(&found), now)?;
    Ok((found, permit))
}

/// Reads a visit without changing anything, for what is decided before the media server is asked.
pub(super) async fn look(
    api: &Api,
    caller: &Caller,
    act: Act,
    id: &ConsultationId,
    now: Timestamp,
) -> Result<Consultation, Failure> {
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut tx = api.store.read(scope).await?;
    find(&mut tx, api, caller, act, id, now).await.map(|(found, _)| found)
}

/// A change of a visit that is under way.
pub(super) struct Open<'a> {
    pub(super) change: Change<'a>,
    pub(super) permit: Permit,
    pub(super) consultation: Consultation,
    seen: Rev,
}

impl<'a> Open<'a> {
    /// Begins a change of a visit that the caller may make.
    pub(super) async fn begin(
        api: &'a Api,
        caller: &'a Caller,
        act: Act,
        id: &ConsultationId,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
        let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
        let (consultation, permit) = find(change.tx(), api, caller, act, id, now).await?;
        let seen = consultation.rev;
        Ok(Self { change, permit, consultation, seen })
    }

    /// Writes it, with what follows for the appointment, and answers what the caller sees now.
    pub(super) async fn commit(
        mut self,
        api: &Api,
        caller: &Caller,
        topic: &'static str,
        now: Timestamp,
    ) -> Result<Visit, Failure> {
        follow(&mut self.change, &self.permit, &self.consultation, now).await?;
        save(&mut self.change, api, &self.permit, &self.consultation, (self.seen, topic)).await?;
        let (role, actor) = (self.permit.role(), &caller.actor);
        let visit = view(self.change.tx(), api, actor, role, self.consultation, now).await?;
        self.change.commit(None, &()).await?;
        Ok(visit)
    }
}

/// Writes a visit's next state and its history.
pub(super) async fn save(
    change: &mut Change<'_>,
    api: &Api,
    permit: &Permit,
    one: &Consultation,
    (seen, topic): (Rev, &'static str),
) -> Result<(), Failure> {
    let sealer = Sealer { ring: &api.keys, random: &api.random };
    consultations::update(change.tx(), &sealer, one, seen).await?;
    record(change, permit, one, topic).await
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    one: &Consultation,
    topic: &'static str,
) -> Result<(), Failure> {
    let people = one.participants.iter();
    let people =
        people.map(|part| json!({ "id": part.id, "role": part.role, "state": part.state }));
    let payload = json!({
        "consultation": one.id,
        "appointment": one.appointment,
        "state": one.state.name(),
        "practitioner": one.practitioner,
        "patient": one.patient,
        "participants": people.collect::<Vec<_>>(),
    });
    let transition = Transition {
        kind: "consultation",
        id: one.id.as_str(),
        rev: one.rev,
        patient: Some(&one.patient),
        body: json!({ "consultation": one }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}

/// Moves the visit with its appointment, if somebody has asked for it already; links to it last as long as a new one would.
pub(crate) async fn follow_appointment(
    change: &mut Change<'_>,
    api: &Api,
    permit: &Permit,
    appointment: &Appointment,
) -> Result<(), Failure> {
    let found = consultations::of_appointment(change.tx(), &api.keys, &appointment.id).await?;
    let Some(mut one) = found else { return Ok(()) };
    let seen = one.rev;
    if !one.follow_appointment(&appointment.practitioner, appointment.visit) {
        return Ok(());
    }
    save(change, api, permit, &one, (seen, "consultation.moved")).await?;
    let expires = one.visit.end + OPEN_AFTER_END_MIN.minutes();
    Ok(join_links::set_expiry(change.tx(), &one.id, expires).await?)
}

/// The visit of an appointment, made when there is none yet.
pub(super) async fn of_appointment(
    change: &mut Change<'_>,
    api: &Api,
    permit: &Permit,
    appointment: &Appointment,
    now: Timestamp,
) -> Result<Consultation, Failure> {
    let found = consultations::of_appointment(change.tx(), &api.keys, &appointment.id).await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let state = &appointment.state;
    let is_held = matches!(
        state,
        AppointmentState::Booked | AppointmentState::CheckedIn | AppointmentState::InProgress
    );
    let patient = appointment.patient.clone().filter(|_| is_held);
    let patient = patient.ok_or(VisitError::Appointment(state.name()))?;
    let part = || ParticipantId::mint(&api.random, now);
    let one = Consultation::new(
        (
            ConsultationId::mint(&api.random, now),
            appointment.clinic.clone(),
            appointment.id.clone(),
        ),
        (appointment.practitioner.clone(), part()),
        (patient, part()),
        appointment.visit,
    );
    let sealer = Sealer { ring: &api.keys, random: &api.random };
    match consultations::insert(change.tx(), &sealer, &one).await {
        Err(StoreError::Duplicate(_)) => return Err(StoreError::Stale.into()),
        other => other?,
    }
    record(change, permit, &one, "consultation.scheduled").await?;
    Ok(one)
}

/// What follows for the appointment: the patient has come, the visit begins, it ends.
async fn follow(
    change: &mut Change<'_>,
    permit: &Permit,
    one: &Consultation,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = &one.appointment;
    let mut appointment = appointments::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let patient = one.of_role(PartRole::Patient);
    let has_come = patient.is_some_and(|part| part.device_check.is_some());
    let was_live = one.live_since.is_some();
    if (has_come || was_live) && appointment.state == AppointmentState::Booked {
        appointment.check_in(now)?;
        load::save(change, permit, &appointment).await?;
    }
    if was_live && appointment.state == AppointmentState::CheckedIn {
        appointment.start()?;
        load::save(change, permit, &appointment).await?;
    }
    if one.state == State::Ended && appointment.state == AppointmentState::InProgress {
        appointment.finish()?;
        load::save(change, permit, &appointment).await?;
    }
    Ok(())
}

/// An appointment must still be one that is held: a visit of a cancelled one is over.
pub(super) async fn refuse_called_off(tx: &mut Tx, id: &AppointmentId) -> Result<(), Failure> {
    let appointment = appointments::find(tx, id).await?.ok_or(Failure::NotFound)?;
    match appointment.state {
        AppointmentState::Booked | AppointmentState::CheckedIn | AppointmentState::InProgress => {
            Ok(())
        }
        state => Err(VisitError::Appointment(state.name()).into()),
    }
}

/// A visit as a caller may see it.
pub(super) async fn view(
    tx: &mut Tx,
    api: &Api,
    actor: &Actor,
    role: Role,
    consultation: Consultation,
    now: Timestamp,
) -> Result<Visit, Failure> {
    let clinic = clinics::find(tx, &consultation.clinic).await?.ok_or(Failure::NotFound)?;
    let practitioner = practitioners::find(tx, &consultation.practitioner).await?;
    let appointment = appointments::find(tx, &consultation.appointment).await?;
    let service = match appointment {
        Some(appointment) => services::find(tx, &appointment.service).await?,
        None => None,
    };
    let patient = patients::find(tx, &api.keys, &consultation.patient).await?;
    Ok(Visit {
        clinic,
        practitioner_name: practitioner.map(|one| one.profile.display_name).unwrap_or_default(),
        service_name: service.map(|service| service.terms.name).unwrap_or_default(),
        patient_name: patient.map(|one| one.profile.display_name()).unwrap_or_default().into(),
        me: me(actor, &consultation),
        sees_all: matches!(role, Role::Practitioner | Role::Receptionist | Role::ClinicAdmin),
        consultation,
        now,
    })
}

/// Whom the caller takes part as.
pub(super) fn me(actor: &Actor, one: &Consultation) -> Option<ParticipantId> {
    if let Some(guest) = &actor.participant {
        return one.participant(guest).ok().map(|part| part.id.clone());
    }
    let role = if actor.practitioner.as_ref() == Some(&one.practitioner) {
        PartRole::Practitioner
    } else if actor.patients.contains(&one.patient) {
        PartRole::Patient
    } else {
        return None;
    };
    one.of_role(role).map(|part| part.id.clone())
}

/// What somebody is called: by their own record, or as who invited them said.
pub(super) fn name_of(one: &Participant, practitioner: &str, patient: &str) -> String {
    match (&one.name, one.role) {
        (Some(name), _) => name.expose().clone(),
        (None, PartRole::Practitioner) => practitioner.to_owned(),
        (None, PartRole::Patient) => patient.to_owned(),
        (None, _) => String::new(),
    }
}
