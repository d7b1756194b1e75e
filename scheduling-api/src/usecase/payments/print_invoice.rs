//! An issued invoice or credit note as a paper, with what was received for its visit.

use jiff::tz::TimeZone;

use super::read::load_invoice;
use crate::{
    api::Api,
    domain::{
        access::{Act, Permit},
        actor::Caller,
        id::InvoiceId,
        invoice::Invoice,
        payment::Payment,
    },
    print::{
        PrintError,
        invoice::{Move, Paper, print},
    },
    store::{Scope, change::Change, clinics, invoices, ledger, patients, payments},
    usecase::{Failure, load},
};

/// Prints an issued document; that it was read is written down.
///
/// # Errors
/// When there is none to be seen, it is not issued, or a letter on it cannot be printed.
pub(crate) async fn print_invoice(
    api: &Api,
    caller: &Caller,
    id: &InvoiceId,
    language: Option<String>,
) -> Result<Vec<u8>, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (found, permit): (Invoice, Permit) =
        load_invoice(&mut change, caller, Act::PrintInvoice, id).await?;
    change.saw(&permit, "invoice", Some(id.as_str()), Some(&found.patient));
    let paper = paper(api, &mut change, found, language).await?;
    change.commit(None, &()).await?;
    // Some milliseconds of shaping and compressing: not on a thread that carries calls' signalling.
    let printed = tokio::task::spawn_blocking(move || print(&paper)).await;
    Ok(printed.map_err(|_| PrintError::Maker)??)
}

async fn paper(
    api: &Api,
    change: &mut Change<'_>,
    invoice: Invoice,
    language: Option<String>,
) -> Result<Paper, Failure> {
    let tx = change.tx();
    let (Some(label), Some(issued_at)) = (invoice.label(), invoice.issued_at) else {
        return Err(Failure::Stands("it is printed once it is issued"));
    };
    let of = match &invoice.of {
        Some(id) => invoices::find(tx, id).await?.and_then(|one| one.label()),
        None => None,
    };
    let patient =
        patients::find(tx, &api.keys, &invoice.patient).await?.ok_or(Failure::NotFound)?;
    let clinic = clinics::find(tx, &invoice.clinic).await?.ok_or(Failure::NotFound)?;
    let payments = payments::of_appointment(tx, &invoice.appointment).await?;
    let moved = ledger::moves_of_visit(tx, &invoice.appointment).await?;
    let movement = |(id, at, minor)| {
        let of: &Payment = payments.iter().find(|one| one.id == id)?;
        Some(Move { at, method: of.method, receipt: of.receipt.clone(), minor })
    };
    Ok(Paper {
        label,
        of,
        patient: format!("{} {}", patient.profile.given_name, patient.profile.family_name),
        issued_at,
        moves: moved.into_iter().filter_map(movement).collect(),
        zone: TimeZone::get(&clinic.time_zone).unwrap_or(TimeZone::UTC),
        language: language.unwrap_or(patient.profile.language),
        invoice,
    })
}
