//! Writes a new entry into a patient's record.

use super::{
    entries::{checked, may, provenance, record},
    key_of,
};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AppointmentId, PatientId, RecordEntryId},
        once::Once,
        page::PageRequest,
        record::{ENTRIES_MAX, Entry, content::Content},
        rev::Rev,
        signature::RecordError,
    },
    store::{
        Scope, appointments,
        change::Change,
        idempotency::Earlier,
        patients,
        record::{self as store, Search},
    },
    usecase::{Failure, load},
};

/// What is to be written.
pub(crate) struct NewEntry {
    /// About whom.
    pub(crate) patient: PatientId,
    /// The visit that it was said in.
    pub(crate) appointment: Option<AppointmentId>,
    /// What it says.
    pub(crate) content: Content,
    /// Not, if there is one already that this finds.
    pub(crate) unless: Option<Search>,
}

/// Whether an entry was written.
pub(crate) enum Made {
    /// Now, or by the same request before.
    New(Entry),
    /// Another stood there already.
    There(Entry),
}

/// Writes an entry.
///
/// # Errors
/// When the caller may not, or something in it cannot be. With `unless`: when several are there already.
pub(crate) async fn create_entry(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    new: NewEntry,
) -> Result<Made, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let (act, patient) = (Act::CreateRecordEntry, &new.patient);
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    // What is answered again is found by its id, so that no text lies in the table of keys.
    let earlier = change.earlier::<RecordEntryId>(once).await?;
    let permit = may(change.tx(), caller, act, patient, Some(new.content.kind()), now).await?;
    let key = key_of(api, change.tx(), patient).await?;
    match earlier {
        Earlier::None => {}
        Earlier::Done(made) => {
            let found = store::find(change.tx(), &key, &made).await?.ok_or(Failure::NotFound)?;
            return if found.patient == *patient {
                Ok(Made::New(found))
            } else {
                Err(Failure::KeyReused)
            };
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    if let Some(unless) = &new.unless {
        // Of two that ask at once, the second waits here and then finds what the first has written.
        patients::lock(change.tx(), patient).await?;
        let page = PageRequest { limit: 2, after: None };
        let mut there = store::search(change.tx(), &api.keys, clinic, unless, &page).await?.items;
        match (there.pop(), there.is_empty()) {
            (None, _) => {}
            (Some(one), true) => {
                change.saw(&permit, "record_entry", Some(one.id.as_str()), Some(patient));
                change.commit(None, &()).await?;
                return Ok(Made::There(one));
            }
            (Some(_), false) => return Err(Failure::Several),
        }
    }
    let count = store::count_of(change.tx(), patient).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= ENTRIES_MAX {
        return Err(RecordError::TooMany(ENTRIES_MAX).into());
    }
    if let Some(visit) = &new.appointment {
        let visit = appointments::find(change.tx(), visit).await?;
        if visit.is_none_or(|visit| visit.patient.as_ref() != Some(patient)) {
            return Err(Failure::invalid("/appointment", "is no visit of this patient"));
        }
    }
    let entered = provenance(&permit, now);
    let entry = Entry {
        id: RecordEntryId::mint(&api.random, now),
        clinic: clinic.clone(),
        patient: patient.clone(),
        appointment: new.appointment,
        rev: Rev::FIRST,
        content: checked(change.tx(), clinic, new.content, entered.role, now).await?,
        reason: String::new(),
        entered,
        created_at: now,
    };
    store::insert(change.tx(), &api.keys, &key, &api.random, &entry).await?;
    record(&mut change, &permit, &entry, "record.entered").await?;
    change.commit(once, &entry.id).await?;
    Ok(Made::New(entry))
}
