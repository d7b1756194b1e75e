//! A patient's profile: who it is, how to reach them, who pays, who speaks for them.
//!
//! The whole profile is one sealed value under the patient's own key: searching patients is done by what staff know
//! exactly (number, address), not by scanning names.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::profile::{
    ProfileError, at_most, country, filled, language, line, phone, refuse, time_zone,
};

/// Who a patient is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientProfile {
    /// Given names.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// What they want to be called, if it is something else.
    #[serde(default)]
    pub preferred_name: Option<String>,
    /// Day of birth.
    #[serde(default)]
    pub birth_date: Option<Date>,
    /// Administrative gender in FHIR's words.
    #[serde(default)]
    pub gender: Gender,
    /// Telephone with country.
    #[serde(default)]
    pub phone: Option<String>,
    /// Where they live.
    #[serde(default)]
    pub address: Option<Address>,
    /// The language to write and speak to them in.
    pub language: String,
    /// The zone their times are shown in.
    pub time_zone: String,
    /// Whom to call in an emergency.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// Who pays.
    #[serde(default)]
    pub coverages: Vec<Coverage>,
}

/// FHIR R4 administrative gender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are FHIR's")]
pub enum Gender {
    Male,
    Female,
    Other,
    #[default]
    Unknown,
}

/// A postal address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and house, in as many lines as needed.
    pub lines: Vec<String>,
    /// Town.
    pub city: String,
    /// County, state, province.
    #[serde(default)]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// Two letters.
    pub country: String,
}

/// Somebody to call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Who.
    pub name: String,
    /// What they are to the patient.
    pub relationship: String,
    /// Their telephone.
    pub phone: String,
}

/// An insurance.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The insurer.
    pub payer: String,
    /// The patient's number there.
    pub member_id: String,
    /// The group's number.
    #[serde(default)]
    pub group_id: Option<String>,
    /// The plan's name.
    #[serde(default)]
    pub plan: Option<String>,
    /// Until when it is good.
    #[serde(default)]
    pub valid_until: Option<Date>,
}

const NAME_CHARS: usize = 100;
const LINE_CHARS: usize = 120;
const ID_CHARS: usize = 64;

impl PatientProfile {
    /// The least that must be known: what somebody writes when registering.
    #[must_use]
    pub fn named(
        given_name: String,
        family_name: String,
        language: String,
        time_zone: String,
    ) -> Self {
        Self {
            given_name,
            family_name,
            preferred_name: None,
            birth_date: None,
            gender: Gender::Unknown,
            phone: None,
            address: None,
            language,
            time_zone,
            contacts: Vec::new(),
            coverages: Vec::new(),
        }
    }

    /// Checks and tidies every field.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn checked(self, today: Date) -> Result<Self, ProfileError> {
        if self.birth_date.is_some_and(|date| date > today || date.year() < 1870) {
            return refuse("birth_date", "must be in the past");
        }
        at_most("contacts", &self.contacts, 5)?;
        at_most("coverages", &self.coverages, 5)?;
        let maybe = |field, text: Option<String>, max| {
            text.map(|text| filled(field, &text, max)).transpose()
        };
        Ok(Self {
            given_name: filled("given_name", &self.given_name, NAME_CHARS)?,
            family_name: line("family_name", &self.family_name, NAME_CHARS)?,
            preferred_name: maybe("preferred_name", self.preferred_name, NAME_CHARS)?,
            phone: self.phone.map(|text| phone("phone", &text)).transpose()?,
            address: self.address.map(Address::checked).transpose()?,
            language: language("language", &self.language)?,
            time_zone: time_zone("time_zone", &self.time_zone)?,
            contacts: self.contacts.into_iter().map(Contact::checked).collect::<Result<_, _>>()?,
            coverages: self
                .coverages
                .into_iter()
                .map(Coverage::checked)
                .collect::<Result<_, _>>()?,
            ..self
        })
    }

    /// What to call them.
    #[must_use]
    pub fn display_name(&self) -> String {
        let given = self.preferred_name.as_deref().unwrap_or(&self.given_name);
        format!("{given} {}", self.family_name).trim().to_owned()
    }
}

impl Address {
    fn checked(self) -> Result<Self, ProfileError> {
        at_most("address.lines", &self.lines, 4)?;
        let maybe = |field, text: Option<String>| {
            text.map(|text| filled(field, &text, LINE_CHARS)).transpose()
        };
        Ok(Self {
            lines: self
                .lines
                .iter()
                .map(|text| filled("address.lines", text, LINE_CHARS))
                .collect::<Result<_, _>>()?,
            city: filled("address.city", &self.city, LINE_CHARS)?,
            region: maybe("address.region", self.region)?,
            postal_code: maybe("address.postal_code", self.postal_code)?,
            country: country("address.country", &self.country)?,
        })
    }
}

impl Contact {
    fn checked(self) -> Result<Self, ProfileError> {
        Ok(Self {
            name: filled("contacts.name", &self.name, NAME_CHARS)?,
            relationship: filled("contacts.relationship", &self.relationship, NAME_CHARS)?,
            phone: phone("contacts.phone", &self.phone)?,
        })
    }
}

impl Coverage {
    fn checked(self) -> Result<Self, ProfileError> {
        let maybe = |field, text: Option<String>, max| {
            text.map(|text| filled(field, &text, max)).transpose()
        };
        Ok(Self {
            payer: filled("coverages.payer", &self.payer, LINE_CHARS)?,
            member_id: filled("coverages.member_id", &self.member_id, ID_CHARS)?,
            group_id: maybe("coverages.group_id", self.group_id, ID_CHARS)?,
            plan: maybe("coverages.plan", self.plan, LINE_CHARS)?,
            ..self
        })
    }
}

macro_rules! prints_nothing {
    ($($type:ident),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), protocol::redact::MARK)
            }
        }
    )+};
}
prints_nothing!(PatientProfile, Address, Contact, Coverage);

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn profile() -> PatientProfile {
        PatientProfile {
            phone: Some("+254 700 000 001".into()),
            birth_date: Some(date(1980, 2, 29)),
            address: Some(Address {
                lines: vec!["1 Kenyatta Avenue".into()],
                city: "Nairobi".into(),
                region: None,
                postal_code: None,
                country: "ke".into(),
            }),
            coverages: vec![Coverage {
                payer: "SHA".into(),
                member_id: "CANARY-123".into(),
                group_id: None,
                plan: None,
                valid_until: None,
            }],
            ..PatientProfile::named(
                " Asha ".into(),
                "Otieno".into(),
                "SW".into(),
                "Africa/Nairobi".into(),
            )
        }
    }

    const TODAY: Date = date(2026, 11, 27);

    #[test]
    fn a_profile_is_tidied() {
        let profile = profile().checked(TODAY).unwrap();
        assert_eq!(profile.display_name(), "Asha Otieno");
        assert_eq!(profile.phone.as_deref(), Some("+254700000001"));
        assert_eq!(profile.language, "sw");
        assert_eq!(profile.address.unwrap().country, "KE");
    }

    #[test]
    fn a_refusal_names_the_field() {
        let field = |change: fn(&mut PatientProfile)| {
            let mut profile = profile();
            change(&mut profile);
            profile.checked(TODAY).unwrap_err().field
        };
        assert_eq!(field(|p| p.given_name.clear()), "given_name");
        assert_eq!(field(|p| p.birth_date = Some(date(2026, 11, 28))), "birth_date");
        assert_eq!(field(|p| p.time_zone = "Mars/Base".into()), "time_zone");
        assert_eq!(field(|p| p.coverages = vec![p.coverages[0].clone(); 6]), "coverages");
        assert_eq!(field(|p| p.coverages[0].member_id = "x".repeat(65)), "coverages.member_id");
    }

    #[test]
    fn nothing_of_a_profile_prints() {
        let text = format!("{:?}", profile());
        assert_eq!(text, "PatientProfile([redacted])");
        assert!(!format!("{:?}", profile().coverages).contains("CANARY"));
    }

    #[test]
    fn a_profile_survives_being_written_and_read() {
        let profile = profile().checked(TODAY).unwrap();
        let text = serde_json::to_string(&profile).unwrap();
        assert!(serde_json::from_str::<PatientProfile>(&text).unwrap() == profile);
    }
}
