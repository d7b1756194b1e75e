//! The authorization endpoint: checks what a client asks for, and sends the person on: back with a code, or to the page
//! that asks them.

use super::{
    OauthFailure,
    agreed::{Agreed, Wanted, send_back},
};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::OauthClientId,
        oauth::{
            client::Client,
            clinical::Level,
            pkce::Challenge,
            scope::{Scope, Scopes},
        },
        one_time::Purpose,
    },
    store::{Scope as StoreScope, change::Change, oauth, one_times::Whom, sessions},
    usecase::account::one_time,
};

/// What a client asks for, as it came.
#[derive(Debug, Default, Clone)]
pub(crate) struct Asked {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_type: String,
    pub(crate) scope: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) code_challenge_method: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) prompt: Option<String>,
    /// The FHIR face that the tokens are for (SMART App Launch); ours, or nothing.
    pub(crate) aud: Option<String>,
}

/// State and nonce come back as they came: a bound for the column and the address.
const ECHO_BYTES_MAX: usize = 512;

/// Where to send the person.
///
/// # Errors
/// Only when the client or the address is not known: then nobody is sent anywhere (RFC 9700 §4.11). Everything else is
/// told to the client by its address.
pub(crate) async fn authorize(
    api: &Api,
    caller: &Caller,
    asked: Asked,
) -> Result<String, OauthFailure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::Authorize, &Resource::platform(), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, StoreScope::Platform, now).await?;
    let id: OauthClientId = asked.client_id.parse().map_err(|_| OauthFailure::InvalidClient)?;
    let client =
        oauth::find_client(change.tx(), &id).await?.ok_or(OauthFailure::InvalidClient)?.client;
    if client.disabled {
        return Err(OauthFailure::InvalidClient);
    }
    if !client.may_redirect_to(&asked.redirect_uri) {
        return Err(OauthFailure::InvalidRequest(
            "redirect_uri is none that this client registered",
        ));
    }
    let (redirect_uri, state) = (asked.redirect_uri.clone(), asked.state.clone());
    // Who means another server must not get tokens that open ours.
    let ours = format!("{}/fhir/R4", api.links.issuer);
    let elsewhere = asked.aud.as_ref().is_some_and(|aud| aud.trim_end_matches('/') != ours);
    let sent = match wanted(&client, asked.clone()) {
        _ if elsewhere => Err(OauthFailure::InvalidRequest("aud is another server")),
        Ok(wanted) => send_on(api, caller, &mut change, &permit, &client, &asked, wanted).await,
        Err(failure) => Err(failure),
    };
    let address = match sent {
        Ok(address) => address,
        Err(OauthFailure::Other(failure)) => return Err(failure.into()),
        Err(refused) => {
            send_back(api, &redirect_uri, state.as_deref(), &[("error", refused.code())])
        }
    };
    change.saw(&permit, "oauth_client", Some(client.id.as_str()), None);
    change.commit(None, &()).await?;
    Ok(address)
}

fn wanted(client: &Client, asked: Asked) -> Result<Wanted, OauthFailure> {
    if asked.response_type != "code" {
        return Err(OauthFailure::UnsupportedResponseType);
    }
    let challenge = asked.code_challenge.unwrap_or_default();
    let challenge = Challenge::parse(&challenge, asked.code_challenge_method.as_deref())
        .ok_or(OauthFailure::InvalidRequest("code_challenge with S256 is needed"))?;
    let scopes = match asked.scope.as_deref() {
        Some(words) => Scopes::parse(words).ok_or(OauthFailure::InvalidScope)?,
        None => client.scopes.without(&[Scope::OfflineAccess], &[Level::System]),
    };
    // What a program may by itself, nobody can agree to.
    let itself = scopes.without(&[], &[Level::System]) != scopes;
    if scopes.is_empty() || itself || !scopes.is_within(&client.scopes) {
        return Err(OauthFailure::InvalidScope);
    }
    let long =
        |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > ECHO_BYTES_MAX);
    if long(&asked.state) || long(&asked.nonce) {
        return Err(OauthFailure::InvalidRequest("state and nonce have at most 512 bytes"));
    }
    Ok(Wanted {
        client: client.id.clone(),
        redirect_uri: asked.redirect_uri,
        scopes: scopes.to_words(),
        state: asked.state,
        challenge: challenge.as_str().to_owned(),
        nonce: asked.nonce,
    })
}

/// Back at once where the person is signed in and need not be asked; to the page otherwise.
async fn send_on(
    api: &Api,
    caller: &Caller,
    change: &mut Change<'_>,
    permit: &Permit,
    client: &Client,
    asked: &Asked,
    wanted: Wanted,
) -> Result<String, OauthFailure> {
    let prompts: Vec<&str> = asked.prompt.as_deref().unwrap_or_default().split(' ').collect();
    if let (Some(user), Some(session)) = (&caller.actor.user, &caller.actor.session)
        && !prompts.contains(&"login")
        && !prompts.contains(&"consent")
    {
        let scopes = Scopes::parse(&wanted.scopes).ok_or(OauthFailure::InvalidScope)?;
        // An app on a device may be another that took its address: it is asked for anew each time (RFC 9700 §4.12).
        let remembered = wanted.redirect_uri.starts_with("https://")
            && oauth::has_agreed(change.tx(), user, &client.id, &scopes).await?;
        if (client.trusted || remembered)
            && let Some(session) = sessions::find(change.tx(), session).await?
        {
            return Agreed { client, wanted: &wanted, session: &session, patient: None }
                .issue(api, change, permit)
                .await;
        }
    }
    if prompts.contains(&"none") {
        return Err(OauthFailure::LoginRequired);
    }
    let request =
        one_time::issue(api, change.tx(), Purpose::Consent, Whom::default(), &wanted).await?;
    Ok(api.links.consent(&request))
}
