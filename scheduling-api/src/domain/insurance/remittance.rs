//! A remittance advice: an X12 835 file (005010X221A1), as what an insurer says of each claim.
//!
//! It balances or it is refused: each claim's charge is what is paid and every adjustment (CAS) of it and its lines, and
//! what the payment (BPR) comes to is what its claims are paid.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    id::{ClinicId, PayerId, RemittanceId},
    insurance::{
        claim::{Advice, AdviceKind},
        x12::{Segment, X12Error, read},
    },
    money::{Currency, Money},
};

/// Most claims of a file: each is a reading, an entry and a revision in one transaction.
pub const CLAIMS_MAX: usize = 500;

/// Reasons that are kept of a claim.
const REASONS_MAX: usize = 20;

/// What an insurer has paid at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remittance {
    /// The transfer's number at the insurer's bank.
    pub trace: String,
    /// One currency: the USA's, unless the file names another.
    pub currency: Currency,
    /// What was paid, in minor units.
    pub paid: i64,
    /// What it says of each claim, in the file's order: a reversal stands before what takes its place.
    pub claims: Vec<Advice>,
}

/// A remittance that was posted. As JSON it is a revision's body: nothing about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// Which one.
    pub id: RemittanceId,
    /// Whose.
    pub clinic: ClinicId,
    /// Who has paid.
    pub payer: PayerId,
    /// The transfer's number at the insurer's bank: posted once.
    pub trace: String,
    /// What it comes to.
    pub paid: Money,
    /// What of it was posted to claims, in minor units.
    pub posted_minor: i64,
    /// How many of its claims were posted.
    pub posted: u32,
    /// How many did not fit.
    pub misfits: u32,
    /// When it was posted.
    pub received_at: Timestamp,
}

/// Reads a file.
///
/// # Errors
/// When it is no 835, too large, incomplete, or does not balance.
pub fn parse(text: &str) -> Result<Remittance, X12Error> {
    let segments = read(text, "835")?;
    let only = |name: &'static str| {
        let mut all = segments.iter().filter(|segment| segment.name() == name);
        match (all.next(), all.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(X12Error::Segment(name)),
        }
    };
    let currency = match segments.iter().find(|segment| segment.name() == "CUR") {
        Some(segment) => segment.at(2).parse().map_err(|_| X12Error::Segment("CUR"))?,
        None => "USD".parse().map_err(|_| X12Error::Segment("CUR"))?,
    };
    let payment = only("BPR")?;
    let paid = amount(payment.at(2), currency).ok_or(X12Error::Segment("BPR"))?;
    // A debit would take money back from the clinic.
    if payment.at(3) != "C" || paid < 0 {
        return Err(X12Error::Segment("BPR"));
    }
    let trace = only("TRN")?.at(2);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_');
    if !(1..=50).contains(&trace.len()) || !trace.bytes().all(fits) {
        return Err(X12Error::Segment("TRN"));
    }
    if segments.iter().any(|segment| segment.name() == "PLB") {
        return Err(X12Error::ProviderAdjustment);
    }
    let mut claims: Vec<Advice> = Vec::new();
    for segment in &segments {
        match segment.name() {
            "CLP" => {
                if claims.len() == CLAIMS_MAX {
                    return Err(X12Error::TooLarge);
                }
                claims.push(claim(segment, currency)?);
            }
            "CAS" => adjust(claims.last_mut().ok_or(X12Error::Segment("CAS"))?, segment, currency)?,
            _ => {}
        }
    }
    let balanced = |one: &Advice| {
        one.paid.checked_add(one.adjusted).and_then(|sum| sum.checked_add(one.patient))
            == Some(one.charge)
    };
    let sum = claims.iter().try_fold(0_i64, |sum, one| sum.checked_add(one.paid));
    if claims.is_empty() || !claims.iter().all(balanced) || sum != Some(paid) {
        return Err(X12Error::Unbalanced);
    }
    Ok(Remittance { trace: trace.to_owned(), currency, paid, claims })
}

fn claim(segment: &Segment<'_>, currency: Currency) -> Result<Advice, X12Error> {
    const BAD: X12Error = X12Error::Segment("CLP");
    let control = segment.at(1);
    if !(1..=38).contains(&control.len()) || !control.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BAD);
    }
    let kind = match segment.at(2) {
        "1" | "2" | "3" | "19" | "20" | "21" => AdviceKind::Decision,
        "4" => AdviceKind::Denial,
        "22" => AdviceKind::Reversal,
        _ => return Err(BAD),
    };
    Ok(Advice {
        control: control.to_owned(),
        kind,
        charge: amount(segment.at(3), currency).ok_or(BAD)?,
        paid: amount(segment.at(4), currency).ok_or(BAD)?,
        adjusted: 0,
        patient: 0,
        refused: 0,
        reasons: Vec::new(),
    })
}

/// Up to six adjustments: reason, amount, quantity.
fn adjust(claim: &mut Advice, segment: &Segment<'_>, currency: Currency) -> Result<(), X12Error> {
    const BAD: X12Error = X12Error::Segment("CAS");
    let group = segment.at(1);
    if !matches!(group, "CO" | "PR" | "OA" | "PI" | "CR") || segment.len() > 20 {
        return Err(BAD);
    }
    for at in (2..segment.len()).step_by(3) {
        let (reason, minor) = (segment.at(at), segment.at(at + 1));
        if reason.is_empty() && minor.is_empty() {
            continue;
        }
        let is_reason = (1..=5).contains(&reason.len())
            && reason.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let minor = amount(minor, currency).filter(|_| is_reason).ok_or(BAD)?;
        let part = if group == "PR" { &mut claim.patient } else { &mut claim.adjusted };
        *part = part.checked_add(minor).ok_or(BAD)?;
        // 45 is above the contract's price, 253 and 237 are cuts by law: none is a claim's fault.
        if group != "PR" && !(group == "CO" && matches!(reason, "45" | "237" | "253")) {
            claim.refused = claim.refused.checked_add(minor).ok_or(BAD)?;
        }
        let word = format!("{group}-{reason}");
        if claim.reasons.len() < REASONS_MAX && !claim.reasons.contains(&word) {
            claim.reasons.push(word);
        }
    }
    Ok(())
}

/// A decimal number with or without a sign: `125.5`, `-3`, `.05`.
fn amount(text: &str, currency: Currency) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let minor = match digits.strip_prefix('.') {
        Some(_) => Money::from_decimal(&format!("0{digits}"), currency)?.minor,
        None => Money::from_decimal(digits, currency)?.minor,
    };
    Some(sign * minor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::insurance::x12::BYTES_MAX;

    /// A file with these segments in its one transaction.
    fn file(body: &str) -> String {
        let count = body.matches('~').count() + 2;
        format!(
            "ISA*00*          *00*          *ZZ*SHA-01         *ZZ*1234567893     *260310*0900*^*00501*000000007*0*P*:~\
             GS*HP*SHA-01*1234567893*20260310*0900*7*X*005010X221A1~ST*835*0001~{body}SE*{count}*0001~GE*1*7~IEA*1*000000007~"
        )
    }

    const BODY: &str = "BPR*I*1800*C*ACH~TRN*1*EFT-0042*1999999999~CUR*PR*KES~LX*1~\
        CLP*ABCDEFGHJKLM*1*2500*1800*600*12*777~CAS*PR*3*500**1*100~SVC*HC:99213*2500*1800~CAS*CO*45*100~";

    #[test]
    fn a_remittance_is_read_with_its_adjustments_at_both_levels() {
        let read = parse(&file(BODY)).unwrap();
        assert_eq!((read.trace.as_str(), read.paid), ("EFT-0042", 180_000));
        let [one] = &read.claims[..] else { panic!("one claim") };
        assert_eq!(
            (one.charge, one.paid, one.adjusted, one.patient),
            (250_000, 180_000, 10_000, 60_000)
        );
        assert_eq!(
            (one.refused, &one.reasons[..]),
            (0, &["PR-3", "PR-1", "CO-45"].map(String::from)[..])
        );
        // Other marks, and lines.
        let other = file(BODY).replace('*', "|").replace('~', "!\r\n");
        assert_eq!(parse(&other).unwrap(), read);
    }

    #[test]
    fn what_does_not_balance_or_is_none_is_refused_by_name() {
        let swapped = |from: &str, to: &str| parse(&file(&BODY.replace(from, to))).unwrap_err();
        assert_eq!(swapped("CAS*CO*45*100~", "CAS*CO*45*99~"), X12Error::Unbalanced);
        assert_eq!(swapped("BPR*I*1800", "BPR*I*1801"), X12Error::Unbalanced);
        assert_eq!(swapped("*C*ACH", "*D*ACH"), X12Error::Segment("BPR"));
        assert_eq!(swapped("BPR*I*1800", "BPR*I*1800.001"), X12Error::Segment("BPR"));
        assert_eq!(swapped("LX*1~", "PLB*1*20261231*WO:1*5~"), X12Error::ProviderAdjustment);
        assert_eq!(swapped("CLP*ABCDEFGHJKLM*1", "CLP*ABCDEFGHJKLM*25"), X12Error::Segment("CLP"));
        assert_eq!(swapped("CAS*PR*3", "CAS*XX*3"), X12Error::Segment("CAS"));
        assert_eq!(swapped("LX*1~", "ST*835*0002~"), X12Error::Envelope);
        assert_eq!(swapped("LX*1~", &format!("LX{}~", "*1".repeat(64))), X12Error::TooLarge);
        assert_eq!(
            parse(&file(BODY).replace("ST*835", "ST*837")),
            Err(X12Error::OtherTransaction("835"))
        );
        assert_eq!(parse(&file(BODY).replace("SE*", "SE*1")), Err(X12Error::Envelope));
        assert_eq!(parse(&"A".repeat(BYTES_MAX + 1)), Err(X12Error::TooLarge));
        assert_eq!(
            parse(&file(BODY).replace("*000000007*", "*00000000\u{e9}*")),
            Err(X12Error::NoInterchange)
        );
        assert_eq!(parse("ISA*00*"), Err(X12Error::NoInterchange));
        let many = "CLP*A*1*0*0~".repeat(CLAIMS_MAX + 1);
        assert_eq!(parse(&file(&format!("BPR*I*0*C~TRN*1*1~{many}"))), Err(X12Error::TooLarge));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Bytes of any kind: an answer or a refusal, never more.
        #[test]
        fn whatever_comes_is_answered(text in ".{0,400}") {
            let _ = parse(&text);
        }

        /// A good file with something cut out, doubled or changed: what is still taken, balances.
        #[test]
        fn what_is_taken_balances(
            from in 0..600_usize,
            length in 0..40_usize,
            put in proptest::option::of("[*~:A-Z0-9.\\-]{0,30}"),
        ) {
            let mut text = file(BODY);
            let from = from.min(text.len());
            let to = (from + length).min(text.len());
            let cut = text.get(from..to).unwrap_or_default().to_owned();
            text.replace_range(from..to, &put.unwrap_or_else(|| cut.repeat(2)));
            if let Ok(read) = parse(&text) {
                prop_assert_eq!(read.claims.iter().map(|one| one.paid).sum::<i64>(), read.paid);
                for one in &read.claims {
                    prop_assert_eq!(one.paid + one.adjusted + one.patient, one.charge);
                }
            }
        }
    }
}
