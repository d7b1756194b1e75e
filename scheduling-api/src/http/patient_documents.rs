//! `/v1/documents`, those of a patient, who may read them, and what a clinic chose about its records.

mod complete;
mod create;
mod download;
mod list;
mod range;
mod read;
mod recordings;
mod settings;
mod share;
mod upload;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::document::{Document, PART_BYTES, Standing},
    usecase::documents::upload::Progress,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create::create_document))
        .routes(routes!(read::read_document, complete::discard_document))
        .routes(routes!(upload::upload_part))
        .routes(routes!(complete::complete_document))
        .routes(routes!(download::download_document))
        .routes(routes!(list::list_documents))
        .routes(routes!(recordings::list_recordings))
        .routes(routes!(share::create_share, share::list_shares))
        .routes(routes!(share::revoke_share))
        .routes(routes!(settings::read_record_settings, settings::update_record_settings))
}

/// A document.
#[derive(Serialize, ToSchema)]
struct DocumentView {
    /// Which one.
    id: String,
    /// About whom.
    patient: String,
    /// The visit that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    /// Who uploads it; nobody where the media server has recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    /// The recording that it is of: those of one have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<String>,
    /// From which side: `patient` or `clinic`.
    side: &'static str,
    /// A file's name.
    name: String,
    /// Its type, known with its first part.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    /// Bytes of the whole.
    size: u64,
    /// SHA-256 of the whole, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// `uploading`, `checking`, `ready`, `refused` or `discarded`. Only what is `ready` can be read.
    state: &'static str,
    /// Whether a scanner has looked for malware; false where none is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    scanned: Option<bool>,
    /// Why it was refused: `infected`, `unscannable`, `type`, `hash` or `damaged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_for: Option<&'static str>,
    /// What the scanner calls what it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    /// When it was begun.
    created_at: String,
}

impl From<Document> for DocumentView {
    fn from(one: Document) -> Self {
        let state = one.standing.name();
        let recording = one.recording().map(ToOwned::to_owned);
        let (scanned, refused_for, finding) = match one.standing {
            Standing::Ready { scanned } => (Some(scanned), None, None),
            Standing::Refused { why, finding } => (None, Some(why.name()), finding),
            Standing::Uploading | Standing::Checking | Standing::Discarded => (None, None, None),
        };
        Self {
            id: one.id.into(),
            patient: one.patient.into(),
            appointment: one.appointment.map(Into::into),
            created_by: one.by.map(Into::into),
            recording,
            side: one.side.name(),
            name: one.card.name,
            media_type: one.card.media_type.map(crate::domain::document::MediaType::mime),
            size: one.size,
            sha256: one.card.sha256,
            state,
            scanned,
            refused_for,
            finding,
            created_at: one.created_at.to_string(),
        }
    }
}

/// A document, and how far its upload is.
#[derive(Serialize, ToSchema)]
struct UploadView {
    /// What is uploaded.
    document: DocumentView,
    /// Bytes of every part but the last.
    part_bytes: u64,
    /// How many parts it has, numbered from 0.
    parts: u64,
    /// The parts that are not there yet: what to send to go on.
    missing: Vec<u64>,
}

impl From<Progress> for UploadView {
    fn from(Progress { document, there }: Progress) -> Self {
        let parts = document.parts();
        let missing = (0..parts).filter(|number| there.binary_search(number).is_err()).collect();
        Self { document: document.into(), part_bytes: PART_BYTES, parts, missing }
    }
}
