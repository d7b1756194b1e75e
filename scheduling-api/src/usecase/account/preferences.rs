//! How somebody wants to be told: read, and chosen.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use super::{
    Sender,
    letter::send_text,
    one_time,
    own::{Own, own},
};
pub(crate) use crate::store::preferences::Preferences;
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::Act, actor::Caller, id::UserId, notification::choices::Choices, one_time::Purpose,
        profile, rev::Rev,
    },
    ports::mail::{Letter, Mail},
    store::{
        Scope, StoreError, accounts,
        change::{Change, Transition},
        one_times::{self, Whom},
        outbox::Event,
        preferences,
    },
    usecase::Failure,
};

/// Reads one's own choices.
pub(crate) async fn read_preferences(api: &Api, caller: &Caller) -> Result<Preferences, Failure> {
    let me = own(api, caller, Act::ReadNotificationPreferences)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    Ok(preferences::find(&mut tx, &api.keys, &me.user).await?)
}

/// Chooses. In force from the next message on, those that wait among them.
pub(crate) async fn update_preferences(
    api: &Api,
    caller: &Caller,
    seen: Rev,
    choices: Choices,
    phone: Option<Redacted<String>>,
) -> Result<Preferences, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::UpdateNotificationPreferences)?;
    let phone = phone.map(|phone| profile::phone("/phone", phone.expose())).transpose()?;
    if (choices.sms || choices.whatsapp) && phone.is_none() {
        return Err(Failure::invalid("/phone", "is needed for text messages"));
    }
    if choices.quiet.is_some_and(|quiet| quiet.from == quiet.to) {
        return Err(Failure::invalid("/quiet_hours", "must end at another time than they begin"));
    }
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let before = preferences::find(change.tx(), &api.keys, &me.user).await?;
    if before.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let phone = phone.map(Redacted::new);
    // Another number is another telephone: it is proved anew.
    let same = phone.is_some() && before.phone == phone;
    let phone_proved = before.phone_proved.filter(|_| same);
    let chosen = Preferences { rev: before.rev.next(), choices, phone, phone_proved };
    keep(api, &mut change, &me, &chosen).await?;
    change.commit(None, &()).await?;
    Ok(chosen)
}

/// Keeps somebody's next choices, with their history.
async fn keep(
    api: &Api,
    change: &mut Change<'_>,
    me: &Own,
    chosen: &Preferences,
) -> Result<(), Failure> {
    preferences::put(change.tx(), &api.keys, &api.random, &me.user, chosen).await?;
    let id = format!("{}/notifications", me.user);
    let transition = Transition {
        kind: "notification_preference",
        id: &id,
        rev: chosen.rev,
        patient: None,
        // The choice is the evidence of consent to a channel; the number itself stays sealed.
        body: serde_json::json!({
            "choices": chosen.choices,
            "phone": chosen.phone.is_some(),
            "phone_proved": chosen.phone_proved,
        }),
        events: vec![Event::now("notification_preference.updated")],
    };
    Ok(change.record(&me.permit, transition).await?)
}

/// What a code proves: the number that it was sent to, and the code, as a digest that is worth nothing without the key
/// file.
#[derive(Serialize, Deserialize)]
struct Sent {
    digest: String,
}

/// Sends a code to the telephone that was chosen; what it is to be handed back with.
///
/// # Errors
/// [`Failure::TooOften`] after a few codes to the same person or number: each costs money, and its owner's patience.
pub(crate) async fn send_phone_code(api: &Api, caller: &Caller) -> Result<SecretToken, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::SendPhoneCode)?;
    if api.outbound.sms.is_none() {
        return Err(Failure::Stands("this installation sends no text messages"));
    }
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let chosen = preferences::find(change.tx(), &api.keys, &me.user).await?;
    let phone = chosen.phone.ok_or(Failure::Stands("there is no telephone yet"))?;
    if chosen.phone_proved.is_some() {
        return Err(Failure::Stands("the telephone is proved"));
    }
    let number = api.keys.digest("phone", phone.expose());
    for whose in [me.user.as_str(), &BASE64_STANDARD.encode(number)] {
        if !api.gate.may_mail(whose, now) {
            return Err(Failure::TooOften { retry_after: CODE_AGAIN });
        }
    }
    let account = accounts::find(change.tx(), &api.keys, &me.user).await?;
    let account = account.ok_or(Failure::NotFound)?;
    let code = format!("{:06}", api.random.below(1_000_000));
    let sent = Sent { digest: digest(api, &me.user, &phone, &code) };
    let whom = Whom { user: Some(&me.user), subject: None };
    let secret = one_time::issue(api, change.tx(), Purpose::PhoneCode, whom, &sent).await?;
    let letter = Mail {
        to: phone.into_exposed(),
        name: None,
        language: account.language,
        letter: Letter::PhoneCode,
        link: Some(code),
    };
    let whose = accounts::email_index(&api.keys, &account.email);
    send_text(&Sender { api, permit: &me.permit }, &mut change, &letter, &whose).await?;
    change.commit(None, &()).await?;
    Ok(secret)
}

/// Takes the code: from now on messages may go there.
///
/// # Errors
/// [`Failure::Credentials`] for a wrong code, [`Failure::Link`] once it is too late or was tried too often.
pub(crate) async fn confirm_phone(
    api: &Api,
    caller: &Caller,
    challenge: &str,
    code: &str,
) -> Result<Preferences, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::ConfirmPhone)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let (mut one, hash, redeemed) =
        one_time::attempt::<Sent>(api, change.tx(), Purpose::PhoneCode, challenge).await?;
    if redeemed.user.as_ref() != Some(&me.user) {
        return Err(Failure::Link);
    }
    let mut chosen = preferences::find(change.tx(), &api.keys, &me.user).await?;
    let expected = chosen.phone.as_ref().map(|phone| digest(api, &me.user, phone, code.trim()));
    if expected != Some(redeemed.detail.digest) {
        one_times::update(change.tx(), &hash, &one).await?;
        change.refused(&me.permit, "notification_preference", Some(me.user.as_str()));
        change.commit(None, &()).await?;
        return Err(Failure::Credentials);
    }
    one.consume(now);
    one_times::update(change.tx(), &hash, &one).await?;
    chosen.rev = chosen.rev.next();
    chosen.phone_proved = Some(now);
    keep(api, &mut change, &me, &chosen).await?;
    change.commit(None, &()).await?;
    Ok(chosen)
}

/// When a person, or a number, that has had its codes may have another (`gate`).
const CODE_AGAIN: Duration = Duration::from_secs(600);

fn digest(api: &Api, user: &UserId, phone: &Redacted<String>, code: &str) -> String {
    let text = format!("{user}/{}/{code}", phone.expose());
    BASE64_STANDARD.encode(api.keys.digest("phone_code", &text))
}
