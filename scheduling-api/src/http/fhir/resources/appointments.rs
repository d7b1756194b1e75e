//! Appointment, Encounter and Slot: the calendar, and the visits that were held.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::concept::{coded, filled, hl7, meta};
use crate::{
    domain::{
        appointment::{Appointment, Party, State},
        availability::Span,
        id::{AppointmentId, PractitionerId, ServiceId},
    },
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::{
        Failure,
        read_appointment::{AppointmentWish, list_appointments, read_appointment},
        search::{FreeSlot, SlotWish, search_slots},
    },
};

/// Most times that one search of slots gives.
const SLOTS_MAX: usize = 200;

/// Our states with FHIR R4's one word for each.
const STATES: [(&str, &str); 10] = [
    ("requested", "proposed"),
    ("held", "pending"),
    ("booked", "booked"),
    ("checked_in", "arrived"),
    ("in_progress", "fulfilled"),
    ("completed", "fulfilled"),
    ("no_show", "noshow"),
    ("cancelled", "cancelled"),
    ("expired", "cancelled"),
    ("entered_in_error", "entered-in-error"),
];

/// Our states in which there is an encounter, with FHIR R4's word for it.
const HELD: [(&str, &str); 3] =
    [("checked_in", "arrived"), ("in_progress", "in-progress"), ("completed", "finished")];

fn word(states: &[(&'static str, &'static str)], state: &State) -> Option<&'static str> {
    states.iter().find(|(ours, _)| *ours == state.name()).map(|(_, word)| *word)
}

/// Appointments by their start; as encounters, where there is one.
pub(super) async fn search(
    face: &Face,
    query: &Query,
    as_encounters: bool,
) -> Result<Found, Problem> {
    let mut patient = query.reference("patient", "Patient")?;
    let mut practitioner = query.reference("practitioner", "Practitioner")?;
    let actor = query.one("actor").or_else(|| query.one("participant"));
    if let Some(actor) = actor {
        match id::referred("Patient", actor) {
            Ok(id) if id.starts_with("pat-") => patient = Some(id.to_owned()),
            _ => practitioner = Some(id::referred("Practitioner", actor)?.to_owned()),
        }
    }
    let states: &[(&str, &str)] = if as_encounters { &HELD } else { &STATES };
    let wanted = query.words("status")?;
    let wanted: Vec<&str> = states
        .iter()
        .filter(|(_, word)| wanted.is_empty() || wanted.iter().any(|one| one == word))
        .map(|(ours, _)| *ours)
        .collect();
    let (from, to) = query.span("date")?;
    let wish = AppointmentWish {
        patient: patient
            .map(|id| id::parse(&id))
            .transpose()?
            .or_else(|| face.caller.actor.launched_for.clone()),
        practitioner: practitioner.map(|id| id::parse(&id)).transpose()?,
        series: None,
        // One state is asked for as such; of several, those that fit are picked from the page.
        state: match wanted.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        },
        from: (from != Timestamp::MIN).then_some(from),
        to: (to != Timestamp::MAX).then_some(to),
    };
    let page = list_appointments(&face.api, &face.caller, wish, &query.page()).await?;
    let fits = |one: &&Appointment| wanted.contains(&one.state.name());
    let resources = page.items.iter().filter(fits).filter_map(|one| {
        if as_encounters { encounter_of(face, one) } else { Some(resource(face, one)) }
    });
    Ok(Found { resources: resources.collect(), next: page.next, total: None })
}

pub(super) async fn read(face: &Face, id: &str) -> Result<Value, Problem> {
    let (found, _) = read_appointment(&face.api, &face.caller, &id::parse(id)?).await?;
    Ok(resource(face, &found))
}

pub(super) async fn encounter(face: &Face, id: &str) -> Result<Value, Problem> {
    let id: AppointmentId = id::as_other("enc", id)?;
    let (found, _) = read_appointment(&face.api, &face.caller, &id).await?;
    encounter_of(face, &found).ok_or_else(|| Failure::NotFound.into())
}

/// An appointment as FHIR writes it.
pub(in crate::http::fhir) fn resource(face: &Face, one: &Appointment) -> Value {
    let agreed = !matches!(one.state, State::Requested { .. } | State::Held { .. });
    let mut participants = Vec::new();
    if let Some(patient) = &one.patient {
        participants.push(json!({
            "actor": id::reference("Patient", patient.as_str()), "required": "required", "status": "accepted",
        }));
    }
    participants.push(json!({
        "actor": id::reference("Practitioner", one.practitioner.as_str()),
        "required": "required",
        "status": if agreed { "accepted" } else { "needs-action" },
    }));
    let reason = match (&one.state, one.cancelled_by) {
        (State::Cancelled, Some(Party::Patient)) => Some("pat"),
        (State::Cancelled, _) => Some("prov"),
        (State::Expired, _) => Some("other"),
        _ => None,
    };
    filled(json!({
        "resourceType": "Appointment",
        "id": id::of(one.id.as_str()),
        "meta": meta(one.rev, None),
        "status": word(&STATES, &one.state),
        "cancelationReason": reason.map(|reason| hl7("appointment-cancellation-reason", reason)),
        "serviceType": [coded(&format!("{}/HealthcareService", face.base()), &id::of(one.service.as_str()))],
        "start": one.visit.start,
        "end": one.visit.end,
        "created": one.created_at,
        "participant": participants,
    }))
}

fn encounter_of(face: &Face, one: &Appointment) -> Option<Value> {
    let status = word(&HELD, &one.state)?;
    let patient = one.patient.as_ref()?;
    Some(filled(json!({
        "resourceType": "Encounter",
        "id": format!("enc-{}", id::digits(one.id.as_str())),
        "meta": meta(one.rev, None),
        "status": status,
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR", "display": "virtual",
        },
        "serviceType": coded(&format!("{}/HealthcareService", face.base()), &id::of(one.service.as_str())),
        "subject": id::reference("Patient", patient.as_str()),
        "participant": [{ "individual": id::reference("Practitioner", one.practitioner.as_str()) }],
        "appointment": [id::reference("Appointment", one.id.as_str())],
        "period": { "start": one.visit.start, "end": one.visit.end },
        "serviceProvider": id::reference("Organization", one.clinic.as_str()),
    })))
}

/// `Slot?schedule=...&service-type=...&start=ge...&start=lt...`: computed, so that only what is free is there.
pub(super) async fn slots(face: &Face, query: &Query) -> Result<Found, Problem> {
    let wish = slot_wish(
        query.reference("schedule", "Schedule")?,
        query.tokens("service-type")?.into_iter().next().map(|(_, code)| code),
        query.span("start")?,
    )?;
    let status = query.words("status")?;
    if !status.is_empty() && !status.iter().any(|one| one == "free") {
        return Ok(Found::default());
    }
    let service = wish.service.clone();
    let found = search_slots(&face.api, &face.caller, &wish).await?;
    Ok(Found::part(found.iter().map(|one| slot(&service, one)).collect(), query))
}

/// Where a time is looked for: with a practitioner's schedule or any, of one visit type, within bounds.
pub(in crate::http::fhir) fn slot_wish(
    schedule: Option<String>,
    service: Option<String>,
    (start, end): (Timestamp, Timestamp),
) -> Result<SlotWish, Problem> {
    let service = service.ok_or_else(|| {
        Problem::bad_request("service-type is needed: the id of a HealthcareService")
    })?;
    let service: ServiceId = id::parse(id::referred("HealthcareService", &service)?)?;
    let schedule = schedule.map(|id| id::as_other::<PractitionerId>("sch", &id)).transpose()?;
    if start == Timestamp::MIN || end == Timestamp::MAX {
        return Err(Problem::bad_request("start is needed with both ge and lt"));
    }
    Ok(SlotWish { service, practitioner: schedule, span: Span { start, end }, limit: SLOTS_MAX })
}

fn slot(service: &ServiceId, one: &FreeSlot) -> Value {
    let practitioner = id::digits(one.practitioner.as_str());
    // Unique among what one search gives; nothing is kept by it.
    let service = id::digits(service.as_str());
    let tail = service.get(service.len().saturating_sub(12)..).unwrap_or_default();
    json!({
        "resourceType": "Slot",
        "id": format!("{practitioner}-{tail}-{:x}", one.visit.start.as_second()),
        "schedule": { "reference": format!("Schedule/sch-{practitioner}") },
        "status": "free",
        "start": one.visit.start,
        "end": one.visit.end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_exactly_one_word_of_fhirs() {
        let until = Some(Timestamp::UNIX_EPOCH);
        let all = STATES.iter().map(|(ours, _)| {
            State::from_name(ours, None)
                .or_else(|| State::from_name(ours, until))
                .expect("a state of ours")
        });
        let all: Vec<State> = all.collect();
        for (at, state) in all.iter().enumerate() {
            assert_eq!(all.iter().filter(|one| one.name() == state.name()).count(), 1);
            assert_eq!(word(&STATES, state), Some(STATES[at].1));
        }
        // As many as the domain has: a new state needs a word here.
        let names = [
            "requested",
            "held",
            "booked",
            "checked_in",
            "in_progress",
            "completed",
            "no_show",
            "cancelled",
            "expired",
            "entered_in_error",
        ];
        assert_eq!(all.len(), names.len());
    }
}
