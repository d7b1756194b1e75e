//! Makes a parcel of a delivery that is due, or finds out that there is nothing to send: what it says is no longer so,
//! its recipient does not want it, or wants it later. Decided at the last moment, within the transaction that marks it.

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use protocol::redact::Redacted;

use crate::{
    api::Api,
    crypto::UnwrapError,
    domain::{
        account::{Account, AccountState},
        appointment::Appointment,
        id::{UserId, WebhookId},
        notification::{
            Channel, Message,
            calendar_entry::{self, Frame, Method},
            text::Tongue,
        },
    },
    ports::{
        carry::{CalendarPart, Parcel, Template},
        mail::Mail,
    },
    store::{
        StoreError, Tx, accounts, appointments,
        deliveries::Delivery,
        preferences,
        push_subscriptions::{self, PushSubscription},
        webhooks,
    },
};

/// What is to be done with a delivery that is due.
pub(super) enum Due {
    /// Send this.
    Send(Box<Parcel>),
    /// Not to be sent, for this reason.
    Skip(&'static str),
    /// It cannot be sent, for this reason.
    Fail(&'static str),
    /// Not yet.
    Wait(Timestamp),
}

/// Looks at a delivery that is due.
pub(super) async fn look(
    api: &Api,
    tx: &mut Tx,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Due, StoreError> {
    if api.outbound.carrier(delivery.channel).is_none() {
        return Ok(Due::Fail("the channel is not set up"));
    }
    match (delivery.channel, &delivery.recipient) {
        (Channel::Webhook, Some(hook)) => webhook(api, tx, delivery, hook, now).await,
        (Channel::Email | Channel::Sms, None) => letter(api, delivery, now),
        (Channel::Push, Some(browser)) => {
            let Ok(id) = browser.parse() else { return Ok(Due::Fail("no such recipient")) };
            match push_subscriptions::find(tx, &api.keys, &id).await? {
                None => Ok(Due::Skip("the browser is subscribed no longer")),
                Some(browser) => {
                    let user = browser.user.clone();
                    notification(api, tx, delivery, (&user, Some(browser)), now).await
                }
            }
        }
        (_, Some(user)) => match user.parse() {
            Ok(user) => notification(api, tx, delivery, (&user, None), now).await,
            Err(_) => Ok(Due::Fail("no such recipient")),
        },
        (_, None) => Ok(Due::Fail("nobody to send it to")),
    }
}

fn letter(api: &Api, delivery: &Delivery, now: Timestamp) -> Result<Due, StoreError> {
    let mail = match Mail::open(&api.keys, &delivery.aggregate, &delivery.payload) {
        Ok(mail) => mail,
        Err(UnwrapError::Closed) => return Err(StoreError::KeysClosed),
        Err(UnwrapError::Sealed(_)) => return Ok(Due::Fail("the letter cannot be opened")),
    };
    let (subject, text) = match delivery.channel {
        Channel::Sms => ("", mail.in_one_line()),
        _ => mail.in_words(),
    };
    Ok(Due::Send(Box::new(Parcel {
        key: delivery.id.to_string(),
        to: mail.to.into(),
        subject: subject.to_owned(),
        text: text.into(),
        calendar: None,
        language: Tongue::of(&mail.language).tag().to_owned(),
        headers: Vec::new(),
        template: None,
        at: now,
    })))
}

async fn notification(
    api: &Api,
    tx: &mut Tx,
    delivery: &Delivery,
    (user, browser): (&UserId, Option<PushSubscription>),
    now: Timestamp,
) -> Result<Due, StoreError> {
    let (Ok(message), Ok(id)) = (delivery.message.parse::<Message>(), delivery.aggregate.parse())
    else {
        return Ok(Due::Fail("no such message"));
    };
    let Some(appointment) = appointments::find(tx, &id).await? else {
        return Ok(Due::Skip("the appointment is gone"));
    };
    // Moved, called off, checked in: whatever came later has been told, or is not to be.
    if appointment.rev != delivery.rev || !message.fits(&appointment.state) {
        return Ok(Due::Skip("stale"));
    }
    let account = accounts::find(tx, &api.keys, user).await?;
    let Some(account) = account.filter(|account| account.state == AccountState::Active) else {
        return Ok(Due::Skip("no account"));
    };
    let chosen = preferences::find(tx, &api.keys, user).await?;
    if !chosen.choices.allows(delivery.channel) {
        return Ok(Due::Skip("opted out"));
    }
    let zone = TimeZone::get(&account.time_zone).unwrap_or(TimeZone::UTC);
    if let Some(until) = chosen.choices.waits(message, appointment.visit.start, &zone, now) {
        return Ok(Due::Wait(until));
    }
    let to = match delivery.channel {
        Channel::Sms | Channel::WhatsApp => chosen.proved_phone(),
        Channel::Push => browser.map(|browser| browser.sealed),
        _ => Some(Redacted::new(account.email.expose().to_owned())),
    };
    let Some(to) = to else { return Ok(Due::Skip("no proved telephone")) };
    Ok(Due::Send(Box::new(said(api, delivery, message, &appointment, (&account, to, &zone), now))))
}

fn said(
    api: &Api,
    delivery: &Delivery,
    message: Message,
    appointment: &Appointment,
    (account, to, zone): (&Account, Redacted<String>, &TimeZone),
    now: Timestamp,
) -> Parcel {
    let tongue = Tongue::of(&account.language);
    let words = tongue.words(message, appointment.visit.start, zone);
    let link = api.links.appointment(&appointment.id);
    let over = matches!(message, Message::Cancelled | Message::Declined | Message::HandedOver);
    let (text, calendar) = if matches!(delivery.channel, Channel::Sms | Channel::WhatsApp) {
        (if over { words.text } else { format!("{} {link}", words.text) }, None)
    } else if delivery.channel == Channel::Push {
        // No time, no words: the page that is opened by it has them, once its owner is signed in.
        (serde_json::json!({ "type": message.kind(), "id": appointment.id }).to_string(), None)
    } else {
        let text = format!(
            "{}\n\n{} {link}\n\n{} {}\n",
            words.text,
            tongue.open(),
            tongue.choose(),
            api.links.notification_choices(),
        );
        (text, invitation(api, message, appointment, (account, tongue, &link), now))
    };
    Parcel {
        key: delivery.id.to_string(),
        to,
        subject: words.subject.to_owned(),
        text: text.into(),
        calendar,
        language: tongue.tag().to_owned(),
        headers: Vec::new(),
        template: Some(Template {
            name: message.kind(),
            values: vec![tongue.when(appointment.visit.start, zone).into(), link.into()],
        }),
        at: now,
    }
}

/// The calendar's entry: put in, or taken out. A reminder brings none, the entry is there.
fn invitation(
    api: &Api,
    message: Message,
    appointment: &Appointment,
    (account, tongue, link): (&Account, Tongue, &str),
    now: Timestamp,
) -> Option<CalendarPart> {
    let method = match message {
        Message::Booked | Message::Rescheduled => Method::Request,
        Message::Cancelled | Message::HandedOver => Method::Cancel,
        Message::Declined | Message::Offered | Message::Reminder { .. } => return None,
    };
    let file = calendar_entry::write(
        appointment,
        &Frame {
            method,
            link,
            host: api.links.host(),
            organizer: api.outbound.organizer.as_deref(),
            attendee: Some(account.email.expose()),
            tongue,
            now,
        },
    );
    Some(CalendarPart { method: method.name(), file: file.into() })
}

async fn webhook(
    api: &Api,
    tx: &mut Tx,
    delivery: &Delivery,
    hook: &str,
    now: Timestamp,
) -> Result<Due, StoreError> {
    let Ok(id) = hook.parse::<WebhookId>() else { return Ok(Due::Fail("no such recipient")) };
    let Some(hook) = webhooks::find(tx, &api.keys, &id).await? else {
        return Ok(Due::Skip("the endpoint has ended"));
    };
    if !hook.card.active {
        return Ok(Due::Skip("the endpoint is switched off"));
    }
    let (key, seconds) = (delivery.id.to_string(), now.as_second().to_string());
    let signed = format!("{key}.{seconds}.{}", delivery.payload);
    let signatures: Vec<String> = hook
        .secrets(now)
        .into_iter()
        .map(|secret| {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(tag))
        })
        .collect();
    Ok(Due::Send(Box::new(Parcel {
        headers: vec![
            ("webhook-id", key.clone()),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signatures.join(" ")),
        ],
        key,
        to: hook.card.url.into(),
        subject: String::new(),
        text: delivery.payload.clone().into(),
        calendar: None,
        language: String::new(),
        template: None,
        at: now,
    })))
}
