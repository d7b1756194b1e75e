//! Registers a clinic's programs, lists them, switches them off.

pub(crate) use crate::store::oauth::KeptClient;
use crate::{
    api::Api,
    crypto::{client_keys::ClientKeys, secret_token::SecretToken},
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{ClinicId, OauthClientId},
        oauth::{
            client::{Client, ClientError, ClientKind},
            redirect::RedirectUri,
            scope::Scopes,
        },
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        oauth,
        outbox::Event,
    },
    usecase::Failure,
};

/// What a clinic says about a program of its own.
pub(crate) struct ClientCard {
    pub(crate) name: String,
    pub(crate) kind: ClientKind,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: String,
    pub(crate) trusted: bool,
    /// A JWK Set: the program proves itself by assertions signed with one of these keys, and has no secret.
    pub(crate) jwks: Option<String>,
}

/// Registers a program; its secret, told once, if it can keep one.
pub(crate) async fn create_oauth_client(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    card: ClientCard,
) -> Result<(Client, Option<SecretToken>), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::CreateOauthClient, &Resource::of_clinic(clinic), now)?;
    let uris =
        card.redirect_uris.iter().map(|uri| RedirectUri::parse(uri)).collect::<Result<Vec<_>, _>>();
    let client = Client {
        id: OauthClientId::mint(&api.random, now),
        clinic: clinic.clone(),
        name: card.name,
        kind: card.kind,
        redirect_uris: uris.map_err(|error| Failure::invalid("/redirect_uris", error))?,
        scopes: Scopes::parse(&card.scopes)
            .ok_or_else(|| Failure::invalid("/scope", "a scope is unknown"))?,
        trusted: card.trusted,
        disabled: false,
    };
    let client = client.checked().map_err(|error| {
        let field = match error {
            ClientError::Name => "/name",
            ClientError::Redirects => "/redirect_uris",
            ClientError::Scopes => "/scope",
        };
        Failure::invalid(field, error)
    })?;
    if let Some(jwks) = &card.jwks {
        ClientKeys::parse(jwks).map_err(|error| Failure::invalid("/jwks", error))?;
        if client.kind != ClientKind::Confidential {
            return Err(Failure::invalid("/jwks", "only a confidential client has keys"));
        }
    }
    let secret =
        (client.kind == ClientKind::Confidential).then(|| SecretToken::mint("bcs", &api.random));
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let hash = secret.as_ref().map(SecretToken::hash);
    let jwks = card.jwks.as_deref();
    oauth::insert_client(change.tx(), &client, hash.as_ref(), jwks, now).await?;
    let transition = Transition {
        kind: "oauth_client",
        id: client.id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: serde_json::json!({ "name": client.name, "scopes": client.scopes.to_words() }),
        events: vec![Event::now("oauth_client.created")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    // Whose keys are registered never learns the secret, and nobody can guess it.
    Ok((client, secret.filter(|_| card.jwks.is_none())))
}

/// Lists a clinic's programs.
pub(crate) async fn list_oauth_clients(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<KeptClient>, Failure> {
    let now = api.clock.now();
    let _ =
        access::decide(&caller.actor, Act::ListOauthClients, &Resource::of_clinic(clinic), now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(oauth::clients_of_clinic(&mut tx, clinic, page).await?)
}

/// Switches a program off; all it was granted ends.
pub(crate) async fn disable_oauth_client(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    id: &OauthClientId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::DisableOauthClient, &Resource::of_clinic(clinic), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let kept = oauth::find_client(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    if kept.client.clinic != *clinic {
        return Err(Failure::NotFound);
    }
    match oauth::disable_client(change.tx(), id, now).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    let transition = Transition {
        kind: "oauth_client",
        id: id.as_str(),
        rev: kept.rev.next(),
        patient: None,
        body: serde_json::json!({ "disabled": true }),
        events: vec![Event::now("oauth_client.disabled")],
    };
    change.record(&permit, transition).await?;
    Ok(change.commit(None, &()).await?)
}
