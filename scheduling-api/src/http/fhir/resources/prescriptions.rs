//! MedicationRequest: one for each medicine of a prescription, grouped by it.

use serde_json::{Value, json};

use super::concept::{concept, filled, meta};
use crate::{
    domain::{
        page::PageRequest,
        prescription::{Item, Prescription, Standing},
        record::concept::{Coding, Concept},
    },
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::{
        Failure,
        records::read_prescriptions::{list_prescriptions, read_prescription},
    },
};

pub(super) async fn search(face: &Face, query: &Query) -> Result<Found, Problem> {
    let patient = query.reference("patient", "Patient")?.map(|id| id::parse(&id)).transpose()?;
    let own =
        || face.caller.actor.launched_for.clone().or_else(|| face.caller.actor.only_patient());
    let patient = patient.or_else(own).ok_or_else(|| Problem::bad_request("patient is needed"))?;
    let (status, intent) = (query.words("status")?, query.words("intent")?);
    if !intent.is_empty() && !intent.iter().any(|word| word == "order") {
        return Ok(Found::default());
    }
    // A prescription has several medicines: pages are of prescriptions.
    let page: PageRequest = query.page();
    let found = list_prescriptions(&face.api, &face.caller, &patient, &page).await?;
    let fits = |one: &&Prescription| {
        status.is_empty() || status.iter().any(|word| word == one.standing.name())
    };
    let resources = found.items.iter().filter(fits).flat_map(|one| {
        one.text.items.iter().enumerate().map(|(at, item)| resource(one, at, item))
    });
    Ok(Found { resources: resources.collect(), next: found.next, total: None })
}

pub(super) async fn read(face: &Face, id: &str) -> Result<Value, Problem> {
    let not_found = || Problem::from(Failure::NotFound);
    let (id, number) = id.rsplit_once('-').ok_or_else(not_found)?;
    let at = number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1))
        .ok_or_else(not_found)?;
    let found = read_prescription(&face.api, &face.caller, &id::parse(id)?).await?;
    let item = found.text.items.get(at).ok_or_else(not_found)?;
    Ok(resource(&found, at, item))
}

fn resource(one: &Prescription, at: usize, item: &Item) -> Value {
    let code = item.code.iter().map(|code| Coding {
        system: code.system.clone(),
        code: code.code.clone(),
        display: String::new(),
    });
    let medicine = Concept { text: item.medicine.clone(), codings: code.collect() };
    let signed = one.standing.signature().map(|signature| signature.at);
    let reason = match &one.standing {
        Standing::Cancelled { reason, .. } => Some(json!({ "text": reason })),
        _ => None,
    };
    let days = item.duration_days.map(|days| {
        json!({ "value": days, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d" })
    });
    filled(json!({
        "resourceType": "MedicationRequest",
        "id": format!("{}-{}", id::of(one.id.as_str()), at + 1),
        "meta": meta(one.rev, None),
        "groupIdentifier": { "system": "urn:bedside:prescription", "value": id::of(one.id.as_str()) },
        "status": one.standing.name(),
        "statusReason": reason,
        "intent": "order",
        "medicationCodeableConcept": concept(&medicine),
        "subject": id::reference("Patient", one.patient.as_str()),
        "encounter": { "reference": format!("Encounter/enc-{}", id::digits(one.appointment.as_str())) },
        "authoredOn": signed.unwrap_or(one.created_at),
        "requester": id::reference("Practitioner", one.practitioner.as_str()),
        "dosageInstruction": [{
            "text": format!("{}, {}", item.dose, item.frequency),
            "patientInstruction": item.instructions,
        }],
        "dispenseRequest": { "numberOfRepeatsAllowed": item.repeats, "expectedSupplyDuration": days },
        "note": (!one.text.remark.is_empty()).then(|| json!([{ "text": one.text.remark }])),
    }))
}
