//! AuditEvent: who saw or changed a patient's data.

use serde_json::{Value, json};

use super::concept::filled;
use crate::{
    domain::id::PatientId,
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::access_log::{Access, read_access_log},
};

pub(super) async fn search(face: &Face, query: &Query) -> Result<Found, Problem> {
    let patient = query.reference("patient", "Patient")?.map(|id| id::parse(&id)).transpose()?;
    let own =
        || face.caller.actor.launched_for.clone().or_else(|| face.caller.actor.only_patient());
    let patient: Option<PatientId> = patient.or_else(own);
    let (from, to) = query.span("date")?;
    let page = read_access_log(&face.api, &face.caller, patient.clone(), &query.page()).await?;
    let within = |one: &&Access| from <= one.at && one.at < to;
    let resources =
        page.items.iter().filter(within).enumerate().map(|(at, one)| {
            resource(face, patient.as_ref(), one, at, query.after().unwrap_or("0"))
        });
    Ok(Found { resources: resources.collect(), next: page.next, total: None })
}

fn resource(
    face: &Face,
    patient: Option<&PatientId>,
    one: &Access,
    at: usize,
    page: &str,
) -> Value {
    let clinic = face.caller.actor.clinic.as_ref().map_or("", |clinic| clinic.as_str());
    let verb = one.act.split('_').next().unwrap_or_default();
    let action = match verb {
        "read" | "list" | "search" | "find" => "R",
        "create" | "add" | "register" | "write" => "C",
        "remove" | "end" | "revoke" | "release" => "D",
        _ => "U",
    };
    let name = one.by.as_ref().map_or("", |name| name.expose().as_str());
    filled(json!({
        "resourceType": "AuditEvent",
        "id": format!("log-{page}-{at}"),
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest" },
        "subtype": [{ "system": "urn:bedside:act", "code": one.act }],
        "action": action,
        "recorded": one.at,
        "outcome": if one.done { "0" } else { "4" },
        "agent": [{ "role": [{ "text": one.role }], "name": name, "requestor": true }],
        "source": { "observer": id::reference("Organization", clinic) },
        "entity": [{
            "what": patient.map(|patient| id::reference("Patient", patient.as_str())),
            "description": one.kind,
        }],
    }))
}
