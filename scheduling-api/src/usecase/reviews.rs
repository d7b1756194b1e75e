//! Reviews: written by the patient, looked at by the clinic, answered by the practitioner, shown to anybody.

pub(crate) mod moderate;
pub(crate) mod read;
pub(crate) mod write;

use serde_json::json;

use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::ReviewId,
        review::Review,
    },
    store::{
        Tx,
        change::{Change, Transition},
        outbox::Event,
        reviews,
    },
    usecase::{Failure, records::key_of},
};

/// A review that the caller may do something with.
async fn find(
    api: &Api,
    tx: &mut Tx,
    caller: &Caller,
    act: Act,
    id: &ReviewId,
) -> Result<(Review, Permit, DataKey), Failure> {
    let patient = reviews::patient_of(tx, id).await?.ok_or(Failure::NotFound)?;
    let key = key_of(api, tx, &patient).await?;
    let found = reviews::find(tx, &key, id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, act, &resource(&found), api.clock.now())?;
    Ok((found, permit, key))
}

fn resource(review: &Review) -> Resource {
    Resource {
        clinic: Some(review.clinic.clone()),
        patient: Some(review.patient.clone()),
        practitioners: vec![review.practitioner.clone()],
        ..Resource::default()
    }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    review: &Review,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({
        "review": review.id,
        "appointment": review.appointment,
        "state": review.standing.name(),
        "patient": review.patient,
        "practitioner": review.practitioner,
    });
    let transition = Transition {
        kind: "review",
        id: review.id.as_str(),
        rev: review.rev,
        patient: Some(&review.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
