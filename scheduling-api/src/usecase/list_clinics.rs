//! Lists clinics.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        clinic::Clinic,
        page::{Page, PageRequest},
    },
    store::{Scope, clinics},
    usecase::Failure,
};

/// Lists clinics, the oldest first. Public, so not audited.
pub(crate) async fn list_clinics(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Clinic>, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ListClinics, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    Ok(clinics::list(&mut tx, page).await?)
}
