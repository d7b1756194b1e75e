//! A copy of what is kept about a patient, as JSON: the profile, the appointments with their words opened, the
//! record, who saw it.

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
        record::{self, Search},
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
        "record": entries(api, tx, request).await?,
        "access_log": access_log(tx, request).await?,
    });
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

/// The record: what each entry says, and who said it; versions before a correction too.
async fn entries(api: &Api, tx: &mut Tx, request: &DataRequest) -> Result<Vec<Value>, Failure> {
    let Some(key) = data_keys::find(tx, &api.keys, &request.patient).await? else {
        return Ok(Vec::new());
    };
    let search = Search { patient: Some(request.patient.clone()), ..Search::default() };
    let mut page = PageRequest { limit: PAGE, after: None };
    let mut all = Vec::new();
    loop {
        let found = record::search(tx, &api.keys, &request.clinic, &search, &page).await?;
        for entry in found.items {
            let created_at = entry.created_at;
            for version in record::versions(tx, &key, entry).await? {
                all.push(json!({
                    "entry": version.id,
                    "rev": version.rev,
                    "content": version.content,
                    "reason": version.reason,
                    "entered_as": version.entered.role,
                    "entered_at": version.entered.at,
                    "created_at": created_at,
                }));
            }
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
