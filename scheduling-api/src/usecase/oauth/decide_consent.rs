//! A person's answer: sends the client a code, or that they said no.

use super::{OauthFailure, authorize::Wanted};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Permit, Refusal, Resource},
        account::actor_in,
        actor::{Actor, Caller},
        id::{GrantId, PatientId},
        oauth::{client::Client, code::Code, grant::Chain, pkce::Challenge, scope::Scopes},
        one_time::Purpose,
        rev::Rev,
    },
    store::{
        Scope, Tx,
        change::{Change, Transition},
        directory, memberships,
        oauth::{self, Grant, KeptCode},
        outbox::Event,
        sessions::{self, Session},
    },
    usecase::{Failure, account::one_time},
};

/// Where to send the person after their answer.
pub(crate) async fn decide_consent(
    api: &Api,
    caller: &Caller,
    request: &str,
    agreed: Option<Option<PatientId>>,
) -> Result<String, OauthFailure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::DecideConsent, &Resource::platform(), now)?;
    let session = caller.actor.session.as_ref().ok_or(Refusal::Forbidden)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let wanted =
        one_time::redeem::<Wanted>(api, change.tx(), Purpose::Consent, request).await?.detail;
    let client =
        oauth::find_client(change.tx(), &wanted.client).await?.ok_or(Failure::Link)?.client;
    let session = sessions::find(change.tx(), session).await?.ok_or(Failure::NotFound)?;
    let address = if let Some(patient) = agreed
        && !client.disabled
    {
        Agreed { client: &client, wanted: &wanted, session: &session, patient }
            .issue(api, &mut change, &permit)
            .await?
    } else {
        let error = [("error", OauthFailure::AccessDenied.code())];
        send_back(api, &wanted.redirect_uri, wanted.state.as_deref(), &error)
    };
    change.saw(&permit, "oauth_client", Some(client.id.as_str()), None);
    change.commit(None, &()).await?;
    Ok(address)
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
