//! Conflicts over HTTP: both sides are shown, a person decides once, and never from a stale page.

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::switch::{drop_version, switch};
use comptoir_central::projections::{PageSize, Projection, Version};
use comptoir_core::decision::{Code, Judgement, Verdict};
use comptoir_core::id::EventId;
use comptoir_proto::stored_v1;
use comptoir_test_support::{Response, SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

/// A request with an `If-Match`.
pub(crate) async fn ask(
    server: &TestCentral,
    key: &str,
    (method, path): (&str, &str),
    if_match: Option<&str>,
    body: &Value,
) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(etag) = if_match {
        request = request.header(header::IF_MATCH, etag);
    }
    server.request(request.body(Body::from(body.to_string())).unwrap()).await
}

/// A school with a node at the office and one at the teacher's.
struct School<'a> {
    server: &'a TestCentral,
    company: TestTenant<'a>,
    office: SealedLog,
    teacher: SealedLog,
}

impl<'a> School<'a> {
    async fn new(server: &'a TestCentral) -> School<'a> {
        let company = server.company().await;
        let (office, teacher) = (company.node().await, company.node().await);
        office.push_all(server).await;
        teacher.push_all(server).await;
        School { server, company, office, teacher }
    }

    /// Creates a pupil at the office and edits it at the teacher's, then at the office from the old version. Returns the office's
    /// edit, which is in conflict, and that old version.
    async fn pupil_in_conflict(&mut self, pupil: &str) -> (EventId, u64) {
        let made =
            edit(&mut self.office, pupil, "CREATE", None, &json!({"name": "Léa", "grade": "12", "town": "Lyon"}));
        let base = push_last(self.server, &self.office, made).await.position;
        let graded = edit(&mut self.teacher, pupil, "UPDATE", Some(base), &json!({"grade": "13", "room": "B2"}));
        assert_eq!(push_last(self.server, &self.teacher, graded).await.verdict, "ACCEPTED");
        let late = edit(&mut self.office, pupil, "UPDATE", Some(base), &json!({"grade": "15", "name": null}));
        let answer = push_last(self.server, &self.office, late).await;
        assert_eq!(answer.verdict.as_str(), "CONFLICT");
        assert_eq!(answer.code.as_deref(), Some("VERSION_CONFLICT"));
        (late, base)
    }

    async fn conflict(&self, event: EventId) -> Value {
        self.company.get(&format!("/api/v1/conflicts/{event}")).await.assert_ok()
    }

    async fn resolve(&self, event: EventId, etag: &str, body: &Value) -> Response {
        self.company.post_if_match(&format!("/api/v1/conflicts/{event}/resolve"), etag, body).await
    }

    async fn pupil(&self, pupil: &str) -> Value {
        self.company.get(&format!("/api/v1/entities/STUDENT/{pupil}")).await.body
    }
}

fn edit(node: &mut SealedLog, pupil: &str, action: &str, base: Option<u64>, fields: &Value) -> EventId {
    let mut event = node.event("STUDENT", pupil, action, fields);
    event.content.base_version = base;
    node.seal_event(event)
}

async fn push_last(server: &TestCentral, node: &SealedLog, event: EventId) -> comptoir_proto::sync_v1::RecordResult {
    let answer = node.push(server, node.seq.0, node.seq.0).await;
    assert_eq!(answer.results[0].event_id, event.uuid());
    answer.results[0].clone()
}

fn etag(conflict: &Value) -> String {
    conflict["etag"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_conflict_shows_both_sides_and_every_waiting_edit() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (opened, base) = school.pupil_in_conflict("7").await;
    let joined = edit(&mut school.office, "7", "UPDATE", Some(base), &json!({"town": "Nice"}));
    assert_eq!(push_last(&server, &school.office, joined).await.verdict, "CONFLICT");

    let page = school.company.get("/api/v1/conflicts").await.assert_ok();
    assert_eq!(page["conflicts"].as_array().unwrap().len(), 1, "{page}");
    let conflict = &page["conflicts"][0];
    assert_eq!(conflict, &school.conflict(opened).await);
    assert_eq!(conflict, &school.conflict(joined).await, "it is found by every edit that waits in it");
    assert_eq!(conflict["event_id"], json!(opened.uuid()));
    assert_eq!(conflict["state"], "open");
    assert_eq!(conflict["base"]["fields"], json!({"name": "Léa", "grade": "12", "town": "Lyon"}));
    assert_eq!(conflict["server"]["fields"], json!({"name": "Léa", "grade": "13", "town": "Lyon", "room": "B2"}));
    assert_eq!(conflict["local"]["fields"], json!({"grade": "15", "town": "Nice", "room": "B2"}));
    let differences = json!([
        {"field": "grade", "base": "12", "server": "13", "local": "15"},
        {"field": "name", "base": "Léa", "server": "Léa"},
        {"field": "town", "base": "Lyon", "server": "Lyon", "local": "Nice"},
    ]);
    assert_eq!(conflict["differences"], differences);
    let edits: Vec<_> = conflict["edits"].as_array().unwrap().iter().map(|edit| edit["event_id"].clone()).collect();
    assert_eq!(edits, [json!(opened.uuid()), json!(joined.uuid())]);
    assert_eq!(conflict["edits"][0]["user"], "u-1");

    for (query, found) in [
        ("type=STUDENT", 1),
        ("type=CLASS", 0),
        ("type=STUDENT&entity=7", 1),
        ("entity=8", 0),
        (&format!("node={}", school.office.node), 1),
        (&format!("node={}", school.teacher.node), 0),
        ("state=all", 1),
        (&format!("after={}", page["next"].as_str().unwrap()), 0),
    ] {
        let page = school.company.get(&format!("/api/v1/conflicts?{query}")).await.assert_ok();
        assert_eq!(page["conflicts"].as_array().unwrap().len(), found, "{query}: {page}");
    }
    school.company.get("/api/v1/conflicts?kind=x").await.assert_problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn each_choice_gives_the_entity_that_its_preview_showed() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let choices = [
        ("s", json!({"choice": "server"}), json!({"name": "Léa", "grade": "13", "town": "Lyon", "room": "B2"})),
        ("l", json!({"choice": "local"}), json!({"grade": "15", "town": "Lyon", "room": "B2"})),
        (
            "m",
            json!({"choice": "merged", "fields": {"grade": "14", "room": null}}),
            json!({"name": "Léa", "grade": "14", "town": "Lyon"}),
        ),
    ];
    for (pupil, choice, expected) in choices {
        let (event, _) = school.pupil_in_conflict(pupil).await;
        let before = school.conflict(event).await;
        let path = format!("/api/v1/conflicts/{event}/preview");
        let preview =
            ask(&server, &school.company.token, ("POST", &path), Some(&etag(&before)), &choice).await.assert_ok();
        assert_eq!(preview["fields"], expected, "{preview}");
        assert_eq!(school.conflict(event).await, before, "a preview writes nothing");
        let mut decision = choice.clone();
        decision["user"] = json!("director");
        let answer = school.resolve(event, &etag(&before), &decision).await.assert_ok();
        assert_eq!(answer["results"][0]["decision"]["verdict"], "ACCEPTED");
        assert_eq!(answer["entity"]["fields"], expected);
        assert_eq!(school.pupil(pupil).await["fields"], expected);

        let after = school.conflict(event).await;
        assert_eq!(after["state"], "resolved");
        assert_eq!(after["resolution"]["user"], "director");
        assert_eq!(after["resolution"]["choice"], choice["choice"]);
        for side in ["server", "local", "base", "edits", "differences"] {
            assert_eq!(after[side], before[side], "both sides stay readable");
        }
        school.resolve(event, &etag(&after), &choice).await.assert_problem(409, "ALREADY_RESOLVED");
    }
    let open = school.company.get("/api/v1/conflicts").await.assert_ok();
    assert_eq!(open["conflicts"], json!([]));
    let all = school.company.get("/api/v1/conflicts?state=all&limit=2").await.assert_ok();
    assert_eq!(all["conflicts"].as_array().unwrap().len(), 2);
    assert_eq!(all["more"], true);
    let rest = format!("/api/v1/conflicts?state=all&limit=2&after={}", all["next"].as_str().unwrap());
    let rest = school.company.get(&rest).await.assert_ok();
    assert_eq!(rest["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(rest["more"], false);
    school.company.assert_gapless().await;
}

#[tokio::test]
async fn a_stale_etag_resolves_nothing() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (event, base) = school.pupil_in_conflict("7").await;
    let choice = json!({"choice": "local"});
    let path = format!("/api/v1/conflicts/{event}/resolve");
    ask(&server, &school.company.token, ("POST", &path), None, &choice)
        .await
        .assert_problem(428, "PRECONDITION_REQUIRED");

    // Another edit joins the conflict.
    let first = etag(&school.conflict(event).await);
    let joined = edit(&mut school.office, "7", "UPDATE", Some(base), &json!({"town": "Nice"}));
    push_last(&server, &school.office, joined).await;
    let stale = school.resolve(event, &first, &choice).await;
    stale.assert_problem(412, "PRECONDITION_FAILED");
    let second = etag(&school.conflict(event).await);
    assert_eq!(stale.header(header::ETAG), second, "the answer carries the present ETag");

    // The server's side changes.
    let pupil = school.company.get("/api/v1/entities/STUDENT/7").await.assert_ok();
    let again = edit(&mut school.teacher, "7", "UPDATE", pupil["version"].as_u64(), &json!({"grade": "16"}));
    push_last(&server, &school.teacher, again).await;
    school.resolve(event, &second, &choice).await.assert_status(412);
    assert_eq!(school.conflict(event).await["state"], "open");

    // Two people decide from the same page at once: one succeeds.
    let third = etag(&school.conflict(event).await);
    let server = json!({"choice": "server"});
    let (one, other) = tokio::join!(school.resolve(event, &third, &choice), school.resolve(event, &third, &server));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let sql = "select count(*) from event where tenant_id = $1 and action = 'CONFLICT_RESOLVED'";
    assert_eq!(school.company.count(sql).await, 1);
}

#[tokio::test]
async fn a_decision_sent_again_is_the_same_decision() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (event, _) = school.pupil_in_conflict("7").await;
    let seen = etag(&school.conflict(event).await);
    let choice = json!({"id": Uuid::now_v7(), "choice": "merged", "fields": {"grade": "14"}});
    let first = school.resolve(event, &seen, &choice).await.assert_ok();
    let again = school.resolve(event, &seen, &choice).await.assert_ok();
    assert_eq!(again["results"][0]["duplicate"], true, "{again}");
    assert_eq!(again["results"][0]["decision"], first["results"][0]["decision"]);
    for body in [json!({"choice": "merged"}), json!({"choice": "local", "fields": {}}), json!({"choice": "both"})] {
        let (other, _) = school.pupil_in_conflict(&Uuid::now_v7().to_string()).await;
        let seen = etag(&school.conflict(other).await);
        school.resolve(other, &seen, &body).await.for_case(&body).assert_problem(400, "MALFORMED_BODY");
    }
}

#[tokio::test]
async fn a_deletion_can_be_either_side_of_a_conflict() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    // The office deletes a pupil that the teacher changed; a person accepts the deletion.
    let (first, base) = school.pupil_in_conflict("7").await;
    let deleted = edit(&mut school.office, "7", "DELETE", Some(base), &json!({}));
    push_last(&server, &school.office, deleted).await;
    let conflict = school.conflict(first).await;
    assert_eq!(conflict["local"]["exists"], false);
    let answer = school.resolve(first, &etag(&conflict), &json!({"choice": "local"})).await.assert_ok();
    assert_eq!(answer["entity"]["exists"], false, "{answer}");
    assert_eq!(answer["results"][1]["decision"]["verdict"], "ACCEPTED");
    assert_eq!(school.pupil("7").await["code"], "NOT_FOUND");

    // The teacher deletes a pupil that the office changed; a person restores it.
    let made = edit(&mut school.office, "8", "CREATE", None, &json!({"name": "Zoé", "grade": "9"}));
    let base = push_last(&server, &school.office, made).await.position;
    let deleted = edit(&mut school.teacher, "8", "DELETE", Some(base), &json!({}));
    push_last(&server, &school.teacher, deleted).await;
    let late = edit(&mut school.office, "8", "UPDATE", Some(base), &json!({"grade": "10"}));
    assert_eq!(push_last(&server, &school.office, late).await.code.as_deref(), Some("ENTITY_DELETED"));
    let conflict = school.conflict(late).await;
    assert_eq!(conflict["server"]["exists"], false);
    assert_eq!(conflict["local"]["exists"], true);
    school.resolve(late, &etag(&conflict), &json!({"choice": "local"})).await.assert_ok();
    assert_eq!(school.pupil("8").await["fields"], json!({"name": "Zoé", "grade": "10"}));
}

#[tokio::test]
async fn a_node_sees_and_resolves_its_own_conflicts_only() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (event, _) = school.pupil_in_conflict("7").await;
    let path = format!("/api/v1/conflicts/{event}");
    let stranger = server.company().await;
    for key in [&school.teacher.key, &stranger.token] {
        server.get_as(key, &path).await.assert_problem(404, "NOT_FOUND");
        let page =
            server.get_as(key, &format!("/api/v1/conflicts?state=all&node={}", school.office.node)).await.assert_ok();
        assert_eq!(page["conflicts"], json!([]));
    }
    let own = school.office.get(&server, &path).await.assert_ok();
    let resolve = format!("{path}/resolve");
    let choice = json!({"choice": "server"});
    ask(&server, &school.office.key, ("POST", &resolve), Some(&etag(&own)), &choice).await.assert_status(200);
    let accepted = edit(&mut school.teacher, "7", "UPDATE", Some(u64::MAX >> 1), &json!({}));
    push_last(&server, &school.teacher, accepted).await;
    for unknown in [accepted.to_string(), Uuid::nil().to_string(), "x".to_owned()] {
        school.company.get(&format!("/api/v1/conflicts/{unknown}")).await.for_case(&unknown).assert_status(404);
    }
}

/// The pupil's row in a node's pull: position, version and open conflicts.
async fn pulled(server: &TestCentral, node: &SealedLog, cursor: &mut Option<String>) -> Option<(u64, u64, Value)> {
    let page = crate::pulling::pull(server, node, cursor.as_deref(), 100).await;
    *cursor = Some(page.cursor);
    let change = page.changes.into_iter().find(|change| change.key.entity_type == "STUDENT")?;
    let row: Value = serde_json::from_str(change.row.unwrap().get()).unwrap();
    Some((change.position, row["version"].as_u64().unwrap(), row["open_conflicts"].clone()))
}

#[tokio::test]
async fn every_node_pulls_open_and_closed_conflicts_and_no_version_changes() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let mut cursor = None;
    let made = edit(&mut school.office, "7", "CREATE", None, &json!({"name": "Léa"}));
    let base = push_last(&server, &school.office, made).await.position;
    let graded = edit(&mut school.teacher, "7", "UPDATE", Some(base), &json!({"grade": "13"}));
    let version = push_last(&server, &school.teacher, graded).await.position;
    assert_eq!(pulled(&server, &school.teacher, &mut cursor).await, Some((version, version, json!({}))));
    let path = "/api/v1/entities/STUDENT/7";
    let tag = async || {
        ask(&server, &school.company.token, ("GET", path), None, &Value::Null).await.headers[header::ETAG].clone()
    };
    let before = tag().await;

    let late = edit(&mut school.office, "7", "UPDATE", Some(base), &json!({"grade": "15"}));
    let opened = push_last(&server, &school.office, late).await.position;
    let open = json!({ school.office.node.to_string(): late.to_string() });
    assert_eq!(pulled(&server, &school.teacher, &mut cursor).await, Some((opened, version, open.clone())));
    // A new node pulls the conflict too; an edit that joins it does not change the row.
    assert_eq!(pulled(&server, &school.office, &mut None).await, Some((opened, version, open)));
    let joined = edit(&mut school.office, "7", "UPDATE", Some(base), &json!({"town": "Nice"}));
    assert_eq!(push_last(&server, &school.office, joined).await.verdict, "CONFLICT");
    assert_eq!(pulled(&server, &school.teacher, &mut cursor).await, None);
    assert_eq!(tag().await, before);

    let conflict = school.conflict(late).await;
    let body = json!({"choice": "server", "id": Uuid::now_v7()});
    let answer = school.resolve(late, &etag(&conflict), &body).await.assert_ok();
    let closed = answer["results"][0]["decision"]["position"].as_u64().unwrap();
    assert_eq!(pulled(&server, &school.teacher, &mut cursor).await, Some((closed, version, json!({}))));
    assert_eq!(tag().await, before);
}

#[tokio::test]
async fn a_rebuild_finds_when_conflicts_were_opened_and_closed() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (open, decided) = (school.pupil_in_conflict("1").await.0, school.pupil_in_conflict("2").await.0);
    let body = json!({"choice": "local", "id": Uuid::now_v7()});
    school.resolve(decided, &etag(&school.conflict(decided).await), &body).await.assert_ok();
    school.conflict(open).await;
    let db = server.admin().await;
    let known = async || -> Vec<(String, i64)> {
        let rows = db.query("select entity_id, conflicts_at from entity order by entity_id", &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let before = known().await;
    assert!(before.len() == 2 && before.iter().all(|(_, at)| *at > 0), "{before:?}");
    let (tenant, database) = (school.company.tenant, server.central.database());
    let built = rebuild(database, tenant, &[Projection::Entities], PageSize::REBUILT, |_| ()).await.unwrap();
    switch(database, tenant, built[0]).await.unwrap();
    drop_version(database, tenant, Version { projection: Projection::Entities, number: 1 }).await.unwrap();
    assert_eq!(known().await, before);
}

impl School<'_> {
    /// Quarantines a waiting edit, as if deciding it had failed on arrival. A person has to release it.
    async fn quarantine(&self, edit: EventId) {
        let db = self.server.admin().await;
        let sql = "select decision, position from event where event_id = $1";
        let row = db.query_one(sql, &[&edit.uuid()]).await.unwrap();
        let mut decision = stored_v1::decode_decision(row.get(0)).unwrap();
        decision.judgement = Judgement::refused(Verdict::Quarantined, Code::DecisionFailed, decision.judgement.rule);
        let bytes = stored_v1::encode_decision(&decision).unwrap();
        let sql =
            "update event set verdict = 'QUARANTINED', code = 'DECISION_FAILED', decision = $2 where event_id = $1";
        assert_eq!(db.execute(sql, &[&edit.uuid(), &bytes]).await.unwrap(), 1);
        let sql = "insert into quarantine (tenant_id, version, event_id, position, released)
                   select tenant_id, version, $1, $2, false from projection_version
                   where tenant_id = $3 and projection = 'quarantine' and state = 'active'";
        let position: i64 = row.get(1);
        assert_eq!(db.execute(sql, &[&edit.uuid(), &position, &self.company.tenant.uuid()]).await.unwrap(), 1);
    }

    async fn release(&self, edit: EventId) -> Value {
        let path = format!("/api/v1/quarantine/{edit}/release");
        let answer = self.company.post(&path, "{}").await.assert_ok();
        answer["decision"].clone()
    }
}

#[tokio::test]
async fn an_edit_released_from_quarantine_counts_at_its_release() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (opened, base) = school.pupil_in_conflict("7").await;
    let mut waiting = |base, fields| edit(&mut school.office, "7", "UPDATE", Some(base), &fields);
    let (joining, later) = (waiting(base, json!({"town": "Nice"})), waiting(9_999, json!({"house": "red"})));
    school.office.push(&server, school.office.seq.0 - 1, school.office.seq.0).await;
    school.quarantine(joining).await;
    school.quarantine(later).await;
    let edits = async |event| -> Vec<Value> {
        let conflict = school.conflict(event).await;
        conflict["edits"].as_array().unwrap().iter().map(|edit| edit["event_id"].clone()).collect()
    };
    assert_eq!(edits(opened).await, [json!(opened.uuid())]);
    let released = school.release(joining).await;
    assert_eq!(released["verdict"], "CONFLICT");
    assert_eq!(released["code"], "VERSION_CONFLICT");
    assert_eq!(edits(opened).await, [json!(opened.uuid()), json!(joining.uuid())]);
    assert_eq!(edits(joining).await, edits(opened).await, "it is found by the edit that was released");
    let conflict = school.conflict(opened).await;
    // The later edit had been accepted before this test quarantined it.
    let local = json!({"grade": "15", "town": "Nice", "room": "B2", "house": "red"});
    assert_eq!(conflict["local"]["fields"], local);
    assert_eq!(conflict["edits"][1]["position"], released["position"]);

    let body = json!({"choice": "server", "id": Uuid::now_v7()});
    school.resolve(opened, &etag(&conflict), &body).await.assert_ok();
    assert_eq!(edits(joining).await, [json!(opened.uuid()), json!(joining.uuid())], "a decided one is shown as it was");
    let released = school.release(later).await;
    assert_eq!(released["verdict"], "ACCEPTED");
    let graded = edit(&mut school.teacher, "7", "UPDATE", Some(9_999), &json!({"grade": "14"}));
    assert_eq!(push_last(&server, &school.teacher, graded).await.verdict, "ACCEPTED");
    let seen = released["position"].as_u64();
    let second = edit(&mut school.office, "7", "UPDATE", seen, &json!({"grade": "16"}));
    assert_eq!(push_last(&server, &school.office, second).await.verdict, "CONFLICT");
    let conflict = school.conflict(second).await;
    assert_eq!(conflict["base"]["version"], json!(seen));
    assert_eq!(conflict["base"]["fields"]["house"], "red");
    assert_eq!(conflict["base"]["fields"]["grade"], "13");
}

#[tokio::test]
async fn reading_a_conflict_does_not_slow_down_with_the_entity_s_history() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let from = school.teacher.seq.0 + 1;
    edit(&mut school.teacher, "7", "CREATE", None, &json!({"name": "Léa", "grade": "0"}));
    for number in 1..2_000 {
        edit(&mut school.teacher, "7", "UPDATE", None, &json!({"grade": number.to_string()}));
    }
    let base = school.teacher.push(&server, from, school.teacher.seq.0).await.results[1_499].position;
    let late = edit(&mut school.office, "7", "UPDATE", Some(base), &json!({"room": "B2"}));
    assert_eq!(push_last(&server, &school.office, late).await.verdict, "CONFLICT");
    let open = school.conflict(late).await;
    assert_eq!(open["base"]["fields"], json!({"name": "Léa", "grade": "1499"}));
    assert_eq!(open["server"]["fields"]["grade"], "1999");

    // Damage every record before the last stored past row: none of them is read.
    let db = server.admin().await;
    let kept = "select max(entity_version), count(*) from entity_snapshot where entity_version <= $1";
    let base = i64::try_from(base).unwrap();
    let row = db.query_one(kept, &[&base]).await.unwrap();
    let (past, rows): (i64, i64) = (row.get(0), row.get(1));
    assert!((1..100).contains(&rows) && base - past < 1_000, "{rows} rows, the last at {past}, below {base}");
    let damage = "update event set record = '\\x00', decision = '\\x00' where entity_id = '7' and position <= $1";
    assert!(db.execute(damage, &[&past]).await.unwrap() > 500);
    assert_eq!(school.conflict(late).await, open);
    let body = json!({"choice": "local", "id": Uuid::now_v7()});
    let answer = school.resolve(late, &etag(&open), &body).await.assert_ok();
    assert_eq!(answer["entity"]["fields"]["room"], "B2", "{answer}");
    let decided = school.conflict(late).await;
    assert_eq!(decided["base"], open["base"]);
    assert_eq!(decided["server"], open["server"]);
}

#[tokio::test]
async fn a_merge_that_makes_the_entity_too_large_leaves_the_conflict_open() {
    let server = TestCentral::new().await;
    let mut school = School::new(&server).await;
    let (opened, _) = school.pupil_in_conflict("7").await;
    let page = school.conflict(opened).await;
    let noted = edit(&mut school.teacher, "7", "UPDATE", Some(9_999), &json!({"notes": "x".repeat(200_000)}));
    assert_eq!(push_last(&server, &school.teacher, noted).await.verdict, "ACCEPTED");
    let merge = |bytes| json!({"choice": "merged", "fields": {"report": "y".repeat(bytes)}, "id": Uuid::now_v7()});
    // The conflict changed since the page was read.
    school.resolve(opened, &etag(&page), &merge(10)).await.assert_status(412);
    let page = school.conflict(opened).await;
    school
        .resolve(opened, &etag(&page), &merge(200_000))
        .await
        .assert_problem(422, "ENTITY_TOO_LARGE")
        .pointer("/fields");
    assert_eq!(school.conflict(opened).await, page, "nothing was written");
    school.resolve(opened, &etag(&page), &merge(100_000)).await.assert_ok();
}
