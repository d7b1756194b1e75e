//! A clinic's rules about money, and the ways in which it can be paid.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        billing::{Billing, BillingRules},
        payment::Method,
        rev::Rev,
    },
    store::{
        Scope, StoreError, billing,
        change::{Change, Transition},
        outbox::Event,
    },
    usecase::{Failure, load},
};

/// The ways in which patients can pay by themselves here. Public.
pub(crate) fn list_payment_methods(api: &Api, caller: &Caller) -> Result<Vec<Method>, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ListPaymentMethods, &Resource::platform(), now)?;
    Ok(api.gateways.methods())
}

/// Reads the rules.
pub(crate) async fn read_billing(api: &Api, caller: &Caller) -> Result<Billing, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let _ = access::decide(&caller.actor, Act::ReadBilling, &resource, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(billing::find(&mut tx, clinic).await?)
}

/// Changes the rules; what was begun keeps those that held then.
pub(crate) async fn update_billing(
    api: &Api,
    caller: &Caller,
    seen: Rev,
    rules: BillingRules,
) -> Result<Billing, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource::of_clinic(clinic);
    let permit = access::decide(&caller.actor, Act::UpdateBilling, &resource, now)?;
    let rules = rules.checked()?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut held = billing::find(change.tx(), clinic).await?;
    if held.rev != seen {
        return Err(StoreError::Stale.into());
    }
    held.rev = held.rev.next();
    held.rules = rules;
    billing::put(change.tx(), &held).await?;
    let id = format!("billing.{clinic}");
    let transition = Transition {
        kind: "billing",
        id: &id,
        rev: held.rev,
        patient: None,
        body: serde_json::json!({ "billing": held }),
        events: vec![Event::now("billing.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(held)
}
