//! Posts what insurers have paid: each claim that fits, its ledger, and the visit's money looked at again.

use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{PayerId, RemittanceId},
        insurance::{
            claim::{Advice, InsuranceClaim, Misfit},
            remittance::{self, Posted},
        },
        ledger::decided,
        money::{Currency, Money},
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{
        Scope, StoreError, appointments,
        change::{Change, Transition},
        insurance, insurance_claims, ledger,
        outbox::Event,
        payment_events, remittances,
    },
    usecase::{Failure, insurance::split, load},
};

/// What became of one of a file's claims.
pub(crate) struct Outcome {
    /// What the file calls it.
    pub(crate) control: String,
    /// The claim as it is now, or why the word does not fit.
    pub(crate) claim: Result<InsuranceClaim, Misfit>,
}

/// Posts a file. Claims that it does not fit are left as they are, and told.
///
/// # Errors
/// When it is no file that can be read, or its transfer was posted before.
pub(crate) async fn post_remittance(
    api: &Api,
    caller: &Caller,
    payer: &PayerId,
    file: &str,
) -> Result<(Posted, Vec<Outcome>), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let payer = insurance::find_payer(change.tx(), payer).await?.ok_or(Failure::NotFound)?;
    let resource = Resource::of_clinic(&payer.clinic);
    let permit = access::decide(&caller.actor, Act::PostRemittance, &resource, now)?;
    let read = remittance::parse(file).map_err(|why| Failure::invalid("", why))?;
    let id = RemittanceId::mint(&api.random, now);
    let (mut outcomes, mut posted_minor, mut misfits) = (Vec::new(), 0_i64, 0_u32);
    for (number, advice) in (1_u32..).zip(&read.claims) {
        let claim = fits(&mut change, &payer.id, advice, read.currency).await?;
        match &claim {
            Ok((before, after)) => {
                posted_minor += advice.paid;
                let visit = appointments::find(change.tx(), &after.appointment).await?;
                let visit = visit.ok_or(Failure::NotFound)?;
                let entry = decided(before, after, format!("{id}/{number}"));
                insurance_claims::update(change.tx(), after).await?;
                ledger::write(change.tx(), &visit, None, &entry, now).await?;
                payment_events::look_at(change.tx(), &after.clinic, &after.appointment, now)
                    .await?;
                split::record(&mut change, &permit, after).await?;
            }
            Err(_) => misfits += 1,
        }
        let claim = claim.map(|(_, after)| after);
        outcomes.push(Outcome { control: advice.control.clone(), claim });
    }
    let posted = u32::try_from(outcomes.len()).unwrap_or(u32::MAX) - misfits;
    if posted == 0 {
        return Err(Failure::Stands("none of its claims is one that waits for this insurer"));
    }
    let one = Posted {
        id,
        clinic: payer.clinic.clone(),
        payer: payer.id,
        trace: read.trace,
        paid: Money { minor: read.paid, currency: read.currency },
        posted_minor,
        posted,
        misfits,
        received_at: now,
    };
    remittances::insert(change.tx(), &one).await.map_err(|error| match error {
        StoreError::Duplicate(_) => Failure::Exists("a remittance of this trace number"),
        other => other.into(),
    })?;
    let transition = Transition {
        kind: "remittance",
        id: one.id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: json!({ "remittance": one }),
        events: vec![Event::now("remittance.posted")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok((one, outcomes))
}

/// A claim before and after a word that fits it.
async fn fits(
    change: &mut Change<'_>,
    payer: &PayerId,
    advice: &Advice,
    currency: Currency,
) -> Result<Result<(InsuranceClaim, InsuranceClaim), Misfit>, Failure> {
    let found = insurance_claims::of_control(change.tx(), payer, &advice.control).await?;
    let Some(before) = found else { return Ok(Err(Misfit::Unknown)) };
    if before.currency != currency {
        return Ok(Err(Misfit::OtherCurrency));
    }
    let mut after = before.clone();
    Ok(after.hear(advice).map(|()| (before, after)))
}

/// Lists what insurers have paid, the newest first.
pub(crate) async fn list_remittances(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Posted>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let _ = access::decide(&caller.actor, Act::ListRemittances, &Resource::of_clinic(clinic), now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(remittances::list(&mut tx, clinic, page).await?)
}
