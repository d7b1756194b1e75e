use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::{
    insurance::{PatientShare, PayerCard},
    invoice::{DocumentState, Heading, Invoice, Kind},
    ledger::{self, Account, Entry},
    settlement,
};
use crate::{domain::id::InvoiceId, random::Random};

fn kes(minor: i64) -> Money {
    Money { minor, currency: Currency::KES }
}

fn tax() -> Tax {
    Tax { name: "VAT".into(), rate_bps: 1600, is_included: true }
}

fn claim(share: PatientShare, price: i64) -> InsuranceClaim {
    let (random, now) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
    let card = PayerCard {
        name: "SHA".into(),
        code: "SHA-01".into(),
        provider_number: "1234567893".into(),
        share,
        address: None,
        active: true,
    };
    let clinic = ClinicId::mint(&random, now);
    let payer = Payer {
        id: PayerId::mint(&random, now),
        clinic: clinic.clone(),
        rev: Rev(3),
        card,
        created_at: now,
    };
    InsuranceClaim {
        id: InsuranceClaimId::mint(&random, now),
        clinic,
        rev: Rev::FIRST,
        appointment: AppointmentId::mint(&random, now),
        patient: PatientId::mint(&random, now),
        practitioner: PractitionerId::mint(&random, now),
        service: ServiceId::mint(&random, now),
        coverage: CoverageId::mint(&random, now),
        parts: Parts::divide(kes(price), &payer, &tax()).unwrap(),
        payer: payer.id,
        control: "ABCDEFGHJKLM".into(),
        held_at: now,
        state: ClaimState::Draft,
        currency: Currency::KES,
        share: Share { tax_bps: 1600, practitioner_bps: 7000, rule: Rev(1) },
        decided: Decided::default(),
        let_go: 0,
        reasons: Vec::new(),
        created_at: now,
    }
}

fn advice(kind: AdviceKind, (paid, adjusted, patient): (i64, i64, i64)) -> Advice {
    Advice {
        control: "ABCDEFGHJKLM".into(),
        kind,
        charge: paid + adjusted + patient,
        paid,
        adjusted,
        patient,
        refused: 0,
        reasons: vec!["CO-45".into()],
    }
}

#[test]
fn the_rule_that_divided_a_price_stays_on_both_parts() {
    let claim = claim(PatientShare::Percent { bps: 2000 }, 250_000);
    assert_eq!((claim.parts.patient.total(), claim.parts.insurer.total()), (50_000, 200_000));
    assert!(claim.parts.patient.rule.ends_with("@3") && claim.parts.insurer.rule.ends_with("@3"));
}

#[test]
fn a_decision_fits_once_and_again_only_after_it_was_taken_back() {
    let mut claim = claim(PatientShare::Percent { bps: 2000 }, 250_000);
    let decision = advice(AdviceKind::Decision, (180_000, 10_000, 60_000));
    assert_eq!(claim.hear(&decision), Err(Misfit::NotAwaited));
    assert_eq!(claim.step(ClaimStep::Submit, false), Err("it has no codes yet"));
    claim.step(ClaimStep::Submit, true).unwrap();
    let other = advice(AdviceKind::Decision, (180_000, 10_000, 50_000));
    assert_eq!(claim.hear(&other), Err(Misfit::OtherAmount));
    claim.hear(&decision).unwrap();
    assert_eq!((claim.state, claim.shifted(), claim.open()), (ClaimState::Paid, 10_000, 0));
    assert_eq!(claim.hear(&decision), Err(Misfit::DecidedAlready));
    let wrong = advice(AdviceKind::Reversal, (-190_000, 0, -60_000));
    assert_eq!(claim.hear(&wrong), Err(Misfit::NotDecided));
    claim.hear(&advice(AdviceKind::Reversal, (-180_000, -10_000, -60_000))).unwrap();
    assert_eq!((claim.state, claim.open()), (ClaimState::Accepted, 200_000));
    claim.hear(&decision).unwrap();
    assert_eq!(claim.open(), 0);
}

#[test]
fn what_is_denied_stays_open_until_it_is_let_go() {
    let mut claim = claim(PatientShare::Percent { bps: 2000 }, 250_000);
    claim.step(ClaimStep::Submit, true).unwrap();
    claim.hear(&advice(AdviceKind::Denial, (0, 250_000, 0))).unwrap();
    assert_eq!((claim.state, claim.open()), (ClaimState::Denied, 200_000));
    claim.step(ClaimStep::Appeal, true).unwrap();
    claim.step(ClaimStep::Close, true).unwrap();
    assert_eq!((claim.let_go, claim.open()), (200_000, 0));
}

/// A clinic's books of one visit.
struct Books {
    claim: InsuranceClaim,
    documents: Vec<Invoice>,
    balance: BTreeMap<Account, i64>,
    causes: BTreeSet<String>,
    heard: usize,
}

impl Books {
    fn new(share: PatientShare, price: i64) -> Self {
        let claim = claim(share, price);
        let mut books = Self {
            claim,
            documents: Vec::new(),
            balance: BTreeMap::new(),
            causes: BTreeSet::new(),
            heard: 0,
        };
        let entry = ledger::claimed(&books.claim);
        books.write(&entry);
        books
    }

    fn write(&mut self, entry: &Entry) {
        assert!(self.causes.insert(entry.cause.clone()), "written twice: {}", entry.cause);
        for one in &entry.transfers {
            assert!(one.minor > 0 && one.debit != one.credit);
            *self.balance.entry(one.debit).or_default() += one.minor;
            *self.balance.entry(one.credit).or_default() -= one.minor;
        }
    }

    fn of(&self, account: Account) -> i64 {
        self.balance.get(&account).copied().unwrap_or_default()
    }

    /// As the worker does: bills what is short, credits what is too much.
    fn settle(&mut self) {
        let plan = settlement::plan(&self.claim.owed_by_patient(), &self.documents, &[]);
        let random = Random::seeded(100 + u64::try_from(self.documents.len()).unwrap());
        for (kind, lines) in [(Kind::Invoice, plan.bill), (Kind::CreditNote, plan.credit)] {
            if lines.is_empty() {
                continue;
            }
            let document = Invoice {
                id: InvoiceId::mint(&random, Timestamp::UNIX_EPOCH),
                clinic: self.claim.clinic.clone(),
                rev: Rev::FIRST,
                kind,
                state: DocumentState::Issued,
                number: None,
                of: None,
                appointment: self.claim.appointment.clone(),
                patient: self.claim.patient.clone(),
                practitioner: self.claim.practitioner.clone(),
                service: self.claim.service.clone(),
                currency: Currency::KES,
                lines,
                heading: Heading {
                    seller: String::new(),
                    tax_number: String::new(),
                    prefix: String::new(),
                    tax: tax(),
                },
                created_at: Timestamp::UNIX_EPOCH,
                issued_at: None,
            };
            assert!(document.total().minor > 0, "no document of nothing, or the wrong way");
            let entry = ledger::issued(&document);
            self.documents.push(document);
            self.write(&entry);
        }
        let again = settlement::plan(&self.claim.owed_by_patient(), &self.documents, &[]);
        assert_eq!(again, settlement::Plan::default(), "settled is settled");
    }

    fn step(&mut self, (what, a, b): (u8, u32, u32)) {
        let before = self.claim.clone();
        let charge = before.parts.charge();
        let part = |n: u32, of: i64| portion(of, n % 1001, 1000);
        let paid = part(a, charge);
        let patient = part(b, charge - paid);
        let split = (paid, charge - paid - patient, patient);
        let decided = before.decided;
        let advice = match what {
            0 => advice(AdviceKind::Decision, split),
            1 => advice(AdviceKind::Denial, (0, charge - patient, patient)),
            2 => advice(AdviceKind::Reversal, (-decided.paid, -decided.adjusted, -decided.patient)),
            3 => advice(AdviceKind::Reversal, (-split.0, -split.1, -split.2)),
            4 => return self.note(ClaimStep::Submit),
            5 => return self.note(ClaimStep::Appeal),
            6 => return self.note(ClaimStep::Reject("CO-16".into())),
            7 => {
                if self.claim.step(ClaimStep::Close, true).is_ok() {
                    let entry = ledger::let_go(&self.claim);
                    self.write(&entry);
                }
                return;
            }
            8 if before.state != ClaimState::Void && a % 8 == 0 => {
                let entry = ledger::unclaimed(&before);
                self.claim.void();
                return self.write(&entry);
            }
            _ => return self.settle(),
        };
        self.heard += 1;
        if self.claim.hear(&advice).is_ok() {
            let entry = ledger::decided(&before, &self.claim, format!("rem/{}", self.heard));
            self.write(&entry);
        }
    }

    /// A step that is taken or refused: neither moves money.
    fn note(&mut self, step: ClaimStep) {
        let _ = self.claim.step(step, true);
    }

    fn check(&self) {
        assert_eq!(self.balance.values().sum::<i64>(), 0, "double entry");
        let (claim, till) =
            (&self.claim, Account::Till(crate::domain::payment::Method::BankTransfer));
        assert_eq!(self.of(Account::Insurer), claim.open(), "what the insurer owes");
        assert_eq!(self.of(till), claim.decided.paid, "what came in");
        assert_eq!(-self.of(Account::Owed), ledger::earned(claim.share, claim.decided.paid));
        assert_eq!(self.of(Account::Share), -self.of(Account::Owed));
        assert!([0, claim.parts.charge()].contains(&claim.decided.sum()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Words of insurers in any order, doubled and false ones too, steps of the clinic, and settling now and then.
    #[test]
    fn whatever_an_insurer_says_the_ledger_balances(
        price in 1..1_000_000_i64,
        bps in 0..=10_000_u32,
        steps in proptest::collection::vec((0..12_u8, any::<u32>(), any::<u32>()), 0..40),
    ) {
        let mut books = Books::new(PatientShare::Percent { bps }, price);
        books.check();
        for step in steps {
            books.step(step);
            books.check();
        }
        books.settle();
        books.check();
        let owed: i64 = books.claim.owed_by_patient().iter().map(Line::total).sum();
        prop_assert_eq!(books.of(Account::Receivable), owed, "what the patient owes");
        // Everything that was billed is somewhere: with the patient, the insurer, the bank, or let go.
        let billed = -books.of(Account::Revenue) - books.of(Account::Tax);
        let till = books.of(Account::Till(crate::domain::payment::Method::BankTransfer));
        let held = books.of(Account::Receivable) + books.of(Account::Insurer) + till + books.of(Account::Adjusted);
        prop_assert_eq!(billed, held);
        if books.claim.is_decided() && books.claim.state != ClaimState::Void {
            prop_assert_eq!(books.of(Account::Insurer), 0, "decided is decided");
        }
    }
}
