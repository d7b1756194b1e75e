//! What patients ask for about their data: asked, decided by the clinic, carried out by the worker.
//!
//! A copy is sealed with the patient's key and waits for a month. Erasure destroys that key: whatever is sealed with it,
//! in this database or an old copy of it without the old key row, is lost. Appointments, history and the audit log stay,
//! with ids in them; who must keep more by law refuses the request.

mod bundle;

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller},
        data_request::{DataRequest, DataRequestKind, DataRequestState},
        id::{ClinicId, DataRequestId, PatientId, RequestId},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError, accounts, appointments,
        change::{Change, Transition},
        data_keys, data_requests, erasure,
        idempotency::Earlier,
        memberships,
        outbox::Event,
    },
    usecase::{Failure, load},
};

/// Requests carried out in one round.
const ROUND: u32 = 10;

/// Asks.
pub(crate) async fn create_data_request(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    kind: DataRequestKind,
    patient: Option<PatientId>,
) -> Result<DataRequest, Failure> {
    let (clinic, patient, permit, now) = own(api, caller, Act::CreateDataRequest, patient)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(request) => return Ok(request),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let request = DataRequest {
        id: DataRequestId::mint(&api.random, now),
        rev: Rev::FIRST,
        clinic: clinic.clone(),
        patient,
        kind,
        state: DataRequestState::Requested,
        requested_by: caller.actor.user.clone(),
        reviewed_by: None,
        created: now,
        reviewed: None,
        done: None,
    };
    match data_requests::insert(change.tx(), &request).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("such a request")),
        other => other?,
    }
    record(&mut change, &permit, &request, "data_request.created").await?;
    change.commit(once, &request).await?;
    Ok(request)
}

/// Lists what was asked for about a patient.
pub(crate) async fn list_my_data_requests(
    api: &Api,
    caller: &Caller,
    patient: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<DataRequest>, Failure> {
    let (clinic, patient, _, _) = own(api, caller, Act::ListMyDataRequests, patient)?;
    let mut tx = api.store.read(Scope::Clinic(&clinic)).await?;
    Ok(data_requests::list(&mut tx, &clinic, Some(&patient), page).await?)
}

/// Lists what a clinic's patients asked for.
pub(crate) async fn list_data_requests(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<DataRequest>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ListDataRequests, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(data_requests::list(&mut tx, clinic, None, page).await?)
}

/// Decides a request.
pub(crate) async fn review_data_request(
    api: &Api,
    caller: &Caller,
    id: &DataRequestId,
    approved: bool,
) -> Result<DataRequest, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let act = if approved { Act::ApproveDataRequest } else { Act::RefuseDataRequest };
    let permit = access::decide(&caller.actor, act, &Resource::of_clinic(clinic), now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = data_requests::find(change.tx(), id).await?;
    let found = found.filter(|request| request.clinic == *clinic);
    let mut request = found.ok_or(Failure::NotFound)?;
    if approved && request.kind == DataRequestKind::Erasure {
        refuse_while_there_are_visits(&mut change, &request).await?;
    }
    request.review(approved, caller.actor.user.clone(), now).map_err(Failure::Stands)?;
    data_requests::update(change.tx(), &request).await?;
    let topic = if approved { "data_request.approved" } else { "data_request.refused" };
    record(&mut change, &permit, &request, topic).await?;
    change.commit(None, &()).await?;
    Ok(request)
}

/// Who has a visit before them is known to the clinic.
async fn refuse_while_there_are_visits(
    change: &mut Change<'_>,
    request: &DataRequest,
) -> Result<(), Failure> {
    if appointments::is_any_active(change.tx(), &request.patient).await? {
        return Err(Failure::Stands("there are appointments to come: call them off first"));
    }
    Ok(())
}

/// Reads a copy.
pub(crate) async fn read_data_export(
    api: &Api,
    caller: &Caller,
    id: &DataRequestId,
) -> Result<String, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = data_requests::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource {
        clinic: Some(found.clinic.clone()),
        patient: Some(found.patient.clone()),
        practitioners: Vec::new(),
        participants: Vec::new(),
        fhir: None,
    };
    let permit = access::decide(&caller.actor, Act::ReadDataExport, &resource, now)?;
    let sealed = data_requests::bundle(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let key = data_keys::find(change.tx(), &api.keys, &found.patient).await?;
    let corrupt = || StoreError::Corrupt { column: "bundle" };
    let plain = key.ok_or(Failure::NotFound)?.open(&place(id), &sealed).map_err(|_| corrupt())?;
    let text = String::from_utf8(plain).map_err(|_| corrupt())?;
    change.saw(&permit, "data_request", Some(id.as_str()), Some(&found.patient));
    change.commit(None, &()).await?;
    Ok(text)
}

/// Carries out what was approved; how many requests.
pub(crate) async fn carry_out(api: &Api) -> Result<usize, Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let approved = data_requests::approved(&mut tx, ROUND).await?;
    drop(tx);
    let count = approved.len();
    let mut erased = false;
    for (clinic, id) in approved {
        match carry_out_one(api, &clinic, &id).await {
            Ok(one) => erased |= one,
            // The others' turn comes all the same.
            Err(failure) => {
                tracing::warn!(%id, %failure, "a request about data was not carried out");
            }
        }
    }
    if erased {
        empty_journal(api).await?;
    }
    Ok(count)
}

/// Once more if a reader was in the way: reads are short.
async fn empty_journal(api: &Api) -> Result<(), Failure> {
    const TRIES: u32 = 20;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
    for _ in 1..TRIES {
        if api.store.empty_journal().await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(api.store.empty_journal().await?)
}

/// Carries one out; whether something was erased.
async fn carry_out_one(api: &Api, clinic: &ClinicId, id: &DataRequestId) -> Result<bool, Failure> {
    let now = api.clock.now();
    let actor = Actor::system(clinic.clone());
    let caller = Caller { actor, request: RequestId::mint(&api.random, now) };
    // Read before anything is written: a copy of decades holds up nobody's writing.
    let mut tx = api.store.read(Scope::Platform).await?;
    let found = data_requests::find(&mut tx, id).await?;
    drop(tx);
    let copy = match found {
        Some(request) if request.kind == DataRequestKind::Export => {
            bundle::gather(api, &request, now).await?
        }
        _ => None,
    };
    // Above the clinics: an account may be more than this clinic's patient.
    let mut change = Change::begin(&api.store, &api.random, &caller, Scope::Platform, now).await?;
    let found = data_requests::find(change.tx(), id).await?;
    let found = found.filter(|request| request.state == DataRequestState::Approved);
    // Another process was faster.
    let Some(mut request) = found else { return Ok(false) };
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: Some(request.patient.clone()),
        practitioners: Vec::new(),
        participants: Vec::new(),
        fhir: None,
    };
    let permit = access::decide(&caller.actor, Act::CarryOutDataRequest, &resource, now)?;
    request.finish(now);
    data_requests::update(change.tx(), &request).await?;
    match request.kind {
        DataRequestKind::Export => export(api, &mut change, &request, copy).await?,
        DataRequestKind::Erasure => erase(&mut change, &request, now).await?,
    }
    record(&mut change, &permit, &request, "data_request.done").await?;
    change.commit(None, &()).await?;
    Ok(request.kind == DataRequestKind::Erasure)
}

async fn export(
    api: &Api,
    change: &mut Change<'_>,
    request: &DataRequest,
    copy: Option<String>,
) -> Result<(), Failure> {
    let key = data_keys::find(change.tx(), &api.keys, &request.patient).await?;
    // Erased since it was asked for: there is nothing left to copy, and the request is done.
    let Some((key, text)) = key.zip(copy) else { return Ok(()) };
    let sealed = key.seal(&api.random, &place(&request.id), text.as_bytes());
    Ok(data_requests::set_bundle(change.tx(), &request.id, &sealed).await?)
}

/// Forgets the patient, and their account if it is nothing else anywhere.
async fn erase(
    change: &mut Change<'_>,
    request: &DataRequest,
    now: Timestamp,
) -> Result<(), Failure> {
    // Booked since it was approved: the sweep of the calendar is the clinic's to do, not ours.
    let users = memberships::accounts_of_patient(change.tx(), &request.patient).await?;
    erasure::patient(change.tx(), &request.patient, now).await?;
    for user in users {
        let others = memberships::of_user(change.tx(), &user).await?;
        let proxies = memberships::proxies_of_user(change.tx(), &user).await?;
        if others.is_empty() && proxies.is_empty() && accounts::exists(change.tx(), &user).await? {
            erasure::account(change.tx(), &user, now).await?;
        }
    }
    Ok(())
}

fn own(
    api: &Api,
    caller: &Caller,
    act: Act,
    patient: Option<PatientId>,
) -> Result<(ClinicId, PatientId, Permit, Timestamp), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: Vec::new(),
        participants: Vec::new(),
        fhir: None,
    };
    let permit = access::decide(&caller.actor, act, &resource, now)?;
    // The row reaches a patient's own only.
    let patient = patient.ok_or(Failure::NotFound)?;
    Ok((clinic, patient, permit, now))
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    request: &DataRequest,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = serde_json::json!({
        "request": request.id,
        "kind": request.kind,
        "state": request.state,
        "patient": request.patient,
    });
    let transition = Transition {
        kind: "data_request",
        id: request.id.as_str(),
        rev: request.rev,
        patient: Some(&request.patient),
        body: serde_json::json!({ "data_request": request }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}

fn place(id: &DataRequestId) -> String {
    format!("data_request.bundle/{id}")
}
