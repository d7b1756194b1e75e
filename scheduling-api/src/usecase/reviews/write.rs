//! A patient reviews a visit that was held, once.

use super::record;
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AppointmentId, ReviewId},
        rev::Rev,
        review::{Review, Standing, Words, checked, may_be_reviewed},
    },
    store::{Scope, StoreError, change::Change, reviews},
    usecase::{Failure, load, records::key_of},
};

/// Writes it.
///
/// # Errors
/// When the caller may not, the visit was not held, or has a review.
pub(crate) async fn create_review(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
    stars: u8,
    text: String,
) -> Result<Review, Failure> {
    let now = api.clock.now();
    checked(stars, &text)?;
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::CreateReview;
    let (visit, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    may_be_reviewed(&visit)?;
    let patient = visit.patient.ok_or(Failure::NotFound)?;
    let key = key_of(api, change.tx(), &patient).await?;
    let review = Review {
        id: ReviewId::mint(&api.random, now),
        clinic: visit.clinic,
        appointment: visit.id,
        patient,
        practitioner: visit.practitioner,
        rev: Rev::FIRST,
        standing: Standing::Pending,
        stars,
        words: Words { text, ..Words::default() },
        created_at: now,
    };
    match reviews::insert(change.tx(), &key, &api.random, &review).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("a review of this visit")),
        other => other?,
    }
    record(&mut change, &permit, &review, "review.written").await?;
    change.commit(None, &()).await?;
    Ok(review)
}
