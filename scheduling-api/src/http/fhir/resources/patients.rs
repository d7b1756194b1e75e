//! Patient.

use serde_json::{Value, json};

use super::{
    concept::{filled, meta},
    directory::language,
};
use crate::{
    domain::profile::patient::Gender,
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::profile::{
        Patient,
        read_patient::read_patient,
        search_patients::{PatientWish, search_patients},
    },
};

pub(super) async fn search(face: &Face, query: &Query) -> Result<Found, Problem> {
    if query.words("active")?.iter().any(|word| word != "true") {
        return Ok(Found::default());
    }
    let birth_date = query.one("birthdate").map(|text| {
        let text = text.strip_prefix("eq").unwrap_or(text);
        text.parse().map_err(|_| Problem::not_supported("birthdate takes one whole day"))
    });
    let gender = query.words("gender")?.into_iter().next().map(|word| match word.as_str() {
        "male" => Ok(Gender::Male),
        "female" => Ok(Gender::Female),
        "other" => Ok(Gender::Other),
        "unknown" => Ok(Gender::Unknown),
        _ => Err(Problem::bad_request("gender is male, female, other or unknown")),
    });
    let wish = PatientWish {
        name: query.text("name"),
        given: query.text("given"),
        family: query.text("family"),
        birth_date: birth_date.transpose()?,
        gender: gender.transpose()?,
        phone: query.words("phone")?.into_iter().next(),
    };
    let page = search_patients(&face.api, &face.caller, &wish, &query.page()).await?;
    Ok(Found { resources: page.items.iter().map(resource).collect(), next: page.next, total: None })
}

pub(super) async fn read(face: &Face, id: &str) -> Result<Value, Problem> {
    Ok(resource(&read_patient(&face.api, &face.caller, &id::parse(id)?).await?))
}

fn resource(patient: &Patient) -> Value {
    let profile = &patient.profile;
    let preferred = profile.preferred_name.as_ref();
    let address = profile.address.as_ref().map(|address| {
        json!([{
            "line": address.lines,
            "city": address.city,
            "state": address.region,
            "postalCode": address.postal_code,
            "country": address.country,
        }])
    });
    let contacts = profile.contacts.iter().map(|contact| {
        json!({
            "relationship": [{ "text": contact.relationship }],
            "name": { "text": contact.name },
            "telecom": [{ "system": "phone", "value": contact.phone }],
        })
    });
    filled(json!({
        "resourceType": "Patient",
        "id": id::of(patient.id.as_str()),
        "meta": meta(patient.rev, None),
        "active": true,
        "name": [
            { "use": "official", "family": profile.family_name, "given": [profile.given_name] },
            preferred.map(|name| json!({ "use": "usual", "text": name })),
        ],
        "telecom": profile.phone.as_ref().map(|phone| json!([{ "system": "phone", "value": phone }])),
        "gender": profile.gender,
        "birthDate": profile.birth_date,
        "address": address,
        "contact": contacts.collect::<Vec<_>>(),
        "communication": [{ "language": language(&profile.language), "preferred": true }],
        "managingOrganization": id::reference("Organization", patient.clinic.as_str()),
    }))
}
