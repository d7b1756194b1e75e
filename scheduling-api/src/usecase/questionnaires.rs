//! Makes, changes and reads a clinic's questionnaires.

use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, QuestionnaireId, ServiceId},
        once::Once,
        page::{Page, PageRequest},
        questionnaire::{Definition, Questionnaire, QuestionnaireStatus},
        rev::Rev,
        signature::RecordError,
    },
    store::{
        Scope, StoreError, Tx,
        change::{Change, Transition},
        idempotency::Earlier,
        outbox::Event,
        questionnaires, services,
    },
    usecase::{Failure, load},
};

/// Most questionnaires of one clinic, retired ones included.
const PER_CLINIC_MAX: usize = 1_000;

/// Makes a questionnaire.
///
/// # Errors
/// When the caller may not, or it cannot be asked.
pub(crate) async fn create_questionnaire(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    definition: Definition,
) -> Result<Questionnaire, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let permit = may(caller, Act::CreateQuestionnaire, clinic, now)?;
    let definition = definition.checked()?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    match change.earlier::<QuestionnaireId>(once).await? {
        Earlier::None => {}
        Earlier::Done(made) => return find(change.tx(), clinic, &made).await,
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let count = questionnaires::count_of(change.tx(), clinic).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= PER_CLINIC_MAX {
        return Err(RecordError::TooMany(PER_CLINIC_MAX).into());
    }
    check_services(change.tx(), clinic, &definition).await?;
    let id = QuestionnaireId::mint(&api.random, now);
    let made = Questionnaire { id, clinic: clinic.clone(), rev: Rev::FIRST, definition };
    questionnaires::insert(change.tx(), &made, now).await?;
    record(&mut change, &permit, &made).await?;
    change.commit(once, &made.id).await?;
    Ok(made)
}

/// Changes a questionnaire; answers go on answering the revision that they answered.
///
/// # Errors
/// `Stale` when it was changed since; when it cannot be asked, or was asked and shall be a draft again.
pub(crate) async fn update_questionnaire(
    api: &Api,
    caller: &Caller,
    id: &QuestionnaireId,
    seen: Rev,
    definition: Definition,
) -> Result<Questionnaire, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let permit = may(caller, Act::UpdateQuestionnaire, clinic, now)?;
    let definition = definition.checked()?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let found = find(change.tx(), clinic, id).await?;
    if found.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let was_asked = found.definition.status != QuestionnaireStatus::Draft;
    if was_asked && definition.status == QuestionnaireStatus::Draft {
        return Err(Failure::invalid("/status", "what was asked is no draft again"));
    }
    check_services(change.tx(), clinic, &definition).await?;
    let changed = Questionnaire { rev: found.rev.next(), definition, ..found };
    questionnaires::update(change.tx(), &changed, now).await?;
    record(&mut change, &permit, &changed).await?;
    change.commit(None, &()).await?;
    Ok(changed)
}

/// Reads a questionnaire: nothing about people, so it is not audited.
///
/// # Errors
/// When it is not there, or the caller may not.
pub(crate) async fn read_questionnaire(
    api: &Api,
    caller: &Caller,
    id: &QuestionnaireId,
) -> Result<Questionnaire, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    let _ = may(caller, Act::ReadQuestionnaire, clinic, api.clock.now())?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    find(&mut tx, clinic, id).await
}

/// Lists a clinic's questionnaires: all of a state, or those that are asked before a visit of one type.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_questionnaires(
    api: &Api,
    caller: &Caller,
    (status, service): (Option<QuestionnaireStatus>, Option<ServiceId>),
    page: &PageRequest,
) -> Result<Page<Questionnaire>, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    let _ = may(caller, Act::ListQuestionnaires, clinic, api.clock.now())?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let status = status.map(QuestionnaireStatus::word);
    let mut found = questionnaires::list(&mut tx, clinic, status, page).await?;
    if let Some(service) = service {
        let for_it = |one: &Questionnaire| {
            let services = &one.definition.services;
            services.is_empty() || services.contains(&service)
        };
        found.items.retain(for_it);
    }
    Ok(found)
}

fn may(
    caller: &Caller,
    act: Act,
    clinic: &ClinicId,
    now: jiff::Timestamp,
) -> Result<Permit, Failure> {
    Ok(access::decide(&caller.actor, act, &Resource::of_clinic(clinic), now)?)
}

async fn find(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &QuestionnaireId,
) -> Result<Questionnaire, Failure> {
    let found = questionnaires::find(tx, id).await?;
    found.filter(|one| one.clinic == *clinic).ok_or(Failure::NotFound)
}

async fn check_services(
    tx: &mut Tx,
    clinic: &ClinicId,
    definition: &Definition,
) -> Result<(), Failure> {
    for id in &definition.services {
        let service = services::find(tx, id).await?;
        if service.is_none_or(|service| service.clinic != *clinic) {
            return Err(Failure::invalid("/services", "one is none of this clinic's"));
        }
    }
    Ok(())
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    one: &Questionnaire,
) -> Result<(), Failure> {
    let payload = json!({ "questionnaire": one.id, "status": one.definition.status });
    let transition = Transition {
        kind: "questionnaire",
        id: one.id.as_str(),
        rev: one.rev,
        patient: None,
        body: payload.clone(),
        events: vec![Event { topic: "questionnaire.changed", payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
