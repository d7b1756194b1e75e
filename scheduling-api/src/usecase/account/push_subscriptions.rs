//! Browsers that show notifications: subscribed, listed, taken away by their owner.

use jiff::Timestamp;

use super::own::own;
pub(crate) use crate::ports::web_push::Browser;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::PushSubscriptionId,
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        push_subscriptions::{self, PushSubscription},
    },
    usecase::Failure,
};

/// A browser, as its owner sees it.
pub(crate) struct Subscribed {
    pub(crate) id: PushSubscriptionId,
    /// The push service that it uses.
    pub(crate) service: String,
    pub(crate) created: Timestamp,
}

/// The key that browsers subscribe with; none where the installation has no push.
pub(crate) fn read_push_key(api: &Api, caller: &Caller) -> Result<String, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadPushKey, &Resource::platform(), now)?;
    let push = api.outbound.push.as_ref().ok_or(Failure::NotFound)?;
    Ok(push.public_key().to_owned())
}

/// Keeps a browser.
pub(crate) async fn create_push_subscription(
    api: &Api,
    caller: &Caller,
    browser: &Browser,
) -> Result<Subscribed, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::CreatePushSubscription)?;
    let off = Failure::Stands("this installation sends no notifications to browsers");
    let push = api.outbound.push.as_ref().ok_or(off)?;
    push.check(browser).map_err(|why| Failure::invalid("/endpoint", why))?;
    let text = serde_json::to_string(browser)
        .map_err(|error| StoreError::Schema(format!("a browser cannot be kept: {error}")))?;
    let one = PushSubscription {
        id: PushSubscriptionId::mint(&api.random, now),
        user: me.user.clone(),
        sealed: text.into(),
        created: now,
    };
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    push_subscriptions::put(change.tx(), &api.keys, &api.random, &one, &browser.endpoint).await?;
    let transition = transition(&one.id, Rev::FIRST, "push_subscription.created");
    change.record(&me.permit, transition).await?;
    change.commit(None, &()).await?;
    subscribed(&one).ok_or_else(|| StoreError::Corrupt { column: "sealed" }.into())
}

/// Lists one's own browsers.
pub(crate) async fn list_push_subscriptions(
    api: &Api,
    caller: &Caller,
) -> Result<Vec<Subscribed>, Failure> {
    let me = own(api, caller, Act::ListPushSubscriptions)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let all = push_subscriptions::of_user(&mut tx, &api.keys, &me.user).await?;
    Ok(all.iter().filter_map(subscribed).collect())
}

/// Takes a browser away.
pub(crate) async fn remove_push_subscription(
    api: &Api,
    caller: &Caller,
    id: &PushSubscriptionId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::RemovePushSubscription)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    if push_subscriptions::remove(change.tx(), &me.user, id).await? == 0 {
        return Err(Failure::NotFound);
    }
    let transition = transition(id, Rev::FIRST.next(), "push_subscription.removed");
    change.record(&me.permit, transition).await?;
    Ok(change.commit(None, &()).await?)
}

fn subscribed(one: &PushSubscription) -> Option<Subscribed> {
    let browser: Browser = serde_json::from_str(one.sealed.expose()).ok()?;
    let service = url::Url::parse(&browser.endpoint).ok()?.host_str()?.to_owned();
    Some(Subscribed { id: one.id.clone(), service, created: one.created })
}

fn transition<'a>(id: &'a PushSubscriptionId, rev: Rev, topic: &'static str) -> Transition<'a> {
    Transition {
        kind: "push_subscription",
        id: id.as_str(),
        rev,
        patient: None,
        body: serde_json::json!({}),
        events: vec![Event::now(topic)],
    }
}
