use proptest::prelude::*;

use super::*;
use crate::random::Random;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

/// The visit of the tests begins at minute 1000 and lasts half an hour.
const START: i64 = 1000;

fn terms() -> ServiceTerms {
    ServiceTerms {
        name: "Follow-up".into(),
        active: true,
        mode: Mode::Video,
        duration_min: 30,
        step_min: 30,
        buffer_before_min: 5,
        buffer_after_min: 10,
        minimum_notice_min: 0,
        horizon_days: 60,
        daily_limit: 0,
        needs_approval: false,
        approval_ttl_min: 120,
        capacity: 1,
        on_demand: false,
        price: Money { minor: 250_000, currency: "KES".parse().unwrap() },
        pay: PayPolicy::PayAfter,
        cancel: CancelPolicy {
            free_until_min: 240,
            late_fee_minor: 50_000,
            no_show_fee_minor: 100_000,
            no_show_after_min: 15,
            no_show_by_rule: false,
            patient_may_cancel_late: true,
        },
        practitioners: Vec::new(),
    }
}

fn wanted(patient: bool) -> Wanted {
    let (random, now) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
    Wanted {
        id: AppointmentId::mint(&random, now),
        clinic: ClinicId::mint(&random, now),
        service: (ServiceId::mint(&random, now), Rev::FIRST),
        practitioner: PractitionerId::mint(&random, now),
        patient: patient.then(|| PatientId::mint(&random, now)),
        visit: Span { start: at(START), end: at(START + 30) },
        series: None,
    }
}

fn held() -> Appointment {
    Appointment::hold(wanted(true), &terms(), at(0))
}

fn booked() -> Appointment {
    let mut appointment = held();
    appointment.book(None, at(1)).unwrap();
    appointment
}

fn fee(appointment: &Appointment) -> Option<i64> {
    appointment.fee.map(|fee| fee.minor)
}

/// Every cell of the table, as the reference has it: rows are states, columns transitions.
#[test]
fn the_transition_table_is_complete() {
    let until = at(0);
    let possible: [(State, &[(Transition, &str)]); 10] = [
        (
            State::Requested { until },
            &[
                (Transition::Approve, "booked"),
                (Transition::Cancel, "cancelled"),
                (Transition::Expire, "expired"),
                (Transition::EnterInError, "entered_in_error"),
            ],
        ),
        (
            State::Held { until },
            &[
                (Transition::Book, "booked"),
                (Transition::Cancel, "cancelled"),
                (Transition::Expire, "expired"),
                (Transition::EnterInError, "entered_in_error"),
            ],
        ),
        (
            State::Booked,
            &[
                (Transition::Reschedule, "booked"),
                (Transition::CheckIn, "checked_in"),
                (Transition::NoShow, "no_show"),
                (Transition::Cancel, "cancelled"),
                (Transition::EnterInError, "entered_in_error"),
            ],
        ),
        (
            State::CheckedIn,
            &[
                (Transition::Start, "in_progress"),
                (Transition::NoShow, "no_show"),
                (Transition::Cancel, "cancelled"),
                (Transition::EnterInError, "entered_in_error"),
            ],
        ),
        (State::InProgress, &[(Transition::Finish, "completed")]),
        (State::Completed, &[(Transition::EnterInError, "entered_in_error")]),
        (
            State::NoShow,
            &[(Transition::ComeLate, "checked_in"), (Transition::EnterInError, "entered_in_error")],
        ),
        (State::Cancelled, &[(Transition::EnterInError, "entered_in_error")]),
        (State::Expired, &[(Transition::EnterInError, "entered_in_error")]),
        (State::EnteredInError, &[(Transition::EnterInError, "entered_in_error")]),
    ];
    for (state, ways) in possible {
        for transition in Transition::ALL {
            let expected = ways.iter().find(|(other, _)| *other == transition).map(|(_, to)| *to);
            let found = transition.from(&state).map(|state| state.name());
            assert_eq!(found, expected, "{transition:?} from {state:?}");
        }
    }
}

#[test]
fn every_state_survives_being_written_and_read() {
    let until = at(5);
    for state in [
        State::Requested { until },
        State::Held { until },
        State::Booked,
        State::CheckedIn,
        State::InProgress,
        State::Completed,
        State::NoShow,
        State::Cancelled,
        State::Expired,
        State::EnteredInError,
    ] {
        assert_eq!(State::from_name(state.name(), state.until()), Some(state));
    }
    assert_eq!(State::from_name("held", None), None);
    assert_eq!(State::from_name("booked", Some(until)), None);
}

#[test]
fn a_hold_can_be_booked_until_it_ends_and_not_at_that_instant() {
    let until = held().state.until().unwrap();
    assert_eq!(until, at(HOLD_TTL_MIN));
    assert_eq!(held().book(None, at(HOLD_TTL_MIN - 1)), Ok(()));
    assert_eq!(held().book(None, until), Err(TransitionError::Expired));
    assert_eq!(held().expire(at(HOLD_TTL_MIN - 1)), Err(TransitionError::StillKept));
    assert_eq!(held().expire(until), Ok(()));
}

#[test]
fn a_hold_for_nobody_needs_a_patient_to_be_booked() {
    let mut appointment = Appointment::hold(wanted(false), &terms(), at(0));
    assert_eq!(appointment.book(None, at(1)), Err(TransitionError::NoPatient));
    assert_eq!(appointment.book(wanted(true).patient, at(1)), Ok(()));
    assert_eq!(appointment.patient, wanted(true).patient);
}

#[test]
fn a_request_waits_no_longer_than_until_the_visit() {
    let until = |now| Appointment::request(wanted(true), &terms(), now).unwrap().state.until();
    assert_eq!(until(at(0)), Some(at(120)));
    assert_eq!(until(at(START - 30)), Some(at(START)));
    let nobody = Appointment::request(wanted(false), &terms(), at(0)).map(drop);
    assert_eq!(nobody, Err(TransitionError::NoPatient));
}

#[test]
fn a_visit_occupies_its_buffers_too() {
    assert_eq!(held().occupies, Span { start: at(START - 5), end: at(START + 40) });
}

#[test]
fn rescheduling_keeps_the_id_and_counts_the_revision() {
    let mut appointment = booked();
    let (id, rev) = (appointment.id.clone(), appointment.rev);
    let visit = Span { start: at(2000), end: at(2030) };
    let practitioner = appointment.practitioner.clone();
    appointment.reschedule(visit, practitioner, &terms()).unwrap();
    assert_eq!((appointment.id, appointment.rev), (id, rev.next()));
    assert_eq!(appointment.occupies, Span { start: at(1995), end: at(2040) });
}

#[test]
fn a_patient_checks_in_within_the_hour_before() {
    assert_eq!(booked().check_in(at(START - 61)), Err(TransitionError::TooEarly(at(START - 60))));
    assert_eq!(booked().check_in(at(START - 60)), Ok(()));
}

#[test]
fn who_does_not_come_owes_only_after_the_grace() {
    assert_eq!(booked().no_show(at(START + 14)), Err(TransitionError::TooEarly(at(START + 15))));
    let mut appointment = booked();
    appointment.no_show(at(START + 15)).unwrap();
    assert_eq!(fee(&appointment), Some(100_000));
}

#[test]
fn who_comes_late_owes_nothing_and_is_believed_for_a_day() {
    let mut appointment = booked();
    assert_eq!(appointment.no_show_from(), None, "not agreed");
    appointment.agreed.cancel.no_show_by_rule = true;
    assert_eq!(appointment.no_show_from(), Some(at(START + 15)));
    let placed_late = Appointment { created_at: at(START + 30), ..appointment.clone() };
    assert_eq!(placed_late.no_show_from(), Some(at(START + 45)));
    assert_eq!(appointment.come_late(at(START)), Err(TransitionError::State("booked")));
    appointment.no_show(at(START + 15)).unwrap();
    assert_eq!(appointment.no_show_from(), None, "it is decided");
    let day = START + 24 * 60;
    let late = appointment.clone().come_late(at(day + 1));
    assert_eq!(late, Err(TransitionError::TooLate(at(day))));
    appointment.come_late(at(day)).unwrap();
    assert_eq!((appointment.state, fee(&appointment)), (State::CheckedIn, None));
    assert_eq!(appointment.no_show_from(), None, "the rule does not ask again");
}

#[test]
fn cancelling_costs_the_patient_when_it_is_late_and_the_clinic_never() {
    let cancelled = |by, now| {
        let mut appointment = booked();
        appointment.cancel(by, now).unwrap();
        fee(&appointment)
    };
    assert_eq!(cancelled(Party::Patient, at(START - 240)), None);
    assert_eq!(cancelled(Party::Patient, at(START - 239)), Some(50_000));
    assert_eq!(cancelled(Party::Clinic, at(START - 1)), None);
}

#[test]
fn giving_up_a_hold_or_request_never_costs() {
    let mut hold = Appointment::hold(wanted(true), &terms(), at(START - 5));
    hold.cancel(Party::Patient, at(START - 4)).unwrap();
    assert_eq!(fee(&hold), None);
}

#[test]
fn a_clinic_may_forbid_late_cancelling_to_patients() {
    let mut terms = terms();
    terms.cancel.patient_may_cancel_late = false;
    let mut appointment = Appointment::hold(wanted(true), &terms, at(0));
    appointment.book(None, at(1)).unwrap();
    let mut other = appointment.clone();
    let late = at(START - 10);
    assert_eq!(appointment.cancel(Party::Patient, late), Err(TransitionError::TooLateToCancel));
    assert_eq!(other.cancel(Party::Clinic, late), Ok(()));
}

/// What may be tried on an appointment, in any order and at any time.
fn attempt(appointment: &mut Appointment, transition: Transition, now: Timestamp) -> bool {
    let practitioner = appointment.practitioner.clone();
    let visit = appointment.visit;
    let done = match transition {
        Transition::Approve => appointment.approve(now),
        Transition::Book => appointment.book(None, now),
        Transition::Reschedule => appointment.reschedule(visit, practitioner, &terms()),
        Transition::CheckIn => appointment.check_in(now),
        Transition::Start => appointment.start(),
        Transition::Finish => appointment.finish(),
        Transition::NoShow => appointment.no_show(now),
        Transition::ComeLate => appointment.come_late(now),
        Transition::Cancel => appointment.cancel(Party::Patient, now),
        Transition::Expire => appointment.expire(now),
        Transition::EnterInError => appointment.enter_in_error(),
    };
    done.is_ok()
}

proptest! {
    #[test]
    fn whatever_is_tried_only_the_table_moves_it_and_each_move_counts(
        requested in any::<bool>(),
        tried in proptest::collection::vec((0_usize..11, 0_i64..1200), 0..30),
    ) {
        let mut appointment = if requested {
            Appointment::request(wanted(true), &terms(), at(0)).unwrap()
        } else {
            held()
        };
        let mut now = 0;
        for (transition, minutes) in tried {
            let transition = Transition::ALL[transition];
            now += minutes;
            let before = appointment.clone();
            if attempt(&mut appointment, transition, at(now)) {
                prop_assert_eq!(Some(appointment.state), transition.from(&before.state));
                prop_assert_eq!(appointment.rev, before.rev.next());
            } else {
                prop_assert_eq!(&appointment, &before, "a refused transition changes nothing");
            }
            prop_assert_eq!(&appointment.id, &before.id);
            prop_assert!(appointment.fee.is_none() || !appointment.state.is_active());
            if appointment.state == State::Booked {
                prop_assert!(appointment.patient.is_some());
            }
        }
    }
}
