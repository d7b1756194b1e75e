//! `/v1/appointments/{id}/note` and `/v1/patients/{id}/notes`: what the practitioner writes about a visit.

mod addenda;
mod list;
mod read;
mod sign;
mod write;

use axum::extract::DefaultBodyLimit;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        note::{Addendum, Note, NoteText},
        signature::Signature,
    },
};

/// Five sections of 20,000 characters of four bytes, with what JSON puts around them.
const NOTE_BYTES_MAX: usize = 512 * 1024;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read::read_note, write::write_note))
        .routes(routes!(sign::sign_note))
        .routes(routes!(addenda::add_addendum))
        .routes(routes!(list::list_notes))
        .layer(DefaultBodyLimit::max(NOTE_BYTES_MAX))
}

/// The note of a visit.
#[derive(Serialize, ToSchema)]
pub(super) struct NoteView {
    /// Which one.
    id: String,
    /// How often it was written; also the `ETag`.
    rev: i64,
    /// The visit.
    appointment: String,
    /// Who gave it.
    practitioner: String,
    /// `draft` or `signed`.
    state: &'static str,
    /// `reason`, `history`, `findings`, `assessment`, `plan`.
    #[schema(value_type = Object)]
    text: NoteText,
    /// Who stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureView>,
    /// What was added after signing, oldest first.
    addenda: Vec<AddendumView>,
    /// When it was begun.
    created_at: String,
}

/// A signature.
#[derive(Serialize, ToSchema)]
pub(super) struct SignatureView {
    /// The account that signed.
    by: String,
    /// When.
    at: String,
    /// Over text, visit, patient, signer and instant, by the patient's own key.
    hash: String,
}

/// Something added to a signed note.
#[derive(Serialize, ToSchema)]
struct AddendumView {
    /// Which one.
    id: String,
    /// What was written.
    text: String,
    /// Who stands for it.
    signature: SignatureView,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            id: note.id.into(),
            rev: note.rev.0,
            appointment: note.appointment.into(),
            practitioner: note.practitioner.into(),
            state: if note.signature.is_some() { "signed" } else { "draft" },
            text: note.text,
            signature: note.signature.map(Into::into),
            addenda: note.addenda.into_iter().map(Into::into).collect(),
            created_at: note.created_at.to_string(),
        }
    }
}

impl From<Signature> for SignatureView {
    fn from(signature: Signature) -> Self {
        Self { by: signature.by.into(), at: signature.at.to_string(), hash: signature.hash }
    }
}

impl From<Addendum> for AddendumView {
    fn from(addendum: Addendum) -> Self {
        Self { id: addendum.id.into(), text: addendum.text, signature: addendum.signature.into() }
    }
}
