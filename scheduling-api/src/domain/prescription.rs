//! Prescriptions: written as a draft that nobody else sees, in force once signed, afterwards only taken back.
//!
//! ```text
//! draft ── write ──► draft
//!   ├───── sign ───► active ── cancel(reason) ──► cancelled
//!   └──── discard ─► (gone)
//! ```

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    appointment::State,
    id::{AppointmentId, ClinicId, PatientId, PractitionerId, PrescriptionId},
    note::{has_begun, paragraphs},
    profile::{ProfileError, filled, line, refuse},
    rev::Rev,
    signature::{RecordError, Signature},
};

/// Most medicines of one prescription.
pub const ITEMS_MAX: usize = 20;
/// Most repeats of one medicine: a year, monthly.
pub const REPEATS_MAX: u8 = 12;
/// Longest course, in days.
pub const DAYS_MAX: u16 = 366;

const NAME_CHARS: usize = 200;
const CODE_CHARS: usize = 64;

/// A medicine's code in a system that others know, as FHIR's `Coding`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MedicineCode {
    /// The system: `http://www.whocc.no/atc`, `http://www.nlm.nih.gov/research/umls/rxnorm`, or the clinic's own.
    pub system: String,
    /// The code there.
    pub code: String,
}

/// One medicine and how it is taken.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The medicine with its strength and form: `Amoxicillin 500 mg capsule`.
    pub medicine: String,
    /// Its code.
    #[serde(default)]
    pub code: Option<MedicineCode>,
    /// How much at once: `1 capsule`.
    pub dose: String,
    /// How often: `3 times a day`.
    pub frequency: String,
    /// For how many days; until told otherwise when absent.
    #[serde(default)]
    pub duration_days: Option<u16>,
    /// How often it may be dispensed again.
    #[serde(default)]
    pub repeats: u8,
    /// What else the patient should know: `with food`.
    #[serde(default)]
    pub instructions: String,
}

/// What is prescribed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrescriptionText {
    /// The medicines.
    pub items: Vec<Item>,
    /// A word to the pharmacist.
    #[serde(default)]
    pub remark: String,
}

impl PrescriptionText {
    /// The text, if it can be kept.
    ///
    /// # Errors
    /// The field that cannot be so.
    pub fn checked(mut self) -> Result<Self, ProfileError> {
        if self.items.is_empty() || self.items.len() > ITEMS_MAX {
            return refuse("/items", "1 to 20 medicines");
        }
        for item in &mut self.items {
            item.medicine = filled("/items/medicine", &item.medicine, NAME_CHARS)?;
            item.dose = filled("/items/dose", &item.dose, NAME_CHARS)?;
            item.frequency = filled("/items/frequency", &item.frequency, NAME_CHARS)?;
            paragraphs("/items/instructions", &item.instructions)?;
            if let Some(code) = &mut item.code {
                code.system = filled("/items/code/system", &code.system, NAME_CHARS)?;
                code.code = filled("/items/code/code", &code.code, CODE_CHARS)?;
            }
            if item.repeats > REPEATS_MAX {
                return refuse("/items/repeats", "at most 12");
            }
            if item.duration_days.is_some_and(|days| days == 0 || days > DAYS_MAX) {
                return refuse("/items/duration_days", "1 to 366");
            }
        }
        self.remark = line("/remark", &self.remark, NAME_CHARS)?;
        Ok(self)
    }
}

impl fmt::Debug for PrescriptionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrescriptionText(hidden)")
    }
}

/// Where a prescription stands.
#[derive(Clone, PartialEq, Eq)]
pub enum Standing {
    /// Being written; seen by nobody but who writes it.
    Draft,
    /// In force.
    Active(Signature),
    /// Taken back.
    Cancelled {
        /// The signature that it had.
        signature: Signature,
        /// When it was taken back.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

impl Standing {
    /// The name in the API and the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active(_) => "active",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Who stands for it.
    #[must_use]
    pub const fn signature(&self) -> Option<&Signature> {
        match self {
            Self::Draft => None,
            Self::Active(signature) | Self::Cancelled { signature, .. } => Some(signature),
        }
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A prescription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prescription {
    /// Which one.
    pub id: PrescriptionId,
    /// Whose.
    pub clinic: ClinicId,
    /// Of this visit.
    pub appointment: AppointmentId,
    /// For whom.
    pub patient: PatientId,
    /// Who gave the visit.
    pub practitioner: PractitionerId,
    /// How often it was changed.
    pub rev: Rev,
    /// What is prescribed.
    pub text: PrescriptionText,
    /// Where it stands.
    pub standing: Standing,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl Prescription {
    /// Replaces the draft's text.
    ///
    /// # Errors
    /// When it is in force, or was taken back.
    pub fn write(&mut self, text: PrescriptionText) -> Result<(), RecordError> {
        match self.standing {
            Standing::Draft => self.text = text,
            Standing::Active(_) => return Err(RecordError::Signed),
            Standing::Cancelled { .. } => return Err(RecordError::Cancelled),
        }
        self.rev = self.rev.next();
        Ok(())
    }

    /// Gives the draft up.
    ///
    /// # Errors
    /// When it is in force, or was taken back.
    pub fn discard(&mut self) -> Result<(), RecordError> {
        match self.standing {
            Standing::Draft => self.rev = self.rev.next(),
            Standing::Active(_) => return Err(RecordError::Signed),
            Standing::Cancelled { .. } => return Err(RecordError::Cancelled),
        }
        Ok(())
    }

    /// Puts it in force.
    ///
    /// # Errors
    /// When it is or was in force, or the visit has not begun.
    pub fn sign(&mut self, visit: &State, signature: Signature) -> Result<(), RecordError> {
        match self.standing {
            Standing::Draft => has_begun(visit)?,
            Standing::Active(_) => return Err(RecordError::Signed),
            Standing::Cancelled { .. } => return Err(RecordError::Cancelled),
        }
        self.standing = Standing::Active(signature);
        self.rev = self.rev.next();
        Ok(())
    }

    /// Takes it back.
    ///
    /// # Errors
    /// When it is not in force.
    pub fn cancel(&mut self, reason: String, at: Timestamp) -> Result<(), RecordError> {
        let signature = match &self.standing {
            Standing::Draft => return Err(RecordError::Draft),
            Standing::Active(signature) => signature.clone(),
            Standing::Cancelled { .. } => return Err(RecordError::Cancelled),
        };
        self.standing = Standing::Cancelled { signature, at, reason };
        self.rev = self.rev.next();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::id::UserId, random::Random};

    #[test]
    fn a_signed_prescription_can_only_be_taken_back_once() {
        let mut one = prescription();
        assert_eq!(one.cancel("wrong".to_owned(), Timestamp::UNIX_EPOCH), Err(RecordError::Draft));
        assert_eq!(one.sign(&State::Booked, signature()), Err(RecordError::Visit("booked")));
        one.sign(&State::InProgress, signature()).unwrap();
        assert_eq!(one.write(text()), Err(RecordError::Signed));
        one.cancel("wrong".to_owned(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(one.standing.signature(), Some(&signature()));
        for refused in [
            one.write(text()),
            one.sign(&State::InProgress, signature()),
            one.cancel(String::new(), Timestamp::UNIX_EPOCH),
        ] {
            assert_eq!(refused, Err(RecordError::Cancelled));
        }
    }

    #[test]
    fn what_no_pharmacist_could_read_is_refused_by_field() {
        type Change = fn(&mut PrescriptionText);
        let cases: [(&str, Change); 6] = [
            ("/items", |text| text.items.clear()),
            ("/items", |text| text.items = vec![text.items[0].clone(); ITEMS_MAX + 1]),
            ("/items/dose", |text| text.items[0].dose = "  ".to_owned()),
            ("/items/repeats", |text| text.items[0].repeats = REPEATS_MAX + 1),
            ("/items/duration_days", |text| text.items[0].duration_days = Some(0)),
            ("/items/code/code", |text| {
                text.items[0].code =
                    Some(MedicineCode { system: "clinic".to_owned(), code: String::new() });
            }),
        ];
        for (field, change) in cases {
            let mut text = text();
            change(&mut text);
            assert_eq!(text.checked().unwrap_err().field, field);
        }
        assert!(text().checked().is_ok());
    }

    fn text() -> PrescriptionText {
        let item = Item {
            medicine: "Amoxicillin 500 mg capsule".to_owned(),
            code: Some(MedicineCode {
                system: "http://www.whocc.no/atc".to_owned(),
                code: "J01CA04".to_owned(),
            }),
            dose: "1 capsule".to_owned(),
            frequency: "3 times a day".to_owned(),
            duration_days: Some(7),
            repeats: 0,
            instructions: "With food.".to_owned(),
        };
        PrescriptionText { items: vec![item], remark: String::new() }
    }

    fn signature() -> Signature {
        let by = UserId::mint(&Random::seeded(3), Timestamp::UNIX_EPOCH);
        Signature { by, at: Timestamp::UNIX_EPOCH, hash: "00".to_owned() }
    }

    fn prescription() -> Prescription {
        let (random, at) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
        Prescription {
            id: PrescriptionId::mint(&random, at),
            clinic: ClinicId::mint(&random, at),
            appointment: AppointmentId::mint(&random, at),
            patient: PatientId::mint(&random, at),
            practitioner: PractitionerId::mint(&random, at),
            rev: Rev::FIRST,
            text: text(),
            standing: Standing::Draft,
            created_at: at,
        }
    }
}
