//! A claim as FHIR R4 has it: `Claim` with its coverage, patient and insurer contained or named by what they are known by.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::{
    domain::{
        insurance::{claim::ClaimState, codes::Procedure},
        money::{Currency, Money},
    },
    usecase::insurance::claims::Told,
};

/// The resource.
pub(super) fn claim(told: &Told) -> Value {
    let Told { claim, codes, payer, practitioner, rules, .. } = told;
    let status = if claim.state == ClaimState::Void { "cancelled" } else { "active" };
    let icd = |code: &String| coded("http://hl7.org/fhir/sid/icd-10", code);
    let diagnosis = codes
        .diagnoses
        .iter()
        .enumerate()
        .map(|(at, code)| json!({ "sequence": at + 1, "diagnosisCodeableConcept": icd(code) }));
    json!({
        "resourceType": "Claim",
        "id": claim.id.as_str().replace('_', "-"),
        "contained": [
            insured(told),
            { "resourceType": "Organization", "id": "insurer", "name": payer.card.name,
                "identifier": [{ "value": payer.card.code }] },
            { "resourceType": "Organization", "id": "clinic", "name": rules.seller,
                "identifier": [{ "value": payer.card.provider_number }] },
        ],
        "identifier": [{ "value": claim.control }],
        "status": status,
        "type": coded("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "use": "claim",
        "patient": { "reference": reference("Patient", claim.patient.as_str()) },
        "created": claim.created_at.to_string(),
        "insurer": { "reference": "#insurer" },
        "provider": { "reference": "#clinic" },
        "priority": coded("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
        "careTeam": [{ "sequence": 1, "provider": {
            "reference": reference("Practitioner", claim.practitioner.as_str()), "display": practitioner } }],
        "diagnosis": diagnosis.collect::<Vec<_>>(),
        "insurance": [{ "sequence": 1, "focal": true, "coverage": { "reference": "#coverage" } }],
        "item": items(told),
        "total": money(claim.parts.charge(), claim.currency),
    })
}

/// What was done.
fn items(told: &Told) -> Vec<Value> {
    const PLACES: &str =
        "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set";
    let Told { claim, codes, .. } = told;
    let zone = TimeZone::get(&told.clinic.time_zone).unwrap_or(TimeZone::UTC);
    let served = claim.held_at.to_zoned_datetime(zone).date().to_string();
    let pointers: Vec<usize> = (1..=codes.diagnoses.len().min(4)).collect();
    let item = |(at, one): (usize, &Procedure)| {
        let mut item = json!({
            "sequence": at + 1,
            "diagnosisSequence": pointers,
            "productOrService": coded("http://www.ama-assn.org/go/cpt", &one.code),
            "servicedDate": served,
            "locationCodeableConcept": coded(PLACES, &codes.place),
            "unitPrice": money(one.charge_minor, claim.currency),
            "net": money(one.charge_minor, claim.currency),
        });
        let modifiers = one.modifiers.iter().map(|code| json!({ "text": code }));
        put_some(&mut item, "modifier", modifiers.collect());
        item
    };
    codes.procedures.iter().enumerate().map(item).collect()
}

/// The coverage.
fn insured(told: &Told) -> Value {
    let Told { claim, coverage, .. } = told;
    let text = &coverage.card.text;
    let relationship = "http://terminology.hl7.org/CodeSystem/subscriber-relationship";
    let mut insured = json!({
        "resourceType": "Coverage",
        "id": "coverage",
        "status": if coverage.card.active { "active" } else { "cancelled" },
        "subscriberId": text.member_id,
        "beneficiary": { "reference": reference("Patient", claim.patient.as_str()) },
        "relationship": coded(relationship, text.relationship.name()),
        "payor": [{ "reference": "#insurer" }],
    });
    let classes = [("group", &text.group_id), ("plan", &text.plan)].into_iter();
    let classes = classes.filter_map(|(kind, value)| {
        let kind = coded("http://terminology.hl7.org/CodeSystem/coverage-class", kind);
        value.as_ref().map(|value| json!({ "type": kind, "value": value }))
    });
    put_some(&mut insured, "class", classes.collect());
    insured
}

/// Puts a list where there is one: FHIR has no empty ones.
fn put_some(into: &mut Value, name: &str, list: Vec<Value>) {
    if let (false, Some(fields)) = (list.is_empty(), into.as_object_mut()) {
        fields.insert(name.to_owned(), list.into());
    }
}

/// A concept with one code.
fn coded(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// A FHIR `Money`: its value is a decimal number, written with the currency's digits.
fn money(minor: i64, currency: Currency) -> Value {
    let text = Money { minor, currency }.decimal();
    let value: serde_json::Number = text.parse().unwrap_or_else(|_| 0.into());
    json!({ "value": value, "currency": currency.to_string() })
}

/// Where something is: FHIR's ids have no underscores.
fn reference(kind: &str, id: &str) -> String {
    format!("{kind}/{}", id.replace('_', "-"))
}
