//! `/v1/invoices`: invoices and credit notes, as data and as papers.

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{InvoiceId, PatientId},
        invoice::{Invoice, Line},
    },
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
        paper::paper,
    },
    usecase::payments::{print_invoice::print_invoice as print, read as usecase},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_invoices))
        .routes(routes!(read_invoice))
        .routes(routes!(print_invoice))
}

/// An invoice or a credit note.
#[derive(Serialize, ToSchema)]
struct InvoiceView {
    /// Which one.
    id: String,
    /// `invoice` or `credit_note`.
    kind: &'static str,
    /// `draft`, `issued` or `void`. What is issued never changes.
    state: &'static str,
    /// Its number, once issued: a clinic's have no gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "MW-000042")]
    number: Option<String>,
    /// The invoice that a credit note takes back from.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// The visit.
    appointment: String,
    /// Who owes.
    patient: String,
    /// Who is paid.
    seller: String,
    /// The seller's tax number.
    tax_number: String,
    /// What the tax is called.
    tax_name: String,
    /// The tax, in hundredths of a percent.
    tax_rate_bps: u32,
    /// ISO 4217 code; all amounts are in its minor units.
    currency: String,
    /// The lines, in their order.
    lines: Vec<LineView>,
    /// Without tax.
    net_minor: i64,
    /// With tax.
    total_minor: i64,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was given out.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<String>,
}

/// A line.
#[derive(Serialize, ToSchema)]
struct LineView {
    /// Its number: 1 for the first.
    number: usize,
    /// `visit`, `cancel_fee`, `no_show_fee`, `waiver` or `remainder` (what an insurer leaves to the patient).
    kind: &'static str,
    /// Without tax.
    net_minor: i64,
    /// The tax.
    tax_minor: i64,
    /// The rule that it comes from, with its revision.
    rule: String,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        let (number, net_minor, total_minor) =
            (invoice.label(), invoice.net(), invoice.total().minor);
        let line = |(number, line): (usize, Line)| LineView {
            number,
            kind: line.kind.name(),
            net_minor: line.net,
            tax_minor: line.tax,
            rule: line.rule,
        };
        Self {
            id: invoice.id.into(),
            kind: invoice.kind.name(),
            state: invoice.state.name(),
            number,
            of: invoice.of.map(Into::into),
            appointment: invoice.appointment.into(),
            patient: invoice.patient.into(),
            seller: invoice.heading.seller,
            tax_number: invoice.heading.tax_number,
            tax_name: invoice.heading.tax.name,
            tax_rate_bps: invoice.heading.tax.rate_bps,
            currency: invoice.currency.to_string(),
            lines: (1..).zip(invoice.lines).map(line).collect(),
            net_minor,
            total_minor,
            created_at: invoice.created_at.to_string(),
            issued_at: invoice.issued_at.map(|at| at.to_string()),
        }
    }
}

/// Whose documents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InvoiceQuery {
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists invoices and credit notes, newest first
#[utoipa::path(
    get,
    path = "/v1/invoices",
    tag = "payments",
    params(InvoiceQuery),
    responses(
        (status = OK, description = "A page of documents", body = PageView<InvoiceView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_invoices(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<InvoiceQuery>,
) -> Result<Json<PageView<InvoiceView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(usecase::list_invoices(&api, &caller, query.patient, &page).await?.into()))
}

/// Reads an invoice or credit note
#[utoipa::path(
    get,
    path = "/v1/invoices/{id}",
    tag = "payments",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = OK, description = "The document", body = InvoiceView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_invoice(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InvoiceId>,
) -> Result<Json<InvoiceView>, Problem> {
    let found = usecase::read_invoice(&api, &caller, &id).await?;
    Ok(Json(found.into()))
}

/// In which language.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// `en`, `fr`, `es`, `ar` or `sw`; the patient's own when absent.
    #[param(max_length = 20)]
    language: Option<String>,
}

/// Reads an issued invoice or credit note as a paper
///
/// PDF with its fonts: the lines, the tax, and what was received for the visit and given back, with the providers' receipts. A
/// letter that cannot be printed is refused, never left out.
#[utoipa::path(
    get,
    path = "/v1/invoices/{id}/pdf",
    tag = "payments",
    params(("id" = String, Path, description = "The document"), PaperQuery),
    responses(
        (status = OK, description = "The paper", body = Vec<u8>, content_type = "application/pdf"),
        (status = "4XX", description = "Not there, not issued, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn print_invoice(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InvoiceId>,
    Asked(query): Asked<PaperQuery>,
) -> Result<Response, Problem> {
    let pdf = print(&api, &caller, &id, query.language).await?;
    Ok(paper("invoice.pdf", pdf))
}
