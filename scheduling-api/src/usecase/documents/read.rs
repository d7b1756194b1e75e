//! Reads what documents are: one with how far its upload is, or a patient's. That it was read is written down.

use super::{find, resource_of, upload::Progress};
use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller},
        document::Document,
        id::{DocumentId, PatientId},
        page::{Page, PageRequest},
    },
    store::{Scope, Tx, change::Change, documents},
    usecase::{Failure, load, records::key_of},
};

/// Reads what a document is, and which of its parts are there.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn read_document(
    api: &Api,
    caller: &Caller,
    id: &DocumentId,
) -> Result<Progress, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = find(api, change.tx(), &caller.actor, Act::ReadDocument, clinic, id).await?;
    let parts = documents::parts(change.tx(), id).await?;
    change.saw(&found.permit, "document", Some(id.as_str()), Some(&found.document.patient));
    change.commit(None, &()).await?;
    let there = parts.into_iter().map(|(number, _)| number).collect();
    Ok(Progress { document: found.document, there })
}

/// Lists a patient's documents, newest first: all of them, or those that are shared with the caller.
///
/// # Errors
/// When the caller may see none.
pub(crate) async fn list_documents(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Document>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let tx = change.tx();
    let resource = resource_of(tx, &caller.actor, clinic, patient).await?;
    let act = Act::ListDocuments;
    let (permit, key, single) = readable(api, tx, &caller.actor, act, resource, patient).await?;
    let found = match single {
        Some(items) => Page { items, next: None },
        None => documents::of_patient(change.tx(), &key, patient, page).await?,
    };
    change.saw(&permit, "document", None, Some(patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Whether somebody may list a patient's documents; the single ones, if only those are shared with them.
pub(super) async fn readable(
    api: &Api,
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    mut resource: Resource,
    patient: &PatientId,
) -> Result<(Permit, DataKey, Option<Vec<Document>>), Failure> {
    let now = api.clock.now();
    let key = key_of(api, tx, patient).await?;
    let mut single = None;
    if resource.practitioners.is_empty()
        && let Some(practitioner) = &actor.practitioner
    {
        if documents::is_shared(tx, patient, practitioner, None, now).await? {
            resource.practitioners.push(practitioner.clone());
        } else if access::decide(actor, act, &resource, now).is_err() {
            let shared = documents::shared_with(tx, &key, patient, practitioner, now).await?;
            if !shared.is_empty() {
                resource.practitioners.push(practitioner.clone());
                single = Some(shared);
            }
        }
    }
    let permit = access::decide(actor, act, &resource, now)?;
    Ok((permit, key, single))
}
