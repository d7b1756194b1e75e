//! The records in a copy: signed notes, prescriptions in force or taken back, messages, documents by their names (their
//! bytes are read with `GET /v1/documents/{id}/content`).

use serde_json::{Value, json};

use super::{ENTRIES_MAX, PAGE};
use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        id::{PatientId, ThreadId},
        page::PageRequest,
        prescription::Standing,
        thread::Thread,
    },
    store::{
        Tx, data_keys, documents, notes, prescriptions,
        threads::{self, Whose},
    },
    usecase::Failure,
};

/// Reads a patient's pages of one kind to their end, each entry turned into JSON.
macro_rules! all_pages {
    ($page:ident => $found:expr, |$one:ident| $entry:expr) => {{
        let mut $page = PageRequest { limit: PAGE, after: None };
        let mut all: Vec<Value> = Vec::new();
        loop {
            let found = $found;
            all.extend(found.items.into_iter().map(|$one| $entry));
            $page.after = found.next;
            if $page.after.is_none() || all.len() >= ENTRIES_MAX {
                break all;
            }
        }
    }};
}

/// Adds them.
pub(super) async fn gather_into(
    bundle: &mut Value,
    api: &Api,
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<(), Failure> {
    let Some(bundle) = bundle.as_object_mut() else { return Ok(()) };
    let Some(key) = data_keys::find(tx, &api.keys, patient).await? else { return Ok(()) };
    bundle.insert("notes".to_owned(), notes_of(tx, &key, patient).await?.into());
    bundle.insert("prescriptions".to_owned(), prescriptions_of(tx, &key, patient).await?.into());
    bundle.insert("documents".to_owned(), documents_of(tx, &key, patient).await?.into());
    bundle.insert("threads".to_owned(), threads_of(api, tx, &key, patient).await?.into());
    Ok(())
}

async fn notes_of(tx: &mut Tx, key: &DataKey, patient: &PatientId) -> Result<Vec<Value>, Failure> {
    Ok(all_pages!(page => notes::signed_of(tx, key, patient, &page).await?, |note| {
        let addenda = note.addenda.iter().map(|one| {
            json!({ "text": one.text, "signed_by": one.signature.by, "signed_at": one.signature.at })
        });
        json!({
            "id": note.id,
            "appointment": note.appointment,
            "text": note.text,
            "signed_by": note.signature.as_ref().map(|signature| &signature.by),
            "signed_at": note.signature.as_ref().map(|signature| signature.at),
            "addenda": addenda.collect::<Vec<_>>(),
        })
    }))
}

async fn prescriptions_of(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
) -> Result<Vec<Value>, Failure> {
    let found = all_pages!(
        page => prescriptions::of_patient(tx, key, patient, None, &page).await?,
        |one| {
            let reason = match &one.standing {
                Standing::Cancelled { reason, .. } => Some(reason),
                Standing::Draft | Standing::Active(_) => None,
            };
            json!({
                "id": one.id,
                "appointment": one.appointment,
                "state": one.standing.name(),
                "text": one.text,
                "signed_by": one.standing.signature().map(|signature| &signature.by),
                "signed_at": one.standing.signature().map(|signature| signature.at),
                "cancel_reason": reason,
            })
        }
    );
    Ok(found)
}

async fn documents_of(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
) -> Result<Vec<Value>, Failure> {
    Ok(all_pages!(page => documents::of_patient(tx, key, patient, &page).await?, |one| {
        json!({
            "id": one.id,
            "appointment": one.appointment,
            "side": one.side.name(),
            "name": one.card.name,
            "media_type": one.card.media_type.map(crate::domain::document::MediaType::mime),
            "size": one.size,
            "sha256": one.card.sha256,
            "state": one.standing.name(),
            "created_at": one.created_at,
        })
    }))
}

async fn threads_of(
    api: &Api,
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
) -> Result<Vec<Value>, Failure> {
    let threads = all_pages!(
        page => threads::list(tx, &api.keys, Whose::Patient(patient), None, &page).await?,
        |thread| thread_entry(&thread)
    );
    let mut all = Vec::new();
    for mut thread in threads {
        let id = thread.get("id").and_then(Value::as_str);
        let Some(id) = id.and_then(|id| id.parse::<ThreadId>().ok()) else { continue };
        let messages = all_pages!(
            page => threads::messages(tx, key, &id, &page).await?,
            |one| json!({ "side": one.side.name(), "sent_at": one.sent_at, "text": one.text })
        );
        if let Some(thread) = thread.as_object_mut() {
            thread.insert("messages".to_owned(), messages.into());
        }
        all.push(thread);
    }
    Ok(all)
}

fn thread_entry(thread: &Thread) -> Value {
    json!({
        "id": thread.id,
        "practitioner": thread.practitioner,
        "appointment": thread.appointment,
        "subject": thread.subject,
        "created_at": thread.created_at,
    })
}
