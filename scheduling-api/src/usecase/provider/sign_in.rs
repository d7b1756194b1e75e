//! Sends a person to a provider, and signs in who comes back.
//!
//! An account is known by the provider's subject, never by its address alone: a provider that says an address is
//! somebody's does not take that somebody's account (ASVS 6.8.1). Who has an account links it while signed in.

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Permit, Resource},
        account::AccountState,
        actor::Caller,
        email_address::EmailAddress,
        id::{ProviderId, UserId},
        one_time::Purpose,
        profile::{self, patient::PatientProfile},
        session::Factor,
    },
    gate::Origin,
    ports::identity_provider::{Person, ProviderError, Registration, Return},
    store::{
        Scope, StoreError, accounts,
        change::Change,
        clinics,
        one_times::Whom,
        providers::{self, Provider},
    },
    usecase::{
        Failure,
        account::{
            begin_session::{SignIn, after_first_factor},
            one_time,
            verify_email::{NewPatient, create},
        },
    },
};

/// What is remembered while a person is away.
#[derive(Serialize, Deserialize)]
struct Away {
    provider: ProviderId,
    nonce: String,
    verifier: String,
    /// Hash of a secret that only the browser that left has: nobody finishes another's way.
    browser: String,
    /// Who links their account.
    linking: Option<UserId>,
}

/// Where to send a person.
pub(crate) struct Sent {
    pub(crate) redirect_to: String,
    /// Kept by the browser, and sent with what it comes back with.
    pub(crate) browser: SecretToken,
}

/// Sends a person to a provider.
pub(crate) async fn start_provider_sign_in(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    id: &ProviderId,
) -> Result<Sent, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::StartProviderSignIn, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let provider = providers::find(&mut tx, &api.keys, id).await?.ok_or(Failure::NotFound)?;
    drop(tx);
    let at = api.providers.discover(&provider.issuer).await.map_err(outside)?;
    let secret = || SecretToken::mint("bp", &api.random);
    let (nonce, verifier, browser) = (secret(), secret(), secret());
    let away = Away {
        provider: id.clone(),
        nonce: nonce.expose().to_owned(),
        verifier: verifier.expose().to_owned(),
        browser: browser.hash().as_str().to_owned(),
        linking: caller.actor.session.as_ref().and(caller.actor.user.clone()),
    };
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let state =
        one_time::issue(api, change.tx(), Purpose::ProviderSignIn, Whom::default(), &away).await?;
    change.saw(&permit, "identity_provider", Some(id.as_str()), None);
    change.commit(None, &()).await?;
    let hash = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &api.links.provider_return())
        .append_pair("scope", "openid email profile")
        .append_pair("state", state.expose())
        .append_pair("nonce", nonce.expose())
        .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(hash))
        .append_pair("code_challenge_method", "S256")
        .finish();
    let joint = if at.authorization_endpoint.contains('?') { '&' } else { '?' };
    Ok(Sent { redirect_to: format!("{}{joint}{query}", at.authorization_endpoint), browser })
}

/// What a browser comes back with.
pub(crate) struct Back {
    pub(crate) state: String,
    pub(crate) code: String,
    /// RFC 9207: who says so, if the provider tells.
    pub(crate) iss: Option<String>,
    pub(crate) browser: String,
}

/// Signs in who comes back.
pub(crate) async fn finish_provider_sign_in(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    back: Back,
) -> Result<SignIn, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::FinishProviderSignIn, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let away = one_time::redeem::<Away>(api, change.tx(), Purpose::ProviderSignIn, &back.state)
        .await?
        .detail;
    let provider =
        providers::find(change.tx(), &api.keys, &away.provider).await?.ok_or(Failure::Link)?;
    change.saw(&permit, "identity_provider", Some(provider.id.as_str()), None);
    // The state is used up before anybody outside is asked, and no transaction waits for an answer.
    change.commit(None, &()).await?;
    let browser = SecretToken::presented(&back.browser).map(|secret| secret.hash());
    let same_browser = browser.is_some_and(|hash| hash.as_str() == away.browser);
    let same_issuer = back.iss.as_ref().is_none_or(|issuer| *issuer == provider.issuer);
    let same_person = away.linking.is_none() || away.linking == caller.actor.user;
    if !(same_browser && same_issuer && same_person) {
        return Err(Failure::Link);
    }
    let us = Registration {
        issuer: &provider.issuer,
        client_id: &provider.client_id,
        client_secret: &provider.client_secret,
    };
    let redirect_uri = api.links.provider_return();
    let came = Return {
        code: &back.code,
        redirect_uri: &redirect_uri,
        verifier: &away.verifier,
        nonce: &away.nonce,
    };
    let person = api.providers.redeem(&us, &came, now).await.map_err(outside)?;

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let user = whose(api, &mut change, &permit, &provider, &person, away.linking).await?;
    let signed_in =
        after_first_factor(api, &mut change, &permit, &user, Factor::Provider, origin).await?;
    change.commit(None, &()).await?;
    Ok(signed_in)
}

/// The account of who came back; made or linked when there is none.
async fn whose(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    provider: &Provider,
    person: &Person,
    linking: Option<UserId>,
) -> Result<UserId, Failure> {
    let now = api.clock.now();
    let known = providers::find_identity(change.tx(), &api.keys, &provider.id, &person.sub).await?;
    let user = match (known, linking) {
        (Some(user), None) => {
            let account = accounts::find(change.tx(), &api.keys, &user).await?;
            let active = account.is_some_and(|account| account.state == AccountState::Active);
            return if active { Ok(user) } else { Err(Failure::Credentials) };
        }
        (Some(user), Some(linking)) if user == linking => return Ok(user),
        (Some(_), Some(_)) => return Err(Failure::Exists("another account of this person")),
        (None, Some(linking)) => linking,
        (None, None) => newcomer(api, change, permit, provider, person).await?,
    };
    providers::insert_identity(change.tx(), &api.keys, &provider.id, &person.sub, &user, now)
        .await?;
    Ok(user)
}

async fn newcomer(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    provider: &Provider,
    person: &Person,
) -> Result<UserId, Failure> {
    let now = api.clock.now();
    let email = person.email.as_deref().filter(|_| person.email_verified);
    let email =
        email.and_then(|text| EmailAddress::parse(text).ok()).ok_or(Failure::Credentials)?;
    if accounts::find_by_email(change.tx(), &api.keys, &email).await?.is_some() {
        return Err(Failure::Exists("an account with this address: sign in to it and link it"));
    }
    let clinic = clinics::find(change.tx(), &provider.clinic).await?;
    let clinic = clinic.ok_or(StoreError::Corrupt { column: "clinic_id" })?;
    let locale = person.locale.as_deref().unwrap_or("en");
    let language = profile::language("locale", locale).unwrap_or_else(|_| "en".to_owned());
    let name = person.name.clone().unwrap_or_else(|| email.local_part().to_owned());
    let profile = PatientProfile::named(name, String::new(), language, clinic.time_zone);
    let profile = profile.checked(now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date())?;
    create(api, change, permit, NewPatient { clinic: clinic.id, email, password: None, profile })
        .await
}

fn outside(error: ProviderError) -> Failure {
    match error {
        ProviderError::Unreachable => {
            Failure::Busy { retry_after: std::time::Duration::from_secs(5) }
        }
        ProviderError::Refused | ProviderError::Untrusted => Failure::Credentials,
    }
}
