//! The insurers that a clinic bills.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::PayerId,
        insurance::{PAYERS_MAX, Payer, PayerCard},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        idempotency::Earlier,
        insurance,
        outbox::Event,
    },
    usecase::{Failure, load},
};

/// Names an insurer.
///
/// # Errors
/// When the clinic has one of this code already.
pub(crate) async fn create_payer(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    card: PayerCard,
) -> Result<Payer, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let permit =
        access::decide(&caller.actor, Act::CreatePayer, &Resource::of_clinic(clinic), now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<Payer>(once).await? {
        Earlier::None => {}
        Earlier::Done(payer) => return Ok(payer),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    if insurance::count_of_payers(change.tx(), clinic).await? >= PAYERS_MAX {
        return Err(Failure::Stands("a clinic has at most 500 payers"));
    }
    let payer = Payer {
        id: PayerId::mint(&api.random, now),
        clinic: clinic.clone(),
        rev: Rev::FIRST,
        card: card.checked()?,
        created_at: now,
    };
    insurance::insert_payer(change.tx(), &payer).await.map_err(taken)?;
    record(&mut change, &permit, &payer, "payer.created").await?;
    change.commit(once, &payer).await?;
    Ok(payer)
}

/// Changes an insurer; shares that were decided keep the revision that decided them.
///
/// # Errors
/// When somebody else was faster, or another of the clinic's has this code.
pub(crate) async fn update_payer(
    api: &Api,
    caller: &Caller,
    id: &PayerId,
    seen: Rev,
    card: PayerCard,
) -> Result<Payer, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut payer = insurance::find_payer(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource::of_clinic(&payer.clinic);
    let permit = access::decide(&caller.actor, Act::UpdatePayer, &resource, now)?;
    if payer.rev != seen {
        return Err(StoreError::Stale.into());
    }
    payer.rev = payer.rev.next();
    payer.card = card.checked()?;
    insurance::update_payer(change.tx(), &payer).await.map_err(taken)?;
    record(&mut change, &permit, &payer, "payer.updated").await?;
    change.commit(None, &()).await?;
    Ok(payer)
}

/// Lists the clinic's insurers. They are nobody's data, so this is not audited.
pub(crate) async fn list_payers(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Payer>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let _ = access::decide(&caller.actor, Act::ListPayers, &Resource::of_clinic(clinic), now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(insurance::payers(&mut tx, clinic, page).await?)
}

fn taken(error: StoreError) -> Failure {
    match error {
        StoreError::Duplicate(_) => Failure::Exists("a payer of this code"),
        other => other.into(),
    }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    payer: &Payer,
    topic: &'static str,
) -> Result<(), Failure> {
    let transition = Transition {
        kind: "payer",
        id: payer.id.as_str(),
        rev: payer.rev,
        patient: None,
        body: serde_json::json!({ "payer": payer }),
        events: vec![Event::now(topic)],
    };
    Ok(change.record(permit, transition).await?)
}
