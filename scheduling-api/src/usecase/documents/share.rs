//! The patient says who may read: a practitioner, one document or all of them, until when; and takes it back.

use jiff::Timestamp;
use serde_json::json;

use super::resource_of;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Refusal},
        actor::Caller,
        document::{DocumentError, SHARES_MAX, Share, share_until},
        id::{DocumentId, PatientId, PractitionerId, ShareId},
        once::Once,
        page::{Page, PageRequest},
        profile::refuse,
        rev::Rev,
    },
    store::{
        Scope,
        change::{Change, Transition},
        directory, documents,
        idempotency::Earlier,
        outbox::Event,
    },
    usecase::{Failure, load},
};

/// What is shared.
pub(crate) struct Wish {
    /// With whom.
    pub(crate) practitioner: PractitionerId,
    /// Which document; all when none is named.
    pub(crate) document: Option<DocumentId>,
    /// Until when.
    pub(crate) until: Timestamp,
}

/// Shares.
///
/// # Errors
/// When the caller may not, or it cannot be.
pub(crate) async fn create_share(
    api: &Api,
    caller: &Caller,
    once: &Once,
    patient: &PatientId,
    wish: Wish,
) -> Result<Share, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let resource = resource_of(change.tx(), &caller.actor, clinic, patient).await?;
    let permit = access::decide(&caller.actor, Act::CreateShare, &resource, now)?;
    match change.earlier::<ShareId>(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            return documents::find_share(change.tx(), &id).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let until = share_until(wish.until, now)?;
    if !directory::is_practitioner_of(change.tx(), clinic, &wish.practitioner).await? {
        refuse("/practitioner", "nobody of this clinic")?;
    }
    if let Some(id) = &wish.document
        && documents::patient_of(change.tx(), id).await?.as_ref() != Some(patient)
    {
        refuse("/document", "no document of this patient")?;
    }
    if documents::live_shares(change.tx(), patient, now).await? >= SHARES_MAX {
        return Err(DocumentError::TooMany(SHARES_MAX).into());
    }
    let share = Share {
        id: ShareId::mint(&api.random, now),
        clinic: clinic.clone(),
        patient: patient.clone(),
        document: wish.document,
        practitioner: wish.practitioner,
        by: caller.actor.user.clone().ok_or(Refusal::Forbidden)?,
        created_at: now,
        until,
        revoked_at: None,
    };
    documents::insert_share(change.tx(), &share).await?;
    record(&mut change, &permit, &share, Rev::FIRST, "document.shared").await?;
    change.commit(Some(once), &share.id).await?;
    Ok(share)
}

/// Lists a patient's shares, newest first, those that ended too.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_shares(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Share>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let resource = resource_of(&mut tx, &caller.actor, clinic, patient).await?;
    let _ = access::decide(&caller.actor, Act::ListShares, &resource, now)?;
    Ok(documents::shares_of(&mut tx, patient, page).await?)
}

/// Takes a share back, at once.
///
/// # Errors
/// When the caller may not, or it was taken back.
pub(crate) async fn revoke_share(api: &Api, caller: &Caller, id: &ShareId) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let share = documents::find_share(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = resource_of(change.tx(), &caller.actor, clinic, &share.patient).await?;
    let permit = access::decide(&caller.actor, Act::RevokeShare, &resource, now)?;
    if share.revoked_at.is_some() {
        return Err(Failure::Stands("it was taken back already"));
    }
    documents::revoke_share(change.tx(), id, now).await?;
    let share = Share { revoked_at: Some(now), ..share };
    record(&mut change, &permit, &share, Rev::FIRST.next(), "document.unshared").await?;
    Ok(change.commit(None, &()).await?)
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    share: &Share,
    rev: Rev,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({
        "share": share.id,
        "document": share.document,
        "patient": share.patient,
        "practitioner": share.practitioner,
        "until": share.until,
    });
    let transition = Transition {
        kind: "document_share",
        id: share.id.as_str(),
        rev,
        patient: Some(&share.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
