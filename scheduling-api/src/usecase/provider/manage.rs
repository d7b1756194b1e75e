//! Lets a clinic's people sign in by an outside provider. Only the installation's administrators name one: the server
//! itself talks to it.

pub(crate) use crate::store::providers::Provider;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{ClinicId, ProviderId},
        profile,
        rev::Rev,
    },
    store::{
        Scope,
        change::{Change, Transition},
        outbox::Event,
        providers,
    },
    usecase::Failure,
};

/// What is said about a provider.
pub(crate) struct ProviderCard {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Names a provider, after asking it once.
pub(crate) async fn create_provider(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    card: ProviderCard,
) -> Result<ProviderId, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::CreateProvider, &Resource::of_clinic(clinic), now)?;
    let provider = Provider {
        id: ProviderId::mint(&api.random, now),
        clinic: clinic.clone(),
        name: profile::filled("/name", &card.name, 80)?,
        issuer: profile::filled("/issuer", &card.issuer, 300)?,
        client_id: profile::filled("/client_id", &card.client_id, 200)?,
        client_secret: profile::filled("/client_secret", &card.client_secret, 500)?,
    };
    api.providers
        .discover(&provider.issuer)
        .await
        .map_err(|error| Failure::invalid("/issuer", error))?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    providers::insert(change.tx(), &api.keys, &api.random, &provider, now).await?;
    let transition = Transition {
        kind: "identity_provider",
        id: provider.id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: serde_json::json!({ "issuer": provider.issuer }),
        events: vec![Event::now("identity_provider.created")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(provider.id)
}

/// Lists a clinic's providers, for the sign-in page.
pub(crate) async fn list_providers(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
) -> Result<Vec<Provider>, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ListProviders, &Resource::of_clinic(clinic), now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(providers::of_clinic(&mut tx, &api.keys, clinic).await?)
}
