//! `/v1/patients/{id}/record` and `/v1/record/{id}`: what is known about a patient beyond visits.

mod correct;
mod create;
mod list;
mod read;
mod summary;
mod versions;

use axum::extract::DefaultBodyLimit;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::record::{EnteredAs, Entry, Provenance, content::Content},
};

/// The longest note of four bytes a character and 20 parts with notes beside, with what JSON puts around them.
const ENTRY_BYTES_MAX: usize = 256 * 1024;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_record_entries, create::create_record_entry))
        .routes(routes!(summary::read_record_summary))
        .routes(routes!(read::read_record_entry, correct::correct_record_entry))
        .routes(routes!(versions::list_record_versions))
        .layer(DefaultBodyLimit::max(ENTRY_BYTES_MAX))
}

/// An entry of a patient's record, in one revision.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordEntryView)]
struct EntryView {
    /// Which one.
    id: String,
    /// How often it was written; also the `ETag`.
    rev: i64,
    /// About whom.
    patient: String,
    /// The visit that it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    /// Where it stands; `entered-in-error` before all others.
    status: &'static str,
    /// What it says, by `kind`.
    #[schema(value_type = Object)]
    content: Content,
    /// Why it was corrected.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// Who said this revision.
    entered: ProvenanceView,
    /// When the first revision was written.
    created_at: String,
}

/// Who said something, as what, and when.
#[derive(Serialize, ToSchema)]
struct ProvenanceView {
    /// The account; absent for a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// `patient`, `practitioner` or `program`.
    #[serde(rename = "as")]
    #[schema(value_type = String)]
    role: EnteredAs,
    /// When.
    at: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let Provenance { by, role, at } = entry.entered;
        Self {
            id: entry.id.into(),
            rev: entry.rev.0,
            patient: entry.patient.into(),
            appointment: entry.appointment.map(Into::into),
            status: entry.content.status(),
            content: entry.content,
            reason: entry.reason,
            entered: ProvenanceView { by: by.map(Into::into), role, at: at.to_string() },
            created_at: entry.created_at.to_string(),
        }
    }
}
