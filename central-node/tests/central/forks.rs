//! What an administrator sees of a cloned disk and of a restored backup: point 4 of the requirements on identity.

use comptoir_test_support::TestCentral;
use serde_json::{Value, json};

use crate::accounts::log_in;
use crate::enrolled::{access, person};

#[tokio::test]
async fn point_4_a_cloned_disk_is_shown_with_both_branches_and_what_came_of_it() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("both");
    let mut copy = node.clone();
    node.sell("original");
    copy.sell("copy");
    let resent = copy.sell("copy 2");
    node.push_all(&server).await;
    assert_eq!(company.get("/api/v1/forks").await.assert_ok(), json!({ "forks": [] }));
    copy.try_push(&server, 1, 4).await.assert_problem(409, "FORK");

    let forks = company.get("/api/v1/forks").await.assert_ok();
    let [first, second] = forks["forks"].as_array().unwrap().as_slice() else { panic!("two records: {forks}") };
    for (fork, seq, held) in [(first, 3, json!(node.records[2].1.to_string())), (second, 4, Value::Null)] {
        assert_eq!((&fork["node"], &fork["epoch"], &fork["seq"]), (&json!(node.node.uuid()), &json!(1), &json!(seq)));
        assert_eq!((&fork["held_chain"], &fork["outcome"]), (&held, &json!("frozen")), "{fork}");
        assert_eq!(fork["other_chain"], json!(copy.records[seq - 1].1.to_string()));
        assert_eq!((&fork["other_action"], &fork["counted_at"]), (&json!("SALE_RECORDED"), &Value::Null));
        assert!(fork["received_at"].is_string());
    }
    assert_eq!(first["held_epoch_id"], first["other_epoch_id"]);

    // The node continues in a new epoch, and records one of the copy's sales there.
    node.open_epoch_after(2, &node.end_at(3));
    let again = copy.event(
        "SALE",
        "copy 2",
        "SALE_RECORDED",
        &comptoir_test_support::events::TestEvent::payload(&comptoir_test_support::events::Sale::default()),
    );
    node.seal_event(comptoir_core::event::Event { id: resent, ..again });
    node.push_all(&server).await;
    let forks = company.get("/api/v1/forks").await.assert_ok();
    assert_eq!((&forks["forks"][0]["outcome"], &forks["forks"][0]["open_epoch"]), (&json!("continued"), &json!(2)));
    assert_eq!((&forks["forks"][0]["counted_at"], forks["forks"][1]["counted_at"].is_u64()), (&Value::Null, true));

    let page = company.get("/api/v1/forks?limit=1").await.assert_ok();
    assert_eq!(page["forks"], json!([forks["forks"][0]]));
    let next = page["next"].as_str().unwrap();
    let rest = company.get(&format!("/api/v1/forks?limit=1&after={next}")).await.assert_ok();
    assert_eq!(rest, json!({ "forks": [forks["forks"][1]] }));
    company.get("/api/v1/forks?after=7").await.assert_problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn forks_are_for_administrators_and_auditors() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.get(&server, "/api/v1/forks").await.assert_problem(403, "FORBIDDEN");
    for (role, status) in [("auditor", 200), ("admin", 200), ("manager", 403)] {
        let user = person(&company, role, json!([{ "role": role, "site": null }])).await;
        let tokens = log_in(&company, &user).await;
        server.get_as(access(&tokens), "/api/v1/forks").await.for_case(role).assert_status(status);
    }
}
