//! The access matrix: every route is asked by every role, with a request that is well formed and ids that exist; what the
//! table does not allow is refused, and exactly so.
//!
//! Routes and bodies come from the OpenAPI document. A path's place without an id here fails: name one in [`Things`], so
//! that a refusal is never a "there is no such thing" about something that never was. [`well_formed`] is the control: who
//! may do something is answered otherwise than the refused are.

use std::collections::BTreeMap;

use scheduling_api::domain::{
    access::{Act, Reach},
    actor::{Actor, Role},
    id::UserId,
};
use serde_json::{Map, Value, json};

use super::webhooks::fresh_admin;
use crate::world::{BEGINNING, World, practice::Practice};

/// What exists in one clinic, by the place in a path or the field of a body that names it.
struct Things {
    practice: Practice,
    ids: BTreeMap<&'static str, String>,
}

/// Things that no story of two requests can make: a second session, somebody's passkey, a program's consent. Their ids are
/// well formed and nobody's, so that here, and only here, 404 says nothing.
const NOBODYS: [(&str, &str); 9] = [
    ("passkeys", "pky_00000000000000000000000000000001"),
    ("sessions", "ses_00000000000000000000000000000001"),
    ("providers", "idp_00000000000000000000000000000001"),
    ("request", "bo_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("delivery", "dlv_00000000000000000000000000000001"),
    ("oauth-clients", "ocl_00000000000000000000000000000001"),
    ("proxies", "prx_00000000000000000000000000000001"),
    ("staff", "mem_00000000000000000000000000000001"),
    ("push-subscriptions", "psh_00000000000000000000000000000001"),
];

impl World {
    async fn things(&self) -> Things {
        let practice = self.practice_with("UTC", (0, 23), |terms| terms.on_demand = true).await;
        self.set_media_clock();
        let mut ids = BTreeMap::new();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let by = practice.patient_token.clone();
        let admin = fresh_admin(self, &practice);
        let doctor = self.doctor(&practice.clinic, &practice.practitioner);
        let clinic = practice.clinic.to_string();
        let book = async |start: &str| {
            let ask = self.post("/v1/appointments").by(&by).once(&format!("{clinic}{start}"));
            id(&ask.send(practice.booking(start)).await.ok())
        };
        ids.insert("later", book("2026-03-04T06:30:00Z").await);
        let appointment = book("2026-03-02T06:30:00Z").await;
        let path = format!("/v1/appointments/{appointment}");
        let visit = self.get(&format!("{path}/consultation")).by(&by).reply().await.ok();
        ids.insert("participants", id(&visit["participants"][0]));
        ids.insert("consultations", id(&visit));
        let link = self.post(&format!("{path}/join-links")).by(&by);
        let link = link.send(json!({ "role": "relative", "name": "A. Nother" })).await.ok();
        ids.insert("join-links", id(&link));
        self.put(&format!("{path}/note")).by(&doctor).send(json!({ "plan": "rest" })).await.ok();
        let medicine = json!({ "items": [{ "medicine": "Ibuprofen", "strength": "400 mg", "form": "tablet",
            "directions": "one, three times a day", "quantity": 10, "repeats": 0 }] });
        let drug = self.post(&format!("{path}/prescriptions")).by(&doctor).once("rx");
        let drug = drug.send(medicine).await;
        if drug.status.is_success() {
            ids.insert("prescriptions", id(&drug.ok()));
        }
        ids.insert("appointments", appointment);
        let hold = self.post("/v1/holds").by(&by);
        ids.insert("holds", id(&hold.send(practice.booking("2026-03-05T06:30:00Z")).await.ok()));
        let wait = json!({ "service": practice.service, "from": "2026-03-05T00:00:00Z", "to": "2026-03-06T00:00:00Z" });
        ids.insert("waitlist", id(&self.post("/v1/waitlist").by(&by).send(wait).await.ok()));
        let queue = json!({ "service": practice.service });
        ids.insert("queue", id(&self.post("/v1/queue").by(&by).send(queue).await.ok()));
        let series = json!({ "service": practice.service, "practitioner": practice.practitioner,
            "start": "2026-03-10T06:30:00Z", "every_weeks": 1, "visits": 2 });
        let series = self.post("/v1/appointments/series").by(&by).once("s").send(series).await.ok();
        ids.insert("series", series["series"].as_str().unwrap().to_owned());
        let fresh = self.fresh(Role::Patient, &practice);
        let request =
            self.post("/v1/me/data-requests").by(&fresh).send(json!({ "kind": "export" }));
        ids.insert("data-requests", id(&request.await.ok()));
        let plea = json!({ "patient": practice.patient, "why": "emergency", "reason": "collapsed in the corridor", "minutes": 5 });
        ids.insert(
            "break-glass",
            id(&self.post("/v1/break-glass").by(&doctor).send(plea).await.ok()),
        );
        let hook = json!({ "url": "http://127.0.0.1:9/hook", "topics": ["appointment."] });
        let hook = self.post("/v1/webhook-endpoints").by(&admin).send(hook).await.ok();
        ids.insert("webhook-endpoints", id(&hook));
        let key = json!({ "name": "k", "scopes": ["rooms"] });
        let key =
            self.post(&format!("/v1/clinics/{clinic}/api-keys")).by(&admin).send(key).await.ok();
        ids.insert("api-keys", id(&key));
        self.work().await;
        for (noun, list) in [
            ("jobs", "/v1/admin/jobs".to_owned()),
            (
                "webhook-deliveries",
                format!("/v1/webhook-endpoints/{}/deliveries", ids["webhook-endpoints"]),
            ),
        ] {
            let listed = self.get(&list).by(&admin).reply().await.ok();
            if let Some(one) = listed["items"].as_array().and_then(|all| all.first()) {
                ids.insert(noun, id(one));
            }
        }
        let user = self.raw("SELECT id FROM account LIMIT 1").await.pop();
        ids.insert("users", user.unwrap_or("usr_00000000000000000000000000000001".into()));
        ids.insert("rooms", "ward-1".to_owned());
        ids.insert("identity", "somebody".to_owned());
        for (noun, thing) in [
            ("clinics", clinic.clone()),
            ("patients", practice.patient.to_string()),
            ("practitioners", practice.practitioner.to_string()),
            ("services", practice.service.to_string()),
            ("schedules", practice.schedule.to_string()),
        ] {
            ids.insert(noun, thing);
        }
        Things { practice, ids }
    }

    /// Somebody with one role, everything that the role has in this clinic, two factors, and a fresh proof.
    fn fresh(&self, role: Role, practice: &Practice) -> String {
        let user = UserId::mint(&self.api.random, BEGINNING.parse().unwrap());
        let in_clinic = role != Role::PlatformAdmin;
        self.token(Actor {
            user: Some(user),
            clinic: in_clinic.then(|| practice.clinic.clone()),
            roles: vec![role],
            patients: (role == Role::Patient)
                .then(|| practice.patient.clone())
                .into_iter()
                .collect(),
            practitioner: (role == Role::Practitioner).then(|| practice.practitioner.clone()),
            second_factor: true,
            stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
            ..Actor::default()
        })
    }
}

impl Things {
    /// The id for a place of a path, `/v1/noun/{id}/part/{other}`: by the part before it, or by its own name.
    fn at(&self, before: &str, place: &str) -> String {
        let known = self.ids.get(before).or_else(|| self.ids.get(place)).cloned();
        let nobodys = NOBODYS.iter().find(|(noun, _)| *noun == before || *noun == place);
        known.or_else(|| nobodys.map(|(_, id)| (*id).to_owned())).unwrap_or_else(|| {
            panic!("no id for {{{place}}} behind {before}: make such a thing in World::things")
        })
    }

    fn path(&self, path: &str) -> String {
        let mut before = "";
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(place) => parts.push(self.at(before, place)),
                None => {
                    parts.push(part.to_owned());
                    before = part;
                }
            }
        }
        parts.join("/")
    }

    /// A field of a body that names something of the clinic.
    fn field(&self, name: &str) -> Option<Value> {
        let id = |noun: &str| self.ids.get(noun).map(|id| json!(id));
        match name {
            "service" => id("services"),
            "practitioner" => id("practitioners"),
            "practitioners" => Some(json!([self.practice.practitioner])),
            "patient" => id("patients"),
            "clinic_id" | "clinic" => id("clinics"),
            "hold_id" => id("holds"),
            "start" => Some(json!("2026-03-06T06:30:00Z")),
            "from" => Some(json!("2026-03-06T00:00:00Z")),
            "to" => Some(json!("2026-03-07T00:00:00Z")),
            "email" | "contact" => Some(json!("new@mail.example")),
            "time_zone" => Some(json!("Africa/Nairobi")),
            "url" => Some(json!("http://127.0.0.1:9/hook")),
            "phone" => Some(json!("+254700000001")),
            _ => None,
        }
    }
}

/// A route as it is asked.
struct Route {
    act: Act,
    method: String,
    template: String,
    body: Option<Value>,
}

fn routes(things: &Things) -> Vec<Route> {
    let document = serde_json::to_value(scheduling_api::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let act = Act::ALL.iter().find(|act| act.name() == id).expect("a row for every route");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body = (!schema.is_null()).then(|| example(&document, schema, "", things));
            let (template, method) = (path.clone(), method.to_uppercase());
            routes.push(Route { act: *act, method, template, body });
        }
    }
    assert!(routes.len() > 100, "the document has its routes");
    routes
}

/// A value that a schema allows: its examples and first choices, and the clinic's own things.
fn example(document: &Value, schema: &Value, name: &str, things: &Things) -> Value {
    if let Some(known) = things.field(name) {
        return known;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return example(document, target, name, things);
    }
    for key in ["example", "default"] {
        if !schema[key].is_null() {
            return schema[key].clone();
        }
    }
    if let Some(first) = schema["enum"].get(0).or(schema["examples"].get(0)) {
        return first.clone();
    }
    for key in ["oneOf", "anyOf"] {
        let choices = schema[key].as_array().into_iter().flatten();
        if let Some(choice) = choices.into_iter().find(|choice| choice["type"] != "null") {
            return example(document, choice, name, things);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            let part = example(document, part, name, things);
            whole.extend(part.as_object().cloned().unwrap_or_default());
        }
        return Value::Object(whole);
    }
    let kinds = schema["type"].as_array().cloned().unwrap_or(vec![schema["type"].clone()]);
    let kind = kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    match kind {
        Some("object") => {
            let needed = schema["required"].as_array().into_iter().flatten();
            let fields = needed.map(|field| {
                let field = field.as_str().unwrap();
                let inner = &schema["properties"][field];
                (field.to_owned(), example(document, inner, field, things))
            });
            Value::Object(fields.collect())
        }
        Some("array") => json!([example(document, &schema["items"], name, things)]),
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        _ => json!("something"),
    }
}

async fn ask(
    world: &World,
    route: &Route,
    things: &Things,
    by: Option<&str>,
) -> crate::world::Reply {
    let path = things.path(&route.template);
    let ask = world.ask(&route.method, &path).once(&format!("{path}{by:?}")).seen(1);
    let ask = match by {
        Some(token) => ask.by(token),
        None => ask,
    };
    match &route.body {
        Some(body) => ask.send(body.clone()).await,
        None => ask.reply().await,
    }
}

fn allows(act: Act, role: Role, reaches: &[Reach]) -> bool {
    let row = act.rule().allows.iter();
    let mut row = row.filter(|(one, _)| *one == role || *one == Role::Anyone);
    row.any(|(_, reach)| reaches.contains(reach))
}

/// Whether an answer speaks of something of these.
fn tells_of(reply: &crate::world::Reply, things: &Things) -> bool {
    let text = reply.body.to_string();
    let own = ["clinics", "patients", "practitioners", "appointments", "consultations", "services"];
    own.iter().any(|noun| text.contains(&things.ids[noun]))
}

const ALL: [Reach; 6] =
    [Reach::Anywhere, Reach::Clinic, Reach::Own, Reach::Theirs, Reach::Visit, Reach::Emergency];

async fn no_role_does_what_its_rows_do_not_allow(world: World) {
    let things = world.things().await;
    let mut wrong: Vec<Value> = Vec::new();
    let mut asked = 0;
    for route in routes(&things) {
        for role in Role::OF_REQUESTS {
            if allows(route.act, role, &ALL) {
                continue;
            }
            let token = (role != Role::Anyone).then(|| world.fresh(role, &things.practice));
            let reply = ask(&world, &route, &things, token.as_deref()).await;
            asked += 1;
            let expected: &[u16] = if role == Role::Anyone { &[401] } else { &[401, 403] };
            if !expected.contains(&reply.status.as_u16()) {
                wrong.push(json!([
                    route.act.name(),
                    role.name(),
                    reply.status.as_u16(),
                    reply.body["detail"]
                ]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked > 600, "{asked} requests were refused");
}

async fn nobody_reaches_into_another_clinic(world: World) {
    let here = world.things().await;
    let there = world.practice("UTC", (0, 23)).await;
    let mut wrong: Vec<Value> = Vec::new();
    let mut asked = 0;
    for route in routes(&here) {
        for role in Role::OF_REQUESTS {
            let anywhere = allows(route.act, role, &[Reach::Anywhere]);
            if role == Role::Anyone || anywhere || !allows(route.act, role, &ALL) {
                continue;
            }
            let token = world.fresh(role, &there);
            let reply = ask(&world, &route, &here, Some(&token)).await;
            asked += 1;
            let names = route.template.contains('{') && !route.template.starts_with("/v1/rooms/");
            let foreign = route.body.as_ref().is_some_and(|body| {
                ["service", "practitioner", "patient", "hold_id"]
                    .iter()
                    .any(|field| body.get(*field).is_some())
            });
            let status = reply.status.as_u16();
            let refused = match (names, foreign) {
                // It names a thing of this clinic: as if it were not there.
                (true, _) => matches!(status, 403 | 404),
                (false, true) => matches!(status, 403 | 404 | 422),
                // A list, or something new: of the own clinic.
                (false, false) => !tells_of(&reply, &here),
            };
            if !refused {
                wrong.push(json!([route.act.name(), role.name(), status, reply.body]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked > 100, "{asked} requests reached abroad");
}

/// The control: with the same requests, who may is neither refused nor told that the request cannot be read.
async fn who_may_is_not_refused_and_the_requests_are_well_formed(world: World) {
    let things = world.things().await;
    // Things that the requests before them have used up are gone; readings come first.
    let mut routes = routes(&things);
    routes.sort_by_key(|route| (route.method != "GET", route.method == "DELETE"));
    let mut wrong: Vec<Value> = Vec::new();
    let mut asked = 0;
    for route in &routes {
        for (role, reach) in route.act.rule().allows {
            // People at their own account need a session, which these tokens have not; guests come by links.
            let ours = matches!(reach, Reach::Clinic | Reach::Own | Reach::Theirs)
                || (*reach == Reach::Anywhere && *role == Role::PlatformAdmin);
            if !ours || *role == Role::System {
                continue;
            }
            let token = world.fresh(*role, &things.practice);
            let reply = ask(&world, route, &things, Some(&token)).await;
            asked += 1;
            let status = reply.status.as_u16();
            let nobodys = NOBODYS.iter().any(|(noun, id)| {
                route.template.contains(&format!("/{noun}/"))
                    || things.path(&route.template).contains(id)
            });
            // A key or a note of the story before, a state that does not allow it, an outside that is not set up.
            let spent = matches!(status, 409 | 412 | 422 | 503) || (status == 404 && nobodys);
            if !reply.status.is_success() && !spent {
                wrong.push(json!([
                    route.act.name(),
                    role.name(),
                    status,
                    reply.body["type"],
                    reply.body["detail"]
                ]));
            }
        }
    }
    wrong.retain(|one| !CONTROL_MISSES.iter().any(|(act, _)| one[0] == *act));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked > 150, "{asked} requests were allowed");
}

/// What the control does not cover, and why.
const CONTROL_MISSES: [(&str, &str); 0] = [];

stories! {
    no_role_does_what_its_rows_do_not_allow
    nobody_reaches_into_another_clinic
    who_may_is_not_refused_and_the_requests_are_well_formed
}
