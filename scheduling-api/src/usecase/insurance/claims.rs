//! What insurers are asked to pay, as clinic and patient see it.

use jiff::tz::TimeZone;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        billing::BillingRules,
        clinic::Clinic,
        id::{AppointmentId, InsuranceClaimId, PatientId},
        insurance::{
            Coverage, Payer,
            claim::{ClaimState, ClaimStep, InsuranceClaim},
            claim_file::ClaimFile,
            codes::ClaimCodes,
        },
        ledger::let_go,
        page::{Page, PageRequest},
        profile::patient::PatientProfile,
        rev::Rev,
    },
    store::{
        Scope, StoreError, appointments, billing, change::Change, clinics, data_keys, insurance,
        insurance_claims, ledger, patients, practitioners,
    },
    usecase::{Failure, insurance::split, load},
};

/// Reads a claim.
pub(crate) async fn read_insurance_claim(
    api: &Api,
    caller: &Caller,
    id: &InsuranceClaimId,
) -> Result<InsuranceClaim, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (claim, permit) = load_claim(&mut change, caller, Act::ReadInsuranceClaim, id).await?;
    change.saw(&permit, "insurance_claim", Some(id.as_str()), Some(&claim.patient));
    change.commit(None, &()).await?;
    Ok(claim)
}

/// Lists claims, the newest first.
pub(crate) async fn list_insurance_claims(
    api: &Api,
    caller: &Caller,
    whose: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<InsuranceClaim>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let whose = whose.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: whose.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::ListInsuranceClaims, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = insurance_claims::list(change.tx(), clinic, whose.as_ref(), page).await?;
    for one in &found.items {
        change.saw(&permit, "insurance_claim", Some(one.id.as_str()), Some(&one.patient));
    }
    if found.items.is_empty() {
        change.saw(&permit, "insurance_claim", None, whose.as_ref());
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// The claim of a visit, as a list of at most one: to who may read that claim.
pub(crate) async fn claim_of_visit(
    api: &Api,
    caller: &Caller,
    visit: &AppointmentId,
) -> Result<Page<InsuranceClaim>, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReadInsuranceClaim;
    let (visit, permit) = load::appointment(&mut change, caller, act, visit, None, now).await?;
    let found = insurance_claims::of_appointment(change.tx(), &visit.id).await?;
    let id = found.as_ref().map(|claim| claim.id.as_str());
    change.saw(&permit, "insurance_claim", id, visit.patient.as_ref());
    change.commit(None, &()).await?;
    Ok(Page { items: found.into_iter().collect(), next: None })
}

/// Loads a claim that the caller may do something with.
pub(super) async fn load_claim(
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &InsuranceClaimId,
) -> Result<(InsuranceClaim, Permit), Failure> {
    let found = insurance_claims::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = Resource {
        clinic: Some(found.clinic.clone()),
        patient: Some(found.patient.clone()),
        practitioners: vec![found.practitioner.clone()],
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, act, &resource, change.now())?;
    Ok((found, permit))
}

/// Says by which codes an insurer is asked; before it is handed in, or to mend what was not taken.
///
/// # Errors
/// When the codes cannot be, or the claim is under way.
pub(crate) async fn code_insurance_claim(
    api: &Api,
    caller: &Caller,
    id: &InsuranceClaimId,
    seen: Rev,
    codes: ClaimCodes,
) -> Result<InsuranceClaim, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (mut claim, permit) = load_claim(&mut change, caller, Act::CodeInsuranceClaim, id).await?;
    if claim.rev != seen {
        return Err(StoreError::Stale.into());
    }
    if !matches!(claim.state, ClaimState::Draft | ClaimState::Rejected | ClaimState::Appealed) {
        return Err(Failure::Stands("the insurer has the claim as it is"));
    }
    let codes = codes.checked(claim.parts.charge())?;
    let key = data_keys::find(change.tx(), &api.keys, &claim.patient).await?;
    let key = key.ok_or(Failure::NotFound)?;
    claim.rev = claim.rev.next();
    insurance_claims::update(change.tx(), &claim).await?;
    insurance_claims::set_codes(change.tx(), &key, &api.random, &claim, &codes).await?;
    split::record(&mut change, &permit, &claim).await?;
    change.commit(None, &()).await?;
    Ok(claim)
}

/// Takes note of a claim's next step; that it is closed is an act of its own.
///
/// # Errors
/// When the claim does not stand so.
pub(crate) async fn advance_insurance_claim(
    api: &Api,
    caller: &Caller,
    id: &InsuranceClaimId,
    step: ClaimStep,
) -> Result<InsuranceClaim, Failure> {
    let act = if step == ClaimStep::Close {
        Act::CloseInsuranceClaim
    } else {
        Act::AdvanceInsuranceClaim
    };
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (mut claim, permit) = load_claim(&mut change, caller, act, id).await?;
    let has_codes = insurance_claims::has_codes(change.tx(), id).await?;
    claim.step(step, has_codes).map_err(Failure::Stands)?;
    insurance_claims::update(change.tx(), &claim).await?;
    if claim.let_go != 0 {
        let visit = appointments::find(change.tx(), &claim.appointment).await?;
        let visit = visit.ok_or(Failure::NotFound)?;
        ledger::write(change.tx(), &visit, None, &let_go(&claim), now).await?;
    }
    split::record(&mut change, &permit, &claim).await?;
    change.commit(None, &()).await?;
    Ok(claim)
}

/// Everything that an insurer is told.
pub(crate) struct Told {
    pub(crate) claim: InsuranceClaim,
    pub(crate) codes: ClaimCodes,
    pub(crate) payer: Payer,
    pub(crate) coverage: Coverage,
    pub(crate) patient: PatientProfile,
    /// As on the door.
    pub(crate) practitioner: String,
    pub(crate) clinic: Clinic,
    pub(crate) rules: BillingRules,
}

/// Reads everything that an insurer is told by a claim.
///
/// # Errors
/// When it has no codes yet, or the patient was forgotten.
pub(crate) async fn read_told(
    api: &Api,
    caller: &Caller,
    act: Act,
    id: &InsuranceClaimId,
) -> Result<Told, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (claim, permit) = load_claim(&mut change, caller, act, id).await?;
    let tx = change.tx();
    let key = data_keys::find(tx, &api.keys, &claim.patient).await?.ok_or(Failure::NotFound)?;
    let codes = insurance_claims::codes(tx, &key, id).await?;
    let codes = codes.ok_or(Failure::Stands("the claim has no codes yet"))?;
    let payer = insurance::find_payer(tx, &claim.payer).await?.ok_or(Failure::NotFound)?;
    let coverage = insurance::find_coverage(tx, &api.keys, &claim.coverage).await?;
    let patient = patients::find(tx, &api.keys, &claim.patient).await?;
    let practitioner = practitioners::find(tx, &claim.practitioner).await?;
    let clinic = clinics::find(tx, &claim.clinic).await?;
    let rules = billing::find(tx, &claim.clinic).await?.rules;
    change.saw(&permit, "insurance_claim", Some(id.as_str()), Some(&claim.patient));
    change.commit(None, &()).await?;
    Ok(Told {
        claim,
        codes,
        payer,
        coverage: coverage.ok_or(Failure::NotFound)?,
        patient: patient.ok_or(Failure::NotFound)?.profile,
        practitioner: practitioner.ok_or(Failure::NotFound)?.profile.display_name,
        clinic: clinic.ok_or(Failure::NotFound)?,
        rules,
    })
}

/// Writes a claim as an X12 837 professional file.
///
/// # Errors
/// When something that the file needs is missing, or cannot be carried by it.
pub(crate) async fn read_x12_claim(
    api: &Api,
    caller: &Caller,
    id: &InsuranceClaimId,
) -> Result<String, Failure> {
    let told = read_told(api, caller, Act::ReadX12Claim, id).await?;
    let zone = TimeZone::get(&told.clinic.time_zone).unwrap_or(TimeZone::UTC);
    let file = ClaimFile {
        claim: &told.claim,
        codes: &told.codes,
        payer: &told.payer.card,
        coverage: &told.coverage.card.text,
        patient: &told.patient,
        practitioner: &told.practitioner,
        clinic: &told.rules.seller,
        tax_number: &told.rules.tax_number,
        phone: told.clinic.phone.as_deref().unwrap_or_default(),
        zone: &zone,
        now: api.clock.now(),
    };
    file.x12().map_err(|why| Failure::invalid("", why))
}
