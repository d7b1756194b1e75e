//! The resources: one file a family. Each turns a search or an id into one call of a use case, and what it answers into JSON.

pub(super) mod appointments;
mod audit;
mod concept;
mod directory;
mod documents;
mod patients;
mod prescriptions;
mod questionnaires;
mod record;
mod record_in;

use serde_json::Value;

use super::{
    asked::{Asked, Face},
    found::Found,
    query::Query,
    table::{Noun, Row},
};
use crate::{domain::rev::Rev, http::error::Problem, usecase::Failure};

/// Searches.
pub(super) async fn search(face: &Face, row: &Row, query: &Query) -> Result<Found, Problem> {
    let mut found = match row.noun {
        _ if !query.ids.is_empty() => by_ids(face, row, query).await?,
        Noun::Patient => patients::search(face, query).await?,
        Noun::Practitioner => directory::practitioners(face, query).await?,
        Noun::PractitionerRole => directory::roles(face, query).await?,
        Noun::Organization => directory::organizations(face, query).await?,
        Noun::HealthcareService => directory::services(face, query).await?,
        Noun::Schedule => directory::schedules(face, query).await?,
        Noun::Slot => appointments::slots(face, query).await?,
        Noun::Appointment => appointments::search(face, query, false).await?,
        Noun::Encounter => appointments::search(face, query, true).await?,
        Noun::Record(kind) => record::search(face, kind, query).await?,
        Noun::MedicationRequest => prescriptions::search(face, query).await?,
        Noun::Composition => documents::search(face, query, documents::composition).await?,
        Noun::DocumentReference => documents::search(face, query, documents::reference).await?,
        Noun::Questionnaire => questionnaires::search(face, query).await?,
        Noun::Provenance => record::provenances(face, query).await?,
        Noun::AuditEvent => audit::search(face, query).await?,
        Noun::Binary => Found::default(),
    };
    if !query.counts {
        found.total = None;
    }
    Ok(found)
}

/// `_id`: those of them that the caller may read. What else was asked for must not narrow it: it is refused together.
async fn by_ids(face: &Face, row: &Row, query: &Query) -> Result<Found, Problem> {
    if query.is_narrowed() || !row.reads {
        return Err(Problem::not_supported("_id is searched by alone"));
    }
    let mut resources = Vec::new();
    for id in query.ids.iter().take(super::query::VALUES_MAX) {
        match read(face, row, id).await {
            Ok(one) => resources.push(one),
            Err(problem) if problem.is_not_found() => {}
            Err(problem) => return Err(problem),
        }
    }
    let total = i64::try_from(resources.len()).ok();
    Ok(Found { total, ..Found::whole(resources) })
}

/// Reads one.
pub(super) async fn read(face: &Face, row: &Row, id: &str) -> Result<Value, Problem> {
    match row.noun {
        Noun::Patient => patients::read(face, id).await,
        Noun::Practitioner => directory::practitioner(face, id).await,
        Noun::PractitionerRole => directory::role(face, id).await,
        Noun::Organization => directory::organization(face, id).await,
        Noun::HealthcareService => directory::service(face, id).await,
        Noun::Schedule => directory::schedule(face, id).await,
        Noun::Appointment => appointments::read(face, id).await,
        Noun::Encounter => appointments::encounter(face, id).await,
        Noun::Record(kind) => record::read(face, kind, id).await,
        Noun::MedicationRequest => prescriptions::read(face, id).await,
        Noun::Composition => documents::read(face, id, documents::composition).await,
        Noun::DocumentReference => documents::read(face, id, documents::reference).await,
        Noun::Binary => documents::read(face, id, documents::binary).await,
        Noun::Questionnaire => questionnaires::read(face, id).await,
        Noun::Slot | Noun::Provenance | Noun::AuditEvent => Err(Failure::NotFound.into()),
    }
}

/// All versions of one, the newest first.
pub(super) async fn history(face: &Face, row: &Row, id: &str) -> Result<Vec<Value>, Problem> {
    match row.noun {
        Noun::Record(kind) => record::history(face, kind, id).await,
        _ => Err(Failure::NotFound.into()),
    }
}

/// Makes one; whether it is new, or was there already.
pub(super) async fn create(
    face: &Face,
    row: &Row,
    asked: &Asked,
    unless: Option<&Query>,
) -> Result<(Value, bool), Problem> {
    match row.noun {
        Noun::Record(kind) => record::create(face, kind, asked, unless).await,
        _ => Err(Failure::NotFound.into()),
    }
}

/// Changes one, in the version that was read.
pub(super) async fn update(
    face: &Face,
    row: &Row,
    asked: &Asked,
    seen: Rev,
) -> Result<Value, Problem> {
    match row.noun {
        Noun::Record(kind) => record::update(face, kind, asked, seen).await,
        _ => Err(Failure::NotFound.into()),
    }
}
