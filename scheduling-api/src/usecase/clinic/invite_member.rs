//! Invites somebody to a clinic's staff, by mail.

use serde::{Deserialize, Serialize};

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Caller, Role},
        email_address::EmailAddress,
        id::ClinicId,
        one_time::Purpose,
        profile,
    },
    ports::mail::{Letter, Mail},
    store::{Scope, accounts, change::Change, one_times::Whom},
    usecase::{
        Failure,
        account::{Sealed, Sender, one_time, send},
    },
};

/// What an invitation says.
#[derive(Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// None for who shall run the installation.
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) role: String,
    pub(crate) email: String,
    pub(crate) language: String,
}

/// The roles that a clinic gives.
pub(crate) const STAFF: [Role; 3] = [Role::Practitioner, Role::Receptionist, Role::ClinicAdmin];

/// Invites somebody.
pub(crate) async fn invite_member(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    email: &str,
    role: &str,
    language: &str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::InviteMember, &Resource::of_clinic(clinic), now)?;
    let role = STAFF.into_iter().find(|known| known.name() == role);
    let role = role
        .ok_or_else(|| Failure::invalid("/role", "practitioner, receptionist or clinic_admin"))?;
    let email = EmailAddress::parse(email).map_err(|error| Failure::invalid("/email", error))?;
    let invitation = Invitation {
        clinic: Some(clinic.clone()),
        role: role.name().to_owned(),
        email: email.expose().to_owned(),
        language: profile::language("/language", language)?,
    };
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    issue(api, &mut change, &permit, &invitation, &email).await?;
    Ok(change.commit(None, &()).await?)
}

/// Keeps an invitation and mails it; its secret.
pub(crate) async fn issue(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    invitation: &Invitation,
    email: &EmailAddress,
) -> Result<SecretToken, Failure> {
    let index = accounts::email_index(&api.keys, email);
    let sealed = Sealed::seal(&api.keys, &api.random, invitation)?;
    let whom = Whom { user: None, subject: Some(&index) };
    let secret = one_time::issue(api, change.tx(), Purpose::Invitation, whom, &sealed).await?;
    let mail = Mail {
        to: email.expose().to_owned(),
        name: None,
        language: invitation.language.clone(),
        letter: Letter::Invitation,
        link: Some(api.links.invitation(&secret)),
    };
    send(&Sender { api, permit }, change, &mail).await?;
    Ok(secret)
}
