//! One change: state, revision, audit and outbox in one commit, so that a transition cannot forget one of them.
//!
//! ```text
//! Change::begin ─► earlier? ─► load, decide ─► write the noun ─► record(permit, transition) ─► commit(outcome)
//! ```
//!
//! Owns: the transaction of a use case that writes. [`Change::record`] asks for the `Permit` of the access decision:
//! who has not asked cannot write history, and who writes none cannot commit.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Notify;

use crate::{
    audit::{Entry, Outcome},
    domain::{
        access::Permit,
        actor::Caller,
        id::{ClinicId, OutboxId, PatientId},
        once::Once,
        rev::Rev,
    },
    random::Random,
    store::{
        Scope, Store, StoreError, Tx, audit_log,
        idempotency::{self, Earlier},
        outbox::{self, About, Event},
        values,
    },
};

/// One step in the life of an aggregate.
#[derive(Debug)]
pub(crate) struct Transition<'a> {
    /// The kind of aggregate: `appointment`.
    pub(crate) kind: &'static str,
    /// Which one.
    pub(crate) id: &'a str,
    /// The revision that it has now.
    pub(crate) rev: Rev,
    /// The patient whose access log shows it.
    pub(crate) patient: Option<&'a PatientId>,
    /// What it is now, as JSON. Nothing about people: they are sealed in their own columns.
    pub(crate) body: serde_json::Value,
    /// What others shall hear of; at least one.
    pub(crate) events: Vec<Event>,
}

/// A use case's transaction.
pub(crate) struct Change<'a> {
    tx: Tx,
    news: Arc<Notify>,
    random: &'a Random,
    caller: &'a Caller,
    now: Timestamp,
    entries: Vec<(Option<ClinicId>, Entry)>,
}

impl<'a> Change<'a> {
    /// Begins.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(crate) async fn begin(
        store: &Store,
        random: &'a Random,
        caller: &'a Caller,
        scope: Scope<'_>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let tx = store.write(scope).await?;
        let news = Arc::clone(store.news());
        Ok(Self { tx, news, random, caller, now, entries: Vec::new() })
    }

    /// The transaction, for the nouns.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// When it happens.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What came of the same request earlier, if it was sent before.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn earlier<T: DeserializeOwned>(
        &mut self,
        once: Option<&Once>,
    ) -> Result<Earlier<T>, StoreError> {
        let Some(once) = once else { return Ok(Earlier::None) };
        let owner = self.owner();
        let earlier = idempotency::find(&mut self.tx, &owner, once, self.now).await?;
        if matches!(earlier, Earlier::Done(_)) {
            // The first answer may still wait for its commit: the second must not come before it.
            self.tx.settle().await?;
        }
        Ok(earlier)
    }

    /// Writes a transition's revision and events, and takes note for the audit log.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn record(
        &mut self,
        permit: &Permit,
        transition: Transition<'_>,
    ) -> Result<(), StoreError> {
        debug_assert!(!transition.events.is_empty(), "a transition tells others of itself");
        let clinic = permit.resource().clinic.as_ref();
        let Transition { kind, id, rev, patient, body, events } = transition;
        let sql =
            "INSERT INTO revision (kind, aggregate_id, rev, clinic_id, at_ms, user_id, act, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let user = permit.actor().user.as_ref();
        let act = permit.act().name();
        let row = values![kind, id, rev, clinic, self.now, user, act, body.to_string()];
        self.tx.execute_one(sql, row).await?;
        for event in &events {
            let message = OutboxId::mint(self.random, self.now);
            let about = About { clinic, aggregate: id, rev };
            outbox::insert(&mut self.tx, &message, about, event, self.now).await?;
        }
        let detail = serde_json::json!({ "rev": rev }).to_string();
        self.note(permit, kind, Some(id), patient, detail);
        Ok(())
    }

    /// Takes note for the audit log of something that was only looked at.
    pub(crate) fn saw(
        &mut self,
        permit: &Permit,
        kind: &'static str,
        id: Option<&str>,
        patient: Option<&PatientId>,
    ) {
        self.note(permit, kind, id, patient, "{}".to_owned());
    }

    /// Takes note for the audit log of something that was not done: a wrong password, a wrong code.
    pub(crate) fn refused(&mut self, permit: &Permit, kind: &'static str, id: Option<&str>) {
        self.note(permit, kind, id, None, "{}".to_owned());
        if let Some((_, entry)) = self.entries.last_mut() {
            entry.outcome = Outcome::Refused;
        }
    }

    /// Commits: everything since [`Change::begin`] is durable, or nothing happened. `outcome` is what the same request
    /// will be answered with if it is sent again.
    ///
    /// # Errors
    /// When the database refuses. [`StoreError::Duplicate`] also when the same request has just been carried out by
    /// another connection.
    pub(crate) async fn commit<T: Serialize>(
        mut self,
        once: Option<&Once>,
        outcome: &T,
    ) -> Result<(), StoreError> {
        debug_assert!(!self.entries.is_empty(), "a change without a record");
        if let Some(once) = once {
            let owner = self.owner();
            idempotency::keep(&mut self.tx, &owner, once, outcome, self.now).await?;
        }
        // Last, and by clinic in order: it holds the chains' heads until the commit.
        self.entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for chunk in self.entries.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((clinic, _)) = chunk.first() else { continue };
            let entries: Vec<Entry> = chunk.iter().map(|(_, entry)| entry.clone()).collect();
            audit_log::append(&mut self.tx, clinic.as_ref(), &entries).await?;
        }
        self.tx.commit().await?;
        self.news.notify_one();
        Ok(())
    }

    fn note(
        &mut self,
        permit: &Permit,
        kind: &'static str,
        id: Option<&str>,
        patient: Option<&PatientId>,
        detail: String,
    ) {
        let entry = Entry {
            at: self.now,
            act: permit.act().name().to_owned(),
            outcome: Outcome::Done,
            user: permit.actor().user.as_ref().map(ToString::to_string),
            role: permit.role().name().to_owned(),
            request: self.caller.request.to_string(),
            kind: kind.to_owned(),
            subject: id.map(str::to_owned),
            patient: patient.map(ToString::to_string),
            detail,
        };
        self.entries.push((permit.resource().clinic.clone(), entry));
    }

    /// Whose idempotency keys the caller's are. Those of callers without an account share a space: their keys must be
    /// unguessable, as the documentation asks of all.
    fn owner(&self) -> String {
        let actor = &self.caller.actor;
        let user = actor.user.as_ref().map_or("anyone", |user| user.as_str());
        let clinic = actor.clinic.as_ref().map_or("platform", |clinic| clinic.as_str());
        format!("{clinic}/{user}")
    }
}
