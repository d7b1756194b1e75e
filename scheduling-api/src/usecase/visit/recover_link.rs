//! Somebody has lost their link: the account of that address is mailed a new one for its next visit. Answered alike
//! whether there is one, so that nobody learns who is a patient.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, ToSpan as _};

use super::{join_links, load};
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        account::{Account, AccountState, actor_in},
        actor::Caller,
        appointment::{Appointment, State},
        availability::Span,
        consultation::{OPEN_AFTER_END_MIN, participant::PartRole},
        email_address::EmailAddress,
        id::{ClinicId, PatientId},
        page::PageRequest,
        session::Assurance,
    },
    gate::Origin,
    ports::mail::{Letter, Mail},
    store::{Scope, accounts, appointments, appointments::Filter, change::Change, memberships},
    usecase::{
        Failure,
        account::{Sender, send},
    },
};

/// How far ahead a visit is sought.
const AHEAD_HOURS: i64 = 24;

/// Mails a link, if there is somebody and a visit.
pub(crate) async fn recover_join_link(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    contact: &str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    api.gate.charge_network(&origin.network, now)?;
    // What is no address is answered like one that nobody has.
    let Ok(email) = EmailAddress::parse(contact) else { return Ok(()) };
    let index = accounts::email_index(&api.keys, &email);
    if !api.gate.may_mail(&BASE64_STANDARD.encode(index), now) {
        return Ok(());
    }
    let mut tx = api.store.read(Scope::Platform).await?;
    let account = accounts::find_by_email(&mut tx, &api.keys, &email).await?;
    let account = account.filter(|account| account.state == AccountState::Active);
    let Some(account) = account else { return Ok(()) };
    let members = memberships::of_user(&mut tx, &account.id).await?;
    let proxies = memberships::proxies_of_user(&mut tx, &account.id).await?;
    drop(tx);
    let clinics = members.iter().filter_map(|one| one.clinic.clone());
    let mut clinics: Vec<ClinicId> =
        clinics.chain(proxies.iter().map(|one| one.clinic.clone())).collect();
    clinics.sort();
    clinics.dedup();
    let found = async {
        for clinic in &clinics {
            let whole = Some(clinic);
            let actor = actor_in(&account.id, whole, &members, &proxies, Assurance::Single, now);
            for patient in &actor.patients {
                if let Some(appointment) = next_visit(api, clinic, patient, now).await? {
                    return mail(api, caller, &account, (clinic, &appointment), now).await;
                }
            }
        }
        Ok(())
    };
    // From here on it is known that there is an account: whatever goes wrong is answered as if there was none.
    if let Err(failure) = found.await {
        tracing::warn!(%failure, "a lost link was not sent anew");
    }
    Ok(())
}

async fn next_visit(
    api: &Api,
    clinic: &ClinicId,
    patient: &PatientId,
    now: Timestamp,
) -> Result<Option<Appointment>, Failure> {
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let start = now - OPEN_AFTER_END_MIN.minutes();
    let span = Span { start, end: now + AHEAD_HOURS.hours() };
    let filter = Filter { patient: Some(patient.clone()), span: Some(span), ..Filter::default() };
    let page = PageRequest { limit: 20, after: None };
    let found = appointments::list(&mut tx, clinic, &filter, &page).await?;
    let is_held = |one: &Appointment| {
        matches!(one.state, State::Booked | State::CheckedIn | State::InProgress)
    };
    Ok(found.items.into_iter().find(is_held))
}

async fn mail(
    api: &Api,
    caller: &Caller,
    account: &Account,
    (clinic, appointment): (&ClinicId, &Appointment),
    now: Timestamp,
) -> Result<(), Failure> {
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let resource = crate::usecase::load::resource(appointment);
    let permit = access::decide(&caller.actor, Act::RecoverJoinLink, &resource, now)?;
    let found = load::of_appointment(&mut change, api, &permit, appointment, now).await?;
    let Some(patient) = found.of_role(PartRole::Patient).map(|part| part.id.clone()) else {
        return Ok(());
    };
    // A visit that is over, or from which they were sent away, has no link: not told here either.
    if found.is_over(now) || found.participant(&patient)?.state.is_final() {
        return Ok(());
    }
    // Whoever knows the address may ask: what the patient has goes on working until they use the new link.
    let made = join_links::issue(&mut change, api, &permit, (&found, &patient), now).await?;
    let letter = Mail::to(account, Letter::JoinLink, Some(made.url));
    send(&Sender { api, permit: &permit }, &mut change, &letter).await?;
    Ok(change.commit(None, &()).await?)
}
