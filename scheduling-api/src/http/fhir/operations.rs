//! Operations: `Patient/$everything`, and `$find`, `$hold`, `$book`, `$cancel` of appointments after IHE ITI Scheduling.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, Face},
    bundle,
    face::{fhir, versioned},
    id,
    query::Query,
    resources::{self, appointments},
    table::{ROWS, Row},
};
use crate::{
    domain::{
        id::{AppointmentId, PatientId, PractitionerId, ServiceId},
        oauth::clinical::Interaction,
    },
    http::{body::needed, error::Problem},
    usecase::{
        advance::{Step, advance_appointment},
        book::{Booking, Wanted, create_appointment},
        hold::create_hold,
        place::Place,
        search::search_slots,
    },
};
use jiff::Timestamp;

/// `GET Patient/[id]/$everything`: the patient, and what belongs to them, in pages. What the caller may not search is left out.
pub(super) async fn everything(asked: Asked) -> Result<Response, Problem> {
    let patient = asked.id().to_owned();
    let (mut after, mut count) = (None, None);
    for (name, value) in &asked.query {
        match name.as_str() {
            "_page" => after = Some(value.clone()),
            "_count" => count = Some(value.clone()),
            _ => return Err(Problem::not_supported(format!("{name} is not taken by $everything"))),
        }
    }
    let rows: Vec<&'static Row> = ROWS.iter().filter(|row| row.of_patient).collect();
    // A page is of one resource: its place in the table, and where its page begins.
    let first = *rows.first().ok_or_else(|| Problem::bad_request("nothing belongs to patients"))?;
    let fields = page_fields(&patient, count.as_deref(), after.as_deref());
    let here = Query::parse(first, &fields, false)?;
    let (at, inner) = match here.after().and_then(|key| key.split_once(' ')) {
        None => (0, None),
        Some((at, inner)) => {
            let at = at
                .parse()
                .map_err(|_| Problem::bad_request("_page comes from a link of an earlier page"))?;
            (at, Some(inner.to_owned()).filter(|inner| !inner.is_empty()))
        }
    };
    let mut entries = Vec::new();
    if here.after().is_none() {
        let face = asked.face.with("Patient", Interaction::Read)?;
        let row =
            super::table::row("Patient").ok_or_else(|| Problem::bad_request("no patients"))?;
        entries.push(resources::read(&face, row, &patient).await?);
    }
    let mut next = None;
    if let Some(row) = rows.get(at) {
        next = rows.get(at + 1).map(|_| format!("{} ", at + 1));
        if let Ok(face) = asked.face.with(row.name, Interaction::Search) {
            let fields = page_fields(&patient, count.as_deref(), None);
            let query = Query::parse(row, &fields, false)?.on_page(inner);
            match resources::search(&face, row, &query).await {
                Ok(found) => {
                    entries.extend(found.resources);
                    next = found.next.map(|inner| format!("{at} {inner}")).or(next);
                }
                Err(problem) if problem.is_refusal() => {}
                Err(problem) => return Err(problem),
            }
        }
    }
    let base = asked.face.base();
    let link = |page: Option<&str>| {
        format!("{base}/Patient/{patient}/$everything?{}", here.page_link(page))
    };
    let links = [Some(("self", link(here.after()))), next.map(|next| ("next", link(Some(&next))))];
    let entries = entries.into_iter().map(|resource| (resource, "match"));
    Ok(fhir(StatusCode::OK, &bundle::collected(&base, "searchset", &links, None, entries)))
}

fn page_fields(patient: &str, count: Option<&str>, after: Option<&str>) -> Vec<(String, String)> {
    let fields = [("patient", Some(patient)), ("_count", count), ("_page", after)];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `GET Appointment/$find?start=...&end=...&service-type=...&schedule=...`: times that can be booked, as proposed appointments.
pub(super) async fn find(asked: Asked) -> Result<Response, Problem> {
    let given = |name: &str| {
        let found = asked.query.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    };
    let known = ["start", "end", "service-type", "schedule"];
    if let Some((name, _)) = asked.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(Problem::not_supported(format!("{name} is not taken by $find")));
    }
    let instant = |name: &str| -> Result<Timestamp, Problem> {
        let text = given(name).ok_or_else(|| Problem::bad_request(format!("{name} is needed")))?;
        text.parse().map_err(|_| Problem::bad_request(format!("{name} is no instant")))
    };
    let schedule = given("schedule").map(|text| id::referred("Schedule", text).map(str::to_owned));
    let service =
        given("service-type").map(|text| text.rsplit('|').next().unwrap_or(text).to_owned());
    let span = (instant("start")?, instant("end")?);
    let wish = appointments::slot_wish(schedule.transpose()?, service, span)?;
    let face = &asked.face;
    let found = search_slots(&face.api, &face.caller, &wish).await?;
    let service = id::of(wish.service.as_str());
    let entries = found.iter().map(|slot| {
        let proposed = json!({
            "resourceType": "Appointment",
            "status": "proposed",
            "serviceType": [{ "coding": [{ "system": format!("{}/HealthcareService", face.base()), "code": service }] }],
            "start": slot.visit.start,
            "end": slot.visit.end,
            "participant": [{
                "actor": id::reference("Practitioner", slot.practitioner.as_str()), "status": "needs-action",
            }],
        });
        json!({ "resource": proposed, "search": { "mode": "match" } })
    });
    let entries: Vec<Value> = entries.collect();
    let mut bundle =
        json!({ "resourceType": "Bundle", "type": "searchset", "total": entries.len() });
    if !entries.is_empty() {
        bundle["entry"] = json!(entries);
    }
    Ok(fhir(StatusCode::OK, &bundle))
}

/// FHIR R4 `Parameters` with the appointment that is meant.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParametersIn {
    resource_type: String,
    parameter: Vec<ParameterIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParameterIn {
    name: String,
    resource: AppointmentIn,
}

/// The appointment that is meant: one that `$find` proposed, with its patient, or one that `$hold` kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AppointmentIn {
    resource_type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "meta")]
    _meta: Option<Value>,
    #[serde(default, rename = "status")]
    _status: Option<String>,
    #[serde(default)]
    service_type: Vec<ServiceTypeIn>,
    #[serde(default)]
    start: Option<Timestamp>,
    #[serde(default, rename = "end")]
    _end: Option<Timestamp>,
    #[serde(default, rename = "created")]
    _created: Option<String>,
    #[serde(default)]
    participant: Vec<ParticipantIn>,
}

#[derive(Deserialize)]
struct ServiceTypeIn {
    coding: Vec<ServiceCodingIn>,
}

#[derive(Deserialize)]
struct ServiceCodingIn {
    code: String,
}

#[derive(Deserialize)]
struct ParticipantIn {
    actor: ActorIn,
}

#[derive(Deserialize)]
struct ActorIn {
    reference: String,
}

impl AppointmentIn {
    fn of(asked: &Asked) -> Result<Self, Problem> {
        let parameters: ParametersIn = asked.resource()?;
        let mut given = parameters.parameter.into_iter();
        match (given.next(), given.next()) {
            (Some(one), None)
                if parameters.resource_type == "Parameters"
                    && one.name == "appointment"
                    && one.resource.resource_type == "Appointment" =>
            {
                Ok(one.resource)
            }
            _ => Err(Problem::bad_request("Parameters with one appointment are expected")),
        }
    }

    fn actor<T: crate::domain::id::Id>(&self, kind: &str) -> Result<Option<T>, Problem> {
        let named = self.participant.iter().find_map(|one| {
            let reference = one.actor.reference.as_str();
            reference.contains(&format!("{kind}/")).then_some(reference)
        });
        named.map(|reference| id::parse(id::referred(kind, reference)?)).transpose()
    }

    fn place(&self) -> Result<Place, Problem> {
        let service = self.service_type.first().and_then(|one| one.coding.first());
        let service = service.ok_or_else(|| Problem::bad_request("serviceType is needed"))?;
        let service: ServiceId = id::parse(&service.code)?;
        let start = self.start.ok_or_else(|| Problem::bad_request("start is needed"))?;
        let practitioner: Option<PractitionerId> = self.actor("Practitioner")?;
        Ok(Place { service, practitioner, start })
    }
}

fn may_book(asked: &Asked) -> Result<Face, Problem> {
    asked.face.with("Appointment", Interaction::Create)
}

/// `POST Appointment/$hold`: keeps a time while the patient decides.
pub(super) async fn hold(asked: Asked) -> Result<Response, Problem> {
    let face = may_book(&asked)?;
    let wanted = AppointmentIn::of(&asked)?;
    let patient: Option<PatientId> = wanted.actor("Patient")?;
    let place = wanted.place()?;
    let held =
        create_hold(&face.api, &face.caller, asked.once.as_ref(), &place, (patient, None)).await?;
    Ok(versioned(StatusCode::CREATED, &appointments::resource(&face, &held)))
}

/// `POST Appointment/$book`: books a time that `$hold` keeps, or one that is free. With `Idempotency-Key`.
pub(super) async fn book(asked: Asked) -> Result<Response, Problem> {
    let face = may_book(&asked)?;
    let wanted = AppointmentIn::of(&asked)?;
    let time = match &wanted.id {
        Some(hold) => Wanted::Hold(id::parse::<AppointmentId>(hold)?),
        None => Wanted::Place(wanted.place()?),
    };
    let booking = Booking { time, patient: wanted.actor("Patient")?, reason: None };
    let once = needed(asked.once.clone())?;
    let booked = create_appointment(&face.api, &face.caller, &once, &booking).await?;
    Ok(versioned(StatusCode::CREATED, &appointments::resource(&face, &booked)))
}

/// `POST Appointment/[id]/$cancel`: calls it off.
pub(super) async fn cancel(asked: Asked) -> Result<Response, Problem> {
    let face = asked.face.with("Appointment", Interaction::Update)?;
    let id: AppointmentId = id::parse(asked.id())?;
    let (once, seen) = (asked.once.as_ref(), (&id, asked.seen));
    let cancelled = advance_appointment(&face.api, &face.caller, once, seen, Step::Cancel).await?;
    Ok(versioned(StatusCode::OK, &appointments::resource(&face, &cancelled)))
}
