//! Point 10: no secret in any log line. A shop's day at the most talkative level, with credentials that are right, wrong,
//! misspelt and in the wrong place; then the logs are searched for every one of them.

use comptoir_proto::paths;
use comptoir_test_support::{RunningServer, RunningTenant, lines_with_secrets, text};
use serde_json::json;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_logs_of_a_day_have_none_of_the_secrets_that_were_used() {
    let company = RunningTenant::with_settings("Europe/Paris", "EUR", &[("LOG_LEVEL", "trace")]);
    let site = company.site("S1");
    let issued = company.issue_node(&site, "till");
    let key = text(&issued["SYNC_API_KEY"]);
    let listed =
        [("SYNC_INTERVAL_SECONDS", "1"), ("LOG_LEVEL", "trace"), ("LOG_FORMAT", "json"), ("APP_MODE", "local")];
    let settings =
        listed.into_iter().chain([("SYNC_API_KEY", key.as_str()), ("CENTRAL_API_URL", &company.central.url)]);
    let node = RunningServer::start(&company.path("till"), &settings.collect::<Vec<_>>());

    let client = json!({"id": Uuid::now_v7(), "entity_id": "c-1", "fields": {"name": "Dupont"}});
    let (status, answer) = company.post(&format!("{}{}", node.url, paths::CLIENTS), &client).await;
    assert!(status.is_success(), "{answer}");
    company.drained(&node).await;

    // The administrator's token with one character more, a key of another form, a password, a token where none is expected.
    let misspelt = format!("{}0", company.token);
    let revoked = company.admin(&["key", "create", "--tenant", &company.tenant]);
    let (revoked_id, revoked) = (text(&revoked["key_id"]), text(&revoked["key"]));
    company.admin(&["key", "revoke", "--tenant", &company.tenant, "--key", &revoked_id]);
    let secrets = [
        key.as_str(),
        company.token.as_str(),
        misspelt.as_str(),
        revoked.as_str(),
        "correct-horse-battery-staple",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ];
    for url in [&company.central.url, &node.url] {
        for secret in secrets {
            for path in [paths::NODES, paths::SYNC_STATUS, paths::EVENTS, "/nowhere"] {
                let request = company.http.get(format!("{url}{path}"));
                request.bearer_auth(secret).send().await.unwrap();
            }
            let request = company.http.get(format!("{url}{}", paths::EVENTS)).basic_auth("admin", Some(secret));
            request.send().await.unwrap();
            let request =
                company.http.post(format!("{url}{}", paths::SALES)).header("cookie", format!("session={secret}"));
            request.header("x-api-key", secret).json(&json!({"password": secret})).send().await.unwrap();
        }
    }
    // The same through a node whose key is not accepted.
    let settings = [
        ("APP_MODE", "local"),
        ("LOG_LEVEL", "trace"),
        ("TENANT_ID", &company.tenant),
        ("SITE_ID", &site),
        ("NODE_ID", &text(&issued["NODE_ID"])),
        ("SYNC_API_KEY", &revoked),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("CENTRAL_API_URL", &company.central.url),
    ];
    let refused = RunningServer::start(&company.path("refused"), &settings);
    loop {
        let status: serde_json::Value =
            company.http.get(format!("{}{}", refused.url, paths::STATUS)).send().await.unwrap().json().await.unwrap();
        if status["sync"]["alert"]["code"] == "UNAUTHORIZED" {
            break;
        }
        tokio::time::sleep(comptoir_test_support::POLL_EVERY).await;
    }
    for (name, server) in [("central", &company.central), ("node", &node), ("refused node", &refused)] {
        let words = server.words();
        assert!(words.lines().count() > 3, "{name} logged: {words}");
        let found = lines_with_secrets(&words, &secrets);
        assert!(found.is_empty(), "{name} logged secrets:\n{}", found.join("\n"));
        // Neither the secret part of a key alone.
        for secret in secrets.iter().filter_map(|secret| secret.rsplit('_').next().filter(|part| part.len() > 20)) {
            assert!(!words.contains(secret), "{name} logged the end of a key");
        }
    }
}
