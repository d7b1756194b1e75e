//! The demo clinic's ways in: the doctor's and the patient's accounts, and a link into an appointment that is now.
//!
//! Made anew each time somebody asks: a password that was printed once is in no file, so another is chosen. For
//! development only: whoever reads the terminal is the doctor.

use jiff::{Timestamp, ToSpan as _};
use protocol::redact::Redacted;

use super::{DemoError, appointment_now, staff};
use crate::{
    api::Api,
    crypto::{
        secret_token::SecretToken,
        totp::{Step, TotpSecret},
    },
    domain::{
        account::{Account, AccountState, Membership},
        actor::Role,
        appointment::{Appointment, State},
        availability::Span,
        consultation::participant::PartRole,
        email_address::EmailAddress,
        id::{AppointmentId, ClinicId, MembershipId, PatientId, PractitionerId, UserId},
        page::PageRequest,
        password::Password,
        profile::patient::PatientProfile,
        rev::Rev,
    },
    gate::hash_queue::Requester,
    store::{
        Scope, StoreError, Tx, accounts, appointments, appointments::Filter, memberships, patients,
        second_factors,
    },
    usecase::visit::{
        join_links::{Invitation, create_join_link},
        read::read_appointment_consultation,
    },
};

/// The demo doctor's address; nobody gets mail there (RFC 2606).
const DOCTOR: &str = "doctor@bedside.example";

/// The demo patient's address.
const PATIENT: &str = "patient@bedside.example";

/// Recovery codes that are printed.
const CODES: usize = 3;

/// How somebody gets in.
#[derive(Debug, Clone)]
pub struct WaysIn {
    /// Where the doctor signs in.
    pub sign_in: String,
    /// As whom.
    pub doctor: &'static str,
    /// With which password.
    pub password: String,
    /// With which second factor: each works once.
    pub codes: Vec<String>,
    /// As whom the patient signs in, who books by themselves.
    pub patient: &'static str,
    /// With which password.
    pub patient_password: String,
    /// Where the patient comes in without an account.
    pub join: String,
    /// The appointment.
    pub appointment: AppointmentId,
}

/// Gives the first practitioner of the demo clinic an account.
pub(super) async fn employ(
    api: &Api,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
    name: &str,
) -> Result<UserId, DemoError> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let email = doctor()?;
    let user = match accounts::find_by_email(&mut tx, &api.keys, &email).await? {
        Some(account) => account.id,
        None => {
            let account = Account {
                id: UserId::mint(&api.random, now),
                rev: Rev::FIRST,
                state: AccountState::Active,
                email,
                name: Redacted::new(name.to_owned()),
                language: "en".to_owned(),
                time_zone: super::ZONE.to_owned(),
            };
            let key =
                accounts::insert(&mut tx, &api.keys, &api.random, &account, None, now).await?;
            let secret = TotpSecret::mint(&api.random);
            let user = &account.id;
            second_factors::enrol_totp(&mut tx, &key, &api.random, user, &secret).await?;
            // Counts from now on, without an app that shows its codes: recovery codes are the way in.
            second_factors::use_totp(&mut tx, user, Step(0), now).await?;
            account.id
        }
    };
    // Of an older demo clinic the doctor leaves: a session acts in the only clinic that there is.
    for old in memberships::of_user(&mut tx, &user).await? {
        memberships::end(&mut tx, &old.id, now).await?;
    }
    // A small practice: the doctor also looks after its staff, prices and keys.
    for (role, practitioner) in
        [(Role::Practitioner, Some(practitioner.clone())), (Role::ClinicAdmin, None)]
    {
        let membership = Membership {
            id: MembershipId::mint(&api.random, now),
            clinic: Some(clinic.clone()),
            user: user.clone(),
            role,
            patient: None,
            practitioner,
            created: now,
        };
        memberships::insert(&mut tx, &membership).await?;
    }
    tx.commit().await?;
    Ok(user)
}

/// A patient with a name, and an account to book with.
pub(super) async fn patient(
    api: &Api,
    clinic: &ClinicId,
) -> Result<(PatientId, UserId), DemoError> {
    let now = api.clock.now();
    let id = PatientId::mint(&api.random, now);
    let profile = {
        let [given, family, language, zone] =
            ["Asha", "Otieno", "en", super::ZONE].map(str::to_owned);
        PatientProfile::named(given, family, language, zone)
    };
    let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
    patients::insert(&mut tx, &api.keys, &api.random, clinic, &id, &profile, now).await?;
    tx.commit().await?;
    let user = register(api, clinic, &id).await?;
    Ok((id, user))
}

/// The demo patient's account, in the newest demo clinic alone.
async fn register(api: &Api, clinic: &ClinicId, patient: &PatientId) -> Result<UserId, DemoError> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let email = address(PATIENT)?;
    let user = match accounts::find_by_email(&mut tx, &api.keys, &email).await? {
        Some(account) => account.id,
        None => {
            let account = Account {
                id: UserId::mint(&api.random, now),
                rev: Rev::FIRST,
                state: AccountState::Active,
                email,
                name: Redacted::new("Asha Otieno".to_owned()),
                language: "en".to_owned(),
                time_zone: super::ZONE.to_owned(),
            };
            accounts::insert(&mut tx, &api.keys, &api.random, &account, None, now).await?;
            account.id
        }
    };
    for old in memberships::of_user(&mut tx, &user).await? {
        memberships::end(&mut tx, &old.id, now).await?;
    }
    let membership = Membership {
        id: MembershipId::mint(&api.random, now),
        clinic: Some(clinic.clone()),
        user: user.clone(),
        role: Role::Patient,
        patient: Some(patient.clone()),
        practitioner: None,
        created: now,
    };
    memberships::insert(&mut tx, &membership).await?;
    tx.commit().await?;
    Ok(user)
}

/// New ways into the demo clinic, with an appointment that is now; none if there is no demo clinic.
///
/// # Errors
/// When the database refuses.
pub async fn ways_in(api: &Api) -> Result<Option<WaysIn>, DemoError> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let account = accounts::find_by_email(&mut tx, &api.keys, &doctor()?).await?;
    let Some(account) = account else { return Ok(None) };
    let members = memberships::of_user(&mut tx, &account.id).await?;
    drop(tx);
    let place = members.into_iter().find_map(|one| one.clinic.zip(one.practitioner));
    let Some((clinic, practitioner)) = place else { return Ok(None) };
    let Some(appointment) = current(api, &clinic, &practitioner, now).await? else {
        return Ok(None);
    };
    let invitation =
        Invitation { role: PartRole::Patient, name: None, contact: None, participant: None };
    let staff = staff(api, &clinic);
    let link = create_join_link(api, &staff, &appointment, invitation).await?;
    let (password, codes) = renew(api, &account.id).await?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let guest = accounts::find_by_email(&mut tx, &api.keys, &address(PATIENT)?).await?;
    drop(tx);
    let patient_password = match guest {
        Some(guest) => renew_password(api, &guest.id).await?,
        None => String::new(),
    };
    Ok(Some(WaysIn {
        sign_in: api.links.sign_in(),
        doctor: DOCTOR,
        password,
        codes,
        patient: PATIENT,
        patient_password,
        join: link.url,
        appointment,
    }))
}

/// The appointment that goes on or is about to begin, or a new one.
async fn current(
    api: &Api,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
    now: Timestamp,
) -> Result<Option<AppointmentId>, DemoError> {
    let found = latest(api, clinic, practitioner, now).await?;
    let Some(last) = found else { return Ok(None) };
    let is_held = matches!(last.state, State::Booked | State::CheckedIn | State::InProgress);
    if is_held && now < last.visit.end {
        let visit = read_appointment_consultation(api, &staff(api, clinic), &last.id).await?;
        if !visit.consultation.is_over(now) {
            return Ok(Some(last.id));
        }
    }
    let (Some(patient), service) = (last.patient, last.service) else { return Ok(None) };
    let practitioners = std::slice::from_ref(practitioner);
    let made = appointment_now(api, clinic, &service, practitioners, &patient).await?;
    Ok(Some(made.id))
}

async fn latest(
    api: &Api,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
    now: Timestamp,
) -> Result<Option<Appointment>, StoreError> {
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    // Somebody who tries things makes a few of them a day.
    for hours in [1, 24, 24 * 366] {
        let span = Span { start: now - i64::from(hours).hours(), end: now + 5.minutes() };
        let filter = Filter {
            practitioner: Some(practitioner.clone()),
            span: Some(span),
            ..Filter::default()
        };
        let page = PageRequest { limit: 200, after: None };
        let found = appointments::list(&mut tx, clinic, &filter, &page).await?;
        if let Some(last) = found.items.into_iter().next_back() {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

/// Another password and other codes for the doctor.
async fn renew(api: &Api, user: &UserId) -> Result<(String, Vec<String>), DemoError> {
    let password = renew_password(api, user).await?;
    let codes: Vec<_> = (0..CODES).map(|_| SecretToken::mint_recovery_code(&api.random)).collect();
    let hashes: Vec<_> = codes.iter().map(SecretToken::hash).collect();
    let mut tx: Tx = api.store.write(Scope::Platform).await?;
    second_factors::replace_recovery_codes(&mut tx, user, &hashes).await?;
    tx.commit().await?;
    Ok((password, codes.iter().map(|code| code.expose().to_owned()).collect()))
}

/// Another password.
async fn renew_password(api: &Api, user: &UserId) -> Result<String, DemoError> {
    let password = SecretToken::mint_recovery_code(&api.random).expose().to_owned();
    let chosen =
        Password::chosen(password.clone(), &[]).map_err(|error| DemoError(error.to_string()))?;
    let requester =
        Requester { address: "demo".to_owned(), account: "demo".to_owned(), known_device: true };
    let hash = api.gate.hashes().hash(&requester, chosen).await;
    let hash = hash.map_err(|error| DemoError(crate::usecase::Failure::from(error).to_string()))?;
    let mut tx: Tx = api.store.write(Scope::Platform).await?;
    accounts::set_password(&mut tx, user, &hash).await?;
    tx.commit().await?;
    Ok(password)
}

fn doctor() -> Result<EmailAddress, DemoError> {
    address(DOCTOR)
}

fn address(text: &str) -> Result<EmailAddress, DemoError> {
    EmailAddress::parse(text).map_err(|error| DemoError(error.to_string()))
}
