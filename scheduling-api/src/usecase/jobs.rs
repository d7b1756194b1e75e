//! What goes out and what was set aside, for who looks after it: lists, and sending again.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        delivery::DeliveryState,
        id::{DeliveryId, OutboxId, WebhookId},
        notification::Channel,
        page::{Page, PageRequest},
    },
    store::{
        Scope, StoreError,
        change::Change,
        deliveries::{self, Delivery, Filter},
        outbox::{self, Waiting},
        webhooks,
    },
    usecase::{Failure, load},
};

/// Something that goes out, or was set aside.
pub(crate) struct Job {
    pub(crate) id: String,
    /// `email`, `sms`, `webhook`; or `event` for a message that could not be handed out.
    pub(crate) kind: &'static str,
    pub(crate) clinic: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) message: String,
    pub(crate) aggregate: String,
    pub(crate) rev: i64,
    pub(crate) state: &'static str,
    pub(crate) attempts: u32,
    pub(crate) created: Timestamp,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) done: Option<Timestamp>,
    pub(crate) reason: Option<String>,
}

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobWish {
    pub(crate) events: bool,
    pub(crate) state: Option<DeliveryState>,
    pub(crate) channel: Option<Channel>,
    pub(crate) aggregate: Option<String>,
}

impl From<Delivery> for Job {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.into(),
            kind: delivery.channel.name(),
            clinic: delivery.clinic.map(Into::into),
            recipient: delivery.recipient,
            message: delivery.message,
            aggregate: delivery.aggregate,
            rev: delivery.rev.0,
            state: delivery.state.name(),
            attempts: delivery.attempts,
            created: delivery.created,
            not_before: Some(delivery.not_before),
            done: delivery.done,
            reason: delivery.reason,
        }
    }
}

impl From<Waiting> for Job {
    fn from(message: Waiting) -> Self {
        Self {
            id: message.id.into(),
            kind: "event",
            clinic: message.clinic.map(Into::into),
            recipient: None,
            message: message.topic,
            aggregate: message.aggregate,
            rev: message.rev.0,
            state: if message.dead { "failed" } else { "waiting" },
            attempts: message.attempts,
            created: message.created,
            not_before: None,
            done: None,
            reason: message.last_error,
        }
    }
}

/// Lists jobs, the newest first: a clinic's, or everybody's for who runs the installation.
pub(crate) async fn list_jobs(
    api: &Api,
    caller: &Caller,
    wish: JobWish,
    page: &PageRequest,
) -> Result<Page<Job>, Failure> {
    let permit = decide(api, caller, Act::ListJobs)?;
    let clinic = permit.resource().clinic.clone();
    let mut tx = api.store.read(scope(&permit)).await?;
    if wish.events {
        return Ok(outbox::dead(&mut tx, clinic.as_ref(), page).await?.map(Job::from));
    }
    let JobWish { state, channel, aggregate, .. } = wish;
    let filter = Filter { clinic, state, channel, aggregate, recipient: None };
    Ok(deliveries::list(&mut tx, &filter, page).await?.map(Job::from))
}

/// Has something sent, or handed out, again.
pub(crate) async fn replay_job(api: &Api, caller: &Caller, id: &str) -> Result<(), Failure> {
    let permit = decide(api, caller, Act::ReplayJob)?;
    let now = api.clock.now();
    let mut change = Change::begin(&api.store, &api.random, caller, scope(&permit), now).await?;
    if let Ok(id) = id.parse::<DeliveryId>() {
        let found = deliveries::find(change.tx(), &id).await?;
        let found = found.filter(|found| reaches(&permit, found.clinic.as_ref()));
        let found = found.ok_or(Failure::NotFound)?;
        again(&mut change, &found, now).await?;
    } else {
        let id: OutboxId = id.parse().map_err(|_| Failure::NotFound)?;
        let found = outbox::find(change.tx(), &id).await?;
        let found = found.filter(|found| reaches(&permit, found.clinic.as_ref()));
        if !found.ok_or(Failure::NotFound)?.dead {
            return Err(Failure::Stands("it was handed out"));
        }
        outbox::revive(change.tx(), &id, now).await?;
    }
    change.saw(&permit, "job", Some(id), None);
    Ok(change.commit(None, &()).await?)
}

/// Lists what an endpoint of the caller's clinic was told, the newest first.
pub(crate) async fn list_webhook_deliveries(
    api: &Api,
    caller: &Caller,
    hook: &WebhookId,
    page: &PageRequest,
) -> Result<Page<Job>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ListWebhookDeliveries, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let found = webhooks::find(&mut tx, &api.keys, hook).await?;
    found.filter(|found| found.clinic == *clinic).ok_or(Failure::NotFound)?;
    let recipient = Some(hook.to_string());
    let filter = Filter { clinic: Some(clinic.clone()), recipient, ..Filter::default() };
    Ok(deliveries::list(&mut tx, &filter, page).await?.map(Job::from))
}

/// Tells an endpoint of the caller's clinic something again.
pub(crate) async fn replay_webhook_delivery(
    api: &Api,
    caller: &Caller,
    id: &DeliveryId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::ReplayWebhookDelivery, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = deliveries::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    if found.clinic.as_ref() != Some(clinic) || found.channel != Channel::Webhook {
        return Err(Failure::NotFound);
    }
    again(&mut change, &found, now).await?;
    change.saw(&permit, "webhook_delivery", Some(id.as_str()), None);
    Ok(change.commit(None, &()).await?)
}

async fn again(change: &mut Change<'_>, found: &Delivery, now: Timestamp) -> Result<(), Failure> {
    if !found.state.may_be_replayed(found.channel) {
        return Err(Failure::Stands(found.state.name()));
    }
    match deliveries::replay(change.tx(), &found.id, now).await {
        Err(StoreError::Stale) => Err(Failure::Stands("on its way")),
        other => Ok(other?),
    }
}

fn decide(api: &Api, caller: &Caller, act: Act) -> Result<Permit, Failure> {
    let clinic = caller.actor.clinic.as_ref();
    let resource = clinic.map_or_else(Resource::platform, Resource::of_clinic);
    Ok(access::decide(&caller.actor, act, &resource, api.clock.now())?)
}

fn scope(permit: &Permit) -> Scope<'_> {
    permit.resource().clinic.as_ref().map_or(Scope::Platform, Scope::Clinic)
}

fn reaches(permit: &Permit, clinic: Option<&crate::domain::id::ClinicId>) -> bool {
    permit.resource().clinic.is_none() || permit.resource().clinic.as_ref() == clinic
}
