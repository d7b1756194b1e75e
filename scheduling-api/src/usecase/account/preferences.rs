//! How somebody wants to be told: read, and chosen.

use protocol::redact::Redacted;

use super::own::own;
pub(crate) use crate::store::preferences::Preferences;
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, notification::choices::Choices, profile, rev::Rev},
    store::{
        Scope, StoreError,
        change::{Change, Transition},
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
    if choices.sms && phone.is_none() {
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
    let chosen = Preferences { rev: before.rev.next(), choices, phone };
    preferences::put(change.tx(), &api.keys, &api.random, &me.user, &chosen).await?;
    let id = format!("{}/notifications", me.user);
    let transition = Transition {
        kind: "notification_preference",
        id: &id,
        rev: chosen.rev,
        patient: None,
        // The choice is the evidence of consent to a channel; the number itself stays sealed.
        body: serde_json::json!({ "choices": choices, "phone": chosen.phone.is_some() }),
        events: vec![Event::now("notification_preference.updated")],
    };
    change.record(&me.permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(chosen)
}
