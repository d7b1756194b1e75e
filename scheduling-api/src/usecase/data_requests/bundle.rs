//! A copy of what is kept about a patient, as JSON: every table of `store/patient_data` with what is sealed in it opened,
//! the patient's own accounts, and who saw it all.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    api::Api,
    domain::{
        data_request::DataRequest,
        id::{PatientId, UserId},
    },
    store::{
        Cell, Scope, StoreError, Tx, accounts, data_keys, memberships,
        patient_data::{self, TABLES, Table},
        preferences,
    },
    usecase::Failure,
};

/// Rows of one table in a copy: decades of visits, and years of looks. What is left out is named in the copy.
const ROWS_MAX: usize = 20_000;

/// Rows read at once.
const PAGE: u32 = 200;

/// Gathers it; none when the patient was forgotten meanwhile. Reads only: nobody waits for it.
pub(super) async fn gather(
    api: &Api,
    request: &DataRequest,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let key = data_keys::find(&mut tx, &api.keys, &request.patient).await?;
    let Some(key) = key else { return Ok(None) };
    let (mut records, mut cut_off) = (BTreeMap::new(), Vec::new());
    for table in TABLES {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let (page, last) =
                patient_data::page(&mut tx, table, &request.patient, &after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for row in page {
                rows.push(shown(&key, table, row)?);
            }
            if rows.len() >= ROWS_MAX {
                cut_off.push(table.name);
            }
            match last.filter(|_| !is_last && rows.len() < ROWS_MAX) {
                Some(key) => after = key,
                None => break,
            }
        }
        records.insert(table.name, rows);
    }
    let access_log = records.remove("audit_event");
    let bundle = json!({
        "made_at": now,
        "clinic": request.clinic,
        "patient": request.patient,
        "accounts": own_accounts(api, &mut tx, &request.patient).await?,
        "records": records,
        "access_log": access_log,
        "cut_off": cut_off,
    });
    Ok(Some(bundle.to_string()))
}

/// A row as its owner reads it: what was sealed opened, instants in words, JSON as JSON.
fn shown(
    key: &crate::crypto::DataKey,
    table: &Table,
    row: Vec<(String, Cell)>,
) -> Result<Value, StoreError> {
    let id = row.iter().find_map(|(name, cell)| match cell {
        Cell::Text(text) if name == "id" || name == "entry_id" => Some(text.clone()),
        _ => None,
    });
    let id = id.unwrap_or_default();
    let mut fields = Map::new();
    for (name, cell) in row {
        let hidden = name == "page_key" || table.hides.contains(&name.as_str());
        let value = match cell {
            _ if hidden => continue,
            Cell::Absent => continue,
            Cell::Bytes(sealed) if table.opens.contains(&name.as_str()) => {
                as_json(patient_data::open(key, table, &name, &id, &sealed)?)
            }
            Cell::Bytes(_) => continue,
            Cell::Text(text) => as_json(text),
            Cell::Int(number) => match name.strip_suffix("_ms") {
                Some(start) => {
                    let at = Timestamp::from_millisecond(number);
                    let at = at.map_err(|_| StoreError::Corrupt { column: table.name })?;
                    fields.insert(format!("{start}_at"), json!(at));
                    continue;
                }
                None => json!(number),
            },
        };
        fields.insert(name, value);
    }
    Ok(Value::Object(fields))
}

/// Structures are kept as JSON text.
fn as_json(text: String) -> Value {
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(&text)
    {
        return value;
    }
    Value::String(text)
}

/// The accounts that are the patient: not those of who acts for them.
async fn own_accounts(
    api: &Api,
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<Vec<Value>, StoreError> {
    let mut all = Vec::new();
    for user in memberships::accounts_of_patient(tx, patient).await? {
        if let Some(account) = own_account(api, tx, &user).await? {
            all.push(account);
        }
    }
    Ok(all)
}

async fn own_account(api: &Api, tx: &mut Tx, user: &UserId) -> Result<Option<Value>, StoreError> {
    let found = accounts::find(tx, &api.keys, user).await?;
    let Some(account) = found else { return Ok(None) };
    let chosen = preferences::find(tx, &api.keys, user).await?;
    Ok(Some(json!({
        "id": account.id,
        "email": account.email.expose(),
        "name": account.name.expose(),
        "language": account.language,
        "time_zone": account.time_zone,
        "notifications": chosen.choices,
        "phone": chosen.phone.as_ref().map(protocol::redact::Redacted::expose),
    })))
}
