//! Lists who works in a clinic.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        account::{Account, Membership},
        actor::Caller,
        id::ClinicId,
        page::{Page, PageRequest},
    },
    store::{Scope, accounts, change::Change, memberships},
    usecase::Failure,
};

/// Lists who works in a clinic, each with their account. Names are read, so it is audited.
pub(crate) async fn list_staff(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<(Membership, Option<Account>)>, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::ListStaff, &Resource::of_clinic(clinic), now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let Page { items, next } = memberships::staff_of_clinic(change.tx(), clinic, page).await?;
    let mut staff = Vec::with_capacity(items.len());
    for membership in items {
        let account = accounts::find(change.tx(), &api.keys, &membership.user).await?;
        staff.push((membership, account));
    }
    change.saw(&permit, "clinic", Some(clinic.as_str()), None);
    change.commit(None, &()).await?;
    Ok(Page { items: staff, next })
}
