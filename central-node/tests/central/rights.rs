//! Events of users are judged by the rights that their node knew: point 5 of the requirements on identity.

use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::event::{Content, Event};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, UserId};
use comptoir_core::position::Position;
use comptoir_core::rights::{RightsHistory, RightsPeriod};
use comptoir_proto::node_users_v1::NodeUsers;
use comptoir_proto::rights_change::rights_change;
use comptoir_test_support::events::{DeliveryOrder, DeliveryValidation, GoodsReception, Sale, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{phone_event, phone_push};
use crate::enrolled::{Person, access, enrolled, person, send};
use crate::pulling::pull;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Seals what a user recorded at a node that knew the changes of identities up to a position.
pub(crate) fn record_as(
    node: &mut SealedLog,
    (user, identity_position): (&str, u64),
    id: &str,
    event: &impl TestEvent,
) -> EventId {
    let sealed = node.event(event.entity_type(), id, event.action(), &event.payload());
    let content = Content { user: Some(name(user)), ..sealed.content };
    node.seal_event(Event { identity_position, content, ..sealed })
}

async fn users(server: &TestCentral, node: &SealedLog) -> NodeUsers {
    node.get(server, "/api/v1/sync/users").await.parse()
}

pub(crate) async fn identity_position(server: &TestCentral, node: &SealedLog) -> u64 {
    users(server, node).await.identity_position
}

pub(crate) async fn at_own_site(company: &TestTenant<'_>, role: &'static str) -> Person {
    person(company, role, json!([{ "role": role, "site": company.site.uuid() }])).await
}

/// Pushes the last record. Returns its verdict with its code.
async fn verdict(server: &TestCentral, node: &SealedLog) -> String {
    let result = node.push_last(server).await;
    format!("{} {}", result.verdict, result.code.unwrap_or_default()).trim().to_owned()
}

async fn change_user(company: &TestTenant<'_>, user: &Person, change: Value) {
    let path = format!("/api/v1/users/{}", user.id);
    send(company.server, "PATCH", &company.token, &path, change).await.assert_ok();
}

fn change_of_role() -> Value {
    json!({ "role": "cashier", "operation": "record", "action": "SALE_RECORDED", "entity_type": "SALE", "scope": "own_site" })
}

#[tokio::test]
async fn point_5_a_node_s_user_records_what_the_user_s_roles_allow_and_nothing_else_takes_effect() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let cashier = at_own_site(&company, "cashier").await;
    let known = identity_position(&server, &node).await;
    let of = |user: &str, at: u64| (user.to_owned(), at);
    for ((user, at), expected) in [
        (of(&cashier.id, known), "ACCEPTED"),
        (of(&cashier.id, 3), "QUARANTINED USER_UNKNOWN"),
        (of(&Uuid::now_v7().to_string(), known), "QUARANTINED USER_UNKNOWN"),
        (of("cashier", known), "QUARANTINED USER_UNKNOWN"),
        (of(&cashier.id, known + 1_000), "QUARANTINED RIGHTS_UNKNOWN"),
        // A program of the shop recorded it: the user is a text of its own.
        (of("u-12", 0), "ACCEPTED"),
    ] {
        record_as(&mut node, (&user, at), &format!("s-{user}-{at}"), &Sale::default());
        assert_eq!(verdict(&server, &node).await, expected, "{user} at {at}");
    }
    // A cashier receives no goods, whatever the till sends: stock does not rise.
    record_as(&mut node, (&cashier.id, known), "r-1", &GoodsReception::default());
    assert_eq!(verdict(&server, &node).await, "QUARANTINED NOT_PERMITTED");
    let received = "select count(*) from stock_item where tenant_id = $1 and lots::text <> '[]'";
    assert_eq!(company.count(received).await, 0);
    // At another site the cashier is nobody.
    let mut elsewhere = company.node_elsewhere().await;
    elsewhere.push_all(&server).await;
    record_as(&mut elsewhere, (&cashier.id, known), "s-paris", &Sale::default());
    assert_eq!(verdict(&server, &elsewhere).await, "QUARANTINED NOT_PERMITTED");
    company.assert_gapless().await;
}

#[tokio::test]
async fn point_5_rights_withdrawn_since_quarantine_what_was_recorded_offline() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let cashier = at_own_site(&company, "cashier").await;
    let mut known = identity_position(&server, &node).await;
    let role = json!([{ "role": "cashier", "site": company.site.uuid() }]);
    let (none, role) = (json!({ "roles": [] }), json!({ "roles": role }));
    let (disabled, enabled) = (json!({ "disabled": true }), json!({ "disabled": false }));
    let mut sales = 0;
    let mut sell = async |node: &mut SealedLog, at: u64| {
        sales += 1;
        record_as(node, (&cashier.id, at), &format!("s-{sales}"), &Sale::default());
        verdict(&server, node).await
    };
    assert_eq!(sell(&mut node, known).await, "ACCEPTED");
    for (withdraw, give_back) in [(none, role), (disabled, enabled)] {
        change_user(&company, &cashier, withdraw).await;
        assert_eq!(sell(&mut node, known).await, "QUARANTINED RIGHTS_WITHDRAWN");
        let withdrawn = identity_position(&server, &node).await;
        assert!(withdrawn > known, "the change raised it");
        assert_eq!(sell(&mut node, withdrawn).await, "QUARANTINED NOT_PERMITTED", "the node knew");
        change_user(&company, &cashier, give_back).await;
        // What was recorded before, and comes only now, is no worse than what comes later.
        assert_eq!(sell(&mut node, known).await, "ACCEPTED");
        known = identity_position(&server, &node).await;
    }
    company.post("/api/v1/roles/deny", change_of_role()).await.assert_ok();
    assert_eq!(sell(&mut node, known).await, "QUARANTINED RIGHTS_WITHDRAWN");
    company.post("/api/v1/roles/allow", change_of_role()).await.assert_ok();
    known = identity_position(&server, &node).await;
    assert_eq!(sell(&mut node, known).await, "ACCEPTED");
    company.post(&format!("/api/v1/users/{}/erase", cashier.id), json!({})).await.assert_status(204);
    assert_eq!(sell(&mut node, known).await, "QUARANTINED RIGHTS_WITHDRAWN");
}

#[tokio::test]
async fn point_4_a_quarantined_validation_competes_for_nothing_until_its_release_decides() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let (driver, cashier) = (at_own_site(&company, "driver").await, at_own_site(&company, "cashier").await);
    let known = identity_position(&server, &node).await;
    let release = async |event: EventId| {
        let answer = company.post(&format!("/api/v1/quarantine/{event}/release"), json!({})).await.assert_ok();
        let decision = &answer["decision"];
        format!("{} {}", decision["verdict"].as_str().unwrap(), decision["code"].as_str().unwrap_or_default())
    };
    for (delivery, released_first) in [("d-1", false), ("d-2", true)] {
        let order = DeliveryOrder::default();
        company.record(delivery, &order).await;
        let validation = DeliveryValidation { qr: order.qr.clone(), ..DeliveryValidation::default() };
        let early = record_as(&mut node, (&cashier.id, known), delivery, &validation);
        assert_eq!(verdict(&server, &node).await, "QUARANTINED NOT_PERMITTED");
        let shown = company.get("/api/v1/deliveries?limit=10").await.assert_ok();
        let of_delivery = shown["rows"].as_array().unwrap().iter().find(|row| row["id"] == delivery).unwrap();
        assert!(of_delivery.get("validation").is_none_or(Value::is_null), "{of_delivery}");
        if released_first {
            assert_eq!(release(early).await, "ACCEPTED ");
        }
        record_as(&mut node, (&driver.id, known), delivery, &validation);
        let expected = if released_first { "CONFLICT ALREADY_VALIDATED" } else { "ACCEPTED" };
        assert_eq!(verdict(&server, &node).await, expected);
        if !released_first {
            assert_eq!(release(early).await, "CONFLICT ALREADY_VALIDATED", "it is later than the driver's");
        }
    }
}

/// Today any phone's reception raises stock.
#[tokio::test]
async fn point_1_a_driver_s_phone_validates_and_receives_no_goods() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let driver = at_own_site(&company, "driver").await;
    let tokens = enrolled(&company, &driver, "driver", "phone-1").await.log_in(&company, &driver).await;
    let goods = GoodsReception::default();
    let received = phone_event(goods.entity_type(), "r-1", goods.action(), &goods.payload());
    let order = DeliveryOrder::default();
    company.record("d-1", &order).await;
    let validation = DeliveryValidation { qr: order.qr, ..DeliveryValidation::default() };
    let validated = phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &validation.payload());
    let pushed = phone_push(&company, access(&tokens), "phone-1", &[received.clone(), validated.clone()]).await;
    assert_eq!(pushed["acked_event_ids"], json!([validated["id"]]), "{pushed}");
    let failed = &pushed["failed_events"][0];
    assert_eq!((&failed["event_id"], &failed["error_code"]), (&received["id"], &json!("NOT_PERMITTED")), "{pushed}");
    assert_eq!((&failed["retry"], &failed["resolution"]["action"]), (&json!(false), &json!("DISCARD_LOCAL")));
    let held = company.get(&format!("/api/v1/events/{}", received["id"].as_str().unwrap())).await.assert_ok();
    assert_eq!((&held["decision"]["verdict"], &held["user"]), (&json!("QUARANTINED"), &json!(driver.id)), "{held}");
    let received_stock = "select count(*) from stock_item where tenant_id = $1 and lots::text <> '[]'";
    assert_eq!(company.count(received_stock).await, 0);
    // The holder of a service key answers for what its devices record.
    let goods = phone_event(goods.entity_type(), "r-2", goods.action(), &goods.payload());
    let pushed = phone_push(&company, &company.token, "phone-2", &[goods]).await;
    assert_eq!(pushed["failed_events"], json!([]), "{pushed}");
    assert_eq!(company.count(received_stock).await, 1);
}

/// As the API does: the device of a driver who is a cashier too records what a driver may.
#[tokio::test]
async fn point_4_what_a_device_sends_is_judged_by_the_device_s_role_alone() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let site = company.site.uuid();
    let both = json!([{ "role": "driver", "site": site }, { "role": "cashier", "site": null }]);
    let user = person(&company, "amelie", both).await;
    let sale = |id| phone_event("SALE", id, "SALE_RECORDED", &Sale::default().payload());
    let mut verdicts = Vec::new();
    for (role, phone) in [("driver", "phone-1"), ("cashier", "phone-2")] {
        let tokens = enrolled(&company, &user, role, phone).await.log_in(&company, &user).await;
        let sale = sale(phone);
        phone_push(&company, access(&tokens), phone, std::slice::from_ref(&sale)).await;
        let held = company.get(&format!("/api/v1/events/{}", sale["id"].as_str().unwrap())).await.assert_ok();
        verdicts.push((held["decision"]["verdict"].clone(), held["decision"]["code"].clone()));
    }
    let not_permitted = (json!("QUARANTINED"), json!("NOT_PERMITTED"));
    assert_eq!(verdicts, [not_permitted, (json!("ACCEPTED"), Value::Null)]);
}

#[tokio::test]
async fn point_5_a_node_receives_the_users_of_its_site_without_administrators() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    let elsewhere = company.node_elsewhere().await;
    let [own, other] = [company.site.uuid(), elsewhere.site.uuid()];
    let cashier = person(&company, "cashier", json!([{ "role": "cashier", "site": own }])).await;
    let both = person(
        &company,
        "both",
        json!([{ "role": "driver", "site": own }, { "role": "seller", "site": other }, { "role": "auditor", "site": null }]),
    )
    .await;
    person(&company, "paris", json!([{ "role": "cashier", "site": other }])).await;
    person(&company, "chief", json!([{ "role": "admin", "site": null }, { "role": "cashier", "site": own }])).await;
    let gone = person(&company, "gone", json!([{ "role": "cashier", "site": own }])).await;
    change_user(&company, &gone, json!({ "disabled": true })).await;

    let known = users(&server, &node).await;
    let logins: Vec<&str> = known.users.iter().map(|user| user.login.as_str()).collect();
    assert_eq!(logins, ["cashier", "both"], "in the order of their ids");
    assert_eq!(known.users[0].id.to_string(), cashier.id);
    assert!(known.users[0].verifier.as_deref().is_some_and(|verifier| verifier.starts_with("$argon2id$")));
    let roles = serde_json::to_value(&known.users[1].roles).unwrap();
    assert_eq!(roles, json!([{ "role": "auditor", "site": null }, { "role": "driver", "site": own }]), "{}", both.id);
    assert!(known.permissions.iter().any(|permission| permission.role == "cashier"));
    assert_eq!(known.token_issuer, format!("comptoir/{}", server.central.incarnation()));
    assert!(!known.token_keys.keys.is_empty());
    server.get_as(&company.token, "/api/v1/sync/users").await.assert_problem(403, "FORBIDDEN");

    // A pull says when there is something to ask for.
    let pulled = pull(&server, &node, None, 10).await;
    assert_eq!(pulled.identity_position, known.identity_position);
    company.record("s-1", &Sale::default()).await;
    assert_eq!(
        pull(&server, &node, None, 10).await.identity_position,
        known.identity_position,
        "a sale changes nothing"
    );
    change_user(&company, &cashier, json!({ "name": "Amélie" })).await;
    assert!(pull(&server, &node, None, 10).await.identity_position > known.identity_position);
}

/// The rows of rights are a projection: every one of them follows from an event.
#[tokio::test]
async fn the_rows_of_rights_follow_from_the_events_of_changed_identities() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let cashier = at_own_site(&company, "cashier").await;
    let driver = at_own_site(&company, "driver").await;
    change_user(&company, &cashier, json!({ "disabled": true, "roles": [{ "role": "seller", "site": null }] })).await;
    change_user(&company, &cashier, json!({ "disabled": false })).await;
    let mut role = change_of_role();
    company.post("/api/v1/roles/deny", &role).await.assert_ok();
    company.post("/api/v1/roles/allow", &role).await.assert_ok();
    role["scope"] = "tenant".into();
    company.post("/api/v1/roles/allow", &role).await.assert_ok();
    company.post("/api/v1/roles/allow", &role).await.field("/changed", false);
    company.post(&format!("/api/v1/users/{}/erase", driver.id), json!({})).await.assert_status(204);
    let seller = at_own_site(&company, "seller").await;
    enrolled(&company, &seller, "seller", "phone-1").await;

    let mut folded = RightsHistory::of_new_tenant();
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let mut last = 0;
    for event in log["events"].as_array().unwrap().iter().filter(|event| event["action"] == "IDENTITY_CHANGED") {
        let text = |member: &str| name(event[member].as_str().unwrap());
        let payload = event["payload"].to_string().into_bytes();
        let content = Content::new(text("entity_type"), text("entity_id"), text("action"), payload);
        let position = event["decision"]["position"].as_u64().unwrap();
        // What a node knows of its users does not change with a device.
        if event["entity_type"] != "DEVICE" {
            last = position;
        }
        if let Some(change) = rights_change(&content) {
            folded.apply(Position(position), change);
        }
    }
    assert_eq!(folded, rows(&company).await);
    let head = "select identity_position from tenant_head where tenant_id = $1";
    assert_eq!(company.count(head).await, last as i64);
}

async fn rows(company: &TestTenant<'_>) -> RightsHistory {
    let db = server_rows(company);
    let mut history = RightsHistory::default();
    let period = |row: &tokio_postgres::Row, column: usize| RightsPeriod {
        from: Position(row.get::<_, i64>(column) as u64),
        to: row.get::<_, Option<i64>>(column + 1).map(|to| Position(to as u64)),
    };
    for row in db("select user_id, created_position from app_user where tenant_id = $1").await {
        history.add_user(UserId::new(row.get(0)), Position(row.get::<_, i64>(1) as u64));
    }
    for row in db("select user_id, from_position, to_position from user_disabling where tenant_id = $1").await {
        history.add_disabled(UserId::new(row.get(0)), period(&row, 1));
    }
    for row in db("select user_id, role, site_id, from_position, to_position from user_role where tenant_id = $1").await
    {
        let site: Uuid = row.get(2);
        let held = RoleAt { role: Role::new(row.get(1)).unwrap(), site: (!site.is_nil()).then(|| SiteId::new(site)) };
        history.add_role(UserId::new(row.get(0)), held, period(&row, 3));
    }
    let sql = "select role, operation, action, entity_type, scope, from_position, to_position
               from role_permission where tenant_id = $1";
    for row in db(sql).await {
        let optional = |text: &str| (text != "*").then(|| name(text));
        let permission = Permission {
            role: Role::new(row.get(0)).unwrap(),
            operation: AccessOperation::parse(row.get(1)).unwrap(),
            action: optional(row.get(2)),
            entity_type: optional(row.get(3)),
            scope: AccessScope::parse(row.get(4)).unwrap(),
        };
        history.add_permission(permission, period(&row, 5));
    }
    let sql = "select d.node_id, d.role, n.site_id from device d
               join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
               where d.tenant_id = $1 and d.user_id is not null";
    for row in db(sql).await {
        let role = RoleAt { role: Role::new(row.get(1)).unwrap(), site: Some(SiteId::new(row.get(2))) };
        history.add_device(NodeId::new(row.get(0)), role);
    }
    history
}

fn server_rows<'a>(company: &'a TestTenant<'_>) -> impl AsyncFn(&'a str) -> Vec<tokio_postgres::Row> {
    async |sql: &str| company.server.admin().await.query(sql, &[&company.tenant.uuid()]).await.unwrap()
}
