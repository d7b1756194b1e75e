//! What an insurer is told of a visit: diagnoses and procedures. Kept sealed with the patient's key, without `Debug`.

use serde::{Deserialize, Serialize};

use crate::domain::profile::{ProfileError, refuse};

/// The codes of a claim.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimCodes {
    /// ICD-10, the first is the main one: 1 to 12.
    pub diagnoses: Vec<String>,
    /// What was done: 1 to 6.
    pub procedures: Vec<Procedure>,
    /// Where the patient was (CMS place of service): `10` at home, `02` elsewhere, `11` in the clinic.
    pub place: String,
}

/// Something that was done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procedure {
    /// CPT or HCPCS: five letters and digits.
    pub code: String,
    /// Two letters or digits each, at most four: `95` is by video.
    pub modifiers: Vec<String>,
    /// What it costs; all of them make the claim's charge.
    pub charge_minor: i64,
}

impl ClaimCodes {
    /// Checks and tidies the codes of a claim over this charge.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn checked(mut self, charge: i64) -> Result<Self, ProfileError> {
        let upper = |text: &str| text.trim().to_ascii_uppercase();
        self.diagnoses = self.diagnoses.iter().map(|code| upper(code)).collect();
        if !(1..=12).contains(&self.diagnoses.len())
            || !self.diagnoses.iter().all(|code| is_diagnosis(code))
        {
            return refuse("diagnoses", "1 to 12 codes of ICD-10, as J06.9");
        }
        if !(1..=6).contains(&self.procedures.len()) {
            return refuse("procedures", "1 to 6");
        }
        for one in &mut self.procedures {
            one.code = upper(&one.code);
            one.modifiers = one.modifiers.iter().map(|code| upper(code)).collect();
            let is_modifier = |code: &String| is_word(code, 2);
            if !is_word(&one.code, 5)
                || one.modifiers.len() > 4
                || !one.modifiers.iter().all(is_modifier)
            {
                return refuse("procedures", "five letters and digits, and modifiers of two");
            }
        }
        let mut sum = Some(0_i64);
        for one in &self.procedures {
            sum = sum
                .filter(|_| one.charge_minor > 0)
                .and_then(|sum| sum.checked_add(one.charge_minor));
        }
        if sum != Some(charge) {
            return refuse("procedures", "what they cost must make the charge of the claim");
        }
        if self.place.len() != 2 || !self.place.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse("place", "two digits: 10, 02 or 11");
        }
        Ok(self)
    }
}

fn is_word(code: &str, length: usize) -> bool {
    code.len() == length && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A letter, two more, and perhaps a point and one to four more.
fn is_diagnosis(code: &str) -> bool {
    let (category, rest) = code.split_once('.').unwrap_or((code, "A"));
    category.starts_with(|first: char| first.is_ascii_uppercase())
        && is_word(category, 3)
        && (1..=4).contains(&rest.len())
        && is_word(rest, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_they_look_like() {
        for good in ["J06.9", "I10", "S72.001A"] {
            assert!(is_diagnosis(good), "{good}");
        }
        for bad in ["", "J", "j06.9", "J06.", "J06*9", "J06.99999", "106.9", "J06.9~"] {
            assert!(!is_diagnosis(bad), "{bad}");
        }
    }

    #[test]
    fn what_the_procedures_cost_makes_the_charge() {
        let one = |charge_minor| Procedure {
            code: "99213".into(),
            modifiers: vec!["95".into()],
            charge_minor,
        };
        let codes = |procedures| ClaimCodes {
            diagnoses: vec!["j06.9".into()],
            procedures,
            place: "10".into(),
        };
        assert!(
            codes(vec![one(100), one(150)])
                .checked(250)
                .is_ok_and(|codes| codes.diagnoses == ["J06.9"])
        );
        for bad in
            [vec![], vec![one(249)], vec![one(300), one(-50)], vec![one(i64::MAX), one(i64::MAX)]]
        {
            assert!(codes(bad).checked(250).is_err());
        }
    }
}
