//! Entries of patients' records and what stood in them before, sealed with the patient's data key; and their codes, as
//! keyed digests.
//!
//! Searches are a few fixed texts over the same conditions: of a patient, of a clinic by code, of a clinic.

use jiff::Timestamp;

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{AppointmentId, ClinicId, PatientId, QuestionnaireId, RecordEntryId},
        page::{Page, PageRequest},
        record::{EnteredAs, Entry, EntryKind, Provenance, concept::Concept, content::Content},
    },
    random::Random,
    store::{Row, StoreError, Tx, Value, values},
};

/// Most codes that one search names.
pub(crate) const CODES_MAX: usize = 4;

/// When something was: bounds on its beginning and its end, in milliseconds. What says no time is in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Within {
    /// It begins then or later.
    pub(crate) from_min: i64,
    /// It begins before.
    pub(crate) from_below: i64,
    /// It ends after.
    pub(crate) to_above: i64,
    /// It ends then or earlier.
    pub(crate) to_max: i64,
    /// It does not lie wholly between these.
    pub(crate) outside: (i64, i64),
}

impl Within {
    /// Any time.
    pub(crate) const ANY: Self = Self {
        from_min: i64::MIN,
        from_below: i64::MAX,
        to_above: i64::MIN,
        to_max: i64::MAX,
        outside: (i64::MAX, i64::MIN),
    };
}

/// Which entries are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) patient: Option<PatientId>,
    pub(crate) id: Option<RecordEntryId>,
    pub(crate) kind: Option<EntryKind>,
    /// With one of these codes, each of a system or of whatever system; at most [`CODES_MAX`].
    pub(crate) codes: Vec<(Option<String>, String)>,
    /// In one of these states; any when empty.
    pub(crate) statuses: Vec<String>,
    /// Of one of these categories; any when empty.
    pub(crate) categories: Vec<String>,
    pub(crate) appointment: Option<AppointmentId>,
    pub(crate) questionnaire: Option<QuestionnaireId>,
    pub(crate) when: Within,
    /// Written in this span.
    pub(crate) written: (i64, i64),
}

impl Default for Search {
    fn default() -> Self {
        Self {
            patient: None,
            id: None,
            kind: None,
            codes: Vec::new(),
            statuses: Vec::new(),
            categories: Vec::new(),
            appointment: None,
            questionnaire: None,
            when: Within::ANY,
            written: (i64::MIN, i64::MAX),
        }
    }
}

/// The digest that stands for a code in the index: of its system, or of whatever system.
fn code_digest(keys: &KeyRing, clinic: &ClinicId, system: Option<&str>, code: &str) -> [u8; 32] {
    match system {
        Some(system) => keys.digest("record.code", &format!("{clinic}|{system}|{code}")),
        None => keys.digest("record.bare-code", &format!("{clinic}|{code}")),
    }
}

/// Keeps a new entry.
pub(crate) async fn insert(
    tx: &mut Tx,
    keys: &KeyRing,
    key: &DataKey,
    random: &Random,
    entry: &Entry,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO record_entry (id, clinic_id, patient_id, kind, rev, status, category, appointment_id,
            questionnaire_id, from_ms, to_ms, sort_ms, lead, body, entered_by, entered_as, entered_ms, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let lasts = entry.content.lasts();
    let row = values![
        &entry.id,
        &entry.clinic,
        &entry.patient,
        entry.content.kind().word(),
        entry.rev,
        entry.content.status(),
        entry.content.category(),
        entry.appointment.as_ref(),
        entry.questionnaire(),
        lasts.map(|(from, _)| from),
        lasts.map(|(_, to)| to),
        sort_of(entry),
        lead(keys, entry),
        sealed(key, random, entry)?,
        entry.entered.by.as_ref(),
        entry.entered.role.word(),
        entry.entered.at,
        entry.created_at,
    ];
    tx.execute_one(sql, row).await?;
    insert_codes(tx, keys, entry).await
}

/// Keeps a corrected entry, and what stood in it before.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn correct(
    tx: &mut Tx,
    keys: &KeyRing,
    key: &DataKey,
    random: &Random,
    entry: &Entry,
) -> Result<(), StoreError> {
    let keep = "INSERT INTO record_version (entry_id, rev, clinic_id, patient_id, body, entered_by, entered_as, entered_ms)
        SELECT id, rev, clinic_id, patient_id, body, entered_by, entered_as, entered_ms
        FROM record_entry WHERE id = $1 AND rev = $2 - 1";
    // Of two who correct the same revision, the second finds the version there.
    match tx.execute_one(keep, values![&entry.id, entry.rev]).await {
        Err(StoreError::Duplicate(_)) => return Err(StoreError::Stale),
        other => other?,
    }
    let sql = "UPDATE record_entry SET rev = $2, status = $3, category = $4, from_ms = $5, to_ms = $6, sort_ms = $7,
            lead = $8, body = $9, entered_by = $10, entered_as = $11, entered_ms = $12
        WHERE id = $1 AND rev = $2 - 1";
    let lasts = entry.content.lasts();
    let row = values![
        &entry.id,
        entry.rev,
        entry.content.status(),
        entry.content.category(),
        lasts.map(|(from, _)| from),
        lasts.map(|(_, to)| to),
        sort_of(entry),
        lead(keys, entry),
        sealed(key, random, entry)?,
        entry.entered.by.as_ref(),
        entry.entered.role.word(),
        entry.entered.at,
    ];
    tx.execute_one(sql, row).await?;
    tx.execute("DELETE FROM record_code WHERE entry_id = $1", values![&entry.id]).await?;
    insert_codes(tx, keys, entry).await
}

async fn insert_codes(tx: &mut Tx, keys: &KeyRing, entry: &Entry) -> Result<(), StoreError> {
    let mut digests: Vec<[u8; 32]> = Vec::new();
    for coding in entry.content.code().map_or(&[][..], |code| &code.codings) {
        digests.push(code_digest(keys, &entry.clinic, Some(&coding.system), &coding.code));
        digests.push(code_digest(keys, &entry.clinic, None, &coding.code));
    }
    digests.sort_unstable();
    digests.dedup();
    let sql = "INSERT INTO record_code (clinic_id, kind, digest, sort_ms, entry_id) VALUES ($1, $2, $3, $4, $5)";
    for digest in digests {
        let kind = entry.content.kind().word();
        let row = values![&entry.clinic, kind, &digest[..], sort_of(entry), &entry.id];
        tx.execute_one(sql, row).await?;
    }
    Ok(())
}

/// Whose an entry is; nothing of what it says.
pub(crate) async fn patient_of(
    tx: &mut Tx,
    id: &RecordEntryId,
) -> Result<Option<(PatientId, EntryKind)>, StoreError> {
    let row =
        tx.row("SELECT patient_id, kind FROM record_entry WHERE id = $1", values![id]).await?;
    row.map(|row| Ok((row.parsed("patient_id")?, kind(&row)?))).transpose()
}

/// One entry.
pub(crate) async fn find(
    tx: &mut Tx,
    key: &DataKey,
    id: &RecordEntryId,
) -> Result<Option<Entry>, StoreError> {
    let row = tx.row("SELECT * FROM record_entry WHERE id = $1", values![id]).await?;
    row.map(|row| entry(&row, key)).transpose()
}

/// All revisions of an entry, the present one first.
pub(crate) async fn versions(
    tx: &mut Tx,
    key: &DataKey,
    present: Entry,
) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT rev, body, entered_by, entered_as, entered_ms FROM record_version WHERE entry_id = $1
        ORDER BY rev DESC";
    let rows = tx.rows(sql, values![&present.id]).await?;
    let past = rows.iter().map(|row| {
        let (content, reason) = opened(key, &present.id, &row.bytes("body")?)?;
        Ok(Entry { rev: row.rev()?, content, reason, entered: provenance(row)?, ..present.clone() })
    });
    let past = past.collect::<Result<Vec<_>, StoreError>>()?;
    Ok(std::iter::once(present).chain(past).collect())
}

/// How many entries a patient has in all.
pub(crate) async fn count_of(tx: &mut Tx, patient: &PatientId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM record_entry WHERE patient_id = $1";
    tx.row(sql, values![patient]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// How many entries a patient has, by kind.
pub(crate) async fn counts(
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<Vec<(EntryKind, i64)>, StoreError> {
    let sql = "SELECT kind, COUNT(*) AS count FROM record_entry WHERE patient_id = $1 GROUP BY kind ORDER BY kind";
    let rows = tx.rows(sql, values![patient]).await?;
    rows.iter().map(|row| Ok((kind(row)?, row.int("count")?))).collect()
}

/// The latest observation of each kind that was made of a patient, the newest first.
pub(crate) async fn latest_observations(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT * FROM record_entry e
        WHERE patient_id = $1 AND kind = 'observation'
            AND status IN ('preliminary', 'final', 'amended', 'corrected')
            AND NOT EXISTS (SELECT 1 FROM record_entry n
                WHERE n.patient_id = $1 AND n.lead = e.lead AND n.kind = 'observation'
                    AND n.status IN ('preliminary', 'final', 'amended', 'corrected')
                    AND n.sort_ms >= e.sort_ms AND (n.sort_ms > e.sort_ms OR n.id > e.id))
        ORDER BY sort_ms DESC, id DESC LIMIT $2";
    let rows = tx.rows(sql, values![patient, limit]).await?;
    rows.iter().map(|row| entry(row, key)).collect()
}

/// The conditions that all searches share.
macro_rules! searching {
    ($select:literal, $from:literal, $tail:literal) => {
        concat!(
            "SELECT ", $select, " FROM ", $from, "
        WHERE e.clinic_id = $1
            AND ($2 IS NULL OR e.kind = $2)
            AND ($3 IS NULL OR CAST($3 AS TEXT) LIKE '%,' || e.status || ',%')
            AND ($4 IS NULL OR CAST($4 AS TEXT) LIKE '%,' || e.category || ',%')
            AND ($5 IS NULL OR e.appointment_id = $5) AND ($6 IS NULL OR e.questionnaire_id = $6)
            AND ($7 = 0 OR (e.from_ms >= $8 AND e.from_ms < $9 AND e.to_ms > $10 AND e.to_ms <= $11
                AND NOT (e.from_ms >= $12 AND e.to_ms <= $13)))
            AND e.entered_ms >= $14 AND e.entered_ms < $15
            AND ($16 IS NULL OR e.id = $16)
            ", $tail
        )
    };
}

/// Rows with their patient's wrapped key.
macro_rules! paged {
    ($from:literal, $tail:literal) => {
        searching!(
            "e.*, (SELECT k.wrapped_by FROM data_key k WHERE k.patient_id = e.patient_id) AS wrapped_by,
            (SELECT k.wrapped FROM data_key k WHERE k.patient_id = e.patient_id) AS wrapped",
            $from,
            $tail
        )
    };
}

/// Entries, the newest first, each opened with its patient's key. Whose key was destroyed has none: they went with it.
pub(crate) async fn search(
    tx: &mut Tx,
    keys: &KeyRing,
    clinic: &ClinicId,
    search: &Search,
    page: &PageRequest,
) -> Result<Page<Entry>, StoreError> {
    let sql = match (&search.patient, search.codes.len()) {
        // Said as an equality, the kind is a part of the index that is walked.
        (Some(_), _) if search.kind.is_some() => paged!(
            "record_entry e",
            "AND e.patient_id = $17 AND e.kind = $2 AND (e.sort_ms < $18 OR (e.sort_ms = $18 AND e.id < $19))
            AND ($20 IS NULL OR EXISTS (SELECT 1 FROM record_code c
                WHERE c.entry_id = e.id AND c.digest IN ($20, $21, $22, $23)))
            ORDER BY e.sort_ms DESC, e.id DESC LIMIT $24"
        ),
        (Some(_), _) => paged!(
            "record_entry e",
            "AND e.patient_id = $17 AND (e.sort_ms < $18 OR (e.sort_ms = $18 AND e.id < $19))
            AND ($20 IS NULL OR EXISTS (SELECT 1 FROM record_code c
                WHERE c.entry_id = e.id AND c.digest IN ($20, $21, $22, $23)))
            ORDER BY e.sort_ms DESC, e.id DESC LIMIT $24"
        ),
        (None, 1) => paged!(
            "record_code c JOIN record_entry e ON e.id = c.entry_id",
            "AND CAST($17 AS TEXT) IS NULL AND c.clinic_id = $1 AND c.kind = $2 AND c.digest = $20
            AND $21 IS NULL AND $22 IS NULL AND $23 IS NULL
            AND c.sort_ms <= $18 AND (c.sort_ms < $18 OR c.entry_id < $19)
            ORDER BY c.sort_ms DESC, c.entry_id DESC LIMIT $24"
        ),
        (None, _) => paged!(
            "record_entry e",
            "AND CAST($17 AS TEXT) IS NULL AND e.kind = $2
            AND e.sort_ms <= $18 AND (e.sort_ms < $18 OR e.id < $19)
            AND ($20 IS NULL OR EXISTS (SELECT 1 FROM record_code c
                WHERE c.entry_id = e.id AND c.digest IN ($20, $21, $22, $23)))
            ORDER BY e.sort_ms DESC, e.id DESC LIMIT $24"
        ),
    };
    let (after_ms, after_id) = after(page);
    let mut row = conditions(clinic, search);
    row.extend(values![search.patient.as_ref(), after_ms, after_id]);
    row.extend(codes(keys, clinic, search));
    row.extend(values![page.rows()]);
    let rows = tx.rows(sql, row).await?;
    let found = rows.iter().map(|row| opened_by_ring(row, keys)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| format!("{}/{}", sort_of(last).as_millisecond(), last.id)))
}

/// How many entries a search finds.
pub(crate) async fn count(
    tx: &mut Tx,
    keys: &KeyRing,
    clinic: &ClinicId,
    search: &Search,
) -> Result<i64, StoreError> {
    let sql = searching!(
        "COUNT(*) AS count",
        "record_entry e",
        "AND ($17 IS NULL OR e.patient_id = $17)
            AND ($18 IS NULL OR EXISTS (SELECT 1 FROM record_code c
                WHERE c.entry_id = e.id AND c.digest IN ($18, $19, $20, $21)))"
    );
    let mut row = conditions(clinic, search);
    row.extend(values![search.patient.as_ref()]);
    row.extend(codes(keys, clinic, search));
    tx.row(sql, row).await?.map_or(Ok(0), |row| row.int("count"))
}

fn conditions(clinic: &ClinicId, search: &Search) -> Vec<Value> {
    let list = |words: &[String]| (!words.is_empty()).then(|| format!(",{},", words.join(",")));
    let Within { from_min, from_below, to_above, to_max, outside } = search.when;
    values![
        clinic,
        search.kind.map(EntryKind::word),
        list(&search.statuses),
        list(&search.categories),
        search.appointment.as_ref(),
        search.questionnaire.as_ref(),
        search.when != Within::ANY,
        from_min,
        from_below,
        to_above,
        to_max,
        outside.0,
        outside.1,
        search.written.0,
        search.written.1,
        search.id.as_ref(),
    ]
}

fn codes(keys: &KeyRing, clinic: &ClinicId, search: &Search) -> Vec<Value> {
    debug_assert!(search.codes.len() <= CODES_MAX, "the use case bounds them");
    let digest = |(system, code): &(Option<String>, String)| {
        code_digest(keys, clinic, system.as_deref(), code).to_vec()
    };
    (0..CODES_MAX).map(|at| Value::from(search.codes.get(at).map(digest))).collect()
}

/// The sort key of the last item of the page before; one that is none begins at the beginning.
fn after(page: &PageRequest) -> (i64, String) {
    let key = page.after.as_deref().and_then(|key| key.split_once('/'));
    key.and_then(|(ms, id)| Some((ms.parse().ok()?, id.to_owned())))
        .unwrap_or((i64::MAX, String::new()))
}

fn opened_by_ring(row: &Row, keys: &KeyRing) -> Result<Entry, StoreError> {
    let (wrapped_by, wrapped) = (row.text("wrapped_by")?, row.bytes("wrapped")?);
    let patient: PatientId = row.parsed("patient_id")?;
    entry(row, &keys.unwrap(patient.as_str(), &wrapped_by, &wrapped)?)
}

fn entry(row: &Row, key: &DataKey) -> Result<Entry, StoreError> {
    let id: RecordEntryId = row.parsed("id")?;
    let (content, reason) = opened(key, &id, &row.bytes("body")?)?;
    Ok(Entry {
        id,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        appointment: row.parsed_maybe("appointment_id")?,
        rev: row.rev()?,
        content,
        reason,
        entered: provenance(row)?,
        created_at: row.time("created_ms")?,
    })
}

fn provenance(row: &Row) -> Result<Provenance, StoreError> {
    let role = EnteredAs::parse(&row.text("entered_as")?);
    Ok(Provenance {
        by: row.parsed_maybe("entered_by")?,
        role: role.ok_or(StoreError::Corrupt { column: "entered_as" })?,
        at: row.time("entered_ms")?,
    })
}

fn kind(row: &Row) -> Result<EntryKind, StoreError> {
    EntryKind::parse(&row.text("kind")?).ok_or(StoreError::Corrupt { column: "kind" })
}

/// What an entry says, and why it was corrected.
fn opened(
    key: &DataKey,
    id: &RecordEntryId,
    sealed: &[u8],
) -> Result<(Content, String), StoreError> {
    let corrupt = || StoreError::Corrupt { column: "body" };
    let plain = key.open(&place(id), sealed).map_err(|_| corrupt())?;
    serde_json::from_slice(&plain).map_err(|_| corrupt())
}

fn sealed(key: &DataKey, random: &Random, entry: &Entry) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&(&entry.content, &entry.reason))
        .map_err(|error| StoreError::Schema(format!("an entry cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&entry.id), &plain))
}

fn place(id: &RecordEntryId) -> String {
    format!("record_entry.body/{id}")
}

fn sort_of(entry: &Entry) -> Timestamp {
    entry.content.lasts().map_or(entry.created_at, |(from, _)| from)
}

/// The digest of what an entry is called: its first code, or its words.
fn lead(keys: &KeyRing, entry: &Entry) -> Vec<u8> {
    let name = |code: &Concept| match code.codings.first() {
        Some(coding) => format!("{}|{}", coding.system, coding.code),
        None => code.text.to_lowercase(),
    };
    let name = entry.content.code().map(name).unwrap_or_default();
    keys.digest("record.lead", &format!("{}|{name}", entry.patient)).to_vec()
}
