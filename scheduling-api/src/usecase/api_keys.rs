//! Clinics' API keys: made, listed, ended. A key acts as the clinic's program, within its scopes.

use jiff::Timestamp;

pub(crate) use crate::store::api_keys::ApiKey;

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{ApiKeyId, ClinicId},
        oauth::scope::Scopes,
        page::{Page, PageRequest},
        profile,
        rev::Rev,
        web_origin::WebOrigin,
    },
    store::{
        Scope, StoreError, api_keys,
        change::{Change, Transition},
        outbox::Event,
    },
    usecase::Failure,
};

/// What a clinic says about a key.
pub(crate) struct KeyCard {
    pub(crate) name: String,
    pub(crate) scopes: String,
    /// The pages that may ask with it, as they were written.
    pub(crate) origins: Vec<String>,
    pub(crate) expires: Option<Timestamp>,
}

/// Most pages of one key: a clinic's site, its portal, and where each is tried out.
const PAGES_MAX: usize = 10;

/// Makes a key; its secret is told once.
pub(crate) async fn create_api_key(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    card: KeyCard,
) -> Result<(ApiKey, SecretToken), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::CreateApiKey, &Resource::of_clinic(clinic), now)?;
    let scopes = Scopes::parse(&card.scopes).filter(|scopes| !scopes.is_empty());
    if card.expires.is_some_and(|expires| expires <= now) {
        return Err(Failure::invalid("/expires_at", "must be in the future"));
    }
    let key = ApiKey {
        id: ApiKeyId::mint(&api.random, now),
        clinic: clinic.clone(),
        name: profile::filled("/name", &card.name, 80)?,
        scopes: scopes
            .ok_or_else(|| Failure::invalid("/scope", "a scope is unknown, or there is none"))?,
        pages: pages(&card.origins)?,
        created: now,
        used: None,
        expires: card.expires,
        revoked: None,
    };
    let secret = SecretToken::mint("bk", &api.random);
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    api_keys::insert(change.tx(), &secret.hash(), &key, caller.actor.user.as_ref()).await?;
    let origins: Vec<&str> = key.pages.iter().map(WebOrigin::as_str).collect();
    let scopes = key.scopes.to_words();
    let body = serde_json::json!({ "name": key.name, "scopes": scopes, "origins": origins });
    change.record(&permit, transition(&key.id, Rev::FIRST, body, "api_key.created")).await?;
    change.commit(None, &()).await?;
    Ok((key, secret))
}

/// Lists a clinic's keys.
pub(crate) async fn list_api_keys(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<ApiKey>, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ListApiKeys, &Resource::of_clinic(clinic), now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(api_keys::list(&mut tx, clinic, page).await?)
}

/// Ends a key at once.
pub(crate) async fn revoke_api_key(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    id: &ApiKeyId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::RevokeApiKey, &Resource::of_clinic(clinic), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    match api_keys::revoke(change.tx(), clinic, id, now).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    let body = serde_json::json!({ "revoked": true });
    change.record(&permit, transition(id, Rev::FIRST.next(), body, "api_key.revoked")).await?;
    Ok(change.commit(None, &()).await?)
}

fn pages(origins: &[String]) -> Result<Vec<WebOrigin>, Failure> {
    if origins.len() > PAGES_MAX {
        return Err(Failure::invalid("/origins", "a key has at most 10 origins"));
    }
    let pages = origins.iter().map(|origin| origin.parse());
    pages.collect::<Result<_, _>>().map_err(|error| Failure::invalid("/origins", error))
}

fn transition<'a>(
    id: &'a ApiKeyId,
    rev: Rev,
    body: serde_json::Value,
    topic: &'static str,
) -> Transition<'a> {
    Transition {
        kind: "api_key",
        id: id.as_str(),
        rev,
        patient: None,
        body,
        events: vec![Event::now(topic)],
    }
}
