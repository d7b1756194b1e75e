//! `GET /v1/patients/{id}/record`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::EntryView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::PatientId,
        record::{EntryKind, moment::Moment},
    },
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::records::read_entries::{Search, Within, list_entries},
};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordQuery {
    /// `condition`, `allergy`, `medication`, `observation`, `history` or `answers`.
    #[param(value_type = Option<String>)]
    kind: Option<EntryKind>,
    /// A code, or `system|code`.
    code: Option<String>,
    /// Where it stands.
    status: Option<String>,
    /// Not ended before this year, month, day or instant.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Begun before.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Entries wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists a patient's record, newest first
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/record",
    tag = "record",
    params(("id" = String, Path, description = "The patient"), RecordQuery),
    responses(
        (status = OK, description = "A page of entries", body = PageView<EntryView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_record_entries(
    State(api): State<Api>,
    caller: Caller,
    At(patient): At<PatientId>,
    Asked(query): Asked<RecordQuery>,
) -> Result<Json<PageView<EntryView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    let code = query.code.map(|code| match code.split_once('|') {
        Some((system, code)) => (Some(system.to_owned()), code.to_owned()),
        None => (None, code),
    });
    let (from, to) = (query.from, query.to);
    let when = Within {
        to_above: from.map_or(i64::MIN, |from| from.from().as_millisecond()),
        from_below: to.map_or(i64::MAX, |to| to.from().as_millisecond()),
        ..Within::ANY
    };
    let search = Search {
        patient: Some(patient),
        kind: query.kind,
        codes: code.into_iter().collect(),
        statuses: query.status.into_iter().collect(),
        when,
        ..Search::default()
    };
    let (found, _) = list_entries(&api, &caller, &search, &page, false).await?;
    Ok(Json(found.into()))
}
