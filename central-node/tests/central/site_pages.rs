//! Pages of the quarantine, the conflicts and the log have the rows of the caller's sites, and are full however many rows of
//! other sites are between them.

use comptoir_core::event::Content;
use comptoir_proto::stored_v1;
use comptoir_test_support::events::{Edit, Sale, TestEvent as _};
use comptoir_test_support::{SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::accounts::log_in;
use crate::enrolled::{access, person, send};

/// Events of the other site before each of the own.
const OTHERS: usize = 7;

/// The ids of each page, to the last.
async fn pages(server: &TestCentral, key: &str, path: &str, list: &str, id: &str) -> Vec<Vec<String>> {
    let (mut pages, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = server.get_as(key, &format!("{path}&after={after}")).await.assert_ok();
        let rows = page[list].as_array().expect("a list").iter();
        pages.push(rows.map(|row| row[id].as_str().expect("an id").to_owned()).collect());
        after = page["next"].as_str().expect("a position").to_owned();
        if page["more"] == false {
            return pages;
        }
    }
}

async fn manager(company: &TestTenant<'_>) -> String {
    let manager = person(company, "manager", json!([{ "role": "manager", "site": company.site.uuid() }])).await;
    access(&log_in(company, &manager).await).to_owned()
}

/// Pushes events of the other node and the own one in turn: the ids of the own ones.
async fn in_turn(
    server: &TestCentral,
    (own, other): (&mut SealedLog, &mut SealedLog),
    record: impl Fn(&mut SealedLog, &str) -> String,
) -> Vec<String> {
    let mut ids = Vec::new();
    for turn in 0..5 {
        (0..OTHERS).for_each(|number| _ = record(other, &format!("other-{turn}-{number}")));
        let request = other.take_push();
        other.send_push(server, &request).await.assert_ok();
        ids.push(record(own, &format!("own-{turn}")));
        let request = own.take_push();
        own.send_push(server, &request).await.assert_ok();
    }
    ids
}

fn chunks(ids: &[String], size: usize) -> Vec<Vec<String>> {
    ids.chunks(size).map(<[String]>::to_vec).collect()
}

#[tokio::test]
async fn a_managers_page_of_the_quarantine_is_full() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut own, mut other) = (company.node().await, company.node_elsewhere().await);
    let wrong = Sale { total_minor: 499, ..Sale::default() };
    let ids = in_turn(&server, (&mut own, &mut other), |log, id| log.record(id, &wrong).to_string()).await;
    let key = manager(&company).await;
    let seen = pages(&server, &key, "/api/v1/quarantine?limit=2", "events", "id").await;
    assert_eq!(seen, chunks(&ids, 2));
    let all = pages(&server, &company.token, "/api/v1/quarantine?limit=1000", "events", "id").await.concat();
    assert_eq!(all.len(), 5 * (OTHERS + 1), "an administrator sees both sites");
    // What was not shown cannot be released.
    let foreign = all.iter().find(|id| !ids.contains(id)).expect("one of the other site");
    let path = format!("/api/v1/quarantine/{foreign}/release");
    send(&server, "POST", &key, &path, json!({})).await.assert_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_managers_page_of_the_conflicts_is_full_open_or_decided() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut own, mut other) = (company.node().await, company.node_elsewhere().await);
    let mut pupils: Vec<Value> = Vec::new();
    for turn in 0..5 {
        let names = (0..OTHERS).map(|number| format!("other-{turn}-{number}")).chain([format!("own-{turn}")]);
        let pupil = Edit { entity_type: "STUDENT", fields: json!({ "name": "Léa" }), ..Edit::default() };
        pupils.extend(names.map(|name| pupil.draft(&name)));
    }
    let made = company.post("/api/v1/events", Value::from(pupils.clone())).await.assert_ok();
    let base = made["results"][0]["decision"]["position"].as_u64().expect("a position");
    // Head office edits them all, after the versions that the nodes have seen.
    let edits = pupils.iter().zip(base..).map(|(pupil, version)| {
        let edit = Edit { entity_type: "STUDENT", action: "UPDATE", fields: json!({ "town": "Brest" }) };
        let mut edit = edit.draft(pupil["entity_id"].as_str().expect("an id"));
        edit["base_version"] = version.into();
        edit
    });
    company.post("/api/v1/events", edits.collect::<Value>()).await.assert_ok();
    let record = |log: &mut SealedLog, pupil: &str| {
        let mut edit = log.event("STUDENT", pupil, "UPDATE", &json!({ "town": "Nice" }));
        let at = pupils.iter().position(|made| made["entity_id"] == *pupil).expect("head office made it");
        edit.content = Content { base_version: Some(base + at as u64), ..edit.content };
        log.seal_bytes(stored_v1::encode(&edit).expect("it fits"));
        edit.id.to_string()
    };
    let ids = in_turn(&server, (&mut own, &mut other), record).await;
    let key = manager(&company).await;
    let open = pages(&server, &key, "/api/v1/conflicts?limit=2", "conflicts", "event_id").await;
    assert_eq!(open, chunks(&ids, 2));
    // Whose node it was is no way around the site.
    let of_other = format!("/api/v1/conflicts?limit=2&node={}", other.node);
    assert_eq!(pages(&server, &key, &of_other, "conflicts", "event_id").await, [Vec::<String>::new()]);
    let all = pages(&server, &company.token, "/api/v1/conflicts?limit=1000", "conflicts", "event_id").await.concat();
    assert_eq!(all.len(), 5 * (OTHERS + 1), "an administrator sees both sites");
    for event in &all {
        let path = format!("/api/v1/conflicts/{event}");
        let etag = company.get(&path).await.assert_ok()["etag"].as_str().expect("a tag").to_owned();
        company.post_if_match(&format!("{path}/resolve"), &etag, json!({ "choice": "server" })).await.assert_ok();
    }
    let decided = pages(&server, &key, "/api/v1/conflicts?limit=2&state=all", "conflicts", "event_id").await;
    assert_eq!(decided.concat().len(), ids.len());
    assert!(decided.concat().iter().all(|event| ids.contains(event)), "{decided:?}");
    assert!(decided.iter().rev().skip(1).all(|page| page.len() == 2), "each page but the last is full: {decided:?}");
    // A node's own, which are found between those of the other.
    let of_node = pages(&server, &own.key, "/api/v1/conflicts?limit=2&state=all", "conflicts", "event_id").await;
    assert_eq!(of_node.concat().len(), ids.len(), "{of_node:?}");
    assert!(of_node.iter().rev().skip(1).all(|page| page.len() == 2), "{of_node:?}");
    // The resolution is an event of the site of the edit.
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let resolutions = log["events"].as_array().unwrap().iter().filter(|event| event["action"] == "CONFLICT_RESOLVED");
    let sites: Vec<&Value> = resolutions.map(|event| &event["site"]).collect();
    assert_eq!(sites.iter().filter(|site| **site == &json!(company.site.uuid())).count(), ids.len(), "{sites:?}");
    assert!(sites.iter().all(|site| site.is_string()), "{sites:?}");
}

/// A stolen key of one shop reads that shop's events.
#[tokio::test]
async fn a_node_reads_its_own_sites_part_of_the_log_and_no_audit_entries() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut own, mut other) = (company.node().await, company.node_elsewhere().await);
    let ids = in_turn(&server, (&mut own, &mut other), |log, id| log.sell(id).to_string()).await;
    let events = pages(&server, &own.key, "/api/v1/events?limit=2", "events", "site").await.concat();
    let site = company.site.uuid().to_string();
    assert!(events.iter().all(|of| *of == site), "{events:?}");
    let seen = pages(&server, &own.key, "/api/v1/events?limit=2", "events", "id").await;
    assert!(ids.iter().all(|id| seen.concat().contains(id)), "{seen:?}");
    assert!(seen.iter().rev().skip(1).all(|page| page.len() == 2), "each page but the last is full: {seen:?}");
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let foreign = log["events"].as_array().expect("a list").iter().find(|event| event["entity_id"] == "other-0-0");
    let path = format!("/api/v1/events/{}", foreign.expect("it is there")["id"].as_str().expect("an id"));
    server.get_as(&own.key, &path).await.assert_problem(404, "NOT_FOUND");
    server.get_as(&other.key, &path).await.assert_ok();
    server.get_as(&own.key, "/api/v1/audit-entries").await.assert_problem(403, "FORBIDDEN");
}

/// An event would carry another tenant's site for ever.
#[tokio::test]
async fn nobody_records_an_event_at_a_site_that_the_tenant_does_not_have() {
    let server = TestCentral::new().await;
    let (company, others) = (server.company().await, server.tenant("Another").await);
    let admin = person(&company, "admin", json!([{ "role": "admin", "site": null }])).await;
    let token = access(&log_in(&company, &admin).await).to_owned();
    let record = async |site: String| {
        let body = Sale::default().draft(&format!("s-{site}")).to_string();
        let request = axum::http::Request::post("/api/v1/events")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("comptoir-site", site);
        server.request(request.body(axum::body::Body::from(body)).expect("a request")).await
    };
    record(company.site.to_string()).await.assert_ok();
    for foreign in [others.site.to_string(), uuid::Uuid::now_v7().to_string()] {
        record(foreign).await.assert_problem(403, "FORBIDDEN").field("pointer", "Comptoir-Site");
    }
}
