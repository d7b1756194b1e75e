//! Ends what somebody is in a clinic: at once, with every session and grant of theirs.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::{Caller, Role},
        id::{ClinicId, MembershipId},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        memberships, oauth,
        outbox::Event,
        sessions,
    },
    usecase::Failure,
};

/// Ends a membership of staff.
pub(crate) async fn end_membership(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    id: &MembershipId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::EndMembership, &Resource::of_clinic(clinic), now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let membership = memberships::find(change.tx(), id).await?;
    let here =
        membership.filter(|it| it.clinic.as_ref() == Some(clinic) && it.role != Role::Patient);
    let membership = here.ok_or(Failure::NotFound)?;
    match memberships::end(change.tx(), id, now).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    // Sessions hold a clinic, not a role: they begin anew with what is left.
    sessions::revoke_all(change.tx(), &membership.user, None, now).await?;
    oauth::revoke_grants_of(change.tx(), &membership.user, now).await?;
    let transition = Transition {
        kind: "membership",
        id: id.as_str(),
        rev: Rev::FIRST.next(),
        patient: None,
        body: serde_json::json!({ "user_id": membership.user, "ended": true }),
        // The media half takes them out of running calls.
        events: vec![Event {
            topic: "membership.ended",
            payload: serde_json::json!({ "user_id": membership.user }),
            not_before: None,
        }],
    };
    change.record(&permit, transition).await?;
    Ok(change.commit(None, &()).await?)
}
