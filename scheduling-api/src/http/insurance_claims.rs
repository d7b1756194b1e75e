//! `/v1/insurance-claims`: what insurers are asked to pay, and what became of it.

mod fhir;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AppointmentId, InsuranceClaimId, PatientId},
        insurance::{
            claim::{ClaimStep, InsuranceClaim},
            codes::{ClaimCodes, Procedure},
        },
    },
    http::{
        body::{Asked, At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
        page::{PageQuery, PageView},
    },
    usecase::{Failure, insurance::claims as usecase},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_insurance_claims))
        .routes(routes!(read_insurance_claim))
        .routes(routes!(code_insurance_claim))
        .routes(routes!(advance_insurance_claim))
        .routes(routes!(close_insurance_claim))
        .routes(routes!(read_fhir_claim))
        .routes(routes!(read_x12_claim))
}

/// What an insurer is asked to pay for a visit.
#[derive(Serialize, ToSchema)]
struct InsuranceClaimView {
    /// Which one.
    id: String,
    /// How often it was changed.
    rev: i64,
    /// The visit.
    appointment: String,
    /// Who was seen.
    patient: String,
    /// Who saw them.
    practitioner: String,
    /// The coverage.
    coverage: String,
    /// The insurer.
    payer: String,
    /// What the insurer calls the claim when it answers.
    control: String,
    /// `draft`, `submitted`, `accepted`, `rejected`, `paid`, `partly_paid`, `denied`, `appealed`, `closed` or `void`.
    state: &'static str,
    /// ISO 4217 code; all amounts are in its minor units.
    currency: String,
    /// What the visit costs.
    charge_minor: i64,
    /// The patient's part, as it was decided when the visit was over.
    patient_minor: i64,
    /// The insurer's part, as it was decided then.
    insurer_minor: i64,
    /// The rule that decided, with its revision: `pyr_...@3`.
    rule: String,
    /// What the insurer has paid.
    paid_minor: i64,
    /// What was let go.
    adjusted_minor: i64,
    /// By how much the patient's part has grown by the insurer's decision; below zero, it has shrunk.
    shifted_minor: i64,
    /// What the insurer still owes; below zero, what it is owed.
    open_minor: i64,
    /// Why not all is paid, or why it was not taken, as the insurer says it: `CO-45`.
    reasons: Vec<String>,
    /// When it was drawn.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<InsuranceClaim> for InsuranceClaimView {
    fn from(claim: InsuranceClaim) -> Self {
        let (shifted_minor, open_minor) = (claim.shifted(), claim.open());
        Self {
            id: claim.id.into(),
            rev: claim.rev.0,
            appointment: claim.appointment.into(),
            patient: claim.patient.into(),
            practitioner: claim.practitioner.into(),
            coverage: claim.coverage.into(),
            payer: claim.payer.into(),
            control: claim.control,
            state: claim.state.name(),
            currency: claim.currency.to_string(),
            charge_minor: claim.parts.charge(),
            patient_minor: claim.parts.patient.total(),
            insurer_minor: claim.parts.insurer.total(),
            rule: claim.parts.insurer.rule,
            paid_minor: claim.decided.paid,
            adjusted_minor: claim.decided.adjusted,
            shifted_minor,
            open_minor,
            reasons: claim.reasons,
            created_at: claim.created_at.to_string(),
        }
    }
}

/// Whose claims.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InsuranceClaimQuery {
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Of this visit, also to its practitioner.
    #[param(value_type = Option<String>)]
    appointment: Option<AppointmentId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists insurance claims, newest first
#[utoipa::path(
    get,
    path = "/v1/insurance-claims",
    tag = "insurance",
    params(InsuranceClaimQuery),
    responses(
        (status = OK, description = "A page of claims", body = PageView<InsuranceClaimView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_insurance_claims(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<InsuranceClaimQuery>,
) -> Result<Json<PageView<InsuranceClaimView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    let found = match query.appointment {
        Some(visit) => usecase::claim_of_visit(&api, &caller, &visit).await?,
        None => usecase::list_insurance_claims(&api, &caller, query.patient, &page).await?,
    };
    Ok(Json(found.into()))
}

/// Reads an insurance claim
///
/// It is drawn when an insured visit is over and a coverage is good on its day.
#[utoipa::path(
    get,
    path = "/v1/insurance-claims/{id}",
    tag = "insurance",
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = OK, description = "The claim", body = InsuranceClaimView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_insurance_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
) -> Result<impl IntoResponse, Problem> {
    let claim = usecase::read_insurance_claim(&api, &caller, &id).await?;
    Ok((etag(claim.rev), Json(InsuranceClaimView::from(claim))))
}

/// By which codes an insurer is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimCodesBody {
    /// ICD-10, the main one first: 1 to 12. Kept sealed with the patient's key, as all of it.
    #[schema(min_items = 1, max_items = 12, example = json!(["J06.9"]))]
    diagnoses: Vec<String>,
    /// What was done: 1 to 6.
    #[schema(min_items = 1, max_items = 6)]
    procedures: Vec<ProcedureBody>,
    /// Where the patient was (CMS place of service): `10` at home, `02` elsewhere, `11` in the clinic.
    #[serde(default = "home")]
    #[schema(default = "10")]
    place: String,
}

fn home() -> String {
    "10".to_owned()
}

/// Something that was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProcedureBody {
    /// CPT or HCPCS: five letters and digits.
    #[schema(example = "99213")]
    code: String,
    /// Two letters or digits each, at most four: `95` is by video.
    #[serde(default)]
    modifiers: Vec<String>,
    /// What it costs; all of them make the claim's charge.
    charge_minor: i64,
}

impl From<ClaimCodesBody> for ClaimCodes {
    fn from(ClaimCodesBody { diagnoses, procedures, place }: ClaimCodesBody) -> Self {
        let procedure = |ProcedureBody { code, modifiers, charge_minor }| Procedure {
            code,
            modifiers,
            charge_minor,
        };
        Self { diagnoses, procedures: procedures.into_iter().map(procedure).collect(), place }
    }
}

/// Says by which codes an insurer is asked
///
/// By the practitioner or an administrator, before the claim is handed in, or to mend it.
#[utoipa::path(
    put,
    path = "/v1/insurance-claims/{id}/codes",
    tag = "insurance",
    request_body = ClaimCodesBody,
    params(
        ("id" = String, Path, description = "The claim"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The claim", body = InsuranceClaimView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn code_insurance_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ClaimCodesBody>,
) -> Result<impl IntoResponse, Problem> {
    let claim = usecase::code_insurance_claim(&api, &caller, &id, seen, body.into()).await?;
    Ok((etag(claim.rev), Json(InsuranceClaimView::from(claim))))
}

/// A claim's next step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimStepBody {
    /// `submit` (it was handed in; needs codes), `accept` (the insurer works on it), `reject` (the insurer does not take it as it
    /// is) or `appeal` (the clinic does not agree with what was decided).
    step: String,
    /// Why it was rejected: 1 to 12 letters, digits and `-`.
    #[serde(default)]
    #[schema(max_length = 12, example = "CO-16")]
    reason: Option<String>,
}

/// Takes note of a claim's next step
///
/// Files are handed in outside of this server: it takes note of what became of them.
#[utoipa::path(
    post,
    path = "/v1/insurance-claims/{id}/steps",
    tag = "insurance",
    request_body = ClaimStepBody,
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = OK, description = "The claim", body = InsuranceClaimView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn advance_insurance_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
    Body(ClaimStepBody { step, reason }): Body<ClaimStepBody>,
) -> Result<impl IntoResponse, Problem> {
    let is_reason = |reason: &String| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=12).contains(&reason.len()) && reason.bytes().all(fits)
    };
    let step = match (step.as_str(), reason.filter(is_reason)) {
        ("submit", _) => ClaimStep::Submit,
        ("accept", _) => ClaimStep::Accept,
        ("appeal", _) => ClaimStep::Appeal,
        ("reject", Some(reason)) => ClaimStep::Reject(reason),
        ("reject", None) => {
            return Err(Failure::invalid("/reason", "1 to 12 letters, digits and -").into());
        }
        _ => return Err(Failure::invalid("/step", "submit, accept, reject or appeal").into()),
    };
    let claim = usecase::advance_insurance_claim(&api, &caller, &id, step).await?;
    Ok((etag(claim.rev), Json(InsuranceClaimView::from(claim))))
}

/// Lets go what an insurer does not pay
///
/// Needs a fresh proof. Of a claim that is not decided; the patient is not billed for it.
#[utoipa::path(
    post,
    path = "/v1/insurance-claims/{id}/close",
    tag = "insurance",
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = OK, description = "The claim", body = InsuranceClaimView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn close_insurance_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
) -> Result<impl IntoResponse, Problem> {
    let claim = usecase::advance_insurance_claim(&api, &caller, &id, ClaimStep::Close).await?;
    Ok((etag(claim.rev), Json(InsuranceClaimView::from(claim))))
}

/// Reads a claim as FHIR R4 has it
///
/// With the diagnoses, for who hands it in.
#[utoipa::path(
    get,
    path = "/v1/insurance-claims/{id}/fhir",
    tag = "insurance",
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = OK, description = "A `Claim`", body = Object, content_type = "application/fhir+json"),
        (status = "4XX", description = "Not there, or without codes", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_fhir_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
) -> Result<Response, Problem> {
    let told = usecase::read_told(&api, &caller, Act::ReadFhirClaim, &id).await?;
    let kind = [(header::CONTENT_TYPE, "application/fhir+json")];
    Ok((kind, Json(fhir::claim(&told))).into_response())
}

/// Reads a claim as an X12 837 professional file
///
/// With the diagnoses, for who hands it in. A letter that the file cannot carry is refused, never left out.
#[utoipa::path(
    get,
    path = "/v1/insurance-claims/{id}/x12",
    tag = "insurance",
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = OK, description = "The file", body = String, content_type = "application/edi-x12"),
        (status = "4XX", description = "Not there, without codes, or without what the file needs", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_x12_claim(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InsuranceClaimId>,
) -> Result<Response, Problem> {
    let file = usecase::read_x12_claim(&api, &caller, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/edi-x12"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"claim.837\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, file).into_response())
}
