//! What was earned in a span of time: a practitioner's own, or the clinic's.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        earning::Earning,
        id::PractitionerId,
    },
    store::{Scope, ledger},
    usecase::{Failure, load},
};

/// Longest span: ten years and a bit.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(24 * 3700);

/// What is shown when nobody says from when.
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Reads what was earned; one's own, for who is a practitioner and no more.
pub(crate) async fn read_earnings(
    api: &Api,
    caller: &Caller,
    act: Act,
    practitioner: Option<PractitionerId>,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
) -> Result<Vec<Earning>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let practitioner = practitioner.or_else(|| caller.actor.only_practitioner());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        practitioners: practitioner.iter().cloned().collect(),
        ..Resource::default()
    };
    let _ = access::decide(&caller.actor, act, &resource, now)?;
    let to = to.unwrap_or(now);
    let from = from.unwrap_or(to - MONTH);
    if from >= to || to.duration_since(from) > SPAN_MAX {
        return Err(Failure::invalid("to", "must be after from, by ten years at most"));
    }
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(ledger::earnings(&mut tx, clinic, practitioner.as_ref(), (from, to)).await?)
}
