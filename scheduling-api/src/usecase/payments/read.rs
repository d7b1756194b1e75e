//! Reads payments, refunds, invoices. All are seen in the patient's access log.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{AppointmentId, InvoiceId, PatientId, PaymentId},
        invoice::Invoice,
        page::{Page, PageRequest},
        payment::{NextAction, Payment, Refund},
    },
    store::{Scope, change::Change, invoices, payments},
    usecase::{
        Failure, load,
        payments::{manage, start},
    },
};

/// Reads a payment.
pub(crate) async fn read_payment(
    api: &Api,
    caller: &Caller,
    id: &PaymentId,
) -> Result<Payment, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (found, permit) = manage::load_payment(&mut change, caller, Act::ReadPayment, id).await?;
    change.saw(&permit, "payment", Some(id.as_str()), Some(&found.patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Has a payment looked at now; how it stands, and what the payer has to do.
pub(crate) async fn refresh_payment(
    api: &Api,
    caller: &Caller,
    id: &PaymentId,
) -> Result<(Payment, Option<NextAction>), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut tx = api.store.read(scope).await?;
    let found = payments::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    drop(tx);
    let resource = manage::resource(&found);
    let _ = access::decide(&caller.actor, Act::RefreshPayment, &resource, now)?;
    start::again(api, id).await
}

/// Which payments or documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Which {
    pub(crate) patient: Option<PatientId>,
    pub(crate) appointment: Option<AppointmentId>,
}

/// Lists payments, the newest first.
pub(crate) async fn list_payments(
    api: &Api,
    caller: &Caller,
    which: Which,
    page: &PageRequest,
) -> Result<Page<Payment>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = which.patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::ListPayments, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = which.appointment.as_ref();
    let found = payments::list(change.tx(), clinic, patient.as_ref(), visit, page).await?;
    for one in &found.items {
        change.saw(&permit, "payment", Some(one.id.as_str()), Some(&one.patient));
    }
    if found.items.is_empty() {
        change.saw(&permit, "payment", None, patient.as_ref());
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// Lists a payment's refunds.
pub(crate) async fn list_refunds(
    api: &Api,
    caller: &Caller,
    id: &PaymentId,
) -> Result<Vec<Refund>, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (found, permit) = manage::load_payment(&mut change, caller, Act::ListRefunds, id).await?;
    let refunds = payments::refunds(change.tx(), id).await?;
    change.saw(&permit, "payment", Some(id.as_str()), Some(&found.patient));
    change.commit(None, &()).await?;
    Ok(refunds)
}

/// Lists invoices and credit notes, the newest first.
pub(crate) async fn list_invoices(
    api: &Api,
    caller: &Caller,
    patient: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<Invoice>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::ListInvoices, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = invoices::list(change.tx(), clinic, patient.as_ref(), page).await?;
    for one in &found.items {
        change.saw(&permit, "invoice", Some(one.id.as_str()), Some(&one.patient));
    }
    if found.items.is_empty() {
        change.saw(&permit, "invoice", None, patient.as_ref());
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// Reads an invoice or credit note.
pub(crate) async fn read_invoice(
    api: &Api,
    caller: &Caller,
    id: &InvoiceId,
) -> Result<Invoice, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (found, permit) = load_invoice(&mut change, caller, Act::ReadInvoice, id).await?;
    change.saw(&permit, "invoice", Some(id.as_str()), Some(&found.patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Loads an invoice or credit note that the caller may do something with.
pub(super) async fn load_invoice(
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &InvoiceId,
) -> Result<(Invoice, Permit), Failure> {
    let found = invoices::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource {
        clinic: Some(found.clinic.clone()),
        patient: Some(found.patient.clone()),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, act, &resource, change.now())?;
    Ok((found, permit))
}
