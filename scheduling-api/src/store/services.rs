//! Visit types.

use crate::{
    domain::{
        id::{ClinicId, PractitionerId, ServiceId},
        page::{Page, PageRequest},
        service::Service,
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps a new visit type.
pub(crate) async fn insert(tx: &mut Tx, service: &Service) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO service (id, clinic_id, rev, active, on_demand, fee_minor, currency, terms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Service { id, clinic, rev, terms } = service;
    let row = values![
        id,
        clinic,
        *rev,
        terms.active,
        terms.on_demand,
        terms.price.minor,
        terms.price.currency.to_string(),
        json(terms)?,
    ];
    tx.execute_one(sql, row).await?;
    offer(tx, service).await
}

/// Keeps a changed visit type, if it still has the revision before.
pub(crate) async fn update(tx: &mut Tx, service: &Service) -> Result<(), StoreError> {
    let sql = "UPDATE service SET rev = $2, active = $3, on_demand = $4, fee_minor = $5, currency = $6, terms = $7
        WHERE id = $1 AND rev = $2 - 1";
    let Service { id, rev, terms, .. } = service;
    let row = values![
        id,
        *rev,
        terms.active,
        terms.on_demand,
        terms.price.minor,
        terms.price.currency.to_string(),
        json(terms)?,
    ];
    tx.execute_one(sql, row).await?;
    tx.execute("DELETE FROM service_practitioner WHERE service_id = $1", values![id]).await?;
    offer(tx, service).await
}

async fn offer(tx: &mut Tx, service: &Service) -> Result<(), StoreError> {
    let sql = "INSERT INTO service_practitioner (service_id, practitioner_id, clinic_id)
        SELECT $1, id, clinic_id FROM practitioner WHERE id = $2 AND clinic_id = $3";
    for practitioner in &service.terms.practitioners {
        tx.execute(sql, values![&service.id, practitioner, &service.clinic]).await?;
    }
    Ok(())
}

/// One visit type.
pub(crate) async fn find(tx: &mut Tx, id: &ServiceId) -> Result<Option<Service>, StoreError> {
    let sql = "SELECT id, clinic_id, rev, terms FROM service WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(service).transpose()
}

/// A clinic's visit types.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Service>, StoreError> {
    let sql = "SELECT id, clinic_id, rev, terms FROM service
        WHERE clinic_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.rows(sql, values![clinic, after, page.rows()]).await?;
    let services = rows.iter().map(service).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(services, page, |service| service.id.to_string()))
}

/// A clinic's visit types that can be booked.
pub(crate) async fn offers(tx: &mut Tx, clinic: &ClinicId) -> Result<Vec<Service>, StoreError> {
    let sql = "SELECT id, clinic_id, rev, terms FROM service
        WHERE clinic_id = $1 AND active = 1 ORDER BY id LIMIT 500";
    tx.rows(sql, values![clinic]).await?.iter().map(service).collect()
}

/// How many of these practitioners belong to the clinic.
pub(crate) async fn count_of_clinic(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioners: &[PractitionerId],
) -> Result<usize, StoreError> {
    let mut count = 0;
    for id in practitioners {
        let sql = "SELECT id FROM practitioner WHERE id = $1 AND clinic_id = $2";
        count += usize::from(tx.row(sql, values![id, clinic]).await?.is_some());
    }
    Ok(count)
}

fn service(row: &Row) -> Result<Service, StoreError> {
    Ok(Service {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        terms: row.json("terms")?,
    })
}
