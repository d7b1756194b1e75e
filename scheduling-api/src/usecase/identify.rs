//! Who stands behind a token: a session's, an API key's, or one that we signed for a client.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    crypto::secret_token::SecretToken,
    domain::{
        account::actor_in,
        actor::{Actor, Role},
        id::ClinicId,
        oauth::scope::Scopes,
        session::SessionState,
    },
    links::Links,
    ports::identify::{Identified, Identify},
    store::{
        Scope, Store, StoreError, Tx, api_keys, break_glass, join_links, memberships, oauth,
        sessions,
    },
    usecase::oauth::signing::read_access_token,
};

/// Ours have about 800.
const ACCESS_TOKEN_BYTES_MAX: usize = 4096;

/// Knows all tokens of this program.
pub struct Tokens {
    store: Store,
    links: Arc<Links>,
}

impl Tokens {
    /// Knows the tokens that are kept in a store.
    #[must_use]
    pub fn of(store: Store, links: Arc<Links>) -> Self {
        Self { store, links }
    }

    async fn session(
        &self,
        token: &SecretToken,
        now: Timestamp,
    ) -> Result<Option<Actor>, StoreError> {
        let mut tx = self.store.read(Scope::Platform).await?;
        let Some(session) = sessions::find_by_token(&mut tx, &token.hash()).await? else {
            return Ok(None);
        };
        if session.life.state(now) != SessionState::Live {
            return Ok(None);
        }
        let members = memberships::of_user(&mut tx, &session.user).await?;
        let proxies = memberships::proxies_of_user(&mut tx, &session.user).await?;
        let is_practitioner = members.iter().any(|member| member.practitioner.is_some());
        let emergencies = match &session.clinic {
            Some(clinic) if is_practitioner => {
                break_glass::open_for(&mut tx, &session.user, clinic, now).await?
            }
            _ => Vec::new(),
        };
        drop(tx);
        let mut life = session.life.clone();
        if life.touch(now) {
            let mut tx = self.store.write(Scope::Platform).await?;
            sessions::touch(&mut tx, &session.id, now).await?;
            tx.commit().await?;
        }
        let assurance = session.factors.assurance();
        let clinic = session.clinic.as_ref();
        let actor = actor_in(&session.user, clinic, &members, &proxies, assurance, now);
        let stepped_up_until = Some(session.life.fresh_until());
        Ok(Some(Actor { session: Some(session.id), stepped_up_until, emergencies, ..actor }))
    }
}

impl Tokens {
    async fn api_key(
        &self,
        secret: &SecretToken,
        now: Timestamp,
    ) -> Result<Option<Actor>, StoreError> {
        let mut tx = self.store.read(Scope::Platform).await?;
        let Some(key) = api_keys::find_by_secret(&mut tx, &secret.hash(), now).await? else {
            return Ok(None);
        };
        drop(tx);
        if key.used.is_none_or(|used| used + jiff::SignedDuration::from_hours(1) <= now) {
            let mut tx = self.store.write(Scope::Platform).await?;
            api_keys::touch(&mut tx, &key.id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(Actor { pages: Some(key.pages), ..program(key.clinic, key.scopes) }))
    }

    /// Somebody who came by a join link: nobody but a participant of one visit.
    async fn join_session(
        &self,
        token: &SecretToken,
        now: Timestamp,
    ) -> Result<Option<Actor>, StoreError> {
        let mut tx = self.store.read(Scope::Platform).await?;
        let found = join_links::find_session(&mut tx, &token.hash(), now).await?;
        Ok(found.map(|session| Actor {
            clinic: Some(session.clinic),
            roles: vec![Role::Guest],
            participant: Some(session.participant),
            ..Actor::default()
        }))
    }

    async fn access_token(&self, token: &str, now: Timestamp) -> Result<Option<Actor>, StoreError> {
        let mut tx = self.store.read(Scope::Platform).await?;
        let Some(claims) = read_access_token(&mut tx, &self.links.issuer, token, now).await? else {
            return Ok(None);
        };
        // The signature says that we made it; the grant says whether it was taken back since.
        let grant = oauth::find_grant(&mut tx, &claims.grant).await?;
        let Some(grant) = grant.filter(|grant| grant.chain.revoked.is_none()) else {
            return Ok(None);
        };
        let Some(scopes) = Scopes::parse(&claims.scope) else { return Ok(None) };
        match &grant.user {
            None => Ok(Some(program(grant.clinic, scopes))),
            Some(_) => delegate(&mut tx, &grant, scopes, now).await.map(Some),
        }
    }
}

/// A person's rights in the client's clinic, narrowed to what they agreed to.
async fn delegate(
    tx: &mut Tx,
    grant: &oauth::Grant,
    scopes: Scopes,
    now: Timestamp,
) -> Result<Actor, StoreError> {
    let Some(user) = &grant.user else { return Ok(Actor::anyone()) };
    let members = memberships::of_user(tx, user).await?;
    let proxies = memberships::proxies_of_user(tx, user).await?;
    let assurance = grant.factors.assurance();
    let actor = actor_in(user, Some(&grant.clinic), &members, &proxies, assurance, now);
    Ok(Actor { scopes: Some(scopes), launched_for: grant.patient.clone(), ..actor })
}

fn program(clinic: ClinicId, scopes: Scopes) -> Actor {
    Actor {
        clinic: Some(clinic),
        roles: vec![Role::Service],
        scopes: Some(scopes),
        ..Actor::default()
    }
}

impl Identify for Tokens {
    fn identify<'a>(&'a self, token: &'a str, now: Timestamp) -> Identified<'a> {
        Box::pin(async move {
            match (token.split_once('_').map(|(prefix, _)| prefix), SecretToken::presented(token)) {
                (Some("bs"), Some(token)) => self.session(&token, now).await,
                (Some("bk"), Some(token)) => self.api_key(&token, now).await,
                (Some("bj"), Some(token)) => self.join_session(&token, now).await,
                _ if token.len() <= ACCESS_TOKEN_BYTES_MAX => self.access_token(token, now).await,
                _ => Ok(None),
            }
        })
    }
}
