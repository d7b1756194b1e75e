//! `GET /v1/patients/{id}/record/summary`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::EntryView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::PatientId,
        record::{Entry, EntryKind},
    },
    http::{body::At, error::Problem},
    usecase::records::read_entries::read_summary,
};

/// What somebody needs to know first; at most 100 entries of each kind.
#[derive(Serialize, ToSchema)]
pub(super) struct SummaryView {
    /// Conditions that are active.
    conditions: Vec<EntryView>,
    /// Allergies that are active.
    allergies: Vec<EntryView>,
    /// Medicines that are taken, or shall be.
    medications: Vec<EntryView>,
    /// The latest observation of each kind.
    observations: Vec<EntryView>,
    /// History that holds.
    history: Vec<EntryView>,
    /// Answers to questionnaires, the newest first.
    answers: Vec<EntryView>,
    /// How many entries there are in all, by kind.
    counts: BTreeMap<&'static str, i64>,
}

/// Reads what somebody needs to know first about a patient
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/record/summary",
    tag = "record",
    params(("id" = String, Path, description = "The patient")),
    responses(
        (status = OK, description = "The summary", body = SummaryView),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_record_summary(
    State(api): State<Api>,
    caller: Caller,
    At(patient): At<PatientId>,
) -> Result<Json<SummaryView>, Problem> {
    let found = read_summary(&api, &caller, &patient).await?;
    let views = |entries: Vec<Entry>| entries.into_iter().map(Into::into).collect();
    let mut counts: BTreeMap<_, _> = EntryKind::ALL.iter().map(|kind| (kind.word(), 0)).collect();
    counts.extend(found.counts.iter().map(|(kind, count)| (kind.word(), *count)));
    Ok(Json(SummaryView {
        conditions: views(found.conditions),
        allergies: views(found.allergies),
        medications: views(found.medications),
        observations: views(found.observations),
        history: views(found.history),
        answers: views(found.answers),
        counts,
    }))
}
