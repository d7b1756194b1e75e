//! What a clinic chooses about its records.

use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::ClinicId,
        record_settings::RecordSettings,
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        record_settings,
    },
    usecase::Failure,
};

/// Reads the choices.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn read_record_settings(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
) -> Result<(Rev, RecordSettings), Failure> {
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ReadRecordSettings, &resource, api.clock.now())?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(record_settings::find(&mut tx, clinic).await?)
}

/// Chooses, if nobody has since the caller read.
///
/// # Errors
/// `Stale` when somebody has; when a choice cannot be.
pub(crate) async fn update_record_settings(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    seen: Rev,
    settings: RecordSettings,
) -> Result<(Rev, RecordSettings), Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::UpdateRecordSettings, &resource, now)?;
    let settings = settings.checked()?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (rev, _) = record_settings::find(change.tx(), clinic).await?;
    if rev != seen {
        return Err(StoreError::Stale.into());
    }
    let rev = rev.next();
    record_settings::set(change.tx(), clinic, rev, &settings).await?;
    // The clinic's card has revisions of its own under its id.
    let id = format!("{clinic}/records");
    let transition = Transition {
        kind: "record_settings",
        id: &id,
        rev,
        patient: None,
        body: json!({ "record_settings": &settings }),
        events: vec![Event::now("record_settings.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok((rev, settings))
}
