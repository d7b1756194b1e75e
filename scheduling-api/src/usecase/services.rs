//! Makes and changes visit types.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, ServiceId},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
        service::{Service, ServiceTerms},
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        idempotency::Earlier,
        outbox::Event,
        services,
    },
    usecase::{Failure, load},
};

/// Makes a visit type.
pub(crate) async fn create_service(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    terms: ServiceTerms,
) -> Result<Service, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::CreateService, &resource, now)?;
    let (id, clinic) = (ServiceId::mint(&api.random, now), clinic.clone());
    let service = Service { id, clinic, rev: Rev::FIRST, terms: terms.checked()? };

    let scope = Scope::Clinic(&service.clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(service) => return Ok(service),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    check_practitioners(&mut change, &service).await?;
    services::insert(change.tx(), &service).await?;
    record(&mut change, &permit, &service, "service.created").await?;
    change.commit(once, &service).await?;
    Ok(service)
}

/// Changes a visit type; appointments keep what was agreed.
pub(crate) async fn update_service(
    api: &Api,
    caller: &Caller,
    (id, seen): (&ServiceId, Rev),
    terms: ServiceTerms,
) -> Result<Service, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut service = services::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource::of_clinic(&service.clinic);
    let permit = access::decide(&caller.actor, Act::UpdateService, &resource, now)?;
    if service.rev != seen {
        return Err(StoreError::Stale.into());
    }
    service.rev = service.rev.next();
    service.terms = terms.checked()?;
    check_practitioners(&mut change, &service).await?;
    services::update(change.tx(), &service).await?;
    record(&mut change, &permit, &service, "service.updated").await?;
    change.commit(None, &service).await?;
    Ok(service)
}

/// Reads a visit type. Public, so not audited.
pub(crate) async fn read_service(
    api: &Api,
    caller: &Caller,
    id: &ServiceId,
) -> Result<Service, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadService, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    services::find(&mut tx, id).await?.ok_or(Failure::NotFound)
}

/// Lists a clinic's visit types. Public, so not audited.
pub(crate) async fn list_services(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Service>, Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ListServices, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(services::list(&mut tx, clinic, page).await?)
}

async fn check_practitioners(change: &mut Change<'_>, service: &Service) -> Result<(), Failure> {
    let wanted = &service.terms.practitioners;
    if services::count_of_clinic(change.tx(), &service.clinic, wanted).await? == wanted.len() {
        Ok(())
    } else {
        Err(Failure::invalid("/practitioners", "not all of them are this clinic's"))
    }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    service: &Service,
    topic: &'static str,
) -> Result<(), Failure> {
    let transition = Transition {
        kind: "service",
        id: service.id.as_str(),
        rev: service.rev,
        patient: None,
        body: serde_json::json!({ "service": service }),
        events: vec![Event::now(topic)],
    };
    Ok(change.record(permit, transition).await?)
}
