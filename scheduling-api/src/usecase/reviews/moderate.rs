//! The clinic says whether others see a review; its practitioner answers it.

use super::{find, record};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::ReviewId,
        profile::refuse,
        rev::Rev,
        review::{Review, words},
    },
    store::{Scope, StoreError, change::Change, reviews},
    usecase::{Failure, load},
};

/// Shows it, or does not and says why to its author.
///
/// # Errors
/// `Stale` when it changed since it was read; when the caller may not.
pub(crate) async fn moderate_review(
    api: &Api,
    caller: &Caller,
    id: &ReviewId,
    seen: Rev,
    refused_for: Option<String>,
) -> Result<Review, Failure> {
    if let Some(why) = &refused_for {
        words("/refused_for", why)?;
        if why.trim().is_empty() {
            refuse("/refused_for", "must not be empty")?;
        }
    }
    let topic = if refused_for.is_some() { "review.refused" } else { "review.published" };
    let step = |review: &mut Review| review.moderate(refused_for);
    change(api, caller, Act::ModerateReview, (id, seen), topic, step).await
}

/// Answers it.
///
/// # Errors
/// `Stale` when it changed since it was read; when it is not published, or the caller may not.
pub(crate) async fn reply_to_review(
    api: &Api,
    caller: &Caller,
    id: &ReviewId,
    seen: Rev,
    reply: String,
) -> Result<Review, Failure> {
    words("/text", &reply)?;
    if reply.trim().is_empty() {
        refuse("/text", "must not be empty")?;
    }
    let step = |review: &mut Review| review.reply(reply);
    change(api, caller, Act::ReplyToReview, (id, seen), "review.answered", step).await
}

async fn change(
    api: &Api,
    caller: &Caller,
    act: Act,
    (id, seen): (&ReviewId, Rev),
    topic: &'static str,
    step: impl FnOnce(&mut Review) -> Result<(), crate::domain::review::ReviewError>,
) -> Result<Review, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (mut review, permit, key) = find(api, change.tx(), caller, act, id).await?;
    if review.rev != seen {
        return Err(StoreError::Stale.into());
    }
    step(&mut review)?;
    reviews::update(change.tx(), &key, &api.random, &review).await?;
    record(&mut change, &permit, &review, topic).await?;
    change.commit(None, &()).await?;
    Ok(review)
}
