//! Finishes a registration: the address is proved, so the account, the patient and the membership are made.

use protocol::redact::Redacted;

use super::{register::Waiting, sealed::Sealed};
use crate::{
    api::Api,
    crypto::password_hash::PasswordHash,
    domain::{
        access::{self, Act, Permit, Resource},
        account::{Account, AccountState, Membership},
        actor::{Caller, Role},
        email_address::EmailAddress,
        id::{ClinicId, MembershipId, PatientId, UserId},
        one_time::Purpose,
        profile::patient::PatientProfile,
        rev::Rev,
    },
    gate::Origin,
    store::{
        Scope, StoreError, accounts,
        change::{Change, Transition},
        memberships,
        outbox::Event,
        patients,
    },
    usecase::{Failure, account::one_time},
};

/// Finishes a registration.
pub(crate) async fn verify_email(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    secret: &str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::VerifyEmail, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let redeemed =
        one_time::redeem::<Sealed>(api, change.tx(), Purpose::VerifyEmail, secret).await?;
    let waiting = redeemed.detail.open::<Waiting>(&api.keys)?;
    let email = EmailAddress::parse(&waiting.email)
        .map_err(|_| StoreError::Corrupt { column: "detail" })?;
    // Registered twice, or invited in the meantime: the account that is there stays as it is.
    if accounts::find_by_email(change.tx(), &api.keys, &email).await?.is_some() {
        return Err(Failure::Link);
    }
    let Waiting { clinic, password, profile, .. } = waiting;
    let password = Some(PasswordHash::stored(password));
    create(api, &mut change, &permit, NewPatient { clinic, email, password, profile }).await?;
    Ok(change.commit(None, &()).await?)
}

/// Somebody whose address is proved.
pub(crate) struct NewPatient {
    pub(crate) clinic: ClinicId,
    pub(crate) email: EmailAddress,
    /// None for who signs in by an outside provider.
    pub(crate) password: Option<PasswordHash>,
    pub(crate) profile: PatientProfile,
}

/// Makes the account, the patient and the membership.
pub(crate) async fn create(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    new: NewPatient,
) -> Result<UserId, Failure> {
    let now = api.clock.now();
    let NewPatient { clinic, email, password, profile } = new;
    let account = Account {
        id: UserId::mint(&api.random, now),
        rev: Rev::FIRST,
        state: AccountState::Active,
        email,
        name: Redacted::new(profile.display_name()),
        language: profile.language.clone(),
        time_zone: profile.time_zone.clone(),
    };
    accounts::insert(change.tx(), &api.keys, &api.random, &account, password.as_ref(), now).await?;
    let patient = PatientId::mint(&api.random, now);
    patients::insert(change.tx(), &api.keys, &api.random, &clinic, &patient, &profile, now).await?;
    let membership = Membership {
        id: MembershipId::mint(&api.random, now),
        clinic: Some(clinic),
        user: account.id.clone(),
        role: Role::Patient,
        patient: Some(patient.clone()),
        practitioner: None,
        created: now,
    };
    memberships::insert(change.tx(), &membership).await?;
    for (kind, id, topic) in [
        ("account", account.id.as_str(), "account.created"),
        ("patient", patient.as_str(), "patient.registered"),
    ] {
        let transition = Transition {
            kind,
            id,
            rev: Rev::FIRST,
            patient: Some(&patient),
            body: serde_json::json!({ "user_id": account.id, "patient_id": patient }),
            events: vec![Event::now(topic)],
        };
        change.record(permit, transition).await?;
    }
    Ok(account.id)
}
