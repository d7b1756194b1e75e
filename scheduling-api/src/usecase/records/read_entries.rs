//! Reads a patient's record: an entry, what stood in it before, a list, the summary. That it was read is written down, and
//! shown to the patient.

use super::{
    entries::{self, Opened, may},
    key_of,
};
pub(crate) use crate::store::record::{Search, Within};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{PatientId, RecordEntryId},
        page::{Page, PageRequest},
        record::{Entry, EntryKind},
    },
    store::{
        Scope,
        change::Change,
        record::{self as store, CODES_MAX},
    },
    usecase::{Failure, load},
};

/// Most entries of one kind in a summary; what is beyond is found by the list.
const SUMMARY_MAX: u32 = 100;

/// What somebody needs to know first.
pub(crate) struct Summary {
    /// Conditions that are active.
    pub(crate) conditions: Vec<Entry>,
    /// Allergies that are active.
    pub(crate) allergies: Vec<Entry>,
    /// Medicines that are taken, or shall be.
    pub(crate) medications: Vec<Entry>,
    /// The latest observation of each kind.
    pub(crate) observations: Vec<Entry>,
    /// History that holds.
    pub(crate) history: Vec<Entry>,
    /// Answers to questionnaires, the newest first.
    pub(crate) answers: Vec<Entry>,
    /// How many entries there are in all, by kind.
    pub(crate) counts: Vec<(EntryKind, i64)>,
}

/// Reads an entry.
///
/// # Errors
/// When it is not there, or the caller may not.
pub(crate) async fn read_entry(
    api: &Api,
    caller: &Caller,
    id: &RecordEntryId,
) -> Result<Entry, Failure> {
    let now = api.clock.now();
    let Opened { mut change, permit, entry, .. } =
        entries::open(api, caller, Act::ReadRecordEntry, id, now).await?;
    change.saw(&permit, "record_entry", Some(id.as_str()), Some(&entry.patient));
    change.commit(None, &()).await?;
    Ok(entry)
}

/// Reads all revisions of an entry, the present one first.
///
/// # Errors
/// When it is not there, or the caller may not.
pub(crate) async fn list_versions(
    api: &Api,
    caller: &Caller,
    id: &RecordEntryId,
) -> Result<Vec<Entry>, Failure> {
    let now = api.clock.now();
    let Opened { mut change, permit, key, entry } =
        entries::open(api, caller, Act::ListRecordVersions, id, now).await?;
    let patient = entry.patient.clone();
    let found = store::versions(change.tx(), &key, entry).await?;
    change.saw(&permit, "record_entry", Some(id.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Lists entries, the newest first; of one patient, or, for the clinic's own programs, of all of one kind. The second value
/// is how many there are in all, where it was asked for.
///
/// # Errors
/// When the caller may not; when more codes are named than can be searched for.
pub(crate) async fn list_entries(
    api: &Api,
    caller: &Caller,
    search: &Search,
    page: &PageRequest,
    count: bool,
) -> Result<(Page<Entry>, Option<i64>), Failure> {
    if search.codes.len() > CODES_MAX {
        return Err(Failure::invalid("/code", "at most 4 codes"));
    }
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let act = Act::ListRecordEntries;
    let permit = match &search.patient {
        Some(patient) => may(change.tx(), caller, act, patient, search.kind, now).await?,
        None => {
            let fhir = search.kind.and_then(EntryKind::fhir);
            let resource = Resource { fhir, ..Resource::of_clinic(clinic) };
            access::decide(&caller.actor, act, &resource, now)?
        }
    };
    if search.patient.is_none() && search.kind.is_none() {
        return Err(Failure::invalid("/kind", "is needed where no patient is named"));
    }
    let found = store::search(change.tx(), &api.keys, clinic, search, page).await?;
    let total = match count {
        true => Some(store::count(change.tx(), &api.keys, clinic, search).await?),
        false => None,
    };
    match &search.patient {
        Some(patient) => change.saw(&permit, "record_entry", None, Some(patient)),
        None => {
            let mut patients: Vec<&PatientId> =
                found.items.iter().map(|entry| &entry.patient).collect();
            patients.sort_unstable();
            patients.dedup();
            for patient in patients {
                change.saw(&permit, "record_entry", None, Some(patient));
            }
            if found.items.is_empty() {
                change.saw(&permit, "record_entry", None, None);
            }
        }
    }
    change.commit(None, &()).await?;
    Ok((found, total))
}

/// Reads what somebody needs to know first about a patient.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn read_summary(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
) -> Result<Summary, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(clinic), now).await?;
    let permit = may(change.tx(), caller, Act::ReadRecordSummary, patient, None, now).await?;
    let key = key_of(api, change.tx(), patient).await?;
    let page = PageRequest { limit: SUMMARY_MAX, after: None };
    let mut lists = Vec::new();
    for (kind, statuses) in [
        (EntryKind::Condition, &["active", "recurrence", "relapse"][..]),
        (EntryKind::Allergy, &["active"]),
        (EntryKind::Medication, &["active", "intended", "on-hold"]),
        (EntryKind::History, &["active"]),
        (EntryKind::Answers, &["completed", "amended"]),
    ] {
        let search = Search {
            patient: Some(patient.clone()),
            kind: Some(kind),
            statuses: statuses.iter().map(ToString::to_string).collect(),
            ..Search::default()
        };
        lists.push(store::search(change.tx(), &api.keys, clinic, &search, &page).await?.items);
    }
    let mut lists = lists.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let (conditions, allergies, medications) = (next(), next(), next());
    let (history, answers) = (next(), next());
    let observations = store::latest_observations(change.tx(), &key, patient, SUMMARY_MAX).await?;
    let counts = store::counts(change.tx(), patient).await?;
    change.saw(&permit, "record_entry", None, Some(patient));
    change.commit(None, &()).await?;
    Ok(Summary { conditions, allergies, medications, observations, history, answers, counts })
}
