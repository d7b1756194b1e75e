//! The access matrix: every route is asked by every role, and what the table does not allow is not done.
//!
//! Each row of the table is read here as data; the routes come from the OpenAPI document. What a role may not do with
//! anything is refused before anything of the request is looked at for it: never a success, and where nothing has to be
//! parsed first, exactly 401, 403 or 404.

use scheduling_api::domain::{
    access::{Act, Reach},
    actor::{Actor, Role},
    id::UserId,
};
use serde_json::{Value, json};

use crate::world::{BEGINNING, World, practice::Practice};

/// A route as it is asked: method, path with something in every place, whether a body is read before the decision.
struct Route {
    act: Act,
    method: String,
    path: String,
    has_body: bool,
}

fn routes(practice: &Practice) -> Vec<Route> {
    let document = serde_json::to_value(scheduling_api::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let act = Act::ALL.iter().find(|act| act.name() == id).expect("a row for every route");
            routes.push(Route {
                act: *act,
                method: method.to_uppercase(),
                path: filled(path, practice),
                has_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(routes.len() > 100, "the document has its routes");
    routes
}

/// Ids of the practice that is asked about, where there are some; of nothing elsewhere.
fn filled(path: &str, practice: &Practice) -> String {
    let parts = path.split('/').map(|part| {
        if !part.starts_with('{') {
            return part.to_owned();
        }
        let noun = path.trim_start_matches("/v1/").split('/').next().unwrap();
        match noun {
            "clinics" => practice.clinic.to_string(),
            "patients" => practice.patient.to_string(),
            "practitioners" => practice.practitioner.to_string(),
            "services" => practice.service.to_string(),
            "schedules" => practice.schedule.to_string(),
            _ => "nothing".to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Somebody with one role: in the clinic that is asked about, or in another.
fn token(world: &World, role: Role, practice: &Practice) -> Option<String> {
    if role == Role::Anyone {
        return None;
    }
    let user = UserId::mint(&world.api.random, BEGINNING.parse().unwrap());
    let in_clinic = role != Role::PlatformAdmin;
    Some(world.token(Actor {
        user: Some(user),
        clinic: in_clinic.then(|| practice.clinic.clone()),
        roles: vec![role],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    }))
}

async fn status(world: &World, route: &Route, by: Option<&str>) -> u16 {
    let ask = world.ask(&route.method, &route.path).once("matrix").seen(1);
    let ask = match by {
        Some(token) => ask.by(token),
        None => ask,
    };
    let reply = if route.has_body { ask.send(json!({})).await } else { ask.reply().await };
    reply.status.as_u16()
}

fn allows(act: Act, role: Role, reaches: &[Reach]) -> bool {
    let row = act.rule().allows.iter();
    let mut row = row.filter(|(one, _)| *one == role || *one == Role::Anyone);
    row.any(|(_, reach)| reaches.contains(reach))
}

async fn no_role_does_what_its_rows_do_not_allow(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let elsewhere = world.practice("UTC", (8, 18)).await;
    let anywhere = [Reach::Anywhere];
    let all =
        [Reach::Anywhere, Reach::Clinic, Reach::Desk, Reach::Own, Reach::Theirs, Reach::Emergency];
    let mut wrong: Vec<Value> = Vec::new();
    let mut asked = 0;
    for route in routes(&practice) {
        for role in Role::OF_REQUESTS {
            // At home with what the row allows nowhere, and abroad with what it allows at home only.
            for (home, allowed) in [(&practice, &all[..]), (&elsewhere, &anywhere[..])] {
                if allows(route.act, role, allowed) {
                    continue;
                }
                let token = token(&world, role, home);
                let status = status(&world, &route, token.as_deref()).await;
                asked += 1;
                let refused = matches!(status, 401 | 403 | 404);
                let unread = route.has_body && (400..500).contains(&status);
                // Abroad a list is the own clinic's, and what is made is made there.
                let own_clinic = !route.path.contains('_')
                    && std::ptr::eq(home, &raw const elsewhere)
                    && allows(route.act, role, &all);
                if !refused && !unread && !own_clinic {
                    let home =
                        if std::ptr::eq(home, &raw const practice) { "home" } else { "abroad" };
                    wrong.push(json!([route.act.name(), role.name(), home, status]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked > 500, "{asked} requests were refused");
}

async fn a_row_that_allows_is_not_refused(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let mut wrong: Vec<Value> = Vec::new();
    for route in routes(&practice).iter().filter(|route| route.method == "GET" && !route.has_body) {
        for (role, reach) in route.act.rule().allows {
            // People at their own account need a session, which these tokens have not.
            let in_reach = matches!(reach, Reach::Anywhere | Reach::Clinic);
            if !in_reach || matches!(role, Role::User | Role::System) {
                continue;
            }
            let token = token(&world, *role, &practice);
            let status = status(&world, route, token.as_deref()).await;
            if matches!(status, 401 | 403) && *role != Role::Anyone {
                wrong.push(json!([route.act.name(), role.name(), status]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

stories! {
    no_role_does_what_its_rows_do_not_allow
    a_row_that_allows_is_not_refused
}
