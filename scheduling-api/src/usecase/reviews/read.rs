//! Reads reviews: the author the own one, the clinic all, anybody what is published of a practitioner.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{AppointmentId, PractitionerId},
        page::{Page, PageRequest},
        review::{Aggregate, Review, Standing},
    },
    store::{Scope, change::Change, practitioners, record_settings, reviews},
    usecase::{Failure, load, records::key_of},
};

/// What anybody is told of a practitioner: nothing before there are enough reviews.
pub(crate) struct Told {
    /// How many, and their mean.
    pub(crate) aggregate: Aggregate,
    /// A page of them.
    pub(crate) reviews: Page<Review>,
}

/// Reads the review of a visit.
///
/// # Errors
/// When there is none, or the caller may not.
pub(crate) async fn read_review(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<Review, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReadReview;
    let (visit, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    let patient = visit.patient.ok_or(Failure::NotFound)?;
    let key = key_of(api, change.tx(), &patient).await?;
    let found = reviews::of_appointment(change.tx(), &key, id).await?.ok_or(Failure::NotFound)?;
    change.saw(&permit, "review", Some(found.id.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Lists a clinic's reviews, newest first: what is to be looked at, or all.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_reviews(
    api: &Api,
    caller: &Caller,
    standing: Option<Standing>,
    page: &PageRequest,
) -> Result<Page<Review>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let permit =
        access::decide(&caller.actor, Act::ListReviews, &Resource::of_clinic(clinic), now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = reviews::of_clinic(change.tx(), &api.keys, clinic, standing, page).await?;
    for review in &found.items {
        change.saw(&permit, "review", Some(review.id.as_str()), Some(&review.patient));
    }
    change.saw(&permit, "review", None, None);
    change.commit(None, &()).await?;
    Ok(found)
}

/// Lists what is published of the caller, newest first.
///
/// # Errors
/// When the caller is no practitioner.
pub(crate) async fn list_own_reviews(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Review>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let me = caller.actor.practitioner.clone();
    let resource = Resource {
        clinic: Some(clinic.clone()),
        practitioners: me.iter().cloned().collect(),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::ListOwnReviews, &resource, now)?;
    let me = me.ok_or(Failure::NotFound)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = reviews::published(change.tx(), &api.keys, &me, page).await?;
    change.saw(&permit, "review", None, None);
    for review in &found.items {
        change.saw(&permit, "review", Some(review.id.as_str()), Some(&review.patient));
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// What anybody is told of a practitioner.
///
/// # Errors
/// When there is no such practitioner.
pub(crate) async fn list_practitioner_reviews(
    api: &Api,
    caller: &Caller,
    id: &PractitionerId,
    page: &PageRequest,
) -> Result<Option<Told>, Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let practitioner = practitioners::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource::of_clinic(&practitioner.clinic);
    let act = Act::ListPractitionerReviews;
    let _ = access::decide(&caller.actor, act, &resource, api.clock.now())?;
    let (_, settings) = record_settings::find(&mut tx, &practitioner.clinic).await?;
    let (count, stars) = reviews::sums(&mut tx, id).await?;
    let Some(aggregate) = Aggregate::of(count, stars, settings.reviews_min) else {
        return Ok(None);
    };
    let reviews = reviews::published(&mut tx, &api.keys, id, page).await?;
    Ok(Some(Told { aggregate, reviews }))
}
