//! By whom patients are insured.

use serde_json::json;

use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, CoverageId, PatientId, PayerId},
        insurance::{COVERAGES_MAX, Coverage, CoverageCard},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        data_keys, documents,
        idempotency::Earlier,
        insurance, insurance_claims,
        outbox::Event,
        patients,
    },
    usecase::{Failure, load, patient},
};

/// Says by whom a patient is insured.
///
/// # Errors
/// When the payer is not the clinic's, or the picture not the patient's.
pub(crate) async fn create_coverage(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (whose, payer): (PatientId, PayerId),
    card: CoverageCard,
) -> Result<Coverage, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = of_patient(clinic, Some(&whose));
    let permit = access::decide(&caller.actor, Act::CreateCoverage, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    // What is answered again is found by its id, so that no number lies in the table of keys.
    match change.earlier::<CoverageId>(once).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            let found = insurance::find_coverage(change.tx(), &api.keys, &id).await?;
            let found = found.ok_or(Failure::NotFound)?;
            return if found.patient == whose { Ok(found) } else { Err(Failure::KeyReused) };
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    patient::check(change.tx(), clinic, Some(&whose)).await?;
    // Of two that come at once, the second waits here and then counts the first.
    patients::lock(change.tx(), &whose).await?;
    if insurance::count_of_coverages(change.tx(), &whose).await? >= COVERAGES_MAX {
        return Err(Failure::Stands("a patient has at most 20 coverages"));
    }
    let found = insurance::find_payer(change.tx(), &payer).await?;
    if found.is_none_or(|payer| payer.clinic != *clinic || !payer.card.active) {
        return Err(Failure::invalid("/payer", "is none that the clinic bills"));
    }
    let key = data_keys::find(change.tx(), &api.keys, &whose).await?.ok_or(Failure::NotFound)?;
    let coverage = Coverage {
        id: CoverageId::mint(&api.random, now),
        clinic: clinic.clone(),
        rev: Rev::FIRST,
        patient: whose,
        payer,
        card: card.checked()?,
        created_at: now,
    };
    check_picture(&mut change, &key, &coverage).await?;
    insurance::insert_coverage(change.tx(), &key, &api.random, &coverage).await?;
    insurance_claims::look_at_unclaimed(change.tx(), &coverage.patient, now).await?;
    record(&mut change, &permit, &coverage, "coverage.created").await?;
    change.commit(once, &coverage.id).await?;
    Ok(coverage)
}

/// Changes a coverage, or ends it.
///
/// # Errors
/// When somebody else was faster, or the picture is not the patient's.
pub(crate) async fn update_coverage(
    api: &Api,
    caller: &Caller,
    id: &CoverageId,
    seen: Rev,
    card: CoverageCard,
) -> Result<Coverage, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (mut coverage, permit) =
        load_coverage(api, &mut change, caller, Act::UpdateCoverage, id).await?;
    if coverage.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let key = data_keys::find(change.tx(), &api.keys, &coverage.patient).await?;
    let key = key.ok_or(Failure::NotFound)?;
    coverage.rev = coverage.rev.next();
    coverage.card = card.checked()?;
    check_picture(&mut change, &key, &coverage).await?;
    insurance::update_coverage(change.tx(), &key, &api.random, &coverage).await?;
    insurance_claims::look_at_unclaimed(change.tx(), &coverage.patient, now).await?;
    record(&mut change, &permit, &coverage, "coverage.updated").await?;
    change.commit(None, &()).await?;
    Ok(coverage)
}

/// Reads a coverage.
pub(crate) async fn read_coverage(
    api: &Api,
    caller: &Caller,
    id: &CoverageId,
) -> Result<Coverage, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (coverage, permit) = load_coverage(api, &mut change, caller, Act::ReadCoverage, id).await?;
    change.saw(&permit, "coverage", Some(id.as_str()), Some(&coverage.patient));
    change.commit(None, &()).await?;
    Ok(coverage)
}

/// Lists coverages, the newest first.
pub(crate) async fn list_coverages(
    api: &Api,
    caller: &Caller,
    whose: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<Coverage>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let whose = whose.or_else(|| caller.actor.only_patient());
    let resource = of_patient(clinic, whose.as_ref());
    let permit = access::decide(&caller.actor, Act::ListCoverages, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = insurance::coverages(change.tx(), &api.keys, clinic, whose.as_ref(), page).await?;
    for one in &found.items {
        change.saw(&permit, "coverage", Some(one.id.as_str()), Some(&one.patient));
    }
    if found.items.is_empty() {
        change.saw(&permit, "coverage", None, whose.as_ref());
    }
    change.commit(None, &()).await?;
    Ok(found)
}

async fn load_coverage(
    api: &Api,
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &CoverageId,
) -> Result<(Coverage, Permit), Failure> {
    let found = insurance::find_coverage(change.tx(), &api.keys, id).await?;
    let found = found.ok_or(Failure::NotFound)?;
    let resource = of_patient(&found.clinic, Some(&found.patient));
    let permit = access::decide(&caller.actor, act, &resource, change.now())?;
    Ok((found, permit))
}

/// A card's picture is a document of the same patient.
async fn check_picture(
    change: &mut Change<'_>,
    key: &DataKey,
    coverage: &Coverage,
) -> Result<(), Failure> {
    let Some(id) = &coverage.card.document else { return Ok(()) };
    // Another patient's is sealed with another key: whose it is, is asked first.
    let whose = documents::patient_of(change.tx(), id).await?;
    if whose.as_ref() == Some(&coverage.patient)
        && documents::find(change.tx(), key, id).await?.is_some()
    {
        Ok(())
    } else {
        Err(Failure::invalid("/document", "is no document of this patient"))
    }
}

fn of_patient(clinic: &ClinicId, patient: Option<&PatientId>) -> Resource {
    let (clinic, patient) = (Some(clinic.clone()), patient.cloned());
    Resource { clinic, patient, ..Resource::default() }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    coverage: &Coverage,
    topic: &'static str,
) -> Result<(), Failure> {
    let what = json!({
        "coverage": coverage.id,
        "patient": coverage.patient,
        "payer": coverage.payer,
        "active": coverage.card.active,
    });
    let transition = Transition {
        kind: "coverage",
        id: coverage.id.as_str(),
        rev: coverage.rev,
        patient: Some(&coverage.patient),
        body: what.clone(),
        events: vec![Event { topic, payload: what, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
