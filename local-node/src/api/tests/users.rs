//! Users at a node without central: who they are, what they may do, and what a PIN opens.

use comptoir_core::id::{EventId, UserId};
use comptoir_proto::stored_v1;
use serde_json::{Value, json};

use super::shop::id;
use super::{Reply, Shop, sale};
use crate::users::sample::{self, AMELIE, BRUNO, PASSWORD};

const SESSION: &str = "/api/v1/session";
const EVENTS: &str = "/api/v1/events";
const HOUR: i64 = 3_600;

/// A shop whose users central has just sent.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    receive(&shop, 7).await;
    shop
}

async fn receive(shop: &Shop, position: u64) {
    let users = sample::users(shop.node.log().identity().site, position).await;
    shop.node.users().receive(users).await.unwrap();
}

/// A browser: it keeps its cookie and names its page.
pub(super) struct Browser<'a> {
    shop: &'a Shop,
    cookie: String,
}

impl Browser<'_> {
    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        let headers = [
            ("host", "127.0.0.1:7401"),
            ("origin", "http://127.0.0.1:7401"),
            ("cookie", self.cookie.as_str()),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = if body.is_empty() { &headers[..3] } else { &headers[..] };
        self.shop.send_alone(method, path, headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &Value::Null).await
    }

    async fn state(&self) -> Value {
        let reply = self.get(SESSION).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    async fn sells(&self, number: u64) -> Reply {
        self.send("POST", EVENTS, &sale(number)).await
    }

    async fn sets_pin(&self, pin: &str) {
        let set = self.send("PUT", "/api/v1/session/pin", &json!({ "password": PASSWORD, "pin": pin })).await;
        assert_eq!((set.status, &set.json()["has_pin"]), (200, &json!(true)), "{}", set.text());
    }

    async fn locks(&self) {
        let locked = self.send("POST", "/api/v1/session/lock", &Value::Null).await;
        assert_eq!((locked.status, &locked.json()["locked"]), (200, &json!(true)), "{}", locked.text());
    }

    async fn unlocks(&self, with: Value) -> Reply {
        self.send("POST", "/api/v1/session/unlock", &with).await
    }
}

async fn ask_login(shop: &Shop, body: Value) -> Reply {
    Browser { shop, cookie: String::new() }.send("POST", SESSION, &body).await
}

async fn log_in<'a>(shop: &'a Shop, body: Value) -> Browser<'a> {
    let opened = ask_login(shop, body).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let cookie = opened.headers["set-cookie"].to_str().unwrap().split_once("; ").unwrap().0.to_owned();
    Browser { shop, cookie }
}

pub(super) async fn with_password<'a>(shop: &'a Shop, login: &str) -> Browser<'a> {
    log_in(shop, json!({ "login": login, "password": PASSWORD })).await
}

/// What the log sealed of an event: its user, and what the node knew.
fn sealed(shop: &Shop, number: u64) -> (String, u64) {
    let found = shop.node.log().find(EventId::new(id(number))).unwrap().expect("it is recorded");
    let event = stored_v1::decode(&found.sealed.record).unwrap();
    (event.content.user.unwrap().to_string(), event.identity_position)
}

/// Point 5: every event says who made it, and what the node knew.
#[tokio::test]
async fn point_5_a_users_events_say_who_made_them_and_what_the_node_knew() {
    let shop = shop().await;
    let amelie = with_password(&shop, "Amelie").await;
    assert_eq!(amelie.sells(1).await.status, 200);
    assert_eq!(amelie.send("POST", EVENTS, &json!([sale(2), sale(3)])).await.status, 200);
    let mut own = sale(4);
    own["user"] = json!(AMELIE);
    assert_eq!(amelie.send("POST", EVENTS, &own).await.status, 200);
    let mut of_bruno = sale(5);
    of_bruno["user"] = json!(BRUNO);
    let refused = amelie.send("POST", EVENTS, &of_bruno).await.problem(403, "FORBIDDEN");
    assert_eq!(refused["pointer"], "/user");
    receive(&shop, 9).await;
    assert_eq!(amelie.sells(6).await.status, 200);
    shop.sell(7..8).await;
    for (number, position) in [(1, 7), (2, 7), (3, 7), (4, 7), (6, 9)] {
        assert_eq!(sealed(&shop, number), (AMELIE.to_string(), position), "{number}");
    }
    let (key, position) = sealed(&shop, 7);
    assert!(key.starts_with("key:") && position == 0, "{key} {position}: a local key is no user");
    let lines = format!("{}\n{}\n", sale(8), of_bruno);
    let headers = [
        ("host", "127.0.0.1:7401"),
        ("origin", "http://127.0.0.1:7401"),
        ("cookie", amelie.cookie.as_str()),
        ("content-type", "application/x-ndjson"),
    ];
    let answer = shop.send_alone("POST", EVENTS, &headers, lines).await.text();
    assert!(answer.lines().nth(1).unwrap().contains("FORBIDDEN"), "{answer}");
    assert_eq!(sealed(&shop, 8), (AMELIE.to_string(), 9));
}

/// Point 5: the roles at the node's site decide.
#[tokio::test]
async fn point_5_a_users_roles_decide_what_the_user_records_and_reads() {
    let shop = shop().await;
    let (amelie, bruno) = (with_password(&shop, "amelie").await, with_password(&shop, "bruno").await);
    bruno.sells(1).await.problem(403, "FORBIDDEN");
    assert_eq!(amelie.sells(1).await.status, 200);
    let audit = amelie.get(EVENTS).await;
    audit.problem(403, "FORBIDDEN");
    for path in ["/api/v1/clients", "/api/v1/stock", "/api/v1/queue", "/api/v1/saved-forms"] {
        assert_eq!(amelie.get(path).await.status, 200, "{path}");
    }
    assert_eq!(amelie.get(&format!("{EVENTS}/{}", id(1))).await.status, 200);
    let state = amelie.state().await;
    let user = json!({ "id": AMELIE, "login": "amelie", "name": "amelie of the shop",
        "roles": [{ "role": "cashier", "site": shop.node.log().identity().site.uuid() }] });
    assert_eq!(state["user"], user);
    let sales = json!({ "action": "SALE_RECORDED", "entity_type": "SALE" });
    assert!(state["records"].as_array().unwrap().contains(&sales), "{state}");
    assert!(!state["operations"].as_array().unwrap().contains(&json!("administer")), "{state}");

    // Central takes the right to sell from cashiers.
    let mut users = sample::users(shop.node.log().identity().site, 8).await;
    users.permissions.retain(|permission| permission.operation != "record");
    users.permissions.retain(|permission| permission.entity_type.as_deref() == Some("PRODUCT"));
    shop.node.users().receive(users).await.unwrap();
    amelie.sells(2).await.problem(403, "FORBIDDEN");
    assert_eq!(amelie.get("/api/v1/products").await.status, 200);
    amelie.get("/api/v1/clients").await.problem(403, "FORBIDDEN");
    amelie.get("/api/v1/entities/STUDENT/s").await.problem(403, "FORBIDDEN");

    // And names her no more.
    let mut users = sample::users(shop.node.log().identity().site, 9).await;
    users.users.retain(|user| user.id != AMELIE);
    shop.node.users().receive(users).await.unwrap();
    amelie.get("/api/v1/products").await.problem(401, "UNAUTHORIZED");
    ask_login(&shop, json!({ "login": "amelie", "password": PASSWORD })).await.problem(401, "LOGIN_FAILED");
}

/// Point 2 at a node: the same answer for every login.
#[tokio::test]
async fn a_wrong_password_an_unknown_login_and_a_pin_of_nobody_are_answered_alike() {
    let shop = shop().await;
    let mut answers = Vec::new();
    for body in [
        json!({ "login": "amelie", "password": "wrong" }),
        json!({ "login": "nobody", "password": "wrong" }),
        json!({ "login": "amelie", "pin": "4071" }),
        json!({ "login": "nobody", "pin": "4071" }),
    ] {
        let mut problem = ask_login(&shop, body).await.problem(401, "LOGIN_FAILED");
        problem.as_object_mut().unwrap().remove("instance");
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    for _ in 1..5 {
        ask_login(&shop, json!({ "login": "amelie", "password": "wrong" })).await.problem(401, "LOGIN_FAILED");
    }
    let locked = ask_login(&shop, json!({ "login": "amelie", "password": PASSWORD })).await;
    locked.problem(429, "TOO_MANY_ATTEMPTS");
    assert_eq!(locked.headers["retry-after"], "30");
    shop.later(30);
    with_password(&shop, "amelie").await;
    for (body, code) in [
        (json!({ "login": "amelie" }), "MALFORMED_BODY"),
        (json!({ "login": "amelie", "password": PASSWORD, "pin": "4071" }), "MALFORMED_BODY"),
        (json!({ "login": "amelie", "password": "x".repeat(129) }), "MALFORMED_BODY"),
        (json!({ "login": "x".repeat(129), "password": "x" }), "MALFORMED_BODY"),
        (json!(["amelie", PASSWORD]), "MALFORMED_BODY"),
    ] {
        ask_login(&shop, body).await.problem(400, code);
    }
}

/// 003 §6 "PIN optionnel pour accès prolongé offline"; point 5: locked after five wrong.
#[tokio::test]
async fn s6_an_optional_pin_reopens_a_screen_and_is_locked_after_five_wrong_ones() {
    let shop = shop().await;
    let amelie = with_password(&shop, "amelie").await;
    let set = async |body: Value| amelie.send("PUT", "/api/v1/session/pin", &body).await;
    set(json!({ "password": "wrong", "pin": "4071" })).await.problem(401, "LOGIN_FAILED");
    let weak = set(json!({ "password": PASSWORD, "pin": "1234" })).await.problem(422, "WEAK_PASSWORD");
    assert_eq!(weak["pointer"], "/pin");
    amelie.locks().await;
    amelie.unlocks(json!({ "pin": "4071" })).await.problem(401, "PASSWORD_REQUIRED");
    assert_eq!(amelie.unlocks(json!({ "password": PASSWORD })).await.status, 200, "without a PIN");
    amelie.sets_pin("4071").await;

    amelie.locks().await;
    amelie.sells(1).await.problem(401, "SESSION_LOCKED");
    amelie.get("/api/v1/clients").await.problem(401, "SESSION_LOCKED");
    set(json!({ "password": PASSWORD, "pin": "5071" })).await.problem(401, "SESSION_LOCKED");
    assert_eq!(amelie.state().await["locked"], true, "who it is may be shown");
    amelie.unlocks(json!({ "pin": "4072" })).await.problem(401, "LOGIN_FAILED");
    let unlocked = amelie.unlocks(json!({ "pin": "4071" })).await;
    assert_eq!((unlocked.status, &unlocked.json()["locked"]), (200, &json!(false)), "{}", unlocked.text());
    assert_eq!(amelie.sells(1).await.status, 200);

    amelie.locks().await;
    for _ in 0..5 {
        amelie.unlocks(json!({ "pin": "4072" })).await.problem(401, "LOGIN_FAILED");
    }
    let cookie = amelie.cookie;
    let shop = shop.restarted().await;
    let amelie = Browser { shop: &shop, cookie };
    amelie.unlocks(json!({ "pin": "4071" })).await.problem(401, "PASSWORD_REQUIRED");
    ask_login(&shop, json!({ "login": "amelie", "pin": "4071" })).await.problem(401, "LOGIN_FAILED");
    assert_eq!(amelie.state().await["has_pin"], false);
    assert_eq!(amelie.unlocks(json!({ "password": PASSWORD })).await.status, 200);
    amelie.locks().await;
    assert_eq!(amelie.unlocks(json!({ "pin": "4071" })).await.status, 200, "the password unlocked the PIN too");
    let removed = amelie.send("PUT", "/api/v1/session/pin", &json!({ "password": PASSWORD, "pin": null })).await;
    assert_eq!((removed.status, &removed.json()["has_pin"]), (200, &json!(false)));
}

/// Point 5: a screen that idled. What a screen asks by itself does not count as its user.
#[tokio::test]
async fn point_5_a_session_locks_itself_when_its_user_is_away() {
    let shop = shop().await;
    let amelie = with_password(&shop, "amelie").await;
    for _ in 0..3 {
        shop.later(599);
        assert_eq!(amelie.get("/api/v1/products").await.status, 200, "she is there");
    }
    for _ in 0..3 {
        shop.later(200);
        amelie.get("/api/v1/queue").await;
        amelie.get(SESSION).await;
    }
    amelie.sells(1).await.problem(401, "SESSION_LOCKED");
    shop.later(-HOUR);
    amelie.sells(1).await.problem(401, "SESSION_LOCKED");
    assert_eq!(amelie.unlocks(json!({ "password": PASSWORD })).await.status, 200);
    assert_eq!(amelie.sells(1).await.status, 200);
    // A session of a local key is a program's.
    let key = shop.bearer();
    let opened = shop.send_alone("POST", SESSION, &[("host", "127.0.0.1:7401"), ("authorization", &key)], "").await;
    let cookie = opened.headers["set-cookie"].to_str().unwrap().split_once("; ").unwrap().0.to_owned();
    let program = Browser { shop: &shop, cookie };
    shop.later(2 * HOUR);
    assert_eq!(program.sells(2).await.status, 200);
    program.send("POST", "/api/v1/session/lock", &Value::Null).await.problem(403, "FORBIDDEN");
}

/// Point 4 of the node: the quick change of cashier.
#[tokio::test]
async fn a_user_who_gave_the_password_here_takes_over_a_screen_with_a_pin() {
    let shop = shop().await;
    let amelie = with_password(&shop, "amelie").await;
    amelie.sets_pin("4071").await;
    let bruno = with_password(&shop, "bruno").await;
    bruno.sets_pin("5382").await;
    ask_login(&shop, json!({ "login": "amelie", "pin": "5382" })).await.problem(401, "LOGIN_FAILED");
    let headers = [("host", "127.0.0.1:7401"), ("cookie", bruno.cookie.as_str()), ("content-type", "application/json")];
    let headers = [&headers[..], &[("origin", "http://127.0.0.1:7401")]].concat();
    let changed = shop.send_alone("POST", SESSION, &headers, json!({ "login": "amelie", "pin": "4071" }).to_string());
    let changed = changed.await;
    assert_eq!((changed.status, &changed.json()["user"]["id"]), (201, &json!(AMELIE)), "{}", changed.text());
    bruno.get("/api/v1/products").await.problem(401, "UNAUTHORIZED");
    // Not for ever without the password, even with central in contact.
    shop.later(72 * HOUR - 1);
    receive(&shop, 7).await;
    assert_eq!(ask_login(&shop, json!({ "login": "amelie", "pin": "4071" })).await.status, 201);
    shop.later(1);
    ask_login(&shop, json!({ "login": "amelie", "pin": "4071" })).await.problem(401, "PASSWORD_REQUIRED");
}

/// 003 §6 "Après 72h offline: Re-authentification obligatoire", and issue point 5: never stopping the till.
#[tokio::test]
async fn s6_after_72_h_offline_a_pin_is_not_enough_and_the_till_goes_on() {
    let shop = shop().await;
    shop.later(66 * HOUR);
    let amelie = with_password(&shop, "amelie").await;
    amelie.sets_pin("4071").await;
    let active = async |hours: i64| {
        for _ in 0..hours * 12 {
            shop.later(300);
            amelie.get("/api/v1/products").await;
        }
    };
    active(5).await;
    assert_eq!(amelie.state().await["password_required"], false, "71 h after the last contact");
    amelie.locks().await;
    assert_eq!(amelie.unlocks(json!({ "pin": "4071" })).await.status, 200);
    active(2).await;
    let state = amelie.state().await;
    assert_eq!((&state["password_required"], &state["has_pin"]), (&json!(true), &json!(false)), "{state}");
    assert_eq!(amelie.sells(1).await.status, 200, "a session that is open goes on recording");
    for clock in [0, -200 * HOUR] {
        shop.later(clock);
        ask_login(&shop, json!({ "login": "amelie", "pin": "4071" })).await.problem(401, "PASSWORD_REQUIRED");
        amelie.locks().await;
        amelie.unlocks(json!({ "pin": "4071" })).await.problem(401, "PASSWORD_REQUIRED");
    }
    assert_eq!(amelie.unlocks(json!({ "password": PASSWORD })).await.status, 200, "the verifier is still here");
    assert_eq!(amelie.state().await["password_required"], false);
    assert_eq!(amelie.sells(2).await.status, 200);
    let bruno = with_password(&shop, "bruno").await;
    assert_eq!(bruno.get("/api/v1/products").await.status, 200, "who knows the password may always work");
    let status = shop.get("/api/v1/status").await.json();
    assert_eq!((&status["users"]["cached"], &status["users"]["password_required"]), (&json!(2), &json!(true)));
    receive(&shop, 7).await;
    let status = shop.get("/api/v1/status").await.json();
    assert_eq!(
        (&status["users"]["contact_age_seconds"], &status["users"]["identity_position"]),
        (&json!(0), &json!(7))
    );
}

/// A power cut is no reason to type passwords, and no way around the lock.
#[tokio::test]
async fn a_users_session_survives_a_restart_locked_and_ends_with_its_time_and_its_password() {
    let shop = shop().await;
    let amelie = with_password(&shop, "amelie").await;
    amelie.sets_pin("4071").await;
    let cookie = amelie.cookie;
    let shop = shop.restarted().await;
    let amelie = Browser { shop: &shop, cookie };
    amelie.sells(1).await.problem(401, "SESSION_LOCKED");
    assert_eq!(amelie.unlocks(json!({ "pin": "4071" })).await.status, 200);
    assert_eq!(amelie.sells(1).await.status, 200);
    let token = amelie.cookie.split_once('=').unwrap().1;
    let stored = shop.disk_text();
    assert!(!stored.contains(token) && !stored.contains("amelie") && !stored.contains("4071"), "in clear on the disk");

    // Another password at central.
    let mut users = sample::users(shop.node.log().identity().site, 8).await;
    users.users[0].verifier = Some(comptoir_credentials::password::verifier_of("another four words").await.unwrap());
    shop.node.users().receive(users).await.unwrap();
    amelie.sells(2).await.problem(401, "UNAUTHORIZED");
    ask_login(&shop, json!({ "login": "amelie", "pin": "4071" })).await.problem(401, "LOGIN_FAILED");
    let again = log_in(&shop, json!({ "login": "amelie", "password": "another four words" })).await;
    assert!(!shop.node.users().has_pin(UserId::new(AMELIE)), "the PIN went with the password");
    assert_eq!(again.send("DELETE", SESSION, &Value::Null).await.status, 204);
    again.get(SESSION).await.problem(401, "UNAUTHORIZED");
    let last = log_in(&shop, json!({ "login": "amelie", "password": "another four words" })).await;
    shop.later(12 * HOUR);
    last.get(SESSION).await.problem(401, "UNAUTHORIZED");
}
