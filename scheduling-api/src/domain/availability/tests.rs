use jiff::civil::{date, time};
use proptest::prelude::*;

use super::*;

fn hours(zone: &str, from: Time, to: Time) -> Availability {
    let weekly = (1..=7).map(|weekday| DayHours { weekday, windows: vec![Window { from, to }] });
    Availability::new(zone, weekly.collect(), Vec::new()).unwrap()
}

/// The windows of one civil date, as RFC 3339.
fn on(availability: &Availability, day: Date) -> Vec<(String, String)> {
    let start = first_instant(&availability.zone, day);
    let end = first_instant(&availability.zone, day.tomorrow().unwrap());
    let windows = availability.windows(Span { start, end });
    windows.iter().map(|window| (window.start.to_string(), window.end.to_string())).collect()
}

/// The first instant of a civil date, as the library has it.
fn first_instant(zone: &TimeZone, day: Date) -> Timestamp {
    zone.to_timestamp(day.to_datetime(Time::midnight())).unwrap()
}

fn pair(start: &str, end: &str) -> Vec<(String, String)> {
    vec![(start.to_owned(), end.to_owned())]
}

/// Nine to five is nine to five on the day of the change and around it, whatever the offset.
#[test]
fn office_hours_keep_their_civil_time_across_every_change() {
    for (zone, day, start, end) in [
        ("America/New_York", date(2026, 3, 7), "2026-03-07T14:00:00Z", "2026-03-07T22:00:00Z"),
        ("America/New_York", date(2026, 3, 8), "2026-03-08T13:00:00Z", "2026-03-08T21:00:00Z"),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T14:00:00Z", "2026-11-01T22:00:00Z"),
        ("Europe/Zurich", date(2026, 3, 28), "2026-03-28T08:00:00Z", "2026-03-28T16:00:00Z"),
        ("Europe/Zurich", date(2026, 3, 29), "2026-03-29T07:00:00Z", "2026-03-29T15:00:00Z"),
        ("Europe/Zurich", date(2026, 10, 25), "2026-10-25T08:00:00Z", "2026-10-25T16:00:00Z"),
        ("Africa/Nairobi", date(2026, 3, 29), "2026-03-29T06:00:00Z", "2026-03-29T14:00:00Z"),
        ("Asia/Kathmandu", date(2026, 3, 29), "2026-03-29T03:15:00Z", "2026-03-29T11:15:00Z"),
        ("Australia/Lord_Howe", date(2026, 4, 4), "2026-04-03T22:00:00Z", "2026-04-04T06:00:00Z"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T22:30:00Z", "2026-04-05T06:30:00Z"),
        ("Africa/Cairo", date(2026, 4, 23), "2026-04-23T07:00:00Z", "2026-04-23T15:00:00Z"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-24T06:00:00Z", "2026-04-24T14:00:00Z"),
        ("Africa/Casablanca", date(2026, 2, 14), "2026-02-14T08:00:00Z", "2026-02-14T16:00:00Z"),
        ("Africa/Casablanca", date(2026, 2, 15), "2026-02-15T09:00:00Z", "2026-02-15T17:00:00Z"),
    ] {
        let availability = hours(zone, time(9, 0, 0, 0), time(17, 0, 0, 0));
        assert_eq!(on(&availability, day), pair(start, end), "{zone} {day}");
    }
}

#[test]
fn a_skipped_time_moves_to_the_first_minute_that_exists() {
    let new_york = hours("America/New_York", time(2, 30, 0, 0), time(5, 0, 0, 0));
    let on_change = on(&new_york, date(2026, 3, 8));
    assert_eq!(on_change, pair("2026-03-08T07:00:00Z", "2026-03-08T09:00:00Z"));
    // Half an hour is skipped there.
    let lord_howe = hours("Australia/Lord_Howe", time(2, 10, 0, 0), time(4, 0, 0, 0));
    let on_change = on(&lord_howe, date(2026, 10, 4));
    assert_eq!(on_change, pair("2026-10-03T15:30:00Z", "2026-10-03T17:00:00Z"));
    // The hour after midnight is skipped there.
    let cairo = hours("Africa/Cairo", time(0, 0, 0, 0), time(2, 0, 0, 0));
    let on_change = on(&cairo, date(2026, 4, 24));
    assert_eq!(on_change, pair("2026-04-23T22:00:00Z", "2026-04-23T23:00:00Z"));
}

#[test]
fn hours_that_are_skipped_whole_do_not_exist() {
    let availability = hours("America/New_York", time(2, 0, 0, 0), time(3, 0, 0, 0));
    assert_eq!(on(&availability, date(2026, 3, 8)), []);
    assert_eq!(on(&availability, date(2026, 3, 9)).len(), 1);
}

#[test]
fn of_a_time_that_happens_twice_the_earlier_is_meant() {
    let availability = hours("America/New_York", time(1, 30, 0, 0), time(3, 0, 0, 0));
    let on_change = on(&availability, date(2026, 11, 1));
    // 01:30 in summer time to 03:00 in winter time: two and a half hours by the clock on the wall.
    assert_eq!(on_change, pair("2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z"));
}

#[test]
fn a_whole_day_has_23_24_or_25_hours() {
    let midnight = Time::midnight();
    let availability = hours("Europe/Zurich", midnight, midnight);
    let length = |day| {
        let windows = availability.windows(Span {
            start: first_instant(&TimeZone::UTC, date(2026, 1, 1)),
            end: first_instant(&TimeZone::UTC, date(2027, 1, 1)),
        });
        let start = first_instant(&availability.zone, day);
        let window = windows.into_iter().find(|window| window.start == start).unwrap();
        window.end.duration_since(window.start).as_hours()
    };
    assert_eq!(length(date(2026, 3, 28)), 24);
    assert_eq!(length(date(2026, 3, 29)), 23);
    assert_eq!(length(date(2026, 10, 25)), 25);
}

#[test]
fn an_override_replaces_the_hours_of_its_dates_and_leave_empties_them() {
    let mut availability = hours("Africa/Nairobi", time(9, 0, 0, 0), time(17, 0, 0, 0));
    let morning = Window { from: time(8, 0, 0, 0), to: time(10, 0, 0, 0) };
    let dated = |first, last, windows| Override { first, last, windows };
    availability.overrides = vec![
        dated(date(2026, 5, 4), date(2026, 5, 6), Vec::new()),
        dated(date(2026, 5, 5), date(2026, 5, 5), vec![morning]),
    ];
    assert_eq!(on(&availability, date(2026, 5, 4)), []);
    let special = on(&availability, date(2026, 5, 5));
    assert_eq!(special, pair("2026-05-05T05:00:00Z", "2026-05-05T07:00:00Z"));
    assert_eq!(on(&availability, date(2026, 5, 6)), []);
    assert_eq!(on(&availability, date(2026, 5, 7)).len(), 1);
}

#[test]
fn hours_that_cannot_be_are_refused() {
    let window = |from, to| Window { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) };
    let of = |windows| {
        let day = DayHours { weekday: 1, windows };
        Availability::new("UTC", vec![day], Vec::new()).map(drop)
    };
    let refused = Err(AvailabilityError::Windows);
    assert_eq!(of(vec![window(9, 12), window(12, 0)]), Ok(()));
    assert_eq!(of(vec![window(9, 9)]), refused);
    assert_eq!(of(vec![window(17, 9)]), refused);
    assert_eq!(of(vec![window(9, 12), window(11, 13)]), refused);
    assert_eq!(of(vec![window(9, 0), window(11, 13)]), refused);
    let twice = vec![DayHours { weekday: 1, windows: vec![] }; 2];
    let twice = Availability::new("UTC", twice, Vec::new()).map(drop);
    assert_eq!(twice, Err(AvailabilityError::Weekday));
    let zone = Availability::new("Mars/Base", Vec::new(), Vec::new()).map(drop);
    assert_eq!(zone, Err(AvailabilityError::TimeZone));
}

/// Zones with a change that is odd in some way: half an hour, at midnight, a skipped day, Ramadan, no change.
const ZONES: [&str; 8] = [
    "America/New_York",
    "Europe/Zurich",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/St_Johns",
    "Asia/Kathmandu",
];

proptest! {
    #[test]
    fn windows_are_in_order_and_apart_in_every_zone_on_every_day(
        zone in proptest::sample::select(&ZONES[..]),
        day in 0_i32..9000,
        from in 0_i8..24,
        length in 1_i8..24,
    ) {
        let to = (from + length).min(24) % 24;
        let availability = hours(zone, time(from, 0, 0, 0), time(to, 0, 0, 0));
        let start = date(2005, 1, 1).checked_add(day.days()).unwrap();
        let start = first_instant(&TimeZone::UTC, start);
        let span = Span { start, end: start + 96.hours() };
        let windows = availability.windows(span);
        for window in &windows {
            prop_assert!(window.start < window.end && window.overlaps(&span));
        }
        for pair in windows.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
        }
    }
}
