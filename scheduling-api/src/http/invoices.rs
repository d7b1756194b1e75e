//! `/v1/invoices`: invoices and credit notes, as data and as a page to print.

use std::fmt::Write as _;

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
        id::{InvoiceId, PatientId},
        invoice::{Invoice, Line, LineKind},
        money::Money,
    },
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::payments::read::{self as usecase, Document},
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
    /// `visit`, `cancel_fee`, `no_show_fee` or `waiver`.
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
    let found = usecase::read_invoice(&api, &caller, Act::ReadInvoice, &id).await?;
    Ok(Json(found.invoice.into()))
}

/// Reads an invoice or credit note as a page to print
///
/// Holds the patient's name. Loads nothing from anywhere.
#[utoipa::path(
    get,
    path = "/v1/invoices/{id}/page",
    tag = "payments",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = OK, description = "The page", body = String, content_type = "text/html"),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn print_invoice(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<InvoiceId>,
) -> Result<Response, Problem> {
    let found = usecase::read_invoice(&api, &caller, Act::PrintInvoice, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, page(&found)).into_response())
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}th,td{text-align:start;padding:.4rem;border-bottom:1px solid}\
    .n{text-align:end}";

fn page(document: &Document) -> String {
    let invoice = &document.invoice;
    let title = if invoice.kind.name() == "invoice" { "Invoice" } else { "Credit note" };
    let amount = |minor| Money { minor, currency: invoice.currency }.decimal();
    let number = invoice.label().unwrap_or_else(|| "draft".to_owned());
    let issued = invoice.issued_at.map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string());
    let name = document.name.as_ref().map_or("", |name| name.expose());
    let (tax_name, rate) = (&invoice.heading.tax.name, invoice.heading.tax.rate_bps);
    let total = invoice.total().minor;
    let mut rows = String::new();
    for (at, line) in (1..).zip(&invoice.lines) {
        let _ = write!(
            rows,
            "<tr><td>{at}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>",
            words(line.kind),
            amount(line.net),
            amount(line.tax),
            amount(line.total()),
        );
    }
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title} {number}</title><style>{STYLE}</style>\
        <h1>{title} {number}</h1><p>{}<br>{}</p><p>{}</p><p>{issued}</p>\
        <table><thead><tr><th>No.</th><th>For</th><th class=n>Net</th><th class=n>{} {}.{:02} %</th>\
        <th class=n>{}</th></tr></thead><tbody>{rows}</tbody>\
        <tfoot><tr><th colspan=2>Total</th><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr></tfoot></table>\
        <p>Received for this visit: {} {}</p></html>",
        escaped(&invoice.heading.seller),
        escaped(&invoice.heading.tax_number),
        escaped(name),
        escaped(tax_name),
        rate / 100,
        rate % 100,
        invoice.currency,
        amount(invoice.net()),
        amount(total - invoice.net()),
        amount(total),
        amount(document.paid),
        invoice.currency,
    )
}

fn words(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Visit => "Visit",
        LineKind::CancelFee => "Late cancellation",
        LineKind::NoShowFee => "Missed visit",
        LineKind::Waiver => "Waived",
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut all, c| {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&#39;"),
            other => all.push(other),
        }
        all
    })
}
