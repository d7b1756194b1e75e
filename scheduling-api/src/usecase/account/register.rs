//! Registers a patient: keeps what they wrote until their address is proved, and mails the proof.
//!
//! For an address that has an account, the same is done and answered, but the mail says so instead. Nothing is created
//! before the link is pressed, so that nobody's address is taken by who cannot read its mail.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use crate::{
    api::Api,
    crypto::password_hash::PasswordHash,
    domain::{
        access::{self, Act, Resource},
        account::AccountCard,
        actor::Caller,
        email_address::EmailAddress,
        id::ClinicId,
        one_time::Purpose,
        password::Password,
        profile::patient::PatientProfile,
    },
    gate::{Origin, hash_queue::Requester},
    ports::mail::{Letter, Mail},
    store::{Scope, accounts, change::Change, clinics, one_times::Whom},
    usecase::{
        Failure,
        account::{Sender, one_time, sealed::Sealed, send},
    },
};

/// What somebody writes to register.
pub(crate) struct Registration {
    pub(crate) clinic: ClinicId,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
}

/// A checked registration while it waits for its proof.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) clinic: ClinicId,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) profile: PatientProfile,
}

/// Registers a patient.
pub(crate) async fn register(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    registration: Registration,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(&registration.clinic);
    let permit = access::decide(&caller.actor, Act::Register, &resource, now)?;
    api.gate.charge_network(&origin.network, now)?;
    let (email, password, profile) = checked(api, &registration)?;
    let index = accounts::email_index(&api.keys, &email);
    let requester = Requester {
        address: origin.network.clone(),
        account: BASE64_STANDARD.encode(index),
        known_device: false,
    };
    let hash = api.gate.hashes().hash(&requester, password).await?;

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    if clinics::find(change.tx(), &registration.clinic).await?.is_none() {
        return Err(Failure::invalid("/clinic_id", "there is no such clinic"));
    }
    let existing = accounts::find_by_email(change.tx(), &api.keys, &email).await?;
    // The row is made either way, so that both ways take as long.
    let waiting = waiting(registration.clinic, &email, &hash, profile);
    let sealed = Sealed::seal(&api.keys, &api.random, &waiting)?;
    let whom = Whom { user: None, subject: Some(&index) };
    let secret = one_time::issue(api, change.tx(), Purpose::VerifyEmail, whom, &sealed).await?;
    let mail = match &existing {
        Some(account) => Mail::to(account, Letter::AlreadyRegistered, Some(api.links.sign_in())),
        None => Mail {
            to: email.expose().to_owned(),
            name: Some(waiting.profile.display_name()),
            language: waiting.profile.language.clone(),
            letter: Letter::VerifyEmail,
            link: Some(api.links.verify_email(&secret)),
        },
    };
    if api.gate.may_mail(&requester.account, now) {
        send(&Sender { api, permit: &permit }, &mut change, &mail).await?;
    } else {
        change.saw(&permit, "registration", None, None);
    }
    Ok(change.commit(None, &()).await?)
}

fn checked(
    api: &Api,
    registration: &Registration,
) -> Result<(EmailAddress, Password, PatientProfile), Failure> {
    let email = EmailAddress::parse(&registration.email)
        .map_err(|error| Failure::invalid("/email", error))?;
    let Registration { given_name, family_name, language, time_zone, .. } = registration;
    let profile = PatientProfile::named(
        given_name.clone(),
        family_name.clone(),
        language.clone(),
        time_zone.clone(),
    );
    let today = api.clock.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let profile = profile.checked(today)?;
    let card = AccountCard {
        name: Redacted::new(profile.display_name()),
        language: profile.language.clone(),
        time_zone: profile.time_zone.clone(),
    };
    card.checked()?;
    let own_words = [email.local_part(), &profile.family_name, &profile.given_name];
    let password = Password::chosen(registration.password.clone(), &own_words);
    Ok((email, password.map_err(|error| Failure::invalid("/password", error))?, profile))
}

fn waiting(
    clinic: ClinicId,
    email: &EmailAddress,
    hash: &PasswordHash,
    profile: PatientProfile,
) -> Waiting {
    Waiting {
        clinic,
        email: email.expose().to_owned(),
        password: hash.as_str().to_owned(),
        profile,
    }
}
