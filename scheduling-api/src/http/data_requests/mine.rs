//! A patient's side: asking, and reading the copy.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::DataRequestView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        data_request::DataRequestKind,
        id::{DataRequestId, PatientId},
    },
    http::{
        body::{Asked, At, Idempotent},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::data_requests as usecase,
};

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DataRequestBody {
    /// `export`: a copy of everything about the patient; `erasure`: that everything is forgotten.
    #[schema(value_type = String, example = "export")]
    kind: DataRequestKind,
    /// The patient; may be left out by who speaks for nobody else.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhoseQuery {
    /// The patient; may be left out by who speaks for nobody else.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Asks for a copy of my data, or that it is forgotten
///
/// Needs a fresh proof. The clinic decides; then it is done by itself.
#[utoipa::path(
    post,
    path = "/v1/me/data-requests",
    tag = "me",
    request_body = DataRequestBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The request", body = DataRequestView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_data_request(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<DataRequestBody>,
) -> Result<(StatusCode, Json<DataRequestView>), Problem> {
    let DataRequestBody { kind, patient } = body;
    let made = usecase::create_data_request(&api, &caller, once.as_ref(), kind, patient).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Lists what I asked for about my data
#[utoipa::path(
    get,
    path = "/v1/me/data-requests",
    tag = "me",
    params(PageQuery, WhoseQuery),
    responses(
        (status = OK, description = "A page of requests", body = PageView<DataRequestView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_my_data_requests(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
    Asked(whose): Asked<WhoseQuery>,
) -> Result<Json<PageView<DataRequestView>>, Problem> {
    let page = page.parse()?;
    Ok(Json(usecase::list_my_data_requests(&api, &caller, whose.patient, &page).await?.into()))
}

/// Reads the copy of my data
///
/// Needs a fresh proof. There for a month after it was made. Seen in my access log.
#[utoipa::path(
    get,
    path = "/v1/me/data-requests/{id}/export",
    tag = "me",
    params(("id" = String, Path, description = "The request")),
    responses(
        (status = OK, description = "The copy: every table with something about the patient, and the access log", body = serde_json::Value),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_data_export(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DataRequestId>,
) -> Result<Response, Problem> {
    let text = usecase::read_data_export(&api, &caller, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""),
    ];
    Ok((headers, text).into_response())
}
