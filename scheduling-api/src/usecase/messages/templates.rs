//! Texts that a clinic uses again and again.

use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, TemplateId},
        page::{Page, PageRequest},
        rev::Rev,
        thread::{TEMPLATES_MAX, Template, ThreadError, template},
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        threads,
    },
    usecase::{Failure, load},
};

/// Makes one.
///
/// # Errors
/// When the caller may not, or it cannot be.
pub(crate) async fn create_template(
    api: &Api,
    caller: &Caller,
    name: &str,
    text: &str,
) -> Result<Template, Failure> {
    let now = api.clock.now();
    let (clinic, permit) = permit(api, caller, Act::CreateMessageTemplate)?;
    let (name, text) = template(name, text)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    if threads::count_templates(change.tx(), &clinic).await? >= TEMPLATES_MAX {
        return Err(ThreadError::TooMany(TEMPLATES_MAX.unsigned_abs()).into());
    }
    let id = TemplateId::mint(&api.random, now);
    let made = Template { id, clinic: clinic.clone(), rev: Rev::FIRST, name, text };
    threads::insert_template(change.tx(), &made).await?;
    record(&mut change, &permit, &made, "message_template.created").await?;
    change.commit(None, &()).await?;
    Ok(made)
}

/// Lists a clinic's.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_templates(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Template>, Failure> {
    let (clinic, _) = permit(api, caller, Act::ListMessageTemplates)?;
    let mut tx = api.store.read(Scope::Clinic(&clinic)).await?;
    Ok(threads::templates(&mut tx, &clinic, page).await?)
}

/// Changes one, or ends it when nothing stands in its place.
///
/// # Errors
/// `Stale` when somebody else was faster; when the caller may not.
pub(crate) async fn change_template(
    api: &Api,
    caller: &Caller,
    id: &TemplateId,
    seen: Option<Rev>,
    next: Option<(&str, &str)>,
) -> Result<Template, Failure> {
    let now = api.clock.now();
    let act = if next.is_some() { Act::UpdateMessageTemplate } else { Act::EndMessageTemplate };
    let (clinic, permit) = permit(api, caller, act)?;
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = threads::find_template(change.tx(), id).await?;
    let mut found = found.filter(|one| one.clinic == clinic).ok_or(Failure::NotFound)?;
    if seen.is_some_and(|seen| seen != found.rev) {
        return Err(StoreError::Stale.into());
    }
    if let Some((name, text)) = next {
        (found.name, found.text) = template(name, text)?;
    }
    found.rev = found.rev.next();
    threads::update_template(change.tx(), &found, next.is_none()).await?;
    let topic = if next.is_some() { "message_template.updated" } else { "message_template.ended" };
    record(&mut change, &permit, &found, topic).await?;
    change.commit(None, &()).await?;
    Ok(found)
}

fn permit(api: &Api, caller: &Caller, act: Act) -> Result<(ClinicId, Permit), Failure> {
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let resource = Resource::of_clinic(&clinic);
    let permit = access::decide(&caller.actor, act, &resource, api.clock.now())?;
    Ok((clinic, permit))
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    one: &Template,
    topic: &'static str,
) -> Result<(), Failure> {
    let transition = Transition {
        kind: "message_template",
        id: one.id.as_str(),
        rev: one.rev,
        patient: None,
        body: json!({ "template": one.id }),
        events: vec![Event::now(topic)],
    };
    Ok(change.record(permit, transition).await?)
}
