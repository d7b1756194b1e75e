//! The scheduling API shares the process with calls: a rush of people who sign in and look for times costs a call nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    ATTACK, PATIENCE, TURN,
    attacker::{ask, get},
    binary::{ALL, Binary, bedside},
    folder::Folder,
    victims::Victims,
};

/// Every tenth of a second: 500 sign-ins and 200 searches a second, as far as the machine lets this process ask.
const TICK: Duration = Duration::from_millis(100);
const SIGN_INS: u32 = 50;
const SEARCHES: u32 = 20;

/// Requests under way at once: more would only wait in the kernel.
const UNDER_WAY_MAX: usize = 256;

fn sign_in(number: u32) -> String {
    let body = format!(
        "{{\"email\":\"somebody-{number}@clinic.example\",\"password\":\"guess {number}\",\"carrier\":\"token\"}}"
    );
    format!(
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn status(answer: &str) -> u16 {
    answer.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn behind<'a>(text: &'a str, word: &str) -> &'a str {
    text.split_once(word).unwrap().1.split_whitespace().next().unwrap()
}

/// Midnight (UTC) so many days from now.
fn in_days(days: u32) -> String {
    let output = std::process::Command::new("date")
        .args(["-u", "-d", &format!("+{days} days"), "+%FT00:00:00Z"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rush_of_sign_ins_and_searches_costs_a_call_no_packet() {
    let folder = Folder::new();
    let home = format!("--data-dir={}", folder.path().display());
    let made = bedside().args(["demo", &home]).output().unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let search = format!(
        "/v1/slots?service={}&practitioner={}&from={}&to={}&limit=50",
        behind(&made, "visit type "),
        behind(&made, "practitioner "),
        in_days(1),
        in_days(29)
    );
    let turn = TURN.lock().await;
    let server = Binary::start_as(bedside().args(ALL).arg(&home));
    let at = server.http();
    let victims = Victims::on(server, turn).await;

    let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    let mut asked = JoinSet::new();
    let mut pace = interval(TICK);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (end, mut number) = (Instant::now() + ATTACK, 0);
    while Instant::now() < end {
        pace.tick().await;
        for which in 0..SIGN_INS + SEARCHES {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
            number += 1;
            let search = (which >= SIGN_INS).then(|| search.clone());
            asked.spawn(async move {
                let answer = match &search {
                    Some(path) => get(at, path).await,
                    None => ask(at, &sign_in(number)).await,
                };
                drop(place);
                let is_found = answer.contains("\"start\"");
                (search.is_some(), status(&answer), is_found)
            });
        }
    }
    let answers = tokio::time::timeout(PATIENCE, asked.join_all()).await.expect("nobody hangs");
    let mut counted: BTreeMap<(bool, u16, bool), u32> = BTreeMap::new();
    for answer in answers {
        *counted.entry(answer).or_default() += 1;
    }
    // Searches are answered whatever the sign-ins do; of those few are hashed, the others are told to come again.
    for (is_search, status, is_found) in counted.keys() {
        let is_refused = matches!(status, 401 | 429 | 503);
        let fair = if *is_search { *status == 200 && *is_found } else { is_refused };
        assert!(fair, "{counted:?}");
    }
    assert!(counted.values().sum::<u32>() > 200, "a rush: {counted:?}");
    assert!(counted.contains_key(&(true, 200, true)), "{counted:?}");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
