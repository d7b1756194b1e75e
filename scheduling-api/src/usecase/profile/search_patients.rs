//! Finds patients of a clinic by what staff know of them. That each was seen is written down, and shown to them.
//!
//! Profiles are sealed, so that the database cannot compare names: they are opened one after the other, as many as a search
//! may cost, and those that fit are given.

use jiff::civil::Date;

use super::of_patient;
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{ClinicId, PatientId},
        page::{Page, PageRequest},
        profile::patient::{Gender, PatientProfile},
    },
    store::{
        Scope,
        change::Change,
        patients::{self, Patient},
    },
    usecase::{Failure, load},
};

/// Most profiles that one search opens; some milliseconds.
const OPENED_MAX: usize = 10_000;

/// Profiles read at once.
const BATCH: u32 = 500;

/// What is known of somebody; all of it must fit. Texts are compared without case, from their beginning.
#[derive(Default)]
pub(crate) struct PatientWish {
    /// Given, family or preferred name.
    pub(crate) name: Option<String>,
    pub(crate) given: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) birth_date: Option<Date>,
    pub(crate) gender: Option<Gender>,
    /// Whole, with country.
    pub(crate) phone: Option<String>,
}

impl PatientWish {
    fn is_empty(&self) -> bool {
        let Self { name, given, family, birth_date, gender, phone } = self;
        let texts = [name, given, family, phone].into_iter().all(Option::is_none);
        texts && birth_date.is_none() && gender.is_none()
    }

    fn fits(&self, profile: &PatientProfile) -> bool {
        let begins = |text: &str, wanted: &Option<String>| {
            let fits = |wanted: &String| {
                let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
                text.split_whitespace().any(|word| word.starts_with(&wanted))
                    || text.starts_with(&wanted)
            };
            wanted.as_ref().is_none_or(fits)
        };
        let PatientProfile { given_name, family_name, preferred_name, .. } = profile;
        let any = [given_name, family_name].into_iter().chain(preferred_name);
        let named = self.name.is_none() || any.into_iter().any(|text| begins(text, &self.name));
        named
            && begins(given_name, &self.given)
            && begins(family_name, &self.family)
            && self.birth_date.is_none_or(|date| profile.birth_date == Some(date))
            && self.gender.is_none_or(|gender| profile.gender == gender)
            && self.phone.as_ref().is_none_or(|phone| profile.phone.as_ref() == Some(phone))
    }
}

/// Finds patients, in order of their making. Who is a patient, or was launched for one, finds only their own.
///
/// # Errors
/// When the caller may not; when the wish fits so few of so many that the search would cost too much.
pub(crate) async fn search_patients(
    api: &Api,
    caller: &Caller,
    wish: &PatientWish,
    page: &PageRequest,
) -> Result<Page<Patient>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let one = caller.actor.launched_for.clone().or_else(|| caller.actor.only_patient());
    let resource = match &one {
        Some(patient) => of_patient(clinic, patient),
        None => Resource::of_clinic(clinic),
    };
    let permit = access::decide(&caller.actor, Act::SearchPatients, &resource, now)?;
    let fitting = match one {
        Some(patient) => vec![patient],
        None => look_through(api, clinic, wish, page).await?,
    };
    // Looking through many holds up nobody who writes; what is given is read again where it is written down.
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let mut found: Vec<Patient> = Vec::new();
    for id in &fitting {
        let patient = patients::find(change.tx(), &api.keys, id).await?;
        let fits = |one: &Patient| one.clinic == *clinic && wish.fits(&one.profile);
        found.extend(patient.filter(fits));
    }
    found.retain(|one| page.after.as_deref().is_none_or(|after| after < one.id.as_str()));
    let found = Page::of(found, page, |last| last.id.to_string());
    for one in &found.items {
        change.saw(&permit, "patient", Some(one.id.as_str()), Some(&one.id));
    }
    if found.items.is_empty() {
        change.saw(&permit, "patient", None, None);
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// The patients behind a page's beginning that fit, one more than the page takes.
async fn look_through(
    api: &Api,
    clinic: &ClinicId,
    wish: &PatientWish,
    page: &PageRequest,
) -> Result<Vec<PatientId>, Failure> {
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let (mut fitting, mut opened) = (Vec::new(), 0);
    let mut after = page.after.clone().unwrap_or_default();
    let wanted = page.limit as usize + 1;
    let batch = if wish.is_empty() { page.limit + 1 } else { BATCH };
    loop {
        let some = patients::batch(&mut tx, &api.keys, clinic, &after, batch).await?;
        let is_last = some.len() < batch as usize;
        opened += some.len();
        after = some.last().map(|last| last.id.to_string()).unwrap_or_default();
        let fits = some.into_iter().filter(|one| wish.fits(&one.profile));
        fitting.extend(fits.map(|one| one.id).take(wanted - fitting.len()));
        if is_last || fitting.len() == wanted {
            return Ok(fitting);
        }
        if opened >= OPENED_MAX {
            return Err(Failure::invalid("/name", "too many patients to look through: say more"));
        }
    }
}
