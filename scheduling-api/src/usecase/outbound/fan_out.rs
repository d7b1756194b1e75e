//! Hands messages out: who is to be told what, by which ways, and when. One transaction a batch; nothing leaves the
//! database here, so that it happens once.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    domain::{
        appointment::{Appointment, State},
        delivery::{DeliveryState, wait_after},
        id::{ClinicId, DeliveryId, UserId},
        live::{Audience, LiveEvent, is_live},
        notification::{Channel, Message},
        rev::Rev,
    },
    ports::mail,
    store::{
        Scope, StoreError, Tx, deliveries,
        deliveries::Delivery,
        live_events, memberships,
        outbox::{self, Waiting},
        preferences, push_subscriptions, revisions, webhooks,
    },
    usecase::Failure,
};

/// Messages handed out in one transaction: one commit for a burst of bookings, and a short one.
const BATCH: u32 = 100;

/// Tries until a message is set aside for a person to look at.
const ATTEMPTS_MAX: u32 = 10;

/// Hands out what is due; how many messages. When one of them cannot be, the others are, one by one.
pub(crate) async fn fan_out(api: &Api) -> Result<usize, Failure> {
    match batch(api, BATCH).await {
        Ok(count) => Ok(count),
        Err(Failure::Store(error)) if is_outage(&error) => Err(error.into()),
        Err(failure) => {
            tracing::warn!(%failure, "a batch of messages was not handed out");
            one_by_one(api).await
        }
    }
}

async fn batch(api: &Api, limit: u32) -> Result<usize, Failure> {
    let now = api.clock.now();
    // Looked at without the writer's lock first: mostly there is nothing.
    let mut tx = api.store.read(Scope::Platform).await?;
    if !outbox::is_any_due(&mut tx, now).await? {
        return Ok(0);
    }
    drop(tx);
    let mut tx = api.store.write(Scope::Platform).await?;
    let waiting = outbox::due(&mut tx, limit, now).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    for message in &waiting {
        hand_out(api, &mut tx, message, now).await?;
    }
    tx.commit().await?;
    Ok(waiting.len())
}

async fn one_by_one(api: &Api) -> Result<usize, Failure> {
    let mut count = 0;
    for _ in 0..BATCH {
        let now = api.clock.now();
        let mut tx = api.store.write(Scope::Platform).await?;
        let Some(message) = outbox::due(&mut tx, 1, now).await?.pop() else { break };
        match hand_out(api, &mut tx, &message, now).await {
            Ok(()) => tx.commit().await?,
            Err(Failure::Store(error)) if is_outage(&error) => return Err(error.into()),
            Err(failure) => {
                drop(tx);
                set_aside(api, &message, &failure, now).await?;
            }
        }
        count += 1;
    }
    Ok(count)
}

async fn set_aside(
    api: &Api,
    message: &Waiting,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), Failure> {
    let attempts = message.attempts.saturating_add(1);
    let dead = attempts >= ATTEMPTS_MAX;
    if dead {
        tracing::error!(message = %message.id, topic = message.topic, "a message was set aside");
    }
    let [jitter] = api.random.bytes();
    let until = later(now, wait_after(attempts, None, jitter));
    let mut tx = api.store.write(Scope::Platform).await?;
    outbox::put_off(&mut tx, &message.id, &failure.to_string(), until, dead).await?;
    Ok(tx.commit().await?)
}

fn is_outage(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::TimedOut | StoreError::Collided)
}

pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).milliseconds()
}

async fn hand_out(
    api: &Api,
    tx: &mut Tx,
    message: &Waiting,
    now: Timestamp,
) -> Result<(), Failure> {
    if message.topic == mail::TOPIC {
        let payload = message.payload.clone();
        let to = To { channel: Channel::Email, recipient: None, message: "letter".to_owned() };
        put(api, tx, message, to, (payload, now), now).await?;
    }
    if message.topic == mail::TEXT_TOPIC {
        let payload = message.payload.clone();
        let to = To { channel: Channel::Sms, recipient: None, message: "letter".to_owned() };
        put(api, tx, message, to, (payload, now), now).await?;
    }
    if let Some(clinic) = &message.clinic
        && is_live(&message.topic)
    {
        tell(api, tx, message, clinic, now).await?;
    }
    if message.topic.starts_with("appointment.")
        && let Ok(id) = message.aggregate.parse()
        && let Some(appointment) = revisions::appointment(tx, &id, message.rev).await?
    {
        notify(api, tx, message, &appointment, now).await?;
    }
    Ok(outbox::done(tx, &message.id, now).await?)
}

/// Where one delivery goes, and what it says.
struct To {
    channel: Channel,
    recipient: Option<String>,
    message: String,
}

async fn put(
    api: &Api,
    tx: &mut Tx,
    about: &Waiting,
    to: To,
    (payload, not_before): (String, Timestamp),
    now: Timestamp,
) -> Result<(), StoreError> {
    let delivery = Delivery {
        id: DeliveryId::mint(&api.random, now),
        clinic: about.clinic.clone(),
        channel: to.channel,
        recipient: to.recipient,
        message: to.message,
        aggregate: about.aggregate.clone(),
        rev: about.rev,
        payload,
        state: DeliveryState::Waiting,
        attempts: 0,
        created: now,
        not_before,
        done: None,
        reason: None,
        address: about.address.clone(),
        patient: about.patient.clone(),
    };
    deliveries::insert(tx, &delivery).await
}

/// Tells those who watch, and clinics' programs.
async fn tell(
    api: &Api,
    tx: &mut Tx,
    message: &Waiting,
    clinic: &ClinicId,
    now: Timestamp,
) -> Result<(), Failure> {
    let data: serde_json::Value = serde_json::from_str(&message.payload)
        .map_err(|_| StoreError::Corrupt { column: "payload" })?;
    let listeners = webhooks::listeners(tx, clinic, &message.topic).await?;
    if !listeners.is_empty() {
        let body = serde_json::json!({
            "id": message.id,
            "type": message.topic,
            "timestamp": message.created,
            "clinic": clinic,
            "aggregate": message.aggregate,
            "rev": message.rev,
            "data": data,
        });
        let body = body.to_string();
        for hook in listeners {
            let to = To {
                channel: Channel::Webhook,
                recipient: Some(hook.into()),
                message: message.topic.clone(),
            };
            put(api, tx, message, to, (body.clone(), now), now).await?;
        }
    }
    let mut event = LiveEvent {
        seq: 0,
        topic: message.topic.clone(),
        aggregate: message.aggregate.clone(),
        rev: message.rev,
        audience: Audience::of(clinic.clone(), &data),
        data,
        at: message.created,
    };
    Ok(live_events::append(tx, &mut event).await?)
}

/// Plans what people are told of a transition, and when they are reminded.
async fn notify(
    api: &Api,
    tx: &mut Tx,
    about: &Waiting,
    appointment: &Appointment,
    now: Timestamp,
) -> Result<(), Failure> {
    let before = match about.rev {
        Rev::FIRST => None,
        Rev(rev) => revisions::appointment(tx, &appointment.id, Rev(rev - 1)).await?,
    };
    let Some(message) = told(about.topic.as_str(), before.as_ref()) else { return Ok(()) };
    let patients = match &appointment.patient {
        Some(patient) => memberships::users_for_patient(tx, patient, now).await?,
        None => Vec::new(),
    };
    let practitioners = match message {
        // Nothing is agreed yet.
        Message::Offered => Vec::new(),
        _ => memberships::users_of_practitioner(tx, &appointment.practitioner).await?,
    };
    for user in patients.iter().chain(&practitioners) {
        for way in ways(api, tx, user).await? {
            plan(api, tx, about, (way, message), (now, now)).await?;
        }
    }
    if let Some(before) = before.filter(|before| before.practitioner != appointment.practitioner) {
        for user in memberships::users_of_practitioner(tx, &before.practitioner).await? {
            let way = (Channel::Email, user.to_string());
            plan(api, tx, about, (way, Message::HandedOver), (now, now)).await?;
        }
    }
    if !matches!(message, Message::Booked | Message::Rescheduled) {
        return Ok(());
    }
    for minutes_before in &api.outbound.reminders_min {
        let at = appointment.visit.start - i64::from(*minutes_before).minutes();
        if at <= now {
            continue;
        }
        let reminder = Message::Reminder { minutes_before: *minutes_before };
        for user in &patients {
            for way in ways(api, tx, user).await? {
                plan(api, tx, about, (way, reminder), (at, now)).await?;
            }
        }
    }
    Ok(())
}

/// What people are told of a transition, if it is anything.
fn told(topic: &str, before: Option<&Appointment>) -> Option<Message> {
    match (topic, before.map(|before| before.state)) {
        ("appointment.booked", _) => Some(Message::Booked),
        ("appointment.offered", _) => Some(Message::Offered),
        ("appointment.rescheduled", _) => Some(Message::Rescheduled),
        ("appointment.cancelled", Some(State::Booked | State::CheckedIn)) => {
            Some(Message::Cancelled)
        }
        ("appointment.cancelled", Some(State::Requested { .. })) => Some(Message::Declined),
        _ => None,
    }
}

/// A channel, and whom it leads to there: an account, or one of its browsers.
type Way = (Channel, String);

/// The ways to somebody that the installation has and they have chosen. Asked again when a delivery is due.
async fn ways(api: &Api, tx: &mut Tx, user: &UserId) -> Result<Vec<Way>, StoreError> {
    let chosen = preferences::find(tx, &api.keys, user).await?;
    let (choices, has_phone) = (chosen.choices, chosen.proved_phone().is_some());
    let mut ways = Vec::new();
    for channel in [Channel::Email, Channel::Sms, Channel::WhatsApp] {
        let reaches = channel == Channel::Email || has_phone;
        if reaches && choices.allows(channel) && api.outbound.carrier(channel).is_some() {
            ways.push((channel, user.to_string()));
        }
    }
    if choices.push && api.outbound.push.is_some() {
        for browser in push_subscriptions::ids_of(tx, user).await? {
            ways.push((Channel::Push, browser.into()));
        }
    }
    Ok(ways)
}

async fn plan(
    api: &Api,
    tx: &mut Tx,
    about: &Waiting,
    ((channel, recipient), message): (Way, Message),
    (at, now): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let to = To { channel, recipient: Some(recipient), message: message.to_string() };
    put(api, tx, about, to, ("{}".to_owned(), at), now).await
}
