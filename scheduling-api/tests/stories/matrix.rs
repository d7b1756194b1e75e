//! The access matrix: every route is asked by everybody, with a request that is valid, about things that are there.
//!
//! ```text
//! story (one clinic, one patient, everybody) ─► calls (a valid request a route) ─► rows (what each of them is answered)
//! ```
//!
//! A row says for each column exactly what comes: `2` done, `1` who are you (401), `3` not you (403), `4` there is no such
//! thing (404). Letters are refusals by what stands in the way and not by who asks: `b` 400, `c` 409, `g` 410, `s` 412, `i`
//! 422, `u` the handshake of a socket, which cannot be finished in here. A route without a row fails, and so does a row in which nobody is let in: a refusal would prove nothing
//! then. What is done is answered as the OpenAPI document says, and names the patient to nobody without a part in it.
//!
//! `fhir` has the same for the routes under `/fhir/R4`, with columns for programs that act for somebody.
//!
//! Refusals and readings happen in one world, on both engines. What changes something is done in a copy of the story's
//! database, one each, on SQLite.

#[path = "matrix/calls.rs"]
mod calls;
#[path = "matrix/fhir.rs"]
mod fhir;
#[path = "matrix/rows.rs"]
mod rows;
#[path = "matrix/story.rs"]
mod story;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use scheduling_api::domain::access::Act;
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::world::{Reply, World};
use rows::ROWS;
use story::{COLUMNS, Story};

/// Who has no part in the patient's care, and so is never told of them.
const STRANGERS: [&str; 8] = [
    "nobody",
    "another patient",
    "another patient's app",
    "the practitioner's app, launched for another patient",
    "a patient elsewhere",
    "staff elsewhere",
    "the platform's administrator",
    "a program without",
];

/// Rows in which nobody is let in here, and the story that shows it.
const ELSEWHERE: [(&str, &str); 4] = [
    ("read_x12_claim", "insurance: with all that the file needs"),
    ("open_events", "events: over a real socket"),
    ("user_info", "oauth: with the token of a program that a person agreed to"),
    ("void_payment", "payments: M-Pesa's prompt ends by itself"),
];

/// A route as the OpenAPI document has it.
struct Route {
    method: String,
    path: String,
    operation: Value,
}

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(scheduling_api::openapi()).unwrap());

/// The routes, by their acts' names.
static ROUTES: LazyLock<BTreeMap<String, Route>> = LazyLock::new(|| {
    let mut routes = BTreeMap::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let act = operation["operationId"].as_str().unwrap().to_owned();
            let (method, path) = (method.to_uppercase(), path.clone());
            routes.insert(act, Route { method, path, operation: operation.clone() });
        }
    }
    routes
});

/// A row: the act, perhaps `@` what else it is about, and a letter a column.
fn row(line: &'static str) -> (&'static str, &'static str, Vec<char>) {
    let (name, cells) = line.split_once(' ').expect("a name and its cells");
    let cells: Vec<char> = cells.chars().filter(|cell| !cell.is_whitespace()).collect();
    assert_eq!(cells.len(), COLUMNS.len(), "{name}");
    (name, name.split('@').next().unwrap(), cells)
}

fn class(reply: &Reply) -> char {
    match reply.status.as_u16() {
        200..=399 => '2',
        400 => 'b',
        401 => '1',
        403 => '3',
        404 => '4',
        409 => 'c',
        410 => 'g',
        412 => 's',
        422 => 'i',
        426 => 'u',
        _ => '?',
    }
}

/// What is wrong with an answer to what was done, by the document.
fn undocumented(reply: &Reply, operation: &Value) -> Option<String> {
    let status = reply.status.as_u16().to_string();
    let Some(response) = operation["responses"].get(&status) else {
        return Some(format!("{status} is not documented"));
    };
    let media = response["content"].as_object()?;
    let schema = &media.get("application/json")?["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    let required = DOCUMENT["components"]["schemas"][name]["required"].as_array()?;
    let absent = required.iter().find(|field| reply.body.get(field.as_str().unwrap()).is_none())?;
    Some(format!("{absent} of {name} is missing"))
}

/// Asks for one cell; what is wrong with the answer.
async fn cell(
    story: &Story,
    world: &World,
    name: &str,
    column: usize,
    wanted: char,
) -> Option<String> {
    let act = name.split('@').next().unwrap();
    let route = &ROUTES[act];
    let who = &story.everybody[column];
    let call = calls::call(story, world, name, who).await;
    let reply = call.ask(world, &route.method, &route.path, who.token.as_deref()).await;
    let found = class(&reply);
    let told = || format!("{} {}", reply.status, reply.body);
    if found != wanted {
        return Some(format!("{name}, {}: {wanted} expected, {found} came: {}", who.name, told()));
    }
    if found != '2' {
        return None;
    }
    if let Some(why) = undocumented(&reply, &route.operation) {
        return Some(format!("{name}, {}: {why}: {}", who.name, told()));
    }
    let names_them = reply.body.to_string().contains(story.patient.as_str());
    (names_them && STRANGERS.contains(&who.name))
        .then(|| format!("{name}, {}: names the patient: {}", who.name, told()))
}

/// Whether a cell is asked in a world of its own.
fn changes(route: &Route, wanted: char) -> bool {
    wanted == '2' && route.method != "GET"
}

#[test]
fn every_route_has_a_row_and_every_row_somebody_who_is_let_in() {
    let routes = &*ROUTES;
    let rows = all();
    for act in routes.keys() {
        assert!(rows.iter().any(|(name, ..)| name == act), "{act} has no row");
        assert!(Act::ALL.iter().any(|one| one.name() == act));
    }
    for (name, act, cells) in rows {
        assert!(routes.contains_key(act), "{act} has no route");
        let is_let_in = cells.contains(&'2') || ELSEWHERE.iter().any(|(one, _)| *one == name);
        assert!(is_let_in, "{name}: nobody is let in");
    }
}

fn all() -> Vec<(&'static str, &'static str, Vec<char>)> {
    ROWS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(row).collect()
}

async fn who_may_not_is_refused_as_its_row_says_and_who_reads_is_told_what_is_theirs(world: World) {
    let story = Story::told(world).await;
    let routes = &*ROUTES;
    let mut wrong = Vec::new();
    for (name, act, cells) in all() {
        for (column, wanted) in cells.into_iter().enumerate() {
            if !changes(&routes[act], wanted) {
                wrong.extend(cell(&story, &story.world, name, column, wanted).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_is_let_do_it_and_nobody_else() {
    let story = Arc::new(Story::told(World::on_sqlite().await).await);
    let frozen = Arc::new(story.world.frozen().await);
    let routes = &*ROUTES;
    let (mut asked, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(4)));
    for (name, act, cells) in all() {
        for (column, wanted) in cells.into_iter().enumerate() {
            if changes(&routes[act], wanted) {
                let (story, frozen, at_once) = (story.clone(), frozen.clone(), at_once.clone());
                asked.spawn(async move {
                    let _turn = at_once.acquire().await.unwrap();
                    let world = story.world.thawed(&frozen).await;
                    cell(&story, &world, name, column, wanted).await
                });
            }
        }
    }
    let count = asked.len();
    let wrong: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {count} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// Everybody who is let in by a row that asks for a fresh proof is refused when theirs is old.
#[tokio::test]
async fn an_old_proof_of_identity_is_not_enough_where_a_fresh_one_is_asked_for() {
    let story = Story::told(World::on_sqlite().await).await;
    story.world.clock.advance(std::time::Duration::from_secs(301));
    let routes = &*ROUTES;
    let mut asked = 0;
    for (name, act, cells) in all() {
        let rule = Act::ALL.iter().find(|one| one.name() == act).unwrap().rule();
        for (column, _) in cells.iter().enumerate().filter(|(_, wanted)| **wanted == '2') {
            let who = &story.everybody[column];
            if !rule.step_up || who.name == "staff elsewhere" {
                continue;
            }
            let route = &routes[act];
            let call = calls::call(&story, &story.world, name, who).await;
            let reply = call.ask(&story.world, &route.method, &route.path, who.token.as_deref());
            assert_eq!(reply.await.problem(), (403, "step-up"), "{name}, {}", who.name);
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
}

stories! {
    who_may_not_is_refused_as_its_row_says_and_who_reads_is_told_what_is_theirs
}
