use jiff::civil::time;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    availability::{DayHours, Window},
    money::Money,
    service::{CancelPolicy, Mode, PayPolicy},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn terms() -> ServiceTerms {
    ServiceTerms {
        name: "Follow-up".into(),
        active: true,
        mode: Mode::Video,
        duration_min: 30,
        step_min: 30,
        buffer_before_min: 0,
        buffer_after_min: 0,
        minimum_notice_min: 0,
        horizon_days: 60,
        daily_limit: 0,
        needs_approval: false,
        approval_ttl_min: 60,
        capacity: 1,
        on_demand: false,
        price: Money { minor: 0, currency: "KES".parse().unwrap() },
        pay: PayPolicy::Free,
        cancel: CancelPolicy {
            free_until_min: 1440,
            late_fee_minor: 0,
            no_show_fee_minor: 0,
            no_show_after_min: 15,
            no_show_by_rule: false,
            patient_may_cancel_late: true,
        },
        practitioners: Vec::new(),
    }
}

fn every_day(zone: &str, from: i8, to: i8) -> Availability {
    let window = Window { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) };
    let weekly = (1..=7).map(|weekday| DayHours { weekday, windows: vec![window] });
    Availability::new(zone, weekly.collect(), Vec::new()).unwrap()
}

fn starts_of(
    terms: &ServiceTerms,
    availability: &Availability,
    occupied: &Occupied,
    (from, to): (&str, &str),
    now: &str,
) -> Vec<String> {
    let span = Span { start: at(from), end: at(to) };
    let found = free(terms, availability, occupied, span, 1000, at(now));
    for visit in &found {
        let checked = check(terms, availability, &occupied.visits, visit.start, at(now));
        assert_eq!(checked, Ok(*visit), "a proposed time passes the check");
    }
    found.iter().map(|visit| visit.start.to_string()).collect()
}

const DAY: (&str, &str) = ("2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z");
const BEFORE: &str = "2026-05-01T00:00:00Z";

#[test]
fn hours_are_cut_into_starts() {
    let found = starts_of(&terms(), &every_day("UTC", 9, 11), &Occupied::default(), DAY, BEFORE);
    let expected = ["09:00", "09:30", "10:00", "10:30"].map(|t| format!("2026-05-04T{t}:00Z"));
    assert_eq!(found, expected);
}

#[test]
fn what_is_occupied_is_left_out_with_the_buffers_around_it() {
    let terms = ServiceTerms { buffer_before_min: 5, buffer_after_min: 10, ..terms() };
    let busy = Span { start: at("2026-05-04T10:00:00Z"), end: at("2026-05-04T10:30:00Z") };
    let occupied = Occupied { busy: vec![busy], visits: vec![] };
    let found = starts_of(&terms, &every_day("UTC", 9, 12), &occupied, DAY, BEFORE);
    // 09:30 would need 10 minutes after 10:00, 10:30 five before it.
    let expected = ["09:00", "11:00", "11:30"].map(|t| format!("2026-05-04T{t}:00Z"));
    assert_eq!(found, expected);
}

#[test]
fn notice_and_horizon_bound_the_search() {
    let terms = ServiceTerms { minimum_notice_min: 60, horizon_days: 1, ..terms() };
    let available = every_day("UTC", 9, 11);
    let days = ("2026-05-04T00:00:00Z", "2026-05-09T00:00:00Z");
    let now = "2026-05-04T09:10:00Z";
    let found = starts_of(&terms, &available, &Occupied::default(), days, now);
    assert_eq!(found, ["2026-05-04T10:30:00Z", "2026-05-05T09:00:00Z"]);
    let refused = |start| check(&terms, &available, &[], at(start), at(now)).unwrap_err();
    assert_eq!(refused("2026-05-04T09:00:00Z"), SlotRefusal::Past);
    assert_eq!(refused("2026-05-04T10:00:00Z"), SlotRefusal::Notice);
    assert_eq!(refused("2026-05-05T09:30:00Z"), SlotRefusal::Horizon);
    assert_eq!(refused("2026-05-04T10:45:00Z"), SlotRefusal::OutsideHours);
    assert_eq!(refused("2026-05-04T11:00:00Z"), SlotRefusal::OutsideHours);
}

#[test]
fn a_full_day_is_left_out() {
    let terms = ServiceTerms { daily_limit: 2, ..terms() };
    let visits = vec![at("2026-05-04T09:00:00Z"), at("2026-05-04T10:00:00Z")];
    let occupied = Occupied { busy: vec![], visits: visits.clone() };
    let available = every_day("UTC", 9, 10);
    let days = ("2026-05-04T00:00:00Z", "2026-05-06T00:00:00Z");
    let found = starts_of(&terms, &available, &occupied, days, BEFORE);
    assert_eq!(found, ["2026-05-05T09:00:00Z", "2026-05-05T09:30:00Z"]);
    let refused = check(&terms, &available, &visits, at("2026-05-04T09:30:00Z"), at(BEFORE));
    assert_eq!(refused, Err(SlotRefusal::DailyLimit));
}

#[test]
fn what_is_switched_off_has_no_times() {
    let terms = ServiceTerms { active: false, ..terms() };
    let found = starts_of(&terms, &every_day("UTC", 9, 11), &Occupied::default(), DAY, BEFORE);
    assert!(found.is_empty());
}

#[test]
fn a_day_with_a_change_of_the_clocks_has_as_many_starts_as_hours() {
    let count = |zone: &str, from, to| {
        let available = every_day(zone, 0, 4);
        starts_of(&terms(), &available, &Occupied::default(), (from, to), "2026-01-31T00:00:00Z")
            .len()
    };
    // Midnight to four: three hours in spring, five in autumn.
    let spring = count("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
    assert_eq!(spring, 6);
    let terms = ServiceTerms { horizon_days: 365, ..terms() };
    let autumn = ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
    let available = every_day("America/New_York", 0, 4);
    let found = starts_of(&terms, &available, &Occupied::default(), autumn, "2026-01-31T00:00:00Z");
    assert_eq!(found.len(), 10);
}

proptest! {
    #[test]
    fn a_proposed_visit_is_within_hours_on_the_grid_and_free(
        duration in 5_u32..90,
        step in 5_u32..60,
        before in 0_u32..30,
        after in 0_u32..30,
        day in 0_i64..400,
        busy in proptest::collection::vec((0_i64..2880, 1_i64..120), 0..12),
        zone in proptest::sample::select(vec!["Europe/Zurich", "Africa/Cairo", "Australia/Lord_Howe"]),
    ) {
        let terms = ServiceTerms {
            duration_min: duration,
            step_min: step,
            buffer_before_min: before,
            buffer_after_min: after,
            horizon_days: 730,
            ..terms()
        };
        let now = at("2026-01-01T00:00:00Z");
        let start = now + (day * 24).hours();
        let span = Span { start, end: start + 48.hours() };
        let mut taken: Vec<Span> = Vec::new();
        let mut busy = busy;
        busy.sort_unstable();
        for (from, length) in busy {
            let other = Span { start: start + from.minutes(), end: start + (from + length).minutes() };
            if taken.last().is_none_or(|last| last.end <= other.start) {
                taken.push(other);
            }
        }
        let available = every_day(zone, 8, 18);
        let occupied = Occupied { busy: taken.clone(), visits: vec![] };
        for visit in free(&terms, &available, &occupied, span, 1000, now) {
            let windows = available.windows(visit);
            prop_assert!(windows.iter().any(|window| window.contains(&visit)));
            let claim = claim_of(&terms, visit);
            prop_assert!(taken.iter().all(|other| !other.overlaps(&claim)));
            prop_assert_eq!(check(&terms, &available, &[], visit.start, now), Ok(visit));
        }
    }
}
