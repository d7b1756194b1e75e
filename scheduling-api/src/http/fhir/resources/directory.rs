//! Practitioner, PractitionerRole, Organization, HealthcareService, Schedule: who works in a clinic, and what it offers. Public,
//! as the directory is.

use serde_json::{Value, json};

use super::concept::{filled, meta};
use crate::{
    domain::{
        clinic::Clinic,
        directory::{Card, Wish},
        id::{ClinicId, PractitionerId, ServiceId},
        page::{LIMIT_MAX, PageRequest},
        profile::practitioner::PractitionerProfile,
        service::Service,
    },
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::{
        Failure,
        profile::{Practitioner, read_practitioner::read_practitioner},
        read_clinic::read_clinic,
        search::search_practitioners,
        services::{list_services, read_service},
    },
};

/// The clinic whose directory is asked for: the caller's.
fn clinic(face: &Face) -> Result<&ClinicId, Problem> {
    face.caller.actor.clinic.as_ref().ok_or_else(Problem::not_signed_in)
}

/// Whether `active=false` was asked for: what is over is not in the directory.
fn wants_inactive(query: &Query) -> Result<bool, Problem> {
    Ok(query.words("active")?.iter().any(|word| word != "true"))
}

async fn cards(face: &Face, query: &Query, wish: Wish) -> Result<Vec<Card>, Problem> {
    let clinic = clinic(face)?;
    let organization = query.reference("organization", "Organization")?;
    let elsewhere = organization.is_some_and(|id| id != id::of(clinic.as_str()));
    if elsewhere || wants_inactive(query)? {
        return Ok(Vec::new());
    }
    let found = search_practitioners(&face.api, &face.caller, clinic, &wish).await?;
    Ok(found.into_iter().map(|found| found.card).collect())
}

pub(super) async fn practitioners(face: &Face, query: &Query) -> Result<Found, Problem> {
    let language = query.words("communication")?.into_iter().next();
    let wish = Wish { text: query.text("name"), language, ..Wish::default() };
    let cards = cards(face, query, wish).await?;
    let resources = cards.iter().map(|card| {
        let profile = PractitionerProfile {
            languages: card.languages.clone(),
            ..PractitionerProfile::named(card.display_name.clone())
        };
        practitioner_of(&card.id, &Value::Null, &profile)
    });
    Ok(Found::part(resources.collect(), query))
}

pub(super) async fn practitioner(face: &Face, id: &str) -> Result<Value, Problem> {
    let Practitioner { id, rev, profile, .. } = found(face, &id::parse(id)?).await?;
    Ok(practitioner_of(&id, &meta(rev, None), &profile))
}

async fn found(face: &Face, id: &PractitionerId) -> Result<Practitioner, Problem> {
    let found = read_practitioner(&face.api, &face.caller, id).await?;
    if found.clinic == *clinic(face)? { Ok(found) } else { Err(Failure::NotFound.into()) }
}

fn practitioner_of(id: &PractitionerId, meta: &Value, profile: &PractitionerProfile) -> Value {
    let qualifications = profile.qualifications.iter().map(|one| {
        json!({ "code": { "text": one.title }, "issuer": one.institution.as_ref().map(|text| json!({ "display": text })) })
    });
    let languages = profile.languages.iter().map(|tag| language(tag));
    filled(json!({
        "resourceType": "Practitioner",
        "id": id::of(id.as_str()),
        "meta": meta,
        "active": true,
        "name": [{ "text": profile.display_name }],
        "qualification": qualifications.collect::<Vec<_>>(),
        "communication": languages.collect::<Vec<_>>(),
    }))
}

/// A language as FHIR R4 writes it.
pub(super) fn language(tag: &str) -> Value {
    json!({ "coding": [{ "system": "urn:ietf:bcp:47", "code": tag }] })
}

pub(super) async fn roles(face: &Face, query: &Query) -> Result<Found, Problem> {
    let practitioner = query.reference("practitioner", "Practitioner")?;
    let service = query.reference("service", "HealthcareService")?;
    let service: Option<ServiceId> = service.map(|id| id::parse(&id)).transpose()?;
    let specialty = query.words("specialty")?.into_iter().next();
    let wish = Wish { specialty, ..Wish::default() };
    let mut cards = cards(face, query, wish).await?;
    cards.retain(|card| practitioner.as_ref().is_none_or(|id| *id == id::of(card.id.as_str())));
    let clinic = clinic(face)?;
    let offers = offers(face, clinic).await?;
    let resources = cards.iter().filter_map(|card| {
        let offered: Vec<&Service> = of_practitioner(&offers, &card.id);
        let fits = service.as_ref().is_none_or(|id| offered.iter().any(|one| one.id == *id));
        fits.then(|| role_of(&card.id, clinic, &card.specialties, &offered))
    });
    Ok(Found::part(resources.collect(), query))
}

pub(super) async fn role(face: &Face, id: &str) -> Result<Value, Problem> {
    let found = found(face, &id::as_other("role", id)?).await?;
    let offers = offers(face, &found.clinic).await?;
    let offered = of_practitioner(&offers, &found.id);
    Ok(role_of(&found.id, &found.clinic, &found.profile.specialties, &offered))
}

fn of_practitioner<'a>(offers: &'a [Service], id: &PractitionerId) -> Vec<&'a Service> {
    offers.iter().filter(|one| one.terms.practitioners.contains(id)).collect()
}

fn role_of(
    id: &PractitionerId,
    clinic: &ClinicId,
    specialties: &[String],
    offered: &[&Service],
) -> Value {
    let specialties = specialties.iter().map(|text| json!({ "text": text }));
    let services = offered.iter().map(|one| id::reference("HealthcareService", one.id.as_str()));
    filled(json!({
        "resourceType": "PractitionerRole",
        "id": format!("role-{}", id::digits(id.as_str())),
        "active": true,
        "practitioner": id::reference("Practitioner", id.as_str()),
        "organization": id::reference("Organization", clinic.as_str()),
        "specialty": specialties.collect::<Vec<_>>(),
        "healthcareService": services.collect::<Vec<_>>(),
    }))
}

/// The visit types that a clinic offers.
async fn offers(face: &Face, clinic: &ClinicId) -> Result<Vec<Service>, Problem> {
    let mut page = PageRequest { limit: LIMIT_MAX, after: None };
    let mut all = Vec::new();
    loop {
        let found = list_services(&face.api, &face.caller, clinic, &page).await?;
        all.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(all);
        }
    }
}

pub(super) async fn organizations(face: &Face, query: &Query) -> Result<Found, Problem> {
    let own = read_clinic(&face.api, &face.caller, clinic(face)?).await?;
    let wanted = query.text("name").unwrap_or_default().to_lowercase();
    let fits = own.name.to_lowercase().starts_with(&wanted);
    Ok(Found::part(if fits { vec![organization_of(&own)] } else { Vec::new() }, query))
}

pub(super) async fn organization(face: &Face, id: &str) -> Result<Value, Problem> {
    let wanted: ClinicId = id::parse(id)?;
    if wanted != *clinic(face)? {
        return Err(Failure::NotFound.into());
    }
    Ok(organization_of(&read_clinic(&face.api, &face.caller, &wanted).await?))
}

fn organization_of(clinic: &Clinic) -> Value {
    filled(json!({
        "resourceType": "Organization",
        "id": id::of(clinic.id.as_str()),
        "meta": meta(clinic.rev, None),
        "active": true,
        "name": clinic.name,
        "telecom": clinic.phone.as_ref().map(|phone| json!([{ "system": "phone", "value": phone, "use": "work" }])),
    }))
}

pub(super) async fn services(face: &Face, query: &Query) -> Result<Found, Problem> {
    let clinic = clinic(face)?;
    let organization = query.reference("organization", "Organization")?;
    let elsewhere = organization.is_some_and(|id| id != id::of(clinic.as_str()));
    let active = query.words("active")?;
    let wanted = query.text("name").unwrap_or_default().to_lowercase();
    let mut offers = offers(face, clinic).await?;
    offers.retain(|one| {
        let stands = if one.terms.active { "true" } else { "false" };
        !elsewhere
            && one.terms.name.to_lowercase().starts_with(&wanted)
            && (active.is_empty() || active.iter().any(|word| word == stands))
    });
    Ok(Found::part(offers.iter().map(service_of).collect(), query))
}

pub(super) async fn service(face: &Face, id: &str) -> Result<Value, Problem> {
    let found = read_service(&face.api, &face.caller, &id::parse(id)?).await?;
    if found.clinic == *clinic(face)? {
        Ok(service_of(&found))
    } else {
        Err(Failure::NotFound.into())
    }
}

fn service_of(one: &Service) -> Value {
    json!({
        "resourceType": "HealthcareService",
        "id": id::of(one.id.as_str()),
        "meta": meta(one.rev, None),
        "active": one.terms.active,
        "providedBy": id::reference("Organization", one.clinic.as_str()),
        "name": one.terms.name,
        "appointmentRequired": !one.terms.on_demand,
    })
}

/// A practitioner's calendar, as something that slots are asked of; the hours in it are theirs.
pub(super) async fn schedules(face: &Face, query: &Query) -> Result<Found, Problem> {
    let actor = query.reference("actor", "Practitioner")?;
    let mut cards = cards(face, query, Wish::default()).await?;
    cards.retain(|card| actor.as_ref().is_none_or(|id| *id == id::of(card.id.as_str())));
    Ok(Found::part(cards.iter().map(|card| schedule_of(&card.id)).collect(), query))
}

pub(super) async fn schedule(face: &Face, id: &str) -> Result<Value, Problem> {
    let found = found(face, &id::as_other("sch", id)?).await?;
    Ok(schedule_of(&found.id))
}

fn schedule_of(id: &PractitionerId) -> Value {
    json!({
        "resourceType": "Schedule",
        "id": format!("sch-{}", id::digits(id.as_str())),
        "active": true,
        "actor": [id::reference("Practitioner", id.as_str())],
    })
}
