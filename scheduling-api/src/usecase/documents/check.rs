//! Judges documents whose parts are all there: the worker's part.
//!
//! ```text
//! lease ─► delete objects without a row ─► part by part: open, hash, read as text, show to the scanner ─► verdict
//! ```
//!
//! A scanner or store that is away is no verdict: the document stays unread, and its turn comes again.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::{Timestamp, ToSpan as _};

use super::{days_before, download::read_part, folder, record};
use crate::{
    api::Api,
    crypto::{DataKey, content::ContentKey},
    domain::{
        access::{self, Act, Resource},
        actor::{Actor, Caller},
        document::{Document, MediaType, RefusedFor, Standing, TextCheck, UPLOAD_DAYS},
        id::{ClinicId, DocumentId, RequestId},
    },
    ports::{
        files::FileError,
        scanner::{NoVerdict, Scanning, Verdict},
    },
    store::{Scope, StoreError, change::Change, data_keys, documents},
    usecase::Failure,
};

/// Documents judged in one round.
const ROUND: u32 = 10;

/// How long a process has a document for itself: four gigabytes through a scanner on a slow machine.
const LEASE_MIN: i64 = 30;

/// After a failure it is tried again in so long.
const REST_S: i64 = 20;

/// Judges what waits; how many documents.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn check_due(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let due = documents::to_check(&mut tx, now, ROUND).await?;
    drop(tx);
    let mut judged = 0;
    for (clinic, id) in due {
        match check_one(api, &clinic, &id).await {
            Ok(()) => judged += 1,
            // Another process has it, or the patient was forgotten meanwhile.
            Err(Failure::Store(StoreError::Stale) | Failure::NotFound) => {}
            // The others' turn comes all the same.
            Err(failure) => {
                tracing::warn!(%id, %failure, "a document was not judged");
                let until = api.clock.now() + REST_S.seconds();
                rest(api, &clinic, &id, until).await?;
            }
        }
    }
    Ok(judged)
}

/// Gives up the uploads that nobody goes on with; how many.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn expire_uploads(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let before = days_before(now, UPLOAD_DAYS);
    let abandoned = documents::abandoned(&mut tx, before, ROUND).await?;
    drop(tx);
    let count = abandoned.len();
    for (clinic, id) in abandoned {
        let known = Known::load(api, &clinic, &id).await;
        let step = async {
            let mut known = known?;
            known.document.discard()?;
            known.write(api, Act::ExpireUpload, now).await
        };
        match step.await {
            Ok(()) | Err(Failure::NotFound | Failure::Store(StoreError::Stale)) => {}
            Err(failure) => tracing::warn!(%id, %failure, "an upload was not given up"),
        }
    }
    Ok(count)
}

async fn check_one(api: &Api, clinic: &ClinicId, id: &DocumentId) -> Result<(), Failure> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
    documents::lease(&mut tx, id, now + LEASE_MIN.minutes(), now).await?;
    tx.commit().await?;
    let mut known = Known::load(api, clinic, id).await?;
    tidy(api, id, &known.parts).await?;
    let verdict = known.judged(api).await?;
    if let Standing::Refused { why, .. } = &verdict
        && known.document.recorded_as.is_some()
    {
        tracing::error!(%id, why = why.name(), "a recording is not what was written: its files are left where they are");
    }
    known.document.judge(verdict)?;
    known.write(api, Act::CheckDocument, api.clock.now()).await
}

/// Lets a document wait.
async fn rest(
    api: &Api,
    clinic: &ClinicId,
    id: &DocumentId,
    until: Timestamp,
) -> Result<(), Failure> {
    let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
    match documents::lease(&mut tx, id, until, until + LEASE_MIN.minutes()).await {
        Ok(()) => Ok(tx.commit().await?),
        Err(StoreError::Stale) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Deletes what broken uploads of its parts have left behind.
async fn tidy(api: &Api, id: &DocumentId, parts: &[(u64, String)]) -> Result<(), FileError> {
    for name in api.files.names(&folder(id)).await? {
        if parts.iter().all(|(_, object)| *object != name) {
            api.files.delete(&name).await?;
        }
    }
    Ok(())
}

/// A document as the worker knows it.
pub(super) struct Known {
    pub(super) document: Document,
    pub(super) key: DataKey,
    pub(super) content: ContentKey,
    pub(super) parts: Vec<(u64, String)>,
}

impl Known {
    pub(super) async fn load(
        api: &Api,
        clinic: &ClinicId,
        id: &DocumentId,
    ) -> Result<Self, Failure> {
        let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
        let patient = documents::patient_of(&mut tx, id).await?.ok_or(Failure::NotFound)?;
        let key = data_keys::find(&mut tx, &api.keys, &patient).await?;
        let key = key.ok_or(Failure::NotFound)?;
        let document = documents::find(&mut tx, &key, id).await?.ok_or(Failure::NotFound)?;
        let content = documents::content_key(&mut tx, &key, id).await?;
        let parts = documents::parts(&mut tx, id).await?;
        Ok(Self { document, key, content: content.ok_or(Failure::NotFound)?, parts })
    }

    pub(super) async fn write(self, api: &Api, act: Act, now: Timestamp) -> Result<(), Failure> {
        let Self { document, key, .. } = self;
        let caller = Caller {
            actor: Actor::system(document.clinic.clone()),
            request: RequestId::mint(&api.random, now),
        };
        let resource = Resource {
            clinic: Some(document.clinic.clone()),
            patient: Some(document.patient.clone()),
            ..Resource::default()
        };
        let permit = access::decide(&caller.actor, act, &resource, now)?;
        let scope = Scope::Clinic(&document.clinic);
        let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
        documents::update(change.tx(), &key, &api.random, &document, now).await?;
        record(&mut change, &permit, &document).await?;
        Ok(change.commit(None, &()).await?)
    }

    /// The verdict on the bytes, all of which are read once.
    async fn judged(&mut self, api: &Api) -> Result<Standing, Failure> {
        let scan = match &api.scanner {
            // What our own media server wrote is no malware, and longer than scanners take.
            Some(scanner) if self.document.recorded_as.is_none() => Some(scanner.begin().await?),
            Some(_) | None => None,
        };
        let read = self.read_through(api, scan).await?;
        let refused = |why, finding| Ok(Standing::Refused { why, finding });
        let Some(Read { sha256, is_text, verdict }) = read else {
            return refused(RefusedFor::Damaged, None);
        };
        match &verdict {
            Some(Verdict::Infected(name)) => {
                return refused(RefusedFor::Infected, Some(name.clone()));
            }
            Some(Verdict::TooLarge) => return refused(RefusedFor::Unscannable, None),
            Some(Verdict::Clean) | None => {}
        }
        if self.document.card.media_type == Some(MediaType::Text) && !is_text {
            return refused(RefusedFor::Type, None);
        }
        let told = self.document.card.sha256.replace(sha256.clone());
        if told.is_some_and(|told| told != sha256) {
            return refused(RefusedFor::Hash, None);
        }
        Ok(Standing::Ready { scanned: verdict.is_some() })
    }

    /// Reads all of it; nothing when it is not what was sealed.
    async fn read_through(
        &self,
        api: &Api,
        mut scan: Option<Box<dyn Scanning>>,
    ) -> Result<Option<Read>, Failure> {
        let mut hash = Context::new(&SHA256);
        let mut text = TextCheck::default();
        let mut is_text = self.document.card.media_type == Some(MediaType::Text);
        for (number, object) in &self.parts {
            let part = read_part(api, &self.document, &self.content, *number, object).await;
            let Some(bytes) = part? else { return Ok(None) };
            hash.update(&bytes);
            is_text = is_text && text.push(&bytes);
            if let Some(scan) = &mut scan {
                // Pieces that its own buffers take.
                for piece in bytes.chunks(256 * 1024) {
                    scan.push(piece).await?;
                }
            }
            // Hashing has no waits of its own, and this thread serves others.
            tokio::task::yield_now().await;
        }
        let verdict = match scan {
            Some(scan) => Some(scan.finish().await?),
            None => None,
        };
        let sha256 = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Read { sha256, is_text: is_text && text.is_whole(), verdict }))
    }
}

/// What reading all of a document told.
struct Read {
    sha256: String,
    is_text: bool,
    verdict: Option<Verdict>,
}

impl From<NoVerdict> for Failure {
    fn from(reason: NoVerdict) -> Self {
        tracing::warn!(%reason, "documents wait for their scanner");
        Self::Files(FileError::Away)
    }
}
