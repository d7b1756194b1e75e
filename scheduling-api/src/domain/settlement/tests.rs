use std::slice::from_ref;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        id::{AppointmentId, ClinicId, InvoiceId, PatientId, PractitionerId, ServiceId},
        invoice::Heading,
        money::Money,
        payment::{Method, Share, Totals, Want},
        rev::Rev,
    },
    random::Random,
};

fn document(kind: Kind, state: DocumentState, lines: Vec<Line>) -> Invoice {
    let (random, now) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
    Invoice {
        id: InvoiceId::mint(&random, now),
        clinic: ClinicId::mint(&random, now),
        rev: Rev::FIRST,
        kind,
        state,
        number: None,
        of: None,
        appointment: AppointmentId::mint(&random, now),
        patient: PatientId::mint(&random, now),
        practitioner: PractitionerId::mint(&random, now),
        service: ServiceId::mint(&random, now),
        currency: "KES".parse().unwrap(),
        lines,
        heading: Heading {
            seller: String::new(),
            tax_number: String::new(),
            prefix: String::new(),
            tax: Tax { name: String::new(), rate_bps: 0, is_included: true },
        },
        created_at: now,
        issued_at: None,
    }
}

fn of(kind: LineKind, net: i64) -> Line {
    Line { kind, net, tax: 0, rule: "svc@1".into() }
}

fn paid(seed: u64, stage: Stage, flow: Flow, captured: i64) -> Payment {
    let (random, now) = (Random::seeded(seed), Timestamp::UNIX_EPOCH);
    let totals = Totals { authorized: 2500, captured, ..Totals::default() };
    Payment {
        id: PaymentId::mint(&random, now),
        clinic: ClinicId::mint(&random, now),
        rev: Rev::FIRST,
        invoice: InvoiceId::mint(&random, now),
        appointment: AppointmentId::mint(&random, now),
        patient: PatientId::mint(&random, now),
        practitioner: PractitionerId::mint(&random, now),
        method: Method::Card,
        flow,
        amount: Money { minor: 2500, currency: "KES".parse().unwrap() },
        reference: String::new(),
        stage,
        totals: if stage.is_open() && stage != Stage::Authorized {
            Totals::default()
        } else {
            totals
        },
        dispute: None,
        want: None,
        sent_at: None,
        provider_id: None,
        receipt: None,
        look_at: None,
        looks: 0,
        reason: None,
        share: Share { tax_bps: 0, practitioner_bps: 0, rule: Rev(0) },
        created_at: now,
    }
}

fn issued(kind: Kind, lines: Vec<Line>) -> Invoice {
    document(kind, DocumentState::Issued, lines)
}

#[test]
fn a_paid_visit_that_is_called_off_late_keeps_the_fee_and_gives_back_the_rest() {
    let visit = issued(Kind::Invoice, vec![of(LineKind::Visit, 2500)]);
    let payment = paid(1, Stage::Captured, Flow::Capture, 2500);
    let fee = vec![of(LineKind::CancelFee, 500)];
    let plan = plan(&fee, from_ref(&visit), from_ref(&payment));
    assert_eq!(plan.credit, [of(LineKind::Visit, 2500), of(LineKind::CancelFee, -500)]);
    assert_eq!(plan.payments, [(payment.id.clone(), Ask::Refund(2000))]);
    // Done, there is nothing left to do.
    let credit = issued(Kind::CreditNote, plan.credit);
    let mut after = payment;
    assert!(after.claim(2000));
    assert_eq!(super::plan(&fee, &[visit, credit], &[after]), Plan::default());
}

#[test]
fn a_reservation_is_captured_as_far_as_something_is_owed_and_let_go_otherwise() {
    let draft = document(Kind::Invoice, DocumentState::Draft, vec![of(LineKind::Visit, 2500)]);
    let reserved = paid(1, Stage::Authorized, Flow::Authorize, 0);
    let whole = plan(&[of(LineKind::Visit, 2500)], from_ref(&draft), from_ref(&reserved));
    assert_eq!(whole.payments, [(reserved.id.clone(), Ask::Capture(2500))]);
    assert_eq!(whole.bill, [of(LineKind::Visit, 2500)]);
    let fee = plan(&[of(LineKind::NoShowFee, 1000)], from_ref(&draft), from_ref(&reserved));
    assert_eq!(fee.payments, [(reserved.id.clone(), Ask::Capture(1000))]);
    assert_eq!(fee.bill, [of(LineKind::NoShowFee, 1000)]);
    let nothing = plan(&[], &[draft], from_ref(&reserved));
    assert_eq!(nothing.payments, [(reserved.id.clone(), Ask::Void)]);
    assert!(nothing.drop_draft && nothing.bill.is_empty() && nothing.credit.is_empty());
}

#[test]
fn what_is_on_its_way_in_is_not_taken_twice() {
    let first = Payment {
        want: Some(Want::Capture(2500)),
        ..paid(1, Stage::Authorized, Flow::Authorize, 0)
    };
    let second = paid(2, Stage::Authorized, Flow::Authorize, 0);
    let visit = issued(Kind::Invoice, vec![of(LineKind::Visit, 2500)]);
    let plan = plan(&[of(LineKind::Visit, 2500)], &[visit], &[first, second.clone()]);
    assert_eq!(plan.payments, [(second.id, Ask::Void)]);
}

#[test]
fn what_was_paid_twice_goes_back_once() {
    let visit = issued(Kind::Invoice, vec![of(LineKind::Visit, 2500)]);
    let both = [
        paid(1, Stage::Captured, Flow::Capture, 2500),
        paid(2, Stage::Captured, Flow::Capture, 2500),
    ];
    let plan = plan(&[of(LineKind::Visit, 2500)], &[visit], &both);
    assert_eq!(plan.payments, [(both[1].id.clone(), Ask::Refund(2500))]);
}

#[test]
fn who_was_billed_for_not_coming_and_came_is_billed_the_visit_less_the_fee() {
    let fee = of(LineKind::NoShowFee, 1000);
    let visit = of(LineKind::Visit, 2500);
    let documents = [issued(Kind::Invoice, vec![fee.clone()])];
    let plan = plan(from_ref(&visit), &documents, &[]);
    assert!(plan.credit.is_empty());
    assert_eq!(plan.bill.iter().map(Line::total).sum::<i64>(), 1500);
    assert!(plan.bill.contains(&visit) && plan.bill.contains(&fee.negated()));
}

proptest! {
    #[test]
    fn a_settled_visit_is_settled(
        price in 0..5000_i64,
        captured in proptest::collection::vec(0..=2500_i64, 0..4),
        billed in proptest::option::of(1..5000_i64),
    ) {
        let owed = if price == 0 { vec![] } else { vec![of(LineKind::Visit, price)] };
        let mut documents: Vec<Invoice> =
            billed.map(|net| issued(Kind::Invoice, vec![of(LineKind::Visit, net)])).into_iter().collect();
        let mut payments: Vec<Payment> = captured
            .iter()
            .enumerate()
            .map(|(seed, minor)| paid(seed as u64, Stage::Captured, Flow::Capture, *minor))
            .collect();
        let first = plan(&owed, &documents, &payments);
        if !first.bill.is_empty() {
            documents.push(issued(Kind::Invoice, first.bill.clone()));
        }
        if !first.credit.is_empty() {
            documents.push(issued(Kind::CreditNote, first.credit.clone()));
        }
        for (id, ask) in &first.payments {
            let payment = payments.iter_mut().find(|one| one.id == *id).unwrap();
            let Ask::Refund(minor) = ask else { panic!("captured money goes back") };
            prop_assert!(payment.claim(*minor));
        }
        let kept: i64 = payments.iter().map(Payment::kept).sum();
        prop_assert!(kept <= price.max(0));
        let second = plan(&owed, &documents, &payments);
        prop_assert_eq!(second, Plan::default());
    }
}
