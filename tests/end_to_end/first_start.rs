//! O1: a node that is given central's address and its key, and nothing else.

use comptoir_local::event_log::Identity;
use comptoir_local::sync_agent::identify::{IdentifyError, identify};
use comptoir_local::{Node, NodeConfig, NodeSettings};
use comptoir_test_support::{RunningTenant, TestClient, text};
use serde_json::{Value, json};
use uuid::Uuid;

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

async fn start_with(given: &[(&str, &str)]) -> Result<NodeConfig, IdentifyError> {
    let find = |name: &str| given.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
    identify(NodeSettings::read(find).expect("nothing is missing")).await
}

fn issued_identity(issued: &Value) -> Identity {
    Identity {
        tenant: text(&issued["TENANT_ID"]).parse().expect("an id"),
        site: text(&issued["SITE_ID"]).parse().expect("an id"),
        node: text(&issued["NODE_ID"]).parse().expect("an id"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_learns_who_it_is_from_its_key_once() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("LYO");
    let (issued, other) = (company.issue_node(&site, "till"), company.issue_node(&site, "other"));
    let (key, folder) = (text(&issued["SYNC_API_KEY"]), company.path("till").display().to_string());
    let settings = |url: &'static str| {
        [("DATA_DIR", folder.clone()), ("CENTRAL_API_URL", url.to_owned()), ("SYNC_API_KEY", key.clone())]
    };
    let given = settings(NOWHERE);
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = start_with(&given).await.err().expect("refused").to_string();
    for part in ["central cannot be reached", NOWHERE, "TENANT_ID, SITE_ID and NODE_ID"] {
        assert!(first.contains(part), "{first}");
    }
    let reached: Vec<(&str, &str)> = vec![given[0], ("CENTRAL_API_URL", &company.central.url), given[2]];
    let other_node = text(&other["NODE_ID"]);
    let contradicted = [reached.as_slice(), &[("NODE_ID", other_node.as_str())]].concat();
    let refused = start_with(&contradicted).await.err().expect("refused").to_string();
    assert!(refused.starts_with(&format!("NODE_ID is {other_node}, and SYNC_API_KEY belongs to")), "{refused}");
    let foreign = [reached[0], reached[1], ("SYNC_API_KEY", company.token.as_str())];
    let refused = start_with(&foreign).await.err().expect("refused").to_string();
    assert_eq!(refused, "central does not say who this node is: this is no key of a shop's node");

    let config = start_with(&reached).await.expect("central says it");
    assert_eq!(config.log.identity, issued_identity(&issued));
    let node = Node::start(config).await.expect("the node starts");
    node.end_waits();
    node.shutdown().await;
    drop(node);
    let offline = start_with(&given).await.expect("the log knows it");
    assert_eq!(offline.log.identity, issued_identity(&issued));
    let off = [given[0], ("SYNC_ENABLED", "no")];
    assert_eq!(start_with(&off).await.expect("the log knows it").log.identity, issued_identity(&issued));
    // A different identity later is refused.
    let changed = [given.as_slice(), &[("NODE_ID", other_node.as_str())]].concat();
    let refused = Node::start(start_with(&changed).await.expect("given")).await.err().expect("refused");
    assert!(format!("{refused:?}").contains("NODE_ID"), "{refused:?}");
}

#[tokio::test]
async fn a_node_without_sync_names_all_that_it_needs() {
    let folder = comptoir_test_support::temp_folder();
    let folder = folder.path().display().to_string();
    let refused =
        start_with(&[("DATA_DIR", &folder), ("SYNC_ENABLED", "off")]).await.err().expect("refused").to_string();
    assert!(refused.starts_with("TENANT_ID, SITE_ID, NODE_ID are missing"), "{refused}");
}

/// The start after a restore writes nothing before the operator has opened the window: an event would take a place of the
/// lost log.
#[tokio::test]
async fn a_start_issues_a_setup_link_only_in_a_tenant_that_nobody_has_used() {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let (unused, _) = company.make_tenant("Europe/Paris", "EUR", None);
    let client = json!({ "id": Uuid::now_v7(), "entity_type": "CLIENT", "entity_id": "c-1", "action": "CREATE",
        "payload": { "name": "Durand" } });
    let (status, answer) = company.post(&format!("{}/api/v1/events", company.central.url), &client).await;
    assert_eq!(status, 200, "{answer}");
    let head = company.head().await;
    company.central.stop();
    company.central.start_again();
    // The connections to the stopped process are gone.
    company.http = TestClient::new();
    assert_eq!(company.head().await, head, "nothing was written");
    let words = company.central.words();
    assert!(words.contains(&format!("admin user create --tenant {} --login admin", company.tenant)), "{words}");
    assert_eq!(words.matches("/setup#cpl_").count(), 1, "the unused tenant has a link: {words}");
    let users = company.admin(&["user", "list", "--tenant", &unused]);
    assert_eq!(users["login"], "admin", "{users}");
    // After the command, each start shows the link that it issued.
    company.admin(&[
        "user",
        "create",
        "--tenant",
        &company.tenant,
        "--login",
        "admin",
        "--name",
        "A",
        "--role",
        "admin",
    ]);
    let head = company.head().await;
    company.central.stop();
    company.central.start_again();
    // The connections to the stopped process are gone.
    company.http = TestClient::new();
    assert_eq!(company.head().await, head);
    let words = company.central.words();
    assert_eq!(words.matches("/setup#cpl_").count(), 3, "one more for each tenant: {words}");
}
