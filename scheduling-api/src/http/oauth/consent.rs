//! `GET /v1/oauth/requests/{request}` and its answer, `POST .../decision`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::OauthProblem;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::body::{At, Body},
    usecase::oauth::{
        decide_consent::decide_consent as decide, read_consent::read_consent as read,
    },
};

/// What a person is asked.
#[derive(Serialize, ToSchema)]
pub(super) struct QuestionView {
    /// The program.
    client_name: String,
    /// Whose it is.
    clinic_name: String,
    /// What it wants.
    scopes: Vec<ScopeView>,
}

/// One thing that a program wants.
#[derive(Serialize, ToSchema)]
struct ScopeView {
    /// The scope.
    scope: String,
    /// In English; pages translate by the scope.
    sentence: String,
}

/// A person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerBody {
    /// Whether they agree.
    agreed: bool,
    /// The patient that it is about, where the program asks for one and there are several.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Where to go now.
#[derive(Serialize, ToSchema)]
pub(super) struct GoView {
    /// The client's address.
    redirect_to: String,
}

/// Reads what a person is asked about a client
#[utoipa::path(
    get,
    path = "/v1/oauth/requests/{request}",
    tag = "oauth",
    params(("request" = String, Path, description = "From the address of the consent page")),
    responses(
        (status = OK, description = "The question", body = QuestionView),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_consent(
    State(api): State<Api>,
    caller: Caller,
    At(request): At<String>,
) -> Result<Json<QuestionView>, OauthProblem> {
    let question = read(&api, &caller, &request).await?;
    let words = question.scopes.iter();
    let words = words.map(|scope| (scope.as_str().to_owned(), scope.sentence().to_owned()));
    let clinical = question.scopes.clinical().map(|scope| (scope.to_string(), scope.sentence()));
    let scopes = words.chain(clinical).map(|(scope, sentence)| ScopeView { scope, sentence });
    Ok(Json(QuestionView {
        client_name: question.client,
        clinic_name: question.clinic,
        scopes: scopes.collect(),
    }))
}

/// Answers whether a client may
#[utoipa::path(
    post,
    path = "/v1/oauth/requests/{request}/decision",
    tag = "oauth",
    request_body = AnswerBody,
    params(("request" = String, Path, description = "From the address of the consent page")),
    responses(
        (status = OK, description = "Where to go", body = GoView),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn decide_consent(
    State(api): State<Api>,
    caller: Caller,
    At(request): At<String>,
    Body(body): Body<AnswerBody>,
) -> Result<Json<GoView>, OauthProblem> {
    let redirect_to = decide(&api, &caller, &request, body.agreed.then_some(body.patient)).await?;
    Ok(Json(GoView { redirect_to }))
}
