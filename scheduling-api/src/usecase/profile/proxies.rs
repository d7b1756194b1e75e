//! Who acts for a patient: named by the clinic, after it has seen who they are.

use jiff::Timestamp;

use super::of_patient;
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        account::{AccountState, Proxy},
        actor::Caller,
        email_address::EmailAddress,
        id::{PatientId, ProxyId},
        profile,
        rev::Rev,
    },
    store::{
        Scope, StoreError, accounts,
        change::{Change, Transition},
        memberships::{self, Related},
        outbox::Event,
        patients,
    },
    usecase::{Failure, load},
};

/// Who shall act for a patient.
pub(crate) struct ProxyCard {
    pub(crate) email: String,
    pub(crate) relationship: String,
    pub(crate) valid_until: Option<Timestamp>,
}

/// Lists who acts for a patient.
pub(crate) async fn list_proxies(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
) -> Result<Vec<Related>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let permit =
        access::decide(&caller.actor, Act::ListProxies, &of_patient(&clinic, patient), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    crate::usecase::patient::check(change.tx(), &clinic, Some(patient)).await?;
    let proxies = memberships::proxies_of_patient(change.tx(), patient).await?;
    let proxies = memberships::related(change.tx(), &api.keys, proxies).await?;
    change.saw(&permit, "patient", Some(patient.as_str()), Some(patient));
    change.commit(None, &()).await?;
    Ok(proxies)
}

/// Lets somebody with an account act for a patient.
pub(crate) async fn add_proxy(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    card: ProxyCard,
) -> Result<Related, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let permit = access::decide(&caller.actor, Act::AddProxy, &of_patient(&clinic, patient), now)?;
    let email =
        EmailAddress::parse(&card.email).map_err(|error| Failure::invalid("/email", error))?;
    if card.valid_until.is_some_and(|until| until <= now) {
        return Err(Failure::invalid("/valid_until", "must be in the future"));
    }
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    let kept = patients::find(change.tx(), &api.keys, patient).await?;
    kept.filter(|patient| patient.clinic == clinic).ok_or(Failure::NotFound)?;
    let account = accounts::find_by_email(change.tx(), &api.keys, &email).await?;
    let account = account.filter(|account| account.state == AccountState::Active);
    let account = account
        .ok_or_else(|| Failure::invalid("/email", "nobody has an account with this address"))?;
    let proxy = Proxy {
        id: ProxyId::mint(&api.random, now),
        clinic,
        patient: patient.clone(),
        user: account.id,
        valid_until: card.valid_until,
    };
    let related = (proxy, profile::filled("/relationship", &card.relationship, 60)?);
    let sealer = (api.keys.as_ref(), api.random.as_ref());
    match memberships::insert_proxy(change.tx(), sealer, &related, now).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("such a proxy")),
        other => other?,
    }
    change.record(&permit, transition(&related.0.id, Rev::FIRST, patient, "proxy.added")).await?;
    change.commit(None, &()).await?;
    Ok(related)
}

/// Ends somebody's right to act for a patient.
pub(crate) async fn end_proxy(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    id: &ProxyId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let permit = access::decide(&caller.actor, Act::EndProxy, &of_patient(&clinic, patient), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    let kept = patients::find(change.tx(), &api.keys, patient).await?;
    kept.filter(|patient| patient.clinic == clinic).ok_or(Failure::NotFound)?;
    match memberships::end_proxy(change.tx(), patient, id, now).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    change.record(&permit, transition(id, Rev::FIRST.next(), patient, "proxy.ended")).await?;
    Ok(change.commit(None, &()).await?)
}

fn transition<'a>(
    id: &'a ProxyId,
    rev: Rev,
    patient: &'a PatientId,
    topic: &'static str,
) -> Transition<'a> {
    let body = serde_json::json!({ "patient_id": patient });
    Transition {
        kind: "proxy",
        id: id.as_str(),
        rev,
        patient: Some(patient),
        body,
        events: vec![Event::now(topic)],
    }
}
