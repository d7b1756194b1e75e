//! A claim as an X12 837 professional file (005010X222A1): one interchange, one group, one claim.
//!
//! Loops: 1000A submitter · 1000B receiver · 2000A/2010AA the clinic · 2000B/2010BA holder · 2010BB insurer · 2000C/2010CA the
//! patient, who is not the holder · 2300 the claim · 2310B the practitioner · 2400 what was done.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::domain::{
    insurance::{
        CoverageText, PayerCard, Relationship,
        claim::InsuranceClaim,
        codes::ClaimCodes,
        x12::{Unwritable, Writer, element},
    },
    money::Money,
    profile::patient::{Gender, PatientProfile},
};

/// Everything that is told.
#[derive(Clone, Copy)]
pub struct ClaimFile<'a> {
    /// The claim.
    pub claim: &'a InsuranceClaim,
    /// Its codes.
    pub codes: &'a ClaimCodes,
    /// The insurer.
    pub payer: &'a PayerCard,
    /// The insurance.
    pub coverage: &'a CoverageText,
    /// Who was seen.
    pub patient: &'a PatientProfile,
    /// Who saw them, as on the door.
    pub practitioner: &'a str,
    /// The clinic's legal name.
    pub clinic: &'a str,
    /// The clinic's tax number.
    pub tax_number: &'a str,
    /// The clinic's telephone.
    pub phone: &'a str,
    /// The clinic's zone.
    pub zone: &'a TimeZone,
    /// When it is written.
    pub now: Timestamp,
}

impl ClaimFile<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// When something that the file needs is missing, or cannot be carried by it.
    pub fn x12(&self) -> Result<String, Unwritable> {
        let (now, held) = (self.now.to_zoned_datetime(TimeZone::UTC), self.claim.held_at);
        let (day, time) = (now.strftime("%Y%m%d").to_string(), now.strftime("%H%M").to_string());
        // Counts up from file to file, unless two are written within one second.
        let number = format!("{:09}", self.now.as_second() % 1_000_000_000);
        let us = element("provider_number", &self.payer.provider_number, 15)?;
        let them = element("code", &self.payer.code, 15)?;
        let mut w = Writer::default();
        let short = day.get(2..).unwrap_or_default();
        w.segment(&[
            "ISA",
            "00",
            &" ".repeat(10),
            "00",
            &" ".repeat(10),
            "ZZ",
            &format!("{us:<15}"),
            "ZZ",
            &format!("{them:<15}"),
            short,
            &time,
            "^",
            "00501",
            &number,
            "0",
            "P",
            ":",
        ]);
        w.segment(&["GS", "HC", &us, &them, &day, &time, "1", "X", "005010X222A1"]);
        let before = w.segments();
        w.segment(&["ST", "837", "0001", "005010X222A1"]);
        w.segment(&["BHT", "0019", "00", &self.claim.control, &day, &time, "CH"]);
        self.parties(&mut w, (&us, &them))?;
        let served = held.to_zoned_datetime(self.zone.clone()).date();
        self.subscriber(&mut w, &them)?;
        self.visit(&mut w, served)?;
        w.segment(&["SE", &(w.segments() - before + 1).to_string(), "0001"]);
        w.segment(&["GE", "1", "1"]);
        w.segment(&["IEA", "1", &number]);
        Ok(w.finish())
    }

    /// Submitter, receiver, and the clinic that is paid.
    fn parties(&self, w: &mut Writer, (us, them): (&str, &str)) -> Result<(), Unwritable> {
        let clinic = element("the clinic's seller", self.clinic, 60)?;
        let phone: String = self.phone.chars().filter(char::is_ascii_digit).collect();
        let phone = element("the clinic's phone", &phone, 20)?;
        let address =
            self.payer.address.as_ref().ok_or(Unwritable("the insurer's address of the clinic"))?;
        w.segment(&["NM1", "41", "2", &clinic, "", "", "", "", "46", us]);
        w.segment(&["PER", "IC", &clinic, "TE", &phone]);
        let payer = element("name", &self.payer.name, 60)?;
        w.segment(&["NM1", "40", "2", &payer, "", "", "", "", "46", them]);
        w.segment(&["HL", "1", "", "20", "1"]);
        if self.claim.currency.to_string() != "USD" {
            w.segment(&["CUR", "85", &self.claim.currency.to_string()]);
        }
        w.segment(&["NM1", "85", "2", &clinic, "", "", "", "", "XX", us]);
        w.segment(&["N3", &element("address", &address.street, 55)?]);
        let region = maybe("address", &address.region, 30)?;
        let postal = maybe("address", &address.postal_code, 15)?;
        w.segment(&["N4", &element("address", &address.city, 30)?, &region, &postal]);
        w.segment(&["REF", "EI", &element("the clinic's tax_number", self.tax_number, 50)?]);
        Ok(())
    }

    /// Holder and insurer; the patient too, who is not the holder.
    fn subscriber(&self, w: &mut Writer, them: &str) -> Result<(), Unwritable> {
        let is_holder = self.coverage.relationship == Relationship::Holder;
        let has_child = if is_holder { "0" } else { "1" };
        w.segment(&["HL", "2", "1", "22", has_child]);
        let group = maybe("group_id", self.coverage.group_id.as_deref().unwrap_or_default(), 50)?;
        let plan = maybe("plan", self.coverage.plan.as_deref().unwrap_or_default(), 60)?;
        let same = if is_holder { "18" } else { "" };
        w.segment(&["SBR", "P", same, &group, &plan, "", "", "", "", "CI"]);
        let member = element("member_id", &self.coverage.member_id, 80)?;
        let (given, family) = match &self.coverage.holder {
            Some(holder) => (&holder.given_name, &holder.family_name),
            None => (&self.patient.given_name, &self.patient.family_name),
        };
        name(w, "IL", (given, family), ("MI", &member))?;
        if is_holder {
            self.person(w)?;
        }
        let payer = element("name", &self.payer.name, 60)?;
        w.segment(&["NM1", "PR", "2", &payer, "", "", "", "", "PI", them]);
        if is_holder {
            return Ok(());
        }
        w.segment(&["HL", "3", "2", "23", "0"]);
        let relation = match self.coverage.relationship {
            Relationship::Spouse => "01",
            Relationship::Child => "19",
            Relationship::Holder | Relationship::Other => "G8",
        };
        w.segment(&["PAT", relation]);
        name(w, "QC", (&self.patient.given_name, &self.patient.family_name), ("", ""))?;
        self.person(w)
    }

    /// Where the patient lives, when they were born, what they are.
    fn person(&self, w: &mut Writer) -> Result<(), Unwritable> {
        let address = self.patient.address.as_ref().ok_or(Unwritable("the patient's address"))?;
        let street = address.lines.first().map_or("", String::as_str);
        w.segment(&["N3", &element("the patient's address", street, 55)?]);
        let region =
            maybe("the patient's address", address.region.as_deref().unwrap_or_default(), 30)?;
        let postal =
            maybe("the patient's address", address.postal_code.as_deref().unwrap_or_default(), 15)?;
        w.segment(&["N4", &element("the patient's address", &address.city, 30)?, &region, &postal]);
        let born = self.patient.birth_date.ok_or(Unwritable("the patient's birth_date"))?;
        let gender = match self.patient.gender {
            Gender::Female => "F",
            Gender::Male => "M",
            Gender::Other | Gender::Unknown => "U",
        };
        w.segment(&["DMG", "D8", &born.strftime("%Y%m%d").to_string(), gender]);
        Ok(())
    }

    /// The claim and what was done.
    fn visit(&self, w: &mut Writer, served: Date) -> Result<(), Unwritable> {
        let amount = |minor| number(Money { minor, currency: self.claim.currency });
        let place = format!("{}:B:1", self.codes.place);
        let charge = amount(self.claim.parts.charge());
        w.segment(&["CLM", &self.claim.control, &charge, "", "", &place, "Y", "A", "Y", "Y"]);
        let copay = self.claim.parts.patient.total();
        if copay > 0 {
            w.segment(&["AMT", "F5", &amount(copay)]);
        }
        let mut diagnoses = vec!["HI".to_owned()];
        for (at, code) in self.codes.diagnoses.iter().enumerate() {
            let qualifier = if at == 0 { "ABK" } else { "ABF" };
            diagnoses.push(format!("{qualifier}:{}", code.replace('.', "")));
        }
        w.segment(&diagnoses.iter().map(String::as_str).collect::<Vec<_>>());
        let practitioner = element("the practitioner's name", self.practitioner, 60)?;
        w.segment(&["NM1", "82", "1", &practitioner]);
        let pointers = self.codes.diagnoses.len().min(4);
        let pointers = (1..=pointers).map(|at| at.to_string()).collect::<Vec<_>>().join(":");
        for (at, one) in (1_usize..).zip(&self.codes.procedures) {
            w.segment(&["LX", &at.to_string()]);
            let mut what = format!("HC:{}", one.code);
            for modifier in &one.modifiers {
                what = format!("{what}:{modifier}");
            }
            w.segment(&["SV1", &what, &amount(one.charge_minor), "UN", "1", "", "", &pointers]);
            w.segment(&["DTP", "472", "D8", &served.strftime("%Y%m%d").to_string()]);
        }
        Ok(())
    }
}

/// A number as X12 writes it: without zeros that say nothing.
fn number(money: Money) -> String {
    let text = money.decimal();
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

fn maybe(field: &'static str, text: &str, length_max: usize) -> Result<String, Unwritable> {
    if text.trim().is_empty() { Ok(String::new()) } else { element(field, text, length_max) }
}

fn name(
    w: &mut Writer,
    role: &str,
    (given, family): (&str, &str),
    (kind, number): (&str, &str),
) -> Result<(), Unwritable> {
    // Who has one name has it where the family's stands.
    let (family, given) = if family.trim().is_empty() { (given, "") } else { (family, given) };
    let (family, given) = (element("a name", family, 60)?, maybe("a name", given, 35)?);
    w.segment(&["NM1", role, "1", &family, &given, "", "", "", kind, number]);
    Ok(())
}
