//! A signed prescription as a paper, and the word on whether it holds for whoever has its code.
//!
//! The code is made from the prescription's id by the key file, so that whoever has the database alone cannot make one;
//! the database keeps its hash, to find it by.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{Timestamp, tz::TimeZone};

use super::{key_of, may_read};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::PrescriptionId,
        prescription::{Prescription, Standing},
        signature::RecordError,
    },
    print::{
        PrintError,
        prescription::{Paper, print},
    },
    store::{Scope, StoreError, change::Change, clinics, patients, practitioners, prescriptions},
    usecase::{Failure, load},
};

/// Bytes of a code: nobody finds another by trying.
const CODE_BYTES: usize = 16;

/// Where codes are asked about, behind the address of the API.
const CHECK_PATH: &str = "/v1/prescription-checks/";

/// Prints a prescription that is or was in force; that it was read is written down.
///
/// # Errors
/// When there is none to be seen, it is a draft, or a letter in it cannot be printed.
pub(crate) async fn print_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
    language: Option<String>,
) -> Result<Vec<u8>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (_, patient) = prescriptions::about(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let act = Act::PrintPrescription;
    let permit = may_read(change.tx(), &caller.actor, act, clinic, &patient, now).await?;
    let key = key_of(api, change.tx(), &patient).await?;
    let found = prescriptions::find(change.tx(), &key, id).await?.ok_or(Failure::NotFound)?;
    if found.standing == Standing::Draft {
        return Err(RecordError::Draft.into());
    }
    let code = code_of(api, id);
    prescriptions::keep_code(change.tx(), &found, &hash(&code)).await?;
    let paper = paper(api, &mut change, found, code, language).await?;
    change.saw(&permit, "prescription", Some(id.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    // Some milliseconds of shaping and compressing: not on a thread that carries calls' signalling.
    let printed = tokio::task::spawn_blocking(move || print(&paper)).await;
    Ok(printed.map_err(|_| PrintError::Maker)??)
}

/// Whether a prescription holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It is in force.
    Valid,
    /// It was taken back.
    Cancelled,
}

/// Tells whoever has its code whether a prescription holds, and nothing else.
///
/// # Errors
/// When there is no such code.
pub(crate) async fn check_prescription(
    api: &Api,
    caller: &Caller,
    code: &str,
) -> Result<Validity, Failure> {
    let now = api.clock.now();
    let permit = Resource::platform();
    let _ = access::decide(&caller.actor, Act::CheckPrescription, &permit, now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let state = prescriptions::state_by_code(&mut tx, &hash(&code.to_ascii_uppercase())).await?;
    match state.as_deref() {
        Some("active") => Ok(Validity::Valid),
        Some("cancelled") => Ok(Validity::Cancelled),
        _ => Err(Failure::NotFound),
    }
}

async fn paper(
    api: &Api,
    change: &mut Change<'_>,
    found: Prescription,
    code: String,
    language: Option<String>,
) -> Result<Paper, Failure> {
    let tx = change.tx();
    let patient = patients::find(tx, &api.keys, &found.patient).await?.ok_or(Failure::NotFound)?;
    let clinic = clinics::find(tx, &found.clinic).await?.ok_or(Failure::NotFound)?;
    let by = practitioners::find(tx, &found.practitioner).await?.ok_or(Failure::NotFound)?;
    let signature = found.standing.signature().cloned().ok_or(RecordError::Draft)?;
    let cancelled_at: Option<Timestamp> = match &found.standing {
        Standing::Cancelled { at, .. } => Some(*at),
        Standing::Active(_) | Standing::Draft => None,
    };
    Ok(Paper {
        clinic: clinic.name,
        clinic_phone: clinic.phone,
        patient: format!("{} {}", patient.profile.given_name, patient.profile.family_name),
        birth_date: patient.profile.birth_date,
        practitioner: by.profile.display_name,
        licence: by.profile.licences.into_iter().next().map(|licence| licence.region),
        text: found.text,
        signed_at: signature.at,
        zone: TimeZone::get(&clinic.time_zone).unwrap_or(TimeZone::UTC),
        hash: signature.hash,
        cancelled_at,
        check_url: format!("{}{CHECK_PATH}{code}", api.links.issuer),
        code,
        language: language.unwrap_or(patient.profile.language),
    })
}

fn code_of(api: &Api, id: &PrescriptionId) -> String {
    let digest = api.keys.digest("prescription.code", id.as_str());
    letters(digest.get(..CODE_BYTES).unwrap_or(&digest))
}

fn hash(code: &str) -> Vec<u8> {
    digest(&SHA256, code.as_bytes()).as_ref().to_vec()
}

/// Base32 (RFC 4648 §6) without padding: what a person types from a paper, and a QR code holds tightly.
fn letters(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
    let bits: Vec<u8> = bits.collect();
    let digit = |bits: &[u8]| {
        let whole = bits.iter().fold(0_usize, |sum, bit| sum << 1 | usize::from(*bit));
        ALPHABET.get(whole << (5 - bits.len())).copied().unwrap_or(b'A')
    };
    bits.chunks(5).map(|bits| char::from(digit(bits))).collect()
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Self {
        match error {
            PrintError::Letter(_) | PrintError::Pages(_) => Self::invalid("/text", error),
            PrintError::Maker => StoreError::Schema(error.to_string()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn bytes_are_written_as_rfc_4648_says() {
        assert_eq!(letters(b"foobar"), "MZXW6YTBOI");
        assert_eq!(letters(b"fo"), "MZXQ");
        assert_eq!(letters(&[0xff; 16]).len(), 26);
    }
}
