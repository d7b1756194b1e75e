//! What the entries of a record share: who may, whose key, what history is told, whether answers answer.

use jiff::Timestamp;
use serde_json::json;

use super::key_of;
use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{Act, Permit},
        actor::{Caller, Role},
        id::{ClinicId, PatientId, RecordEntryId},
        questionnaire::{QuestionnaireStatus, answers},
        record::{
            EnteredAs, Entry, EntryKind, Provenance,
            content::{Answers, AnswersStatus, Content},
        },
    },
    store::{
        Scope, Tx,
        change::{Change, Transition},
        outbox::Event,
        questionnaires, record,
    },
    usecase::{Failure, load},
};

/// An entry that the caller may do something with.
pub(super) struct Opened<'a> {
    pub(super) change: Change<'a>,
    pub(super) permit: Permit,
    pub(super) key: DataKey,
    pub(super) entry: Entry,
}

/// Finds an entry, and asks whether the caller may.
pub(super) async fn open<'a>(
    api: &'a Api,
    caller: &'a Caller,
    act: Act,
    id: &RecordEntryId,
    now: Timestamp,
) -> Result<Opened<'a>, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = record::patient_of(change.tx(), id).await?;
    let (patient, kind) = found.ok_or(Failure::NotFound)?;
    let permit = may(change.tx(), caller, act, &patient, Some(kind), now).await?;
    let key = key_of(api, change.tx(), &patient).await?;
    let entry = record::find(change.tx(), &key, id).await?.ok_or(Failure::NotFound)?;
    Ok(Opened { change, permit, key, entry })
}

/// Asks whether the caller may do something with a patient's record.
pub(super) async fn may(
    tx: &mut Tx,
    caller: &Caller,
    act: Act,
    patient: &PatientId,
    kind: Option<EntryKind>,
    now: Timestamp,
) -> Result<Permit, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    let fhir = kind.and_then(EntryKind::fhir);
    super::may_read_as(tx, &caller.actor, act, clinic, patient, fhir, now).await
}

/// Who says something: the caller, as what the decision let them in.
pub(super) fn provenance(permit: &Permit, now: Timestamp) -> Provenance {
    let role = match permit.role() {
        Role::Patient => EnteredAs::Patient,
        Role::Service => EnteredAs::Program,
        _ => EnteredAs::Practitioner,
    };
    Provenance { by: permit.actor().user.clone(), role, at: now }
}

/// The content as it is kept: checked, and answers by the questionnaire that they answer. `now` is when they are given, where
/// nobody said.
pub(super) async fn checked(
    tx: &mut Tx,
    clinic: &ClinicId,
    content: Content,
    by: EnteredAs,
    now: Timestamp,
) -> Result<Content, Failure> {
    match content.checked(by)? {
        Content::Answers(given) => answered(tx, clinic, given, now).await.map(Content::Answers),
        other => Ok(other),
    }
}

async fn answered(
    tx: &mut Tx,
    clinic: &ClinicId,
    mut given: Answers,
    now: Timestamp,
) -> Result<Answers, Failure> {
    let unknown = || Failure::invalid("/questionnaire", "is none of this clinic's");
    let present = questionnaires::find(tx, &given.questionnaire).await?;
    let present = present.filter(|one| one.clinic == *clinic).ok_or_else(unknown)?;
    if given.questionnaire_rev.0 == 0 {
        given.questionnaire_rev = present.rev;
    }
    let asked = questionnaires::version(tx, &given.questionnaire, given.questionnaire_rev).await?;
    let asked =
        asked.ok_or_else(|| Failure::invalid("/questionnaire_rev", "there is no such one"))?;
    if asked.status != QuestionnaireStatus::Active {
        return Err(Failure::invalid("/questionnaire_rev", "that revision is not asked"));
    }
    let complete = matches!(given.status, AnswersStatus::Completed | AnswersStatus::Amended);
    answers::check(&asked.items, &given.items, complete)?;
    if given.authored == Timestamp::UNIX_EPOCH {
        given.authored = now;
    }
    if given.authored > now {
        return Err(Failure::invalid("/authored", "lies in the future"));
    }
    Ok(given)
}

/// Writes an entry's revision into history; what it says only where it is sealed.
pub(super) async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    entry: &Entry,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({ "entry": entry.id, "kind": entry.content.kind() });
    let transition = Transition {
        kind: "record_entry",
        id: entry.id.as_str(),
        rev: entry.rev,
        patient: Some(&entry.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
