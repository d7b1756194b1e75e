//! The token endpoint: a code, a refresh token or a client's own secret for an access token.

use super::{
    OauthFailure,
    client_proof::{ClientProof, prove},
    signing,
};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{GrantId, PatientId},
        oauth::{
            client::{Client, ClientKind},
            clinical::Level,
            code::{CodeError, Redemption},
            grant::{ACCESS_LIFE, Chain, RefreshError},
            scope::{Scope, Scopes},
        },
        rev::Rev,
        session::Factors,
    },
    gate::Origin,
    store::{
        Scope as StoreScope,
        change::{Change, Transition},
        memberships,
        oauth::{self, Grant},
        outbox::Event,
    },
};

/// What a client brings.
pub(crate) enum Brought {
    /// From the authorization endpoint.
    Code { code: String, redirect_uri: String, verifier: String },
    /// From an earlier answer; perhaps for less.
    Refresh { token: String, scope: Option<String> },
    /// Nothing: it asks for itself.
    Itself { scope: Option<String> },
}

/// What it gets.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) expires_in_s: u64,
    pub(crate) refresh: Option<SecretToken>,
    pub(crate) id: Option<String>,
    pub(crate) scopes: Scopes,
    /// The patient that it is about.
    pub(crate) patient: Option<PatientId>,
}

/// Gives tokens for what a client brings.
pub(crate) async fn exchange(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    proof: &ClientProof,
    brought: Brought,
) -> Result<Tokens, OauthFailure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::Token, &Resource::platform(), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, StoreScope::Platform, now).await?;
    let exchange = Exchange { api, permit: &permit };
    let client = match prove(api, change.tx(), proof).await {
        // Guessing a secret of 256 bits is hopeless; trying costs all the same.
        Err(OauthFailure::InvalidClient) => {
            api.gate.charge_network(&origin.network, now).map_err(crate::usecase::Failure::from)?;
            return Err(OauthFailure::InvalidClient);
        }
        other => other?,
    };
    let tokens = match brought {
        Brought::Code { code, redirect_uri, verifier } => {
            exchange.code(&mut change, &client, &code, &redirect_uri, &verifier).await
        }
        Brought::Refresh { token, scope } => {
            exchange.refresh(&mut change, &client, &token, scope.as_deref()).await
        }
        Brought::Itself { scope } => exchange.itself(&mut change, &client, scope.as_deref()).await,
    };
    match tokens {
        Ok(_) => change.saw(&permit, "oauth_client", Some(client.id.as_str()), None),
        // What a replay revoked must be kept though the client is refused.
        Err(OauthFailure::InvalidGrant(_)) => {
            change.refused(&permit, "oauth_client", Some(client.id.as_str()));
        }
        Err(failure) => return Err(failure),
    }
    change.commit(None, &()).await?;
    tokens
}

struct Exchange<'a> {
    api: &'a Api,
    permit: &'a Permit,
}

impl Exchange<'_> {
    async fn code(
        &self,
        change: &mut Change<'_>,
        client: &Client,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Tokens, OauthFailure> {
        const WORTHLESS: OauthFailure = OauthFailure::InvalidGrant("the code is worth nothing");
        let now = self.api.clock.now();
        let hash = SecretToken::presented(code).ok_or(WORTHLESS)?.hash();
        let mut kept = oauth::find_code(change.tx(), &hash).await?.ok_or(WORTHLESS)?;
        match kept.code.redeem(Redemption { client: &client.id, redirect_uri, verifier }, now) {
            Ok(()) => {}
            Err(CodeError::Replayed) => {
                self.revoked(change, &kept.grant).await?;
                return Err(WORTHLESS);
            }
            Err(_) => return Err(WORTHLESS),
        }
        oauth::redeem_code(change.tx(), &hash, now).await?;
        let grant = oauth::find_grant(change.tx(), &kept.grant).await?.ok_or(WORTHLESS)?;
        let refresh = if grant.scopes.contains(Scope::OfflineAccess) {
            Some(self.new_refresh(change, &grant.id, grant.chain.generation).await?)
        } else {
            None
        };
        self.tokens(change, &grant, refresh, kept.nonce.as_deref()).await
    }

    async fn refresh(
        &self,
        change: &mut Change<'_>,
        client: &Client,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Tokens, OauthFailure> {
        const WORTHLESS: OauthFailure =
            OauthFailure::InvalidGrant("the refresh token is worth nothing");
        let now = self.api.clock.now();
        let hash = SecretToken::presented(token).ok_or(WORTHLESS)?.hash();
        let (id, generation) = oauth::find_refresh(change.tx(), &hash).await?.ok_or(WORTHLESS)?;
        let mut grant = oauth::find_grant(change.tx(), &id).await?.ok_or(WORTHLESS)?;
        let before = grant.chain.generation;
        match grant.chain.rotate(&client.id, generation, now) {
            Ok(_) => {}
            Err(RefreshError::Reused) => {
                self.revoked(change, &id).await?;
                return Err(WORTHLESS);
            }
            Err(_) => return Err(WORTHLESS),
        }
        // Less may be asked for, for this access token only; more never (RFC 6749 §6).
        let scopes = match scope {
            Some(words) => Scopes::parse(words).ok_or(OauthFailure::InvalidScope)?,
            None => grant.scopes.clone(),
        };
        if scopes.is_empty() || !scopes.is_within(&grant.scopes) {
            return Err(OauthFailure::InvalidScope);
        }
        oauth::update_chain(change.tx(), &id, before, &grant.chain).await?;
        let refresh = self.new_refresh(change, &id, grant.chain.generation).await?;
        let narrowed = Grant { scopes, ..grant };
        self.tokens(change, &narrowed, Some(refresh), None).await
    }

    async fn itself(
        &self,
        change: &mut Change<'_>,
        client: &Client,
        scope: Option<&str>,
    ) -> Result<Tokens, OauthFailure> {
        // Scopes of a person mean nothing where there is none.
        const OF_PEOPLE: [Scope; 6] = [
            Scope::OpenId,
            Scope::Profile,
            Scope::Email,
            Scope::OfflineAccess,
            Scope::FhirUser,
            Scope::LaunchPatient,
        ];
        const PEOPLES: [Level; 2] = [Level::Patient, Level::User];
        if client.kind != ClientKind::Confidential {
            return Err(OauthFailure::UnauthorizedClient);
        }
        let all = || client.scopes.without(&OF_PEOPLE, &PEOPLES);
        let scopes: Scopes =
            scope.map_or_else(|| Some(all()), Scopes::parse).ok_or(OauthFailure::InvalidScope)?;
        let of_people = scopes.without(&OF_PEOPLE, &PEOPLES) != scopes;
        if scopes.is_empty() || of_people || !scopes.is_within(&client.scopes) {
            return Err(OauthFailure::InvalidScope);
        }
        let now = self.api.clock.now();
        let grant = Grant {
            id: GrantId::mint(&self.api.random, now),
            clinic: client.clinic.clone(),
            user: None,
            patient: None,
            scopes,
            factors: Factors::default(),
            authenticated: now,
            chain: Chain::begin(client.id.clone(), now),
        };
        oauth::insert_grant(change.tx(), &grant).await?;
        self.tokens(change, &grant, None, None).await
    }

    async fn new_refresh(
        &self,
        change: &mut Change<'_>,
        grant: &GrantId,
        generation: i64,
    ) -> Result<SecretToken, OauthFailure> {
        let refresh = SecretToken::mint("br", &self.api.random);
        oauth::insert_refresh(change.tx(), &refresh.hash(), grant, generation).await?;
        Ok(refresh)
    }

    async fn tokens(
        &self,
        change: &mut Change<'_>,
        grant: &Grant,
        refresh: Option<SecretToken>,
        nonce: Option<&str>,
    ) -> Result<Tokens, OauthFailure> {
        let key = signing::key(self.api, change.tx()).await?;
        let wants_id = grant.user.is_some() && grant.scopes.contains(Scope::OpenId);
        let fhir_user = self.fhir_user(change, grant).await?;
        let id = wants_id.then(|| signing::id_token(self.api, &key, grant, nonce, fhir_user));
        let id = id.transpose()?;
        Ok(Tokens {
            access: signing::access_token(self.api, &key, grant)?,
            expires_in_s: ACCESS_LIFE.as_secs(),
            refresh,
            id,
            scopes: grant.scopes.clone(),
            patient: grant.patient.clone(),
        })
    }

    /// Ends a grant whose code or refresh token came twice.
    /// Who signed in, as a resource of the FHIR face: their practitioner, or the patient that they are.
    async fn fhir_user(
        &self,
        change: &mut Change<'_>,
        grant: &Grant,
    ) -> Result<Option<String>, OauthFailure> {
        let Some(user) = grant.user.as_ref().filter(|_| grant.scopes.contains(Scope::FhirUser))
        else {
            return Ok(None);
        };
        let members = memberships::of_user(change.tx(), user).await?;
        let mut here = members.iter().filter(|one| one.clinic.as_ref() == Some(&grant.clinic));
        let practitioner = here.clone().find_map(|one| one.practitioner.as_ref());
        let patient = here.find_map(|one| one.patient.as_ref());
        let named = practitioner
            .map(|id| ("Practitioner", id.as_str()))
            .or_else(|| patient.map(|id| ("Patient", id.as_str())));
        let issuer = &self.api.links.issuer;
        Ok(named.map(|(kind, id)| format!("{issuer}/fhir/R4/{kind}/{}", id.replacen('_', "-", 1))))
    }

    async fn revoked(&self, change: &mut Change<'_>, grant: &GrantId) -> Result<(), OauthFailure> {
        let live = oauth::find_grant(change.tx(), grant)
            .await?
            .is_some_and(|grant| grant.chain.revoked.is_none());
        if !live {
            return Ok(());
        }
        oauth::revoke_grant(change.tx(), grant, self.api.clock.now()).await?;
        let transition = Transition {
            kind: "oauth_grant",
            id: grant.as_str(),
            rev: Rev::FIRST.next(),
            patient: None,
            body: serde_json::json!({ "revoked": "replay" }),
            events: vec![Event::now("oauth.replayed")],
        };
        Ok(change.record(self.permit, transition).await?)
    }
}
