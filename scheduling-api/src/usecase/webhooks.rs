//! A clinic's programs that are told of events: named, changed, given another key, ended.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, WebhookId},
        rev::Rev,
        webhook::{ENDPOINTS_MAX, Webhook, WebhookCard},
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        webhooks,
    },
    usecase::{Failure, load},
};

/// A key that signs: as long as the digest.
const SECRET_BYTES: usize = 32;

/// Names a program. Its key is told once, by [`Webhook::secret`].
pub(crate) async fn create_webhook_endpoint(
    api: &Api,
    caller: &Caller,
    card: WebhookCard,
) -> Result<Webhook, Failure> {
    let (clinic, permit, now) = decide(api, caller, Act::CreateWebhookEndpoint)?;
    let card = checked(api, card)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    if webhooks::of_clinic(change.tx(), &api.keys, &clinic).await?.len() >= ENDPOINTS_MAX {
        return Err(Failure::Stands("the clinic has as many endpoints as it may"));
    }
    let hook = Webhook {
        id: WebhookId::mint(&api.random, now),
        rev: Rev::FIRST,
        clinic: clinic.clone(),
        card,
        secret: api.random.bytes::<SECRET_BYTES>().to_vec().into(),
        old: None,
        created: now,
    };
    webhooks::insert(change.tx(), &api.keys, &api.random, &hook).await?;
    record(&mut change, &permit, &hook, "webhook_endpoint.created").await?;
    change.commit(None, &()).await?;
    Ok(hook)
}

/// Lists the clinic's programs: there are few.
pub(crate) async fn list_webhook_endpoints(
    api: &Api,
    caller: &Caller,
) -> Result<Vec<Webhook>, Failure> {
    let (clinic, _, _) = decide(api, caller, Act::ListWebhookEndpoints)?;
    let mut tx = api.store.read(Scope::Clinic(&clinic)).await?;
    Ok(webhooks::of_clinic(&mut tx, &api.keys, &clinic).await?)
}

/// Reads one of them.
pub(crate) async fn read_webhook_endpoint(
    api: &Api,
    caller: &Caller,
    id: &WebhookId,
) -> Result<Webhook, Failure> {
    let (clinic, _, _) = decide(api, caller, Act::ReadWebhookEndpoint)?;
    let mut tx = api.store.read(Scope::Clinic(&clinic)).await?;
    let found = webhooks::find(&mut tx, &api.keys, id).await?;
    found.filter(|hook| hook.clinic == clinic).ok_or(Failure::NotFound)
}

/// Changes what the clinic says of one.
pub(crate) async fn update_webhook_endpoint(
    api: &Api,
    caller: &Caller,
    (id, seen): (&WebhookId, Rev),
    card: WebhookCard,
) -> Result<Webhook, Failure> {
    let (clinic, permit, now) = decide(api, caller, Act::UpdateWebhookEndpoint)?;
    let card = checked(api, card)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut hook = load(api, &mut change, &clinic, id).await?;
    if hook.rev != seen {
        return Err(StoreError::Stale.into());
    }
    hook.card = card;
    hook.rev = hook.rev.next();
    webhooks::update(change.tx(), &api.keys, &api.random, &hook).await?;
    record(&mut change, &permit, &hook, "webhook_endpoint.updated").await?;
    change.commit(None, &()).await?;
    Ok(hook)
}

/// Gives one another key; the old one signs beside it for a day.
pub(crate) async fn rotate_webhook_secret(
    api: &Api,
    caller: &Caller,
    id: &WebhookId,
) -> Result<Webhook, Failure> {
    let (clinic, permit, now) = decide(api, caller, Act::RotateWebhookSecret)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut hook = load(api, &mut change, &clinic, id).await?;
    hook.rotate(api.random.bytes::<SECRET_BYTES>().to_vec(), now);
    webhooks::update(change.tx(), &api.keys, &api.random, &hook).await?;
    record(&mut change, &permit, &hook, "webhook_endpoint.rotated").await?;
    change.commit(None, &()).await?;
    Ok(hook)
}

/// Ends one at once: what waits for it is not sent.
pub(crate) async fn end_webhook_endpoint(
    api: &Api,
    caller: &Caller,
    id: &WebhookId,
) -> Result<(), Failure> {
    let (clinic, permit, now) = decide(api, caller, Act::EndWebhookEndpoint)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut hook = load(api, &mut change, &clinic, id).await?;
    webhooks::end(change.tx(), id, now).await?;
    hook.rev = hook.rev.next();
    hook.card.active = false;
    record(&mut change, &permit, &hook, "webhook_endpoint.ended").await?;
    Ok(change.commit(None, &()).await?)
}

fn decide(api: &Api, caller: &Caller, act: Act) -> Result<(ClinicId, Permit, Timestamp), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let permit = access::decide(&caller.actor, act, &Resource::of_clinic(&clinic), now)?;
    Ok((clinic, permit, now))
}

fn checked(api: &Api, card: WebhookCard) -> Result<WebhookCard, Failure> {
    let card = card.checked()?;
    api.outbound.hooks.check(&card.url).map_err(|error| Failure::invalid("/url", error))?;
    Ok(card)
}

async fn load(
    api: &Api,
    change: &mut Change<'_>,
    clinic: &ClinicId,
    id: &WebhookId,
) -> Result<Webhook, Failure> {
    let found = webhooks::find(change.tx(), &api.keys, id).await?;
    found.filter(|hook| hook.clinic == *clinic).ok_or(Failure::NotFound)
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    hook: &Webhook,
    topic: &'static str,
) -> Result<(), StoreError> {
    let card = &hook.card;
    let transition = Transition {
        kind: "webhook_endpoint",
        id: hook.id.as_str(),
        rev: hook.rev,
        patient: None,
        body: serde_json::json!({ "url": card.url, "topics": card.topics, "active": card.active }),
        events: vec![Event::now(topic)],
    };
    change.record(permit, transition).await
}
