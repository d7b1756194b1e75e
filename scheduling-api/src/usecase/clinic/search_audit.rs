//! Searches a clinic's audit log. Looking is itself logged.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::ClinicId,
        page::{Page, PageRequest},
    },
    store::{Scope, audit_log, change::Change},
    usecase::Failure,
};
pub(crate) use crate::{audit::Kept, store::audit_log::Wanted};

/// Searches a clinic's audit log, the newest first.
pub(crate) async fn search_audit(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    wanted: &Wanted,
    page: &PageRequest,
) -> Result<Page<Kept>, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::SearchAudit, &Resource::of_clinic(clinic), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let found = audit_log::search(change.tx(), clinic, wanted, page).await?;
    change.saw(&permit, "audit_log", Some(clinic.as_str()), None);
    change.commit(None, &()).await?;
    Ok(found)
}
