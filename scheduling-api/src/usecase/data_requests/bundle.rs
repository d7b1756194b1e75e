//! A copy of what is kept about a patient, as JSON: the profile, the appointments with their words opened, the records,
//! who saw it.

mod records;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    api::Api,
    domain::{data_request::DataRequest, page::PageRequest},
    store::{
        StoreError, Tx,
        appointments::{self, Filter},
        audit_log::{self, Wanted},
        data_keys, patients,
    },
    usecase::{Failure, patient},
};

/// Entries of one kind in a copy: decades of visits, and years of looks.
const ENTRIES_MAX: usize = 20_000;

/// Rows read at once.
const PAGE: u32 = 200;

/// Gathers it.
pub(super) async fn gather(
    api: &Api,
    tx: &mut Tx,
    request: &DataRequest,
    now: Timestamp,
) -> Result<String, Failure> {
    let found = patients::find(tx, &api.keys, &request.patient).await?;
    let profile = found.map(|patient| patient.profile);
    let bundle = json!({
        "made_at": now,
        "clinic": request.clinic,
        "patient": request.patient,
        "profile": profile,
        "appointments": appointments(api, tx, request).await?,
        "access_log": access_log(tx, request).await?,
    });
    let mut bundle = bundle;
    records::gather_into(&mut bundle, api, tx, &request.patient).await?;
    Ok(bundle.to_string())
}

async fn appointments(
    api: &Api,
    tx: &mut Tx,
    request: &DataRequest,
) -> Result<Vec<Value>, Failure> {
    let key = data_keys::find(tx, &api.keys, &request.patient).await?;
    let filter = Filter { patient: Some(request.patient.clone()), ..Filter::default() };
    let mut page = PageRequest { limit: PAGE, after: None };
    let mut all = Vec::new();
    loop {
        let found = appointments::list(tx, &request.clinic, &filter, &page).await?;
        for appointment in found.items {
            let sealed = appointments::reason(tx, &appointment.id).await?;
            let place = patient::reason_context(&appointment.id);
            let reason = match (&key, sealed) {
                (Some(key), Some(sealed)) => {
                    let plain = key.open(&place, &sealed);
                    let plain = plain.map_err(|_| StoreError::Corrupt { column: "reason" })?;
                    String::from_utf8(plain).ok()
                }
                _ => None,
            };
            all.push(json!({ "appointment": appointment, "reason": reason }));
        }
        page.after = found.next;
        if page.after.is_none() || all.len() >= ENTRIES_MAX {
            return Ok(all);
        }
    }
}

async fn access_log(tx: &mut Tx, request: &DataRequest) -> Result<Vec<Value>, Failure> {
    let wanted = Wanted { patient: Some(request.patient.to_string()), ..Wanted::default() };
    let mut page = PageRequest { limit: PAGE, after: None };
    let mut all = Vec::new();
    loop {
        let found = audit_log::search(tx, &request.clinic, &wanted, &page).await?;
        for kept in found.items {
            let entry = kept.entry;
            all.push(json!({
                "at": entry.at,
                "act": entry.act,
                "role": entry.role,
                "kind": entry.kind,
                "subject": entry.subject,
            }));
        }
        page.after = found.next;
        if page.after.is_none() || all.len() >= ENTRIES_MAX {
            return Ok(all);
        }
    }
}
