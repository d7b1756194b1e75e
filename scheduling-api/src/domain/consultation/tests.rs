//! The visit's rules, walked by hand and at random.

use proptest::prelude::*;

use super::{
    participant::{Said, Tried},
    presence::{Stay, Word},
    *,
};
use crate::random::Random;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

/// Planned from minute 100 to 130; patient, practitioner.
fn visit() -> (Consultation, ParticipantId, ParticipantId) {
    let random = Random::seeded(1);
    let now = Timestamp::UNIX_EPOCH;
    let (patient, practitioner) =
        (ParticipantId::mint(&random, now), ParticipantId::mint(&random, now));
    let visit = Consultation::new(
        (
            ConsultationId::mint(&random, now),
            ClinicId::mint(&random, now),
            AppointmentId::mint(&random, now),
        ),
        (PractitionerId::mint(&random, now), practitioner.clone()),
        (PatientId::mint(&random, now), patient.clone()),
        Span { start: at(100), end: at(130) },
    );
    (visit, patient, practitioner)
}

fn check() -> DeviceCheck {
    DeviceCheck {
        camera: Tried::Ok,
        microphone: Tried::Ok,
        speaker: Tried::Ok,
        network: Tried::Failed,
        said: Said::default(),
        at: at(0),
    }
}

fn stay(number: i64) -> Stay {
    let began = Timestamp::from_second(number).unwrap();
    Stay { sid: format!("PA_{number}"), room: "RM_1".to_owned(), began }
}

fn joined(who: &ParticipantId, number: i64) -> Word {
    Word::Joined { who: who.clone(), stay: stay(number) }
}

fn left(who: &ParticipantId, number: i64) -> Word {
    Word::Left { who: who.clone(), stay: stay(number), by_choice: true }
}

/// A visit that is live.
fn live() -> (Consultation, ParticipantId, ParticipantId) {
    let (mut visit, patient, practitioner) = visit();
    visit.check_in(&patient, check(), at(95)).unwrap();
    visit.heard(joined(&practitioner, 1), at(99));
    visit.admit(&patient, at(100)).unwrap();
    visit.heard(joined(&patient, 2), at(100));
    assert_eq!(visit.state, State::Live);
    (visit, patient, practitioner)
}

#[test]
fn a_patient_waits_is_let_in_and_the_visit_goes_on_once_both_are_there() {
    let (mut visit, patient, practitioner) = visit();
    assert_eq!(visit.entry(&patient, at(95)), Err(VisitError::Participant("invited")));
    visit.check_in(&patient, check(), at(95)).unwrap();
    assert_eq!(visit.state, State::Open);
    assert_eq!(visit.entry(&patient, at(95)), Ok(false));
    visit.heard(joined(&patient, 1), at(96));
    assert_eq!(visit.participant(&patient).unwrap().state, PartState::Waiting);
    visit.heard(joined(&practitioner, 2), at(99));
    assert_eq!(visit.state, State::Open);
    visit.admit(&patient, at(101)).unwrap();
    assert_eq!(visit.participant(&patient).unwrap().state, PartState::Connected);
    assert_eq!((visit.state, visit.live_since), (State::Live, Some(at(101))));
    assert_eq!(visit.entry(&patient, at(102)), Ok(true));
}

#[test]
fn nobody_comes_before_it_opens_or_after_it_is_over() {
    let (mut visit, patient, _) = visit();
    assert_eq!(visit.check_in(&patient, check(), at(39)), Err(VisitError::TooEarly(at(40))));
    assert!(visit.check_in(&patient, check(), at(40)).is_ok());
    assert_eq!(visit.entry(&patient, at(371)), Err(VisitError::TooLate));
    visit.end(at(131));
    assert_eq!(visit.entry(&patient, at(131)), Err(VisitError::Ended));
    assert_eq!(visit.check_in(&patient, check(), at(131)), Err(VisitError::Ended));
}

#[test]
fn the_last_clinicians_leaving_starts_a_grace_within_which_one_may_return() {
    let (mut visit, patient, practitioner) = live();
    visit.heard(left(&practitioner, 1), at(110));
    assert_eq!(visit.state, State::Paused { until: at(113) });
    assert_eq!(visit.participant(&practitioner).unwrap().state, PartState::Left);
    assert_eq!(visit.entry(&practitioner, at(112)), Ok(true), "the right is the appointment's");
    assert!(!visit.tick(at(112)));
    visit.heard(joined(&practitioner, 200), at(112));
    assert_eq!((visit.state, visit.live_since), (State::Live, Some(at(100))));
    visit.heard(left(&practitioner, 200), at(120));
    assert!(visit.tick(at(123)));
    assert_eq!((visit.state, visit.ended_at), (State::Ended, Some(at(123))));
    assert_eq!(visit.participant(&patient).unwrap().state, PartState::Left);
    assert!(!visit.tick(at(124)));
}

#[test]
fn a_patients_leaving_does_not_pause_and_a_second_clinician_carries_on() {
    let (mut visit, patient, practitioner) = live();
    visit.heard(left(&patient, 2), at(105));
    assert_eq!(visit.state, State::Live);
    let colleague = ParticipantId::mint(&Random::seeded(9), at(0));
    let guest = Participant::new(colleague.clone(), PartRole::Clinician, PartState::Invited);
    visit.invite(guest, at(106)).unwrap();
    assert_eq!(visit.entry(&colleague, at(106)), Err(VisitError::Participant("invited")));
    visit.check_in(&colleague, check(), at(106)).unwrap();
    visit.admit(&colleague, at(107)).unwrap();
    visit.heard(joined(&colleague, 300), at(107));
    visit.heard(left(&practitioner, 1), at(108));
    assert_eq!(visit.state, State::Live);
}

#[test]
fn who_is_held_waits_again_and_who_is_removed_does_not_return() {
    let (mut visit, patient, practitioner) = live();
    visit.hold(&patient, at(105)).unwrap();
    assert_eq!(visit.entry(&patient, at(105)), Ok(false));
    visit.heard(joined(&patient, 400), at(106));
    assert_eq!(visit.participant(&patient).unwrap().state, PartState::Waiting);
    visit.remove(&patient, at(107)).unwrap();
    assert_eq!(visit.participant(&patient).unwrap().state, PartState::Denied);
    for refused in [visit.admit(&patient, at(108)), visit.check_in(&patient, check(), at(108))] {
        assert_eq!(refused, Err(VisitError::Participant("denied")));
    }
    assert_eq!(visit.hold(&practitioner, at(108)), Err(VisitError::Practitioner));
    assert_eq!(visit.remove(&practitioner, at(108)), Err(VisitError::Practitioner));
}

#[test]
fn a_visit_is_extended_within_bounds_and_its_people_are_bounded() {
    let (mut visit, ..) = visit();
    visit.extend(30, at(100)).unwrap();
    assert_eq!((visit.visit.end, visit.extended_min), (at(160), 30));
    for minutes in [0, -5, 211, i64::MAX] {
        assert_eq!(visit.extend(minutes, at(100)), Err(VisitError::Extension));
    }
    let guest = |seed| {
        let id = ParticipantId::mint(&Random::seeded(seed), at(0));
        Participant::new(id, PartRole::Relative, PartState::Invited)
    };
    for seed in 100..110 {
        visit.invite(guest(seed), at(100)).unwrap();
    }
    assert_eq!(visit.invite(guest(200), at(100)), Err(VisitError::Full));
    assert_eq!(visit.tell(Some("x".repeat(501)), at(100)), Err(VisitError::Notice));
}

#[test]
fn names_of_states_are_read_back() {
    for state in [State::Scheduled, State::Open, State::Live, State::Paused { until: at(1) }] {
        assert_eq!(State::from_name(state.name(), state.until()), Some(state));
    }
    assert_eq!(State::from_name("paused", None), None);
    for state in PartState::ALL {
        assert_eq!(PartState::from_name(state.name()), Some(state));
    }
    for role in PartRole::ALL {
        assert_eq!(PartRole::from_name(role.name()), Some(role));
    }
}

#[derive(Debug, Clone)]
enum Step {
    CheckIn(usize),
    Admit(usize),
    Hold(usize),
    Remove(usize),
    Join(usize),
    Leave(usize),
    Wait(i64),
    End,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize).prop_map(Step::CheckIn),
        (0..3_usize).prop_map(Step::Admit),
        (0..3_usize).prop_map(Step::Hold),
        (0..3_usize).prop_map(Step::Remove),
        (0..3_usize).prop_map(Step::Join),
        (0..3_usize).prop_map(Step::Leave),
        (0..5_i64).prop_map(Step::Wait),
        Just(Step::End),
    ]
}

proptest! {
    /// Whatever is asked and told: nobody is in without having been let in, an end is an end, and revisions grow.
    #[test]
    fn no_walk_lets_anybody_in_who_was_not_admitted(steps in prop::collection::vec(step(), 1..80)) {
        let (mut visit, patient, practitioner) = visit();
        let relative = ParticipantId::mint(&Random::seeded(5), at(0));
        visit.invite(Participant::new(relative.clone(), PartRole::Relative, PartState::Invited), at(0)).unwrap();
        let people = [patient, practitioner, relative];
        let mut allowed = [false, true, false];
        let (mut now, mut number) = (95, 0);
        let mut stays = [0; 3];
        for step in steps {
            let (before, rev) = (visit.clone(), visit.rev);
            match step {
                Step::CheckIn(one) => { let _ = visit.check_in(&people[one], check(), at(now)); }
                Step::Admit(one) => if visit.admit(&people[one], at(now)).is_ok() {
                    allowed[one] = true;
                },
                Step::Hold(one) => if visit.hold(&people[one], at(now)).is_ok() {
                    allowed[one] = false;
                },
                Step::Remove(one) => if visit.remove(&people[one], at(now)).is_ok() {
                    allowed[one] = false;
                },
                Step::Join(one) => {
                    number += 1;
                    stays[one] = number;
                    visit.heard(joined(&people[one], number), at(now));
                }
                Step::Leave(one) => { visit.heard(left(&people[one], stays[one]), at(now)); }
                Step::Wait(minutes) => {
                    now += minutes;
                    visit.tick(at(now));
                }
                Step::End => visit.end(at(now)),
            }
            prop_assert!(visit.rev >= rev);
            if visit.rev == rev {
                prop_assert_eq!(&visit.state, &before.state);
            }
            if before.state == State::Ended {
                prop_assert_eq!(visit.state, State::Ended);
            }
            for (one, allowed) in people.iter().zip(allowed) {
                let state = visit.participant(one).unwrap().state;
                if visit.state != State::Ended {
                    prop_assert!(!state.is_admitted() || allowed, "{state:?}");
                    prop_assert_eq!(visit.entry(one, at(now)) == Ok(true), state.is_admitted() && !visit.is_over(at(now)) && now <= 370);
                }
            }
            if visit.state == State::Live {
                let there = |role: fn(PartRole) -> bool| visit.participants.iter().any(|one| one.state == PartState::Connected && role(one.role));
                prop_assert!(there(PartRole::leads));
                prop_assert!(visit.live_since.is_some());
            }
            prop_assert_eq!(visit.ended_at.is_some(), visit.state == State::Ended);
        }
    }
}
