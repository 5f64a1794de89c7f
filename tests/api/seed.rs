//! The data that requests need: rows for every list, and an entity behind every id.

use comptoir_core::event::Content;
use comptoir_proto::stored_v1;
use comptoir_test_support::SealedLog;
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::processes::node_key;
use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};

use crate::devices::enrol_devices;

/// The number of entities that requests use up: conflicts to decide, clients to delete.
const POOL: usize = 40;

/// The ids of a pool, as path parameters.
fn ids(prefix: &str) -> Vec<Value> {
    (0..POOL).map(|number| json!({ "id": format!("{prefix}-{number}") })).collect()
}

fn entities(prefix: &str) -> Vec<Value> {
    (0..POOL).map(|number| json!({ "type": "STUDENT", "id": format!("{prefix}-{number}") })).collect()
}

fn place(id: &str) -> Vec<Value> {
    vec![json!({ "id": id })]
}

fn uuid(prefix: &str, number: usize) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{prefix}/{number}").as_bytes()).to_string()
}

async fn append(api: &Endpoint, drafts: Vec<Value>) -> Vec<Value> {
    let reply = api.post("/api/v1/events", &Value::from(drafts)).await;
    let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(reply.status, 200, "{answer}");
    answer["results"].as_array().expect("a list").clone()
}

fn draft(entity_type: &str, id: &str, action: &str, payload: Value) -> Value {
    let event = uuid::Uuid::now_v7().to_string();
    json!({ "id": event, "entity_type": entity_type, "entity_id": id, "action": action, "payload": payload })
}

fn created(entity_type: &str, prefix: &str) -> Vec<Value> {
    let one =
        |number| draft(entity_type, &format!("{prefix}-{number}"), "CREATE", json!({ "name": "Léa", "town": "Lyon" }));
    (0..POOL).map(one).collect()
}

async fn put_file(api: &Endpoint, text: &str) -> String {
    let hash = blake3::hash(text.as_bytes()).to_string();
    let path = format!("/api/v1/blobs/{hash}");
    let reply = api.send("PUT", &path, &[("content-type", "application/octet-stream")], text).await;
    assert!(reply.status < 300, "{}", reply.status);
    hash
}

fn files() -> Value {
    let file = |number: usize| {
        let text = format!("photo {number}");
        json!({ "place": { "hash": blake3::hash(text.as_bytes()).to_string() }, "body": text })
    };
    json!({ "/api/v1/blobs/{hash}": (0..4).map(file).collect::<Vec<_>>() })
}

/// Fills central and returns the known values. `till` is a simulated node with the key `key`, `spare` one
/// that requests revoke.
pub(crate) async fn central(url: &str, token: &str, key: &str, mut till: SealedLog, spare: &str) -> Value {
    let till_id = till.node.to_string();
    let admin = Endpoint::address(url, Some(token.to_owned()));
    append(&admin, created("PRODUCT", "p")).await;
    append(&admin, created("CLIENT", "c")).await;
    append(&admin, created("CLIENT", "deleted")).await;
    append(&admin, created("STUDENT", "deleted")).await;
    append(&admin, created("STUDENT", "s")).await;
    let made = append(&admin, created("STUDENT", "disputed")).await;
    let base: Vec<u64> = made.iter().map(|made| made["decision"]["position"].as_u64().expect("a position")).collect();
    // Head admin edits them too, after the version that the till and the desktop have seen.
    let edits = (0..POOL).map(|number| {
        let mut edit = draft("STUDENT", &format!("disputed-{number}"), "UPDATE", json!({ "town": "Brest" }));
        edit["base_version"] = base[number].into();
        edit
    });
    append(&admin, edits.collect()).await;
    let invoice = json!({ "client": "c-1", "currency": "EUR", "total_minor": 510, "lines": [
        { "product": "p-1", "quantity": "2", "unit_price": "2.55" }] });
    let invoices = (0..POOL).map(|number| draft("INVOICE", &format!("i-{number}"), "INVOICE_CREATED", invoice.clone()));
    append(&admin, invoices.collect()).await;
    let deliveries = (0..POOL).map(|number| {
        let order = json!({ "reference": format!("BL-{number}"), "client": "c-1", "qr": "qr-1" });
        draft("DELIVERY", &format!("d-{number}"), "DELIVERY_CREATED", order)
    });
    append(&admin, deliveries.collect()).await;
    let order = json!({ "reference": "BL-first", "client": "c-1", "qr": "qr-1" });
    append(&admin, vec![draft("DELIVERY", "first", "DELIVERY_CREATED", order), validated("first")]).await;
    let goods = json!({ "currency": "EUR", "lines": [{ "product": "p-1", "quantity": "6", "unit_cost": "1.25" }] });
    append(&admin, vec![draft("RECEPTION", "r-1", "GOODS_RECEIVED", goods)]).await;
    let hash = put_file(&admin, "a signature").await;

    let people = people(&admin).await;
    let devices = enrol_devices(&admin, till.tenant.uuid(), till.site.uuid()).await;

    let mut quarantined = Vec::new();
    let mut conflicts = Vec::new();
    let sold = till.record("sold", &Sale::default()).to_string();
    for number in 0..POOL {
        quarantined.push(
            json!({ "event_id": till.record(&format!("q-{number}"), &Sale { total_minor: 499, ..Sale::default() }).to_string() }),
        );
    }
    for (number, version) in base.iter().enumerate().take(POOL / 2) {
        let mut event = till.event("STUDENT", &format!("disputed-{number}"), "UPDATE", &json!({ "town": "Nice" }));
        event.content = Content { base_version: Some(*version), ..event.content };
        till.seal_bytes(stored_v1::encode(&event).expect("it fits"));
        conflicts.push(json!({ "event_id": event.id.to_string() }));
    }
    let push = serde_json::to_value(till.take_push()).expect("JSON");
    let node = Endpoint::address(url, Some(key.to_owned()));
    let pushed = node.post("/api/v1/sync/push", &push).await;
    let answer: Value = serde_json::from_slice(&pushed.body).expect("JSON");
    assert_eq!(pushed.status, 200, "{answer}");
    let receipts = vec![receipt(&admin, &sold).await];
    let verdicts = |verdict: &str| {
        answer["results"].as_array().expect("a list").iter().filter(|result| result["verdict"] == verdict).count()
    };
    assert_eq!((verdicts("QUARANTINED"), verdicts("CONFLICT")), (POOL, POOL / 2), "{answer}");

    let outbox = (POOL / 2..POOL).map(|number| {
        json!({ "id": format!("evt-{number}"), "tenantId": till.tenant.to_string(), "entityType": "STUDENT",
            "entityId": format!("disputed-{number}"), "operation": "UPDATE", "payload": { "town": "Metz" },
            "localVersion": base[number], "createdAt": "2026-01-07T10:00:00Z" })
    });
    let up = json!({ "clientId": "desktop-1", "lastSyncTimestamp": null, "events": outbox.collect::<Vec<_>>() });
    let reply = admin.post("/api/sync/up", &up).await;
    let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(POOL / 2), "{answer}");
    let resolves = (POOL / 2..POOL).map(|number| {
        json!({ "clientId": "desktop-1", "outboxEventId": format!("evt-{number}"), "acceptServerVersion": number % 2 == 0 })
    });
    let phone = json!({ "device_id": "phone-1", "batch_id": "b-1", "events": [phone_event(), { "id": "broken" }] });
    let (of_phone, of_pull) = (json!({ "device_id": "phone-1" }), json!({ "limit": 50, "wait": 0 }));
    json!({
        "url": url, "token": token, "node_key": key,
        // Of a person who changes the own password.
        "tokens": { "/api/v1/auth/password": people.access_token },
        "places": {
            "/r/{code}": receipts, "/api/v1/events/{id}": [{ "id": sold }, { "id": quarantined[0]["event_id"] }, { "id": conflicts[0]["event_id"] }],
            "/api/v1/clients/{id}": ids("c"), "delete /api/v1/clients/{id}": ids("deleted"),
            "/api/v1/entities/{type}/{id}": entities("s"), "delete /api/v1/entities/{type}/{id}": entities("deleted"),
            "/api/v1/invoices/{id}/cancel": ids("i"), "/api/v1/deliveries/{id}/validate": ids("d"),
            "/api/v1/quarantine/{event_id}/release": quarantined,
            "/api/v1/conflicts/{event_id}": [conflicts[0]], "/api/v1/conflicts/{event_id}/preview": [conflicts[0]],
            "/api/v1/conflicts/{event_id}/resolve": conflicts[1..],
            "get /api/v1/blobs/{hash}": [{ "hash": hash }],
            "/api/v1/nodes/{id}/certificate": [{ "id": till_id }], "/api/v1/nodes/{id}/revoke": [{ "id": spare }],
            "/api/v1/users/{id}": people.others, "/api/v1/users/{id}/reset": people.others,
            "/api/v1/users/{id}/erase": people.erased,
            "/api/v1/devices/{id}": devices.places, "/api/v1/devices/{id}/revoke": devices.places,
        },
        "bodies": {
            "/api/v1/events": posted(),
            "/api/v1/nodes/{id}/certificate": [comptoir_proto::openapi::examples::node_certificate()],
            "/api/v1/auth/login": [people.login], "/api/v1/auth/refresh": people.refreshes, "/api/v1/auth/setup": people.setups, "/setup": people.setup_forms,
            "/api/v1/sync/push": [push], "/api/v1/sync/wiped": [till.wipe_proof(0)], "/api/sync/push": [phone], "/api/sync/up": [up],
            "/api/v1/devices/enrolments": devices.enrolments, "/api/v1/devices/enrol": devices.enrols,
            "/api/v1/devices/wiped": devices.wiped,
            "/api/v1/auth/password": [{ "old": PASSWORD, "new": "the river under the bridge" }],
            "/api/v1/sync/push": [push], "/api/sync/push": [phone], "/api/sync/up": [up],
            "/api/sync/resolve": resolves.collect::<Vec<_>>(),
            "post /api/v1/quarantine/{event_id}/release": [{ "reason": "looked at" }],
            "delete /api/v1/clients/{id}": [{}], "delete /api/v1/entities/{type}/{id}": [{}],
            "/api/v1/conflicts/{event_id}/preview": choices(), "/api/v1/conflicts/{event_id}/resolve": choices(),
        },
        "queries": {
            "/api/sync/pull": [of_phone], "/api/sync/status": [of_phone], "/api/sync/bootstrap": [of_phone],
            "/api/v1/sync/pull": [of_pull], "/api/v1/sync/bootstrap": [{}], "get /api/v1/events": [{ "limit": 100 }],
            "/api/v1/conflicts": [{ "state": "all" }, {}], "/api/v1/reports/stock": [{}, { "format": "csv" }],
            "/api/v1/reports/sales": [{ "by": "product" }, { "format": "csv" }], "/api/v1/events/export": [{}],
        },
        "paired": files(),
    })
}

/// Users of central, and what they send.
struct People {
    login: Value,
    /// Of a user who logs in once.
    access_token: Value,
    refreshes: Vec<Value>,
    setups: Vec<Value>,
    setup_forms: Vec<Value>,
    /// The places of users who do not log in.
    others: Vec<Value>,
    /// Those of users who are erased.
    erased: Vec<Value>,
}

/// Of every user.
const PASSWORD: &str = "four words by heart";

async fn people(admin: &Endpoint) -> People {
    let call = async |path: &str, body: Value| -> Value {
        let reply = admin.post(path, &body).await;
        let answer = serde_json::from_slice(&reply.body).expect("JSON");
        assert!(reply.status < 300, "{path}: {answer}");
        answer
    };
    let created = async |login: String| call("/api/v1/users", json!({ "login": login, "name": "A person" })).await;
    let (mut setups, mut setup_forms) = (Vec::new(), Vec::new());
    let (mut others, mut erased) = (Vec::new(), Vec::new());
    for number in 0..8 {
        let code = created(format!("new-{number}")).await["code"].clone();
        setups.push(json!({ "code": code, "password": PASSWORD }));
        let code = created(format!("by-form-{number}")).await["code"].clone();
        setup_forms.push(json!({ "code": code, "password": PASSWORD }));
        others.push(json!({ "id": created(format!("other-{number}")).await["user"] }));
        erased.push(json!({ "id": created(format!("erased-{number}")).await["user"] }));
    }
    let code = created("seller".to_owned()).await["code"].clone();
    let tenant = call("/api/v1/auth/setup", json!({ "code": code, "password": PASSWORD })).await["tenant"].clone();
    let login = json!({ "tenant": tenant, "login": "seller", "password": PASSWORD });
    let mut refreshes = Vec::new();
    for _ in 0..8 {
        let token = call("/api/v1/auth/login", login.clone()).await["refresh_token"].clone();
        refreshes.push(json!({ "refresh_token": token }));
    }
    let code = created("changer".to_owned()).await["code"].clone();
    call("/api/v1/auth/setup", json!({ "code": code, "password": PASSWORD })).await;
    let changer = json!({ "tenant": tenant, "login": "changer", "password": PASSWORD });
    let access_token = call("/api/v1/auth/login", changer).await["access_token"].clone();
    People { login, access_token, refreshes, setups, setup_forms, others, erased }
}

fn choices() -> Value {
    json!([{ "choice": "server" }, { "choice": "local" }, { "choice": "merged", "fields": { "town": "Metz", "name": null } }])
}

/// One draft, and a list.
fn posted() -> Value {
    let one = |id: &str| draft("SALE", id, "SALE_RECORDED", Sale::default().payload());
    json!([one("one"), [one("first of two"), one("second of two")]])
}

fn phone_event() -> Value {
    let payload = json!({ "name": "Zoé" });
    json!({ "id": uuid("phone", 1), "entity_type": "CLIENT", "entity_id": "of-a-phone", "action": "CREATE", "payload": payload,
        "occurred_at": "2026-01-07T10:00:00Z", "user_id": 12, "checksum": comptoir_proto::mobile_v1::checksum(payload.to_string().as_bytes()) })
}

fn validated(id: &str) -> Value {
    draft("DELIVERY", id, "DELIVERY_VALIDATED", json!({ "qr": "qr-1", "validated_at": "2026-01-05T09:00:00Z" }))
}

/// Fills a node and returns the known values, once it has central's rows and decisions.
pub(crate) async fn node(url: &str) -> Value {
    let key = node_key(url).expect("the node runs");
    let api = Endpoint::address(url, Some(key.clone()));
    // Head admin validated it first.
    let results = append(&api, vec![validated("first")]).await;
    append(&api, created("CLIENT", "mine")).await;
    let hash = put_file(&api, "a signature").await;
    let sold = append(&api, vec![sold()]).await;
    let receipts = vec![receipt(&api, sold[0]["event_id"].as_str().expect("an id")).await];
    let goods = json!({ "lines": [{ "product": "p-1", "quantity": "6", "unit_cost": "1.25" }] });
    let received = (0..POOL).map(|number| draft("RECEPTION", &format!("r-{number}"), "GOODS_RECEIVED", goods.clone()));
    let received = append(&api, received.collect()).await;
    let received: Vec<Value> = received.iter().map(|one| json!({ "id": one["event_id"] })).collect();
    for number in 0..POOL {
        let body = json!({ "entity_type": "CLIENT", "action": "CREATE", "payload": { "name": "Dup" } });
        let path = format!("/api/v1/saved-forms/{}", uuid("draft", number));
        assert!(api.send("PUT", &path, &[("content-type", "application/json")], body.to_string()).await.status < 300);
    }
    let opened = api.post("/api/v1/till/open", &json!({ "float_minor": 10_000 })).await;
    assert_eq!(opened.status, 200);
    let notified = notified(&api).await;
    let drafts =
        |from: usize| (from..POOL).step_by(3).map(|number| json!({ "id": uuid("draft", number) })).collect::<Vec<_>>();
    json!({
        "url": url, "token": key, "node_key": "none",
        "places": {
            "/api/v1/events/{id}": [{ "id": results[0]["event_id"] }],
            "/r/{code}": receipts, "/r/{code}/qr.svg": receipts, "/api/v1/sales/{id}": [{ "id": sold[0]["event_id"] }],
            "/api/v1/receptions/{id}/cancel": received,
            "/api/v1/clients/{id}": ids("c"), "delete /api/v1/clients/{id}": ids("mine"),
            "/api/v1/entities/{type}": [{ "type": "STUDENT" }], "/api/v1/entities/{type}/{id}": entities("s"),
            "/api/v1/invoices/{id}/cancel": ids("i"), "/api/v1/deliveries/{id}/validate": ids("d"),
            "get /api/v1/blobs/{hash}": [{ "hash": hash }],
            "/api/v1/saved-forms/{id}": drafts(0), "delete /api/v1/saved-forms/{id}": drafts(1), "/api/v1/saved-forms/{id}/submit": drafts(2),
            "/api/v1/notifications/{id}/seen": place(&notified), "/api/v1/local-keys/{id}": local_keys(&api).await,
        },
        "bodies": {
            "/api/v1/events": posted(), "delete /api/v1/clients/{id}": [{}],
            "/api/v1/till/close": [{ "number": 1, "counted_minor": 0, "reason": "a test" }],
        },
        "queries": { "get /api/v1/events": [{ "limit": "100" }], "/api/v1/notifications": [{}, { "unseen": "true" }] },
        "paired": files(),
    })
}

/// The code on the receipt of an event.
async fn receipt(api: &Endpoint, event: &str) -> Value {
    let event = api.send("GET", &format!("/api/v1/events/{event}"), &[], "").await.json();
    let path = event["receipt"].as_str().expect("an event has a receipt's path");
    json!({ "code": path.rsplit('/').next() })
}

fn sold() -> Value {
    draft("SALE", "sold", "SALE_RECORDED", serde_json::to_value(Sale::default()).expect("JSON"))
}

/// Keys that requests revoke.
async fn local_keys(api: &Endpoint) -> Vec<Value> {
    let mut keys = Vec::new();
    for number in 0..POOL {
        let made = api.post("/api/v1/local-keys", &json!({ "label": format!("spare {number}") })).await;
        let made: Value = serde_json::from_slice(&made.body).expect("JSON");
        keys.push(json!({ "id": made["id"] }));
    }
    keys
}

/// Waits until central has decided and the first load has ended; returns the id of a notification.
async fn notified(api: &Endpoint) -> String {
    for _ in 0..600 {
        let get = |path| async move { api.send("GET", path, &[], "").await };
        let notifications: Value = serde_json::from_slice(&get("/api/v1/notifications").await.body).expect("JSON");
        let loaded =
            get("/api/v1/clients/c-1").await.status == 200 && get("/api/v1/stock?product=p-1").await.body.len() > 100;
        match notifications["rows"][0]["id"].as_str() {
            Some(id) if loaded => return id.to_owned(),
            _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    panic!("central's decisions did not reach the node within a minute");
}
