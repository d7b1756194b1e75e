//! Joins a clinic's staff. The link proves the address; who has no account yet makes one with it, who has one keeps
//! their password.

use jiff::Timestamp;
use protocol::redact::Redacted;

use super::invite_member::{Invitation, STAFF};
use crate::{
    api::Api,
    crypto::password_hash::PasswordHash,
    domain::{
        access::{self, Act, Permit, Resource},
        account::{Account, AccountCard, AccountState, Membership},
        actor::{Caller, Role},
        email_address::EmailAddress,
        id::{MembershipId, PractitionerId, UserId},
        one_time::Purpose,
        password::Password,
        profile::practitioner::PractitionerProfile,
        rev::Rev,
    },
    gate::{Origin, hash_queue::Requester},
    store::{
        Scope, StoreError, accounts,
        change::{Change, Transition},
        memberships,
        outbox::Event,
        practitioners,
    },
    usecase::{
        Failure,
        account::{Sealed, one_time},
    },
};

/// What somebody writes who has no account yet.
pub(crate) struct NewAccount {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
}

/// Joins.
///
/// # Errors
/// [`Failure::Invalid`] on `/account` when there is no account yet and none is described; the link still works then.
pub(crate) async fn accept_invitation(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    secret: &str,
    new: Option<NewAccount>,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::AcceptInvitation, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    // Looked at before hashing, used up after: a password that is refused does not cost the link.
    let mut tx = api.store.read(Scope::Platform).await?;
    let (_, _, found) =
        one_time::attempt::<Sealed>(api, &mut tx, Purpose::Invitation, secret).await?;
    let invitation: Invitation = found.detail.open(&api.keys)?;
    let email = EmailAddress::parse(&invitation.email)
        .map_err(|_| StoreError::Corrupt { column: "detail" })?;
    let existing = accounts::find_by_email(&mut tx, &api.keys, &email).await?;
    drop(tx);
    let made = match (&existing, new) {
        (Some(_), _) => None,
        (None, Some(new)) => Some(describe(api, origin, &email, new).await?),
        (None, None) => {
            return Err(Failure::invalid("/account", "is needed: this address has no account yet"));
        }
    };

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    one_time::redeem::<Sealed>(api, change.tx(), Purpose::Invitation, secret).await?;
    let account = match (existing, made) {
        (Some(account), _) => account,
        (None, Some((account, hash))) => {
            accounts::insert(change.tx(), &api.keys, &api.random, &account, Some(&hash), now)
                .await?;
            let body = serde_json::json!({ "invited": true });
            let made = transition("account", account.id.as_str(), body, "account.created");
            change.record(&permit, made).await?;
            account
        }
        (None, None) => return Err(Failure::Link),
    };
    join(api, &mut change, &permit, &account, &invitation, now).await?;
    Ok(change.commit(None, &()).await?)
}

async fn describe(
    api: &Api,
    origin: &Origin,
    email: &EmailAddress,
    new: NewAccount,
) -> Result<(Account, PasswordHash), Failure> {
    let now = api.clock.now();
    let card = AccountCard {
        name: Redacted::new(new.name),
        language: new.language,
        time_zone: new.time_zone,
    };
    let AccountCard { name, language, time_zone } = card.checked()?;
    let own_words: Vec<&str> =
        name.expose().split_whitespace().chain([email.local_part()]).collect();
    let password = Password::chosen(new.password, &own_words)
        .map_err(|error| Failure::invalid("/account/password", error))?;
    let requester = Requester {
        address: origin.network.clone(),
        account: email.canonical(),
        known_device: false,
    };
    let hash = api.gate.hashes().hash(&requester, password).await?;
    let account = Account {
        id: UserId::mint(&api.random, now),
        rev: Rev::FIRST,
        state: AccountState::Active,
        email: email.clone(),
        name,
        language,
        time_zone,
    };
    Ok((account, hash))
}

async fn join(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    account: &Account,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<(), Failure> {
    let roles = STAFF.into_iter().chain([Role::PlatformAdmin]);
    let role = roles.into_iter().find(|role| role.name() == invitation.role);
    let role = role.ok_or(StoreError::Corrupt { column: "detail" })?;
    let mut practitioner = None;
    if let (Role::Practitioner, Some(clinic)) = (role, &invitation.clinic) {
        let id = PractitionerId::mint(&api.random, now);
        let profile = PractitionerProfile::named(account.name.expose().clone());
        practitioners::insert(change.tx(), clinic, &id, &profile, &account.time_zone, now).await?;
        let body = serde_json::json!({ "practitioner_id": id });
        change
            .record(permit, transition("practitioner", id.as_str(), body, "practitioner.created"))
            .await?;
        practitioner = Some(id);
    }
    let membership = Membership {
        id: MembershipId::mint(&api.random, now),
        clinic: invitation.clinic.clone(),
        user: account.id.clone(),
        role,
        patient: None,
        practitioner,
        created: now,
    };
    match memberships::insert(change.tx(), &membership).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("such a membership")),
        other => other?,
    }
    let body = serde_json::json!({ "user_id": account.id, "role": role.name() });
    Ok(change
        .record(
            permit,
            transition("membership", membership.id.as_str(), body, "membership.created"),
        )
        .await?)
}

fn transition<'a>(
    kind: &'static str,
    id: &'a str,
    body: serde_json::Value,
    topic: &'static str,
) -> Transition<'a> {
    Transition { kind, id, rev: Rev::FIRST, patient: None, body, events: vec![Event::now(topic)] }
}
