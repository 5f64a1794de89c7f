//! The QR code of a receipt at central: genuine once the shop has sent the record, and for nobody else's record.

use comptoir_test_support::events::Sale;
use comptoir_test_support::{TestCentral, get_from};

#[tokio::test]
async fn a_receipt_is_genuine_at_central_once_its_record_arrived() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    company.record("t-1", &Sale::online_retail("85123A", "t-1")).await;
    let log = company.get("/api/v1/events?last=1").await.assert_ok();
    let path = log["events"][0]["receipt"].as_str().expect("an event has a receipt's path").to_owned();

    let proof = get_from(&server.router, "", &path).await.assert_ok();

    assert_eq!((&proof["state"], &proof["record"]["verdict"]), (&"RECORDED".into(), &"ACCEPTED".into()));
    assert_eq!(proof["record"]["entity_id"], log["events"][0]["entity_id"]);
    let altered = format!("{}A", &path[..path.len() - 1]);
    let altered = if altered == path { format!("{}Q", &path[..path.len() - 1]) } else { altered };
    let other = get_from(&server.router, "", &altered).await.assert_ok();
    assert_eq!(other, serde_json::json!({ "state": "NOT_RECORDED" }));
}

/// The code names the tenant, so a record is looked up under the row-level security of that tenant alone.
#[tokio::test]
async fn a_code_with_another_tenant_is_not_recorded() {
    let server = TestCentral::new().await;
    let (company, other) = (server.company().await, server.tenant("other").await);
    company.record("t-1", &Sale::online_retail("85123A", "t-1")).await;
    other.record("t-1", &Sale::online_retail("85123A", "t-1")).await;
    let path = async |tenant: &comptoir_test_support::TestTenant<'_>| {
        let log = tenant.get("/api/v1/events?last=1").await.assert_ok();
        log["events"][0]["receipt"].as_str().expect("an event has a receipt's path").to_owned()
    };
    let (ours, theirs) = (path(&company).await, path(&other).await);
    // The version and the tenant are the first 17 bytes: 22 characters and a part of the next.
    let mixed = format!("{}{}", &theirs[..3 + 22], &ours[3 + 22..]);
    let proof = get_from(&server.router, "", &mixed).await.assert_ok();
    assert_eq!(proof, serde_json::json!({ "state": "NOT_RECORDED" }));
}
