//! Who saw or changed a patient's data, as the patient may know it. Looking is itself logged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    api::Api,
    audit::Outcome,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::{PatientId, UserId},
        page::{Page, PageRequest},
    },
    store::{
        Scope, StoreError, Tx, accounts,
        audit_log::{self, Wanted},
        change::Change,
    },
    usecase::{Failure, load},
};

/// One look at, or change of, a patient's data.
pub(crate) struct Access {
    pub(crate) at: Timestamp,
    pub(crate) act: String,
    pub(crate) done: bool,
    pub(crate) role: String,
    /// What they are called; none for programs, and for who is erased.
    pub(crate) by: Option<Redacted<String>>,
    pub(crate) kind: String,
    pub(crate) subject: Option<String>,
}

/// Reads the access log of a patient, the newest first; the caller's only one when none is named.
pub(crate) async fn read_access_log(
    api: &Api,
    caller: &Caller,
    patient: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<Access>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: Vec::new(),
        participants: Vec::new(),
        fhir: None,
    };
    let permit = access::decide(&caller.actor, Act::ReadAccessLog, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let wanted = Wanted { patient: patient.as_ref().map(ToString::to_string), ..Wanted::default() };
    let found = audit_log::search(change.tx(), clinic, &wanted, page).await?;
    let mut names = Names::default();
    let mut entries = Vec::new();
    for kept in found.items {
        let entry = kept.entry;
        entries.push(Access {
            at: entry.at,
            done: entry.outcome == Outcome::Done,
            by: names.of(api, change.tx(), entry.user).await?,
            act: entry.act,
            role: entry.role,
            kind: entry.kind,
            subject: entry.subject,
        });
    }
    change.saw(&permit, "access_log", None, patient.as_ref());
    change.commit(None, &()).await?;
    Ok(Page { items: entries, next: found.next })
}

/// Names that were opened for this page.
#[derive(Default)]
struct Names(BTreeMap<String, Option<Redacted<String>>>);

impl Names {
    async fn of(
        &mut self,
        api: &Api,
        tx: &mut Tx,
        user: Option<String>,
    ) -> Result<Option<Redacted<String>>, StoreError> {
        let Some(user) = user else { return Ok(None) };
        if let Some(known) = self.0.get(&user) {
            return Ok(known.clone());
        }
        let account = match user.parse::<UserId>() {
            Ok(id) => accounts::find(tx, &api.keys, &id).await?,
            Err(_) => None,
        };
        let name = account.map(|account| account.name);
        self.0.insert(user, name.clone());
        Ok(name)
    }
}
