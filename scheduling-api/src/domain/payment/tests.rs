//! Random histories of payments: words lost, doubled, late and out of order; answers lost; a crash at any step; a
//! customer who does as they like; money that moves at the provider without us. `HISTORIES=100000` runs as many.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    domain::{
        id::RefundId,
        ledger::{self, Account, Entry},
    },
    random::Random,
};

/// A provider: its truth about the payments that it was asked for.
#[derive(Default)]
struct Provider {
    objects: Vec<Object>,
    by_key: BTreeMap<String, usize>,
    refunds: BTreeMap<String, usize>,
}

#[derive(Clone)]
struct Object {
    payment: PaymentId,
    flow: Flow,
    amount: i64,
    standing: Standing,
    authorized: i64,
    captured: i64,
    refunded: i64,
}

/// A clinic that was struck by everything at once.
struct History {
    random: Random,
    now: Timestamp,
    rules: Rules,
    provider: Provider,
    payment: Payment,
    refunds: Vec<Refund>,
    ledger: Vec<Entry>,
    causes: BTreeSet<String>,
    /// Words that are on their way.
    words: usize,
    /// Readings that were made and not taken over yet.
    late: Vec<Seen>,
}

const KES: i64 = 250_000;

impl History {
    fn new(seed: u64) -> Self {
        let random = Random::seeded(seed);
        let now = Timestamp::from_second(1_772_000_000).unwrap();
        let has_key = random.below(2) == 0;
        let flow = if has_key && random.below(2) == 0 { Flow::Authorize } else { Flow::Capture };
        let rules = Rules {
            key_life: has_key.then_some(Duration::from_secs(23 * 3600)),
            customer_max: Duration::from_secs(600),
        };
        let payment =
            payment(&random, now, flow, if has_key { Method::Card } else { Method::Mpesa });
        Self {
            random,
            now,
            rules,
            provider: Provider::default(),
            payment,
            refunds: Vec::new(),
            ledger: Vec::new(),
            causes: BTreeSet::new(),
            words: 0,
            late: Vec::new(),
        }
    }

    fn chance(&self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    fn step(&mut self) {
        match self.random.below(14) {
            0..=3 => self.drive(true),
            4 | 5 => self.drive_refunds(true),
            6 => self.customer(),
            7 => {
                // A word: lost, doubled or late as it likes; it says nothing but "look".
                if self.words > 0 {
                    self.words -= usize::from(self.chance(70));
                    self.payment.hint(self.now);
                }
            }
            8 => {
                let minor = 1 + i64::try_from(self.random.below(250_001)).unwrap();
                let _ = self.payment.wish(Want::Capture(minor), self.now);
            }
            9 => {
                if self.chance(20) {
                    let _ = self.payment.wish(Want::Void, self.now);
                }
            }
            10 => self.ask_refund(),
            11 => {
                if let Some(seen) = self.late.pop() {
                    self.take(&seen);
                }
            }
            12 => self.somebody_refunds_at_the_provider(),
            _ => {
                let seconds =
                    [1, 30, 61, 300, 4000, 90_000][usize::try_from(self.random.below(6)).unwrap()];
                self.now += seconds.seconds();
            }
        }
        self.check();
    }

    /// As the use case does: mark, commit, call, take over, commit. `wild`: anything may break in between.
    fn drive(&mut self, wild: bool) {
        let Some(call) = self.payment.next(self.rules, self.now) else { return };
        self.payment.sending(call, self.rules, self.now);
        // Killed before the call.
        if wild && self.chance(10) {
            return;
        }
        let marked = self.payment.rev;
        let answer = if wild && self.chance(10) {
            Err(Unanswered::Later(None))
        } else {
            let answer = self.provider.answer(call, &self.payment, self.rules);
            self.words += 1;
            if wild && self.chance(15) { Err(Unanswered::Unclear) } else { answer }
        };
        // Killed after it: what it said is lost.
        if wild && self.chance(10) {
            return;
        }
        if wild && self.chance(10) {
            self.payment.hint(self.now);
        }
        let heard_meanwhile = self.payment.rev != marked;
        match answer {
            Ok(seen) if wild && self.chance(10) => self.late.push(seen),
            Ok(seen) => self.take(&seen),
            Err(why) => self.payment.unanswered(call, self.rules, why, self.now),
        }
        if heard_meanwhile {
            self.payment.hint(self.now);
        }
    }

    fn take(&mut self, seen: &Seen) {
        let moved = self.payment.observe(seen, self.now).expect("the provider says nothing false");
        self.post(&moved);
    }

    fn post(&mut self, moved: &[Moved]) {
        for entry in ledger::moved(&self.payment, moved) {
            assert!(self.causes.insert(entry.cause.clone()), "written twice: {}", entry.cause);
            assert!(entry.transfers.iter().all(|one| one.minor > 0));
            self.ledger.push(entry);
        }
    }

    fn ask_refund(&mut self) {
        let minor = 1 + i64::try_from(self.random.below(300_000)).unwrap();
        if self.payment.claim(minor) {
            self.refunds.push(Refund {
                id: RefundId::mint(&self.random, self.now),
                rev: Rev::FIRST,
                payment: self.payment.id.clone(),
                amount: Money { minor, ..self.payment.amount },
                state: RefundState::Requested,
                why: "mistake".into(),
                sent_at: None,
                provider_id: None,
                look_at: Some(self.now),
                looks: 0,
                reason: None,
                created_at: self.now,
            });
        }
    }

    fn drive_refunds(&mut self, wild: bool) {
        for at in 0..self.refunds.len() {
            let mut refund = self.refunds[at].clone();
            if refund.is_lost(self.rules, self.now) {
                refund.leave_to_a_person("no_word");
            }
            let Some(call) = refund.next(self.rules, self.now) else {
                self.refunds[at] = refund;
                continue;
            };
            refund.sending(self.now);
            self.refunds[at] = refund.clone();
            if wild && self.chance(10) {
                continue;
            }
            let answer = if wild && self.chance(10) {
                Err(Unanswered::Later(None))
            } else {
                let answer = self.provider.give_back(&refund, self.rules);
                if wild && self.chance(15) { Err(Unanswered::Unclear) } else { answer }
            };
            if wild && self.chance(10) {
                continue;
            }
            match answer {
                Ok(seen) => self.refund_seen(&mut refund, &seen),
                Err(why) => refund.unanswered(call, self.rules, why, self.now),
            }
            self.refunds[at] = refund;
        }
    }

    fn refund_seen(&mut self, refund: &mut Refund, seen: &RefundSeen) {
        if refund.observe(seen, self.now) {
            if self.rules.key_life.is_none() {
                let moved = self.payment.gave_back(refund.amount.minor);
                self.post(&moved);
            } else {
                self.payment.hint(self.now);
            }
        }
    }

    fn customer(&mut self) {
        let choice = self.random.below(4);
        let Some(object) = self.provider.objects.last_mut() else { return };
        if object.standing != Standing::Pending {
            return;
        }
        self.words += 1;
        match (choice, object.flow) {
            (0 | 1, Flow::Capture) => {
                object.standing = Standing::Captured;
                (object.authorized, object.captured) = (object.amount, object.amount);
            }
            (0 | 1, Flow::Authorize) => {
                object.standing = Standing::Authorized;
                object.authorized = object.amount;
            }
            (2, _) if self.rules.key_life.is_none() => object.standing = Standing::Failed,
            _ => {}
        }
    }

    fn somebody_refunds_at_the_provider(&mut self) {
        // M-Pesa's query does not tell: there it is the reconciliation's to find.
        if self.rules.key_life.is_some()
            && self.chance(10)
            && let Some(object) = self.provider.objects.last_mut()
        {
            object.refunded = (object.refunded + 1000).min(object.captured);
            self.words += 1;
        }
    }

    fn check(&self) {
        let Payment { totals, amount, .. } = &self.payment;
        assert!(totals.captured <= totals.authorized && totals.authorized <= amount.minor);
        assert!(
            totals.refunded <= totals.claimed && totals.claimed <= totals.captured,
            "{totals:?}"
        );
        let till = self.balance(Account::Till(self.payment.method));
        assert_eq!(till, totals.captured - totals.refunded);
        assert_eq!(self.balance(Account::Receivable), -till, "what came in was owed less");
        let earned = ledger::earned(self.payment.share, totals.captured - totals.refunded);
        assert_eq!(self.balance(Account::Owed), -earned);
        for object in &self.provider.objects {
            assert!(object.captured <= object.authorized && object.refunded <= object.captured);
        }
        let charged = self.provider.objects.iter().filter(|object| object.captured > 0);
        assert!(charged.count() <= 1, "taken twice");
        assert!(self.provider.objects.len() <= 1, "asked for twice");
    }

    fn balance(&self, account: Account) -> i64 {
        let all = self.ledger.iter().flat_map(|entry| &entry.transfers);
        all.map(|one| {
            i64::from(one.debit == account) * one.minor
                - i64::from(one.credit == account) * one.minor
        })
        .sum()
    }

    /// Nothing breaks any more; the reconciliation has everything looked at.
    fn come_to_rest(&mut self) {
        for round in 0..60 {
            self.now += 120.seconds();
            if round % 20 == 0 {
                self.payment.hint(self.now);
            }
            self.drive(false);
            self.drive_refunds(false);
            self.check();
        }
        let totals = self.payment.totals;
        let truth = self.provider.objects.last();
        let (captured, refunded) = truth.map_or((0, 0), |one| (one.captured, one.refunded));
        assert_eq!(totals.captured, captured, "{:?}", self.payment);
        if self.rules.key_life.is_some() {
            assert_eq!(totals.refunded, refunded, "{:?}", self.payment);
        } else {
            // What nobody could tell us of waits for a person.
            let lost: i64 = self
                .refunds
                .iter()
                .filter(|one| matches!(one.state, RefundState::Manual | RefundState::Submitted))
                .map(|one| one.amount.minor)
                .sum();
            assert!(refunded - totals.refunded <= lost, "{:?}", self.refunds);
        }
    }
}

impl Provider {
    fn answer(&mut self, call: Call, payment: &Payment, rules: Rules) -> Result<Seen, Unanswered> {
        let at = match call {
            Call::Create => {
                let key = payment.id.to_string();
                match self.by_key.get(&key) {
                    Some(at) if rules.key_life.is_some() => *at,
                    _ => {
                        self.objects.push(Object {
                            payment: payment.id.clone(),
                            flow: payment.flow,
                            amount: payment.amount.minor,
                            standing: Standing::Pending,
                            authorized: 0,
                            captured: 0,
                            refunded: 0,
                        });
                        self.by_key.insert(key, self.objects.len() - 1);
                        self.objects.len() - 1
                    }
                }
            }
            // M-Pesa's list has only what was paid.
            Call::Find => {
                let is_listed = |object: &Object| {
                    object.payment == payment.id
                        && (rules.key_life.is_some() || object.captured > 0)
                };
                self.objects.iter().position(is_listed).ok_or(Unanswered::NotThere)?
            }
            _ => 0,
        };
        let object = self.objects.get_mut(at).ok_or(Unanswered::NotThere)?;
        match call {
            Call::Capture(minor) if object.standing == Standing::Authorized => {
                assert!(minor <= object.authorized);
                object.standing = Standing::Captured;
                object.captured = minor;
            }
            Call::Cancel if rules.key_life.is_none() => {
                return Err(Unanswered::Refused(NOT_POSSIBLE.into()));
            }
            Call::Cancel if matches!(object.standing, Standing::Pending | Standing::Authorized) => {
                object.standing = Standing::Voided;
            }
            Call::Capture(_) | Call::Cancel => return Err(Unanswered::Refused("state".into())),
            _ => {}
        }
        Ok(Seen {
            provider_id: format!("object_{at}"),
            payment: Some(object.payment.clone()),
            receipt: None,
            amount: payment.amount,
            standing: object.standing,
            authorized: object.authorized,
            captured: object.captured,
            refunded: rules.key_life.is_some().then_some(object.refunded),
            dispute: None,
            until: None,
            action: None,
            reason: None,
        })
    }

    fn give_back(&mut self, refund: &Refund, rules: Rules) -> Result<RefundSeen, Unanswered> {
        let key = refund.id.to_string();
        let done = self.refunds.contains_key(&key);
        let object = &mut self.objects[0];
        if !(done && rules.key_life.is_some()) {
            if object.refunded + refund.amount.minor > object.captured {
                return Err(Unanswered::Refused("charge_already_refunded".into()));
            }
            assert!(!done, "given back twice");
            object.refunded += refund.amount.minor;
            self.refunds.insert(key.clone(), 0);
        }
        Ok(RefundSeen { provider_id: key, state: RefundState::Succeeded, reason: None })
    }
}

fn payment(random: &Random, now: Timestamp, flow: Flow, method: Method) -> Payment {
    Payment {
        id: PaymentId::mint(random, now),
        clinic: ClinicId::mint(random, now),
        rev: Rev::FIRST,
        invoice: InvoiceId::mint(random, now),
        appointment: AppointmentId::mint(random, now),
        patient: PatientId::mint(random, now),
        practitioner: PractitionerId::mint(random, now),
        method,
        flow,
        amount: Money { minor: KES, currency: "KES".parse().unwrap() },
        reference: "ABCDEFGHJKLM".into(),
        stage: Stage::Created,
        totals: Totals::default(),
        dispute: None,
        want: None,
        sent_at: None,
        provider_id: None,
        receipt: None,
        look_at: Some(now),
        looks: 0,
        reason: None,
        share: Share { tax_bps: 1600, practitioner_bps: 7000, rule: Rev(1) },
        created_at: now,
    }
}

#[test]
fn whatever_happens_the_ledger_balances_and_nothing_moves_twice() {
    let histories = std::env::var("HISTORIES").ok().and_then(|text| text.parse().ok());
    let histories: u64 = histories.unwrap_or(5_000);
    let (mut captured, mut refunded, mut unknown) = (0, 0, 0);
    for seed in 0..histories {
        let caught = std::panic::catch_unwind(|| {
            let mut history = History::new(seed);
            for _ in 0..60 {
                history.step();
            }
            let was_unknown = history.payment.stage == Stage::Unknown;
            history.come_to_rest();
            (history.payment.totals, was_unknown)
        });
        let (totals, was_unknown) = caught.unwrap_or_else(|_| panic!("history {seed}"));
        captured += u64::from(totals.captured > 0);
        refunded += u64::from(totals.refunded > 0);
        unknown += u64::from(was_unknown);
    }
    // A test in which nothing happens would prove nothing.
    assert!(
        captured > histories / 5 && refunded > histories / 20 && unknown > histories / 500,
        "{captured} captured, {refunded} refunded, {unknown} unknown of {histories}"
    );
}

fn seen(payment: &Payment, standing: Standing, captured: i64) -> Seen {
    Seen {
        provider_id: "pi_1".into(),
        payment: Some(payment.id.clone()),
        receipt: None,
        amount: payment.amount,
        standing,
        authorized: captured,
        captured,
        refunded: Some(0),
        dispute: None,
        until: None,
        action: None,
        reason: None,
    }
}

#[test]
fn a_reading_that_cannot_be_of_this_payment_moves_nothing() {
    let now = Timestamp::UNIX_EPOCH;
    let fresh = payment(&Random::seeded(1), now, Flow::Capture, Method::Card);
    let good = seen(&fresh, Standing::Captured, KES);
    let other = PaymentId::mint(&Random::seeded(2), now);
    let dollars = Money { currency: "USD".parse().unwrap(), ..fresh.amount };
    let less = Money { minor: 1, ..fresh.amount };
    for (wrong, why) in [
        (Seen { payment: Some(other), ..good.clone() }, Mismatch::Other),
        (Seen { amount: dollars, ..good.clone() }, Mismatch::Currency),
        (Seen { amount: less, ..good.clone() }, Mismatch::Amount),
        (Seen { captured: KES + 1, ..good.clone() }, Mismatch::AboveAuthorized),
        (Seen { authorized: KES + 1, ..good.clone() }, Mismatch::AboveAuthorized),
        (Seen { refunded: Some(KES + 1), ..good.clone() }, Mismatch::AboveCaptured),
    ] {
        let mut payment = fresh.clone();
        assert_eq!(payment.observe(&wrong, now), Err(why));
        assert_eq!((payment.totals, payment.stage), (Totals::default(), Stage::Created));
        assert_eq!(payment.reason, Some(why.to_string()));
        assert_eq!(payment.look_at, None, "a person has to look");
    }
    let mut payment = fresh;
    assert_eq!(payment.observe(&good, now), Ok(vec![Moved::Captured(KES)]));
    assert_eq!(payment.observe(&good, now), Ok(vec![]), "the same again");
    let old = seen(&payment, Standing::Pending, 0);
    assert_eq!(payment.observe(&old, now), Ok(vec![]), "an older one");
    assert_eq!(payment.state(), "captured");
}

#[test]
fn a_dispute_takes_the_money_until_it_is_decided() {
    let now = Timestamp::UNIX_EPOCH;
    let mut one = payment(&Random::seeded(1), now, Flow::Capture, Method::Card);
    let good = seen(&one, Standing::Captured, KES);
    one.observe(&good, now).unwrap();
    let open = Seen { dispute: Some(Dispute::Open), ..good.clone() };
    assert_eq!(one.observe(&open, now), Ok(vec![Moved::Disputed(KES)]));
    assert_eq!((one.state(), one.kept()), ("disputed", 0));
    assert!(!one.claim(1), "it is not here to be given back");
    let mut won = one.clone();
    let seen = Seen { dispute: Some(Dispute::Won), ..good.clone() };
    assert_eq!(won.observe(&seen, now), Ok(vec![Moved::DisputeWon(KES)]));
    assert_eq!((won.state(), won.kept()), ("captured", KES));
    let seen = Seen { dispute: Some(Dispute::Lost), ..good };
    assert_eq!(one.observe(&seen, now), Ok(vec![Moved::DisputeLost(KES)]));
    assert_eq!(one.observe(&seen, now), Ok(vec![]));
    assert_eq!(one.kept(), 0);
}

#[test]
fn what_may_have_been_pushed_is_not_pushed_again() {
    let now = Timestamp::UNIX_EPOCH;
    let rules = Rules { key_life: None, customer_max: Duration::from_secs(600) };
    let mut one = payment(&Random::seeded(1), now, Flow::Capture, Method::Mpesa);
    assert_eq!(one.next(rules, now), Some(Call::Create));
    one.sending(Call::Create, rules, now);
    assert_eq!(one.stage, Stage::Unknown, "written before anything leaves");
    let later = now + 61.seconds();
    assert_eq!(one.next(rules, later), Some(Call::Find));
    one.unanswered(Call::Find, rules, Unanswered::NotThere, later);
    assert_eq!(one.stage, Stage::Unknown, "the payer may still agree");
    one.unanswered(Call::Find, rules, Unanswered::NotThere, now + 601.seconds());
    assert_eq!((one.stage, one.reason.as_deref()), (Stage::Failed, Some("never_arrived")));
    // Money that turns up all the same is true.
    let seen = Seen { payment: None, ..seen(&one, Standing::Captured, KES) };
    assert_eq!(one.observe(&seen, now + 700.seconds()), Ok(vec![Moved::Captured(KES)]));
}

#[test]
fn what_nobody_agreed_to_for_a_day_is_called_off_once_and_then_left_to_a_person() {
    let now = Timestamp::UNIX_EPOCH;
    let rules = Rules { key_life: None, customer_max: Duration::from_secs(600) };
    let mut one = payment(&Random::seeded(1), now, Flow::Capture, Method::Mpesa);
    one.sending(Call::Create, rules, now);
    let pending = Seen { payment: None, ..seen(&one, Standing::Pending, 0) };
    one.observe(&pending, now).unwrap();
    let tomorrow = now + 25.hours();
    assert_eq!(one.next(rules, tomorrow), Some(Call::Read));
    one.observe(&pending, tomorrow).unwrap();
    assert_eq!(one.next(rules, tomorrow), Some(Call::Cancel));
    one.sending(Call::Cancel, rules, tomorrow);
    one.unanswered(Call::Cancel, rules, Unanswered::Refused(NOT_POSSIBLE.into()), tomorrow);
    assert_eq!(one.next(rules, tomorrow), Some(Call::Read));
    one.sending(Call::Read, rules, tomorrow);
    one.observe(&pending, tomorrow).unwrap();
    assert_eq!((one.stage, one.look_at), (Stage::Pending, None));
}

#[test]
fn a_reversal_that_nobody_tells_the_end_of_is_left_to_a_person() {
    let now = Timestamp::UNIX_EPOCH;
    let rules = Rules { key_life: None, customer_max: Duration::from_secs(600) };
    let random = Random::seeded(1);
    let mut refund = Refund {
        id: RefundId::mint(&random, now),
        rev: Rev::FIRST,
        payment: PaymentId::mint(&random, now),
        amount: Money { minor: KES, currency: "KES".parse().unwrap() },
        state: RefundState::Requested,
        why: "cancelled".into(),
        sent_at: None,
        provider_id: None,
        look_at: Some(now),
        looks: 0,
        reason: None,
        created_at: now,
    };
    assert_eq!(refund.next(rules, now), Some(RefundCall::Submit));
    refund.sending(now);
    let taken =
        RefundSeen { provider_id: "AG_1".into(), state: RefundState::Submitted, reason: None };
    assert!(!refund.observe(&taken, now));
    let soon = now + 2.minutes();
    assert_eq!(
        (refund.next(rules, soon), refund.is_lost(rules, soon)),
        (Some(RefundCall::Read), false)
    );
    assert!(refund.is_lost(rules, now + 25.hours()));
    refund.leave_to_a_person("no_word");
    // The word comes all the same: it is true.
    let done = RefundSeen { state: RefundState::Succeeded, ..taken };
    assert!(refund.observe(&done, now + 26.hours()));
    assert!(!refund.resolve(RefundState::Failed), "it is decided");
}
