//! Reads a visit's note; that it was read is written down, and shown to the patient.

use super::{key_of, may_read, writes};
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, id::AppointmentId, note::Note},
    store::{Scope, appointments, change::Change, notes},
    usecase::{Failure, load},
};

/// Reads the note. A draft is there for who writes it alone.
///
/// # Errors
/// When there is none to be seen, or the caller may not.
pub(crate) async fn read_note(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<Note, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let appointment = appointments::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let patient = appointment.patient.clone().ok_or(Failure::NotFound)?;
    let tx = change.tx();
    let permit = may_read(tx, &caller.actor, Act::ReadNote, clinic, &patient, now).await?;
    let key = key_of(api, change.tx(), &patient).await?;
    let found = notes::of_appointment(change.tx(), &key, id).await?;
    let sees_drafts = writes(&caller.actor, Act::WriteNote, &appointment, now);
    let note = found.filter(|note| sees_drafts || note.signature.is_some());
    let note = note.ok_or(Failure::NotFound)?;
    change.saw(&permit, "note", Some(note.id.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    Ok(note)
}
