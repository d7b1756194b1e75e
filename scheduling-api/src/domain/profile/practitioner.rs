//! A practitioner's profile: what patients choose by. Public, as a brass plate is.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::profile::{ProfileError, at_most, filled, language, refuse};

/// Who a practitioner is, to the public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PractitionerProfile {
    /// Name with title, as on the door.
    pub display_name: String,
    /// What they are consulted for: short words such as `dermatology`, the most important first.
    pub specialties: Vec<String>,
    /// The languages they consult in.
    pub languages: Vec<String>,
    /// Degrees and certificates.
    #[serde(default)]
    pub qualifications: Vec<Qualification>,
    /// Where they may practise.
    #[serde(default)]
    pub licences: Vec<Licence>,
    /// Their picture: the id of a document, or a path under the clinic's own files.
    #[serde(default)]
    pub photo: Option<String>,
    /// What a visit costs when its type does not say otherwise: minor units.
    #[serde(default)]
    pub fee: Option<Fee>,
    /// A few sentences.
    #[serde(default)]
    pub bio: String,
}

/// A degree or certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// What.
    pub title: String,
    /// From whom.
    #[serde(default)]
    pub institution: Option<String>,
    /// When.
    #[serde(default)]
    pub year: Option<i16>,
}

/// A right to practise somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Country, or country and subdivision (ISO 3166-2): `KE`, `US-CA`.
    pub region: String,
    /// The register's number.
    pub number: String,
    /// Until when.
    #[serde(default)]
    pub valid_until: Option<Date>,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// In the currency's smallest unit.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

const LINE_CHARS: usize = 120;
const BIO_CHARS: usize = 2000;
const FEE_MINOR_MAX: i64 = 10_000_000_000;

impl PractitionerProfile {
    /// Nothing known yet but the name.
    #[must_use]
    pub fn named(display_name: String) -> Self {
        Self {
            display_name,
            specialties: Vec::new(),
            languages: Vec::new(),
            qualifications: Vec::new(),
            licences: Vec::new(),
            photo: None,
            fee: None,
            bio: String::new(),
        }
    }

    /// Checks and tidies every field.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn checked(self, today: Date) -> Result<Self, ProfileError> {
        at_most("specialties", &self.specialties, 10)?;
        at_most("languages", &self.languages, 10)?;
        at_most("qualifications", &self.qualifications, 20)?;
        at_most("licences", &self.licences, 20)?;
        if self.bio.chars().count() > BIO_CHARS {
            return refuse("bio", "too long");
        }
        Ok(Self {
            display_name: filled("display_name", &self.display_name, LINE_CHARS)?,
            specialties: self
                .specialties
                .iter()
                .map(|text| specialty(text))
                .collect::<Result<_, _>>()?,
            languages: self
                .languages
                .iter()
                .map(|tag| language("languages", tag))
                .collect::<Result<_, _>>()?,
            qualifications: self
                .qualifications
                .into_iter()
                .map(|one| one.checked(today))
                .collect::<Result<_, _>>()?,
            licences: self.licences.into_iter().map(Licence::checked).collect::<Result<_, _>>()?,
            photo: self.photo.map(|text| photo(&text)).transpose()?,
            fee: self.fee.map(Fee::checked).transpose()?,
            bio: self.bio.trim().to_owned(),
        })
    }
}

/// `Ear, nose and throat` is for the catalogue of texts; here stands the word it is found by.
fn specialty(text: &str) -> Result<String, ProfileError> {
    let word = text.trim().to_lowercase();
    let sound = (2..=60).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !word.starts_with('-')
        && !word.ends_with('-');
    if sound {
        Ok(word)
    } else {
        refuse("specialties", "must be a word of letters and dashes, such as family-medicine")
    }
}

/// No address elsewhere: a page of ours loads nothing from others.
fn photo(text: &str) -> Result<String, ProfileError> {
    let sound = !text.is_empty()
        && text.len() <= 200
        && !text.contains("..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        && !text.starts_with("//");
    if sound {
        Ok(text.to_owned())
    } else {
        refuse("photo", "must be a document's id or a path of this server")
    }
}

impl Qualification {
    fn checked(self, today: Date) -> Result<Self, ProfileError> {
        if self.year.is_some_and(|year| !(1930..=today.year()).contains(&year)) {
            return refuse("qualifications.year", "must be a past year");
        }
        Ok(Self {
            title: filled("qualifications.title", &self.title, LINE_CHARS)?,
            institution: self
                .institution
                .map(|text| filled("qualifications.institution", &text, LINE_CHARS))
                .transpose()?,
            ..self
        })
    }
}

impl Licence {
    fn checked(self) -> Result<Self, ProfileError> {
        let region = self.region.trim().to_ascii_uppercase();
        let (country, subdivision) = region.split_once('-').unwrap_or((&region, "-"));
        let sound = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (subdivision == "-"
                || ((1..=3).contains(&subdivision.len())
                    && subdivision.bytes().all(|b| b.is_ascii_alphanumeric())));
        if !sound {
            return refuse(
                "licences.region",
                "must be a country or subdivision code such as KE or US-CA",
            );
        }
        Ok(Self { number: filled("licences.number", &self.number, 64)?, region, ..self })
    }
}

impl Fee {
    fn checked(self) -> Result<Self, ProfileError> {
        let currency = self.currency.to_ascii_uppercase();
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return refuse("fee.currency", "must be a currency code of three letters");
        }
        if !(0..=FEE_MINOR_MAX).contains(&self.amount_minor) {
            return refuse(
                "fee.amount_minor",
                "must be zero or more, in the currency's smallest unit",
            );
        }
        Ok(Self { currency, ..self })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn profile() -> PractitionerProfile {
        PractitionerProfile {
            display_name: "Dr Njeri Kamau".into(),
            specialties: vec!["Family-Medicine".into()],
            languages: vec!["en".into(), "SW".into()],
            qualifications: vec![Qualification {
                title: "MBChB".into(),
                institution: None,
                year: Some(2004),
            }],
            licences: vec![Licence {
                region: "ke".into(),
                number: "A1234".into(),
                valid_until: None,
            }],
            photo: Some("doc_123".into()),
            fee: Some(Fee { amount_minor: 250_000, currency: "kes".into() }),
            bio: "Twenty years of family medicine.".into(),
        }
    }

    #[test]
    fn a_profile_is_tidied() {
        let profile = profile().checked(date(2026, 11, 27)).unwrap();
        assert_eq!(profile.specialties, ["family-medicine"]);
        assert_eq!(profile.languages, ["en", "sw"]);
        assert_eq!(profile.licences[0].region, "KE");
        assert_eq!(profile.fee.unwrap().currency, "KES");
    }

    #[test]
    fn a_refusal_names_the_field() {
        let field = |change: fn(&mut PractitionerProfile)| {
            let mut profile = profile();
            change(&mut profile);
            profile.checked(date(2026, 11, 27)).unwrap_err().field
        };
        assert_eq!(field(|p| p.specialties = vec!["a b".into()]), "specialties");
        assert_eq!(field(|p| p.photo = Some("https://elsewhere.example/x.png".into())), "photo");
        assert_eq!(field(|p| p.photo = Some("//elsewhere.example/x.png".into())), "photo");
        assert_eq!(field(|p| p.photo = Some("../../etc/passwd".into())), "photo");
        assert_eq!(
            field(|p| p.fee = Some(Fee { amount_minor: -1, currency: "KES".into() })),
            "fee.amount_minor"
        );
        assert_eq!(field(|p| p.licences[0].region = "Kenya".into()), "licences.region");
        assert_eq!(field(|p| p.qualifications[0].year = Some(2027)), "qualifications.year");
        assert_eq!(field(|p| p.bio = "x".repeat(2001)), "bio");
    }
}
