//! What a client wants, checked, and that somebody agreed to it: makes the grant and its code.

use serde::{Deserialize, Serialize};

use super::OauthFailure;
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::Permit,
        account::actor_in,
        actor::Actor,
        id::{GrantId, OauthClientId, PatientId},
        oauth::{client::Client, code::Code, grant::Chain, pkce::Challenge, scope::Scopes},
        rev::Rev,
    },
    store::{
        Tx,
        change::{Change, Transition},
        directory, memberships,
        oauth::{self, Grant, KeptCode},
        outbox::Event,
        sessions::Session,
    },
};

/// What a client asks for, checked; kept while the person is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) client: OauthClientId,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
}

/// That somebody agreed.
pub(super) struct Agreed<'a> {
    pub(super) client: &'a Client,
    pub(super) wanted: &'a Wanted,
    pub(super) session: &'a Session,
    /// The patient that it is about, if the person said which.
    pub(super) patient: Option<PatientId>,
}

impl Agreed<'_> {
    /// Makes the grant and its code; where to send the person.
    pub(super) async fn issue(
        self,
        api: &Api,
        change: &mut Change<'_>,
        permit: &Permit,
    ) -> Result<String, OauthFailure> {
        let Self { client, wanted, session, patient } = self;
        let now = api.clock.now();
        let members = memberships::of_user(change.tx(), &session.user).await?;
        let proxies = memberships::proxies_of_user(change.tx(), &session.user).await?;
        let belongs =
            members.iter().any(|membership| membership.clinic.as_ref() == Some(&client.clinic))
                || proxies.iter().any(|proxy| proxy.clinic == client.clinic);
        if !belongs {
            return Err(OauthFailure::AccessDenied);
        }
        let scopes = Scopes::parse(&wanted.scopes).ok_or(OauthFailure::InvalidScope)?;
        let patient = match scopes.need_patient() {
            false => None,
            true => {
                let assurance = session.factors.assurance();
                let clinic = Some(&client.clinic);
                let actor = actor_in(&session.user, clinic, &members, &proxies, assurance, now);
                Some(launched_for(change.tx(), client, &actor, patient).await?)
            }
        };
        let grant = Grant {
            id: GrantId::mint(&api.random, now),
            clinic: client.clinic.clone(),
            user: Some(session.user.clone()),
            patient,
            scopes,
            factors: session.factors.clone(),
            authenticated: session.life.authenticated,
            chain: Chain::begin(client.id.clone(), now),
        };
        oauth::insert_grant(change.tx(), &grant).await?;
        let secret = SecretToken::mint("bc", &api.random);
        let code = Code {
            client: client.id.clone(),
            redirect_uri: wanted.redirect_uri.clone(),
            challenge: Challenge::stored(wanted.challenge.clone()),
            issued: now,
            redeemed: None,
        };
        let kept = KeptCode { grant: grant.id.clone(), nonce: wanted.nonce.clone(), code };
        oauth::insert_code(change.tx(), &secret.hash(), &kept).await?;
        let transition = Transition {
            kind: "oauth_grant",
            id: grant.id.as_str(),
            rev: Rev::FIRST,
            patient: None,
            body: serde_json::json!({ "client_id": client.id, "scopes": wanted.scopes }),
            events: vec![Event::now("oauth.granted")],
        };
        change.record(permit, transition).await?;
        Ok(send_back(
            api,
            &wanted.redirect_uri,
            wanted.state.as_deref(),
            &[("code", secret.expose())],
        ))
    }
}

/// The patient that a program is launched for: the one that the person named, or the only one that they are or speak for. Staff
/// name one of the clinic's; what may be seen of them is decided at each look.
async fn launched_for(
    tx: &mut Tx,
    client: &Client,
    actor: &Actor,
    named: Option<PatientId>,
) -> Result<PatientId, OauthFailure> {
    const WHICH: OauthFailure =
        OauthFailure::InvalidRequest("which patient it is about must be said");
    let patient = match (named, actor.patients.as_slice()) {
        (Some(named), own) if own.contains(&named) => named,
        (Some(named), _) if actor.practitioner.is_some() && actor.second_factor => named,
        (None, [only]) => only.clone(),
        _ => return Err(WHICH),
    };
    let is_theirs = directory::is_patient_of(tx, &client.clinic, &patient).await?;
    if is_theirs { Ok(patient) } else { Err(WHICH) }
}

/// A client's address with an answer. Says who answers (RFC 9207), so that a client of several servers is not misled.
pub(super) fn send_back(
    api: &Api,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &api.links.issuer);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{joint}{}", query.finish())
}
