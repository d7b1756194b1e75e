//! Makes a visit's note final, and adds to it afterwards.

use serde_json::json;

use super::{sign, visit_to_write, write_note::record};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AddendumId, AppointmentId},
        note::{Addendum, Note, paragraphs},
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

/// Signs the note in the revision that the signer has read: nobody stands for what they have not seen.
///
/// # Errors
/// `Stale` when it was written since; when there is no note, or it cannot be signed.
pub(crate) async fn sign_note(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
    seen: Rev,
) -> Result<Note, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_to_write(api, &mut change, caller, Act::SignNote, id, now).await?;
    let found = notes::of_appointment(change.tx(), &visit.key, id).await?;
    let mut note = found.ok_or(Failure::NotFound)?;
    if note.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let text =
        serde_json::to_vec(&note.text).map_err(|error| StoreError::Schema(error.to_string()))?;
    let about = ["note", id.as_str(), visit.patient.as_str()];
    note.sign(&visit.appointment.state, sign(caller, &visit.key, about, &text, now)?)?;
    notes::update(change.tx(), &visit.key, &api.random, &note).await?;
    record(&mut change, &visit.permit, &note, "note.signed").await?;
    change.commit(None, &()).await?;
    Ok(note)
}

/// Adds to a signed note.
///
/// # Errors
/// When there is none, or it is a draft.
pub(crate) async fn add_addendum(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
    text: String,
) -> Result<Note, Failure> {
    let now = api.clock.now();
    paragraphs("/text", &text)?;
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_to_write(api, &mut change, caller, Act::AddAddendum, id, now).await?;
    let found = notes::of_appointment(change.tx(), &visit.key, id).await?;
    let mut note = found.ok_or(Failure::NotFound)?;
    let about = ["note_addendum", note.id.as_str(), visit.patient.as_str()];
    let signature = sign(caller, &visit.key, about, text.as_bytes(), now)?;
    let addendum = Addendum { id: AddendumId::mint(&api.random, now), text, signature };
    note.addend(addendum.clone())?;
    notes::insert_addendum(change.tx(), &visit.key, &api.random, &note, &addendum).await?;
    let payload = json!({ "note": note.id, "addendum": addendum.id });
    let transition = Transition {
        kind: "note_addendum",
        id: addendum.id.as_str(),
        rev: Rev::FIRST,
        patient: Some(&note.patient),
        body: payload.clone(),
        events: vec![Event { topic: "note.added_to", payload, not_before: None }],
    };
    change.record(&visit.permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(note)
}
