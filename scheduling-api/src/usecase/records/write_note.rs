//! Writes the draft of a visit's note: the first text, and each after it in turn.

use serde_json::json;

use super::visit_to_write;
use crate::{
    api::Api,
    domain::{
        access::{Act, Permit},
        actor::Caller,
        id::{AppointmentId, NoteId},
        note::{Note, NoteText, may_be_written},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        notes,
        outbox::Event,
    },
    usecase::{Failure, load},
};

/// Writes the draft. `seen` is the revision that the writer has read; none for the first text.
///
/// # Errors
/// `Stale` when somebody else was faster, also with the first text.
pub(crate) async fn write_note(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
    seen: Option<Rev>,
    text: NoteText,
) -> Result<Note, Failure> {
    let now = api.clock.now();
    let text = text.checked()?;
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_to_write(api, &mut change, caller, Act::WriteNote, id, now).await?;
    may_be_written(&visit.appointment.state)?;
    let found = notes::of_appointment(change.tx(), &visit.key, id).await?;
    if found.as_ref().map(|note| note.rev) != seen {
        return Err(StoreError::Stale.into());
    }
    let note = match found {
        Some(mut note) => {
            note.write(text)?;
            notes::update(change.tx(), &visit.key, &api.random, &note).await?;
            note
        }
        None => {
            let note = Note {
                id: NoteId::mint(&api.random, now),
                clinic: visit.appointment.clinic.clone(),
                appointment: id.clone(),
                patient: visit.patient.clone(),
                practitioner: visit.appointment.practitioner.clone(),
                rev: Rev::FIRST,
                text,
                signature: None,
                addenda: Vec::new(),
                created_at: now,
            };
            notes::insert(change.tx(), &visit.key, &api.random, &note).await?;
            note
        }
    };
    record(&mut change, &visit.permit, &note, "note.written").await?;
    change.commit(None, &()).await?;
    Ok(note)
}

/// Writes a note's new revision into history; its text only where it is sealed.
pub(super) async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    note: &Note,
    topic: &'static str,
) -> Result<(), Failure> {
    let state = if note.signature.is_some() { "signed" } else { "draft" };
    let payload = json!({ "note": note.id, "appointment": note.appointment, "state": state });
    let transition = Transition {
        kind: "note",
        id: note.id.as_str(),
        rev: note.rev,
        patient: Some(&note.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
