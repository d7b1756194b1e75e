//! Divides what a visit costs between patient and insurer, once it is over; undoes it when the visit was none.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::Permit,
        appointment::{Appointment, State},
        id::{CoverageId, InsuranceClaimId},
        insurance::{
            Payer,
            claim::{ClaimState, Decided, InsuranceClaim, Parts},
        },
        invoice::{Line, Tax},
        ledger,
        rev::Rev,
        service::PayPolicy,
    },
    store::{
        StoreError, Tx, billing,
        change::{Change, Transition},
        clinics, insurance, insurance_claims, ledger as books,
        outbox::Event,
    },
    usecase::{Failure, reference},
};

/// What is to be done about a visit's claim.
pub(crate) enum Step {
    /// It is drawn.
    Draw(CoverageId, Payer, Parts),
    /// It ends.
    Void(InsuranceClaim),
}

/// What a patient owes for an insured visit that is decided, and what is to be done about its claim first.
///
/// Without a coverage that is good on its day nothing is owed, and nothing claimed: one that is written down later is
/// found then.
pub(crate) async fn look(
    api: &Api,
    tx: &mut Tx,
    visit: &Appointment,
    tax: &Tax,
) -> Result<(Vec<Line>, Option<Step>), Failure> {
    let claim = insurance_claims::of_appointment(tx, &visit.id).await?;
    match (claim, visit.state == State::Completed) {
        (Some(claim), true) => Ok((claim.owed_by_patient(), None)),
        (Some(claim), false) if claim.state != ClaimState::Void => {
            Ok((Vec::new(), Some(Step::Void(claim))))
        }
        (None, true) if visit.agreed.pay == PayPolicy::Insurance => draw(api, tx, visit, tax).await,
        _ => Ok((Vec::new(), None)),
    }
}

async fn draw(
    api: &Api,
    tx: &mut Tx,
    visit: &Appointment,
    tax: &Tax,
) -> Result<(Vec<Line>, Option<Step>), Failure> {
    let nothing = (Vec::new(), None);
    let Some(patient) = &visit.patient else { return Ok(nothing) };
    if visit.agreed.price.minor <= 0 {
        return Ok(nothing);
    }
    let clinic = clinics::find(tx, &visit.clinic).await?;
    let zone = clinic.and_then(|clinic| TimeZone::get(&clinic.time_zone).ok());
    let day = visit.visit.start.to_zoned_datetime(zone.unwrap_or(TimeZone::UTC)).date();
    for coverage in insurance::coverages_of(tx, &api.keys, patient).await? {
        if !coverage.is_good_on(day) {
            continue;
        }
        let Some(payer) = insurance::find_payer(tx, &coverage.payer).await? else { continue };
        if !payer.card.active {
            continue;
        }
        if let Some(parts) = Parts::divide(visit.agreed.price, &payer, tax) {
            let owed = [parts.patient.clone()].into_iter().filter(|line| line.total() != 0);
            return Ok((owed.collect(), Some(Step::Draw(coverage.id, payer, parts))));
        }
    }
    Ok(nothing)
}

/// Does it: the claim, the ledger, the history.
pub(crate) async fn carry_out(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    step: Step,
) -> Result<(), Failure> {
    let now = change.now();
    match step {
        Step::Draw(coverage, payer, parts) => {
            let patient = visit.patient.clone().ok_or(Failure::NotFound)?;
            let rules = billing::find(change.tx(), &visit.clinic).await?;
            let claim = InsuranceClaim {
                id: InsuranceClaimId::mint(&api.random, now),
                clinic: visit.clinic.clone(),
                rev: Rev::FIRST,
                appointment: visit.id.clone(),
                patient,
                practitioner: visit.practitioner.clone(),
                service: visit.service.clone(),
                coverage,
                payer: payer.id,
                control: reference::mint(api),
                held_at: visit.visit.start,
                state: ClaimState::Draft,
                currency: visit.agreed.price.currency,
                parts,
                share: rules.share(&visit.practitioner, &visit.service),
                decided: Decided::default(),
                let_go: 0,
                reasons: Vec::new(),
                created_at: now,
            };
            insurance_claims::insert(change.tx(), &claim).await?;
            books::write(change.tx(), visit, None, &ledger::claimed(&claim), now).await?;
            Ok(record(change, permit, &claim).await?)
        }
        Step::Void(mut claim) => {
            let entry = ledger::unclaimed(&claim);
            claim.void();
            insurance_claims::update(change.tx(), &claim).await?;
            books::write(change.tx(), visit, None, &entry, now).await?;
            Ok(record(change, permit, &claim).await?)
        }
    }
}

/// Writes a claim's new revision.
pub(crate) async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    claim: &InsuranceClaim,
) -> Result<(), StoreError> {
    let payload = json!({
        "claim": claim.id,
        "appointment": claim.appointment,
        "state": claim.state,
        "patient": claim.patient,
        "practitioner": claim.practitioner,
    });
    let topic = match claim.state {
        ClaimState::Draft => "insurance_claim.drawn",
        ClaimState::Void => "insurance_claim.voided",
        _ => "insurance_claim.changed",
    };
    let transition = Transition {
        kind: "insurance_claim",
        id: claim.id.as_str(),
        rev: claim.rev,
        patient: Some(&claim.patient),
        body: json!({ "insurance_claim": claim }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    change.record(permit, transition).await
}
