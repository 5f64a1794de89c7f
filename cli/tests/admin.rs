//! `comptoir admin` on a data directory of its own, with a private Postgres and no central that serves.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use comptoir::exit;
use serde_json::Value;

fn admin(data_dir: &Path, json: bool, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(json.then_some("--json")).args(["admin", "--data-dir"]).arg(data_dir).args(arguments);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(exit::OK)), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn keys_are_listed_with_their_kind_and_state_and_without_their_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let create = |arguments: &[&str]| rows(&admin(folder.path(), true, arguments)).remove(0);
    let make = ["tenant", "create", "--name", "Les Halles", "--zone", "Europe/Paris", "--currency", "EUR"];
    let tenant = create(&make);
    let (token, tenant) = (tenant["admin_token"].as_str().unwrap(), tenant["tenant_id"].as_str().unwrap());
    let site = create(&["site", "create", "--tenant", tenant, "--code", "S1", "--name", "Rue de Rivoli"]);
    let site = site["site_id"].as_str().unwrap();
    let node = create(&["node", "create", "--tenant", tenant, "--site", site, "--name", "till 1"]);
    let second = create(&["key", "create", "--tenant", tenant, "--label", "the accountant"]);
    let revoked = second["key_id"].as_str().unwrap();
    create(&["key", "revoke", "--tenant", tenant, "--key", revoked]);

    let listed = admin(folder.path(), true, &["key", "list", "--tenant", tenant]);
    let text = admin(folder.path(), false, &["key", "list", "--tenant", tenant]);

    let keys = rows(&listed);
    let kinds: Vec<_> = keys.iter().map(|key| (&key["kind"], &key["node_id"], &key["label"])).collect();
    let (admin_kind, node_kind) = (Value::from("admin"), Value::from("node"));
    let labels = ["first token", "till 1", "the accountant"].map(Value::from);
    let expected = [
        (&admin_kind, &Value::Null, &labels[0]),
        (&node_kind, &node["NODE_ID"], &labels[1]),
        (&admin_kind, &Value::Null, &labels[2]),
    ];
    assert_eq!(kinds, expected);
    let in_force: Vec<_> = keys.iter().map(|key| key["revoked_at"].is_null()).collect();
    assert_eq!(in_force, [true, true, false], "{listed}");
    assert!(keys.iter().all(|key| key["created_at"].as_str().is_some_and(|at| at.ends_with('Z'))), "{listed}");

    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.lines().last().unwrap().starts_with(&format!("key_id={revoked}  kind=admin  node_id=-  ")), "{text}");
    assert!(keys.iter().all(|key| key["last_used_at"].is_null()) && keys[1]["site_id"] == site, "{listed}");
    for key in [token, node["SYNC_API_KEY"].as_str().unwrap(), second["key"].as_str().unwrap()] {
        let (_, secret) = key.rsplit_once('_').unwrap();
        assert!(!listed.contains(secret) && !text.contains(secret), "a secret is listed");
    }

    let nodes = admin(folder.path(), false, &["node", "list", "--tenant", tenant]);
    assert!(nodes.lines().count() == 2 && nodes.contains(&format!("site_id={site}  name=till 1\n")), "{nodes}");
    let tenants = admin(folder.path(), false, &["tenant", "list"]);
    assert_eq!(tenants, format!("tenant_id={tenant}  zone=Europe/Paris  name=Les Halles\n"));
}

/// M5: the whole way of a phone is tested at central.
#[test]
fn a_device_is_listed_and_given_only_to_a_shop_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let make = ["tenant", "create", "--name", "Les Halles", "--zone", "Europe/Paris", "--currency", "EUR"];
    let tenant = rows(&admin(folder.path(), true, &make)).remove(0);
    let tenant = tenant["tenant_id"].as_str().unwrap();
    assert_eq!(admin(folder.path(), true, &["device", "list", "--tenant", tenant]), "");
    let site = "0199a000-0000-7000-8000-000000000001";
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(["--json", "admin", "--data-dir"]).arg(folder.path());
    let refused =
        command.args(["device", "move", "--tenant", tenant, "--device", "p", "--site", site]).output().unwrap();
    assert_eq!(refused.status.code(), Some(i32::from(exit::REFUSED)), "{refused:?}");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains(site), "{text}");
}

/// 7, 12: the rules are tested at central.
#[test]
fn a_key_is_rotated_and_a_tenant_without_security_events_lists_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let make = ["tenant", "create", "--name", "Les Halles", "--zone", "Europe/Paris", "--currency", "EUR"];
    let tenant = rows(&admin(folder.path(), true, &make)).remove(0);
    let (token, tenant) = (tenant["admin_token"].as_str().unwrap(), tenant["tenant_id"].as_str().unwrap());
    let old = token.split('_').nth(1).unwrap();

    let rotated = rows(&admin(folder.path(), true, &["key", "rotate", "--tenant", tenant, "--key", old])).remove(0);

    assert_eq!(rotated["replaces"], old);
    let keys = rows(&admin(folder.path(), true, &["key", "list", "--tenant", tenant]));
    assert_eq!((&keys[0]["valid_until"], &keys[0]["replaced_by"]), (&rotated["old_valid_until"], &rotated["key_id"]));
    assert!(keys[1]["valid_until"].is_null() && keys[0]["revoked_at"].is_null(), "{keys:?}");
    let list = ["security", "list", "--tenant", tenant, "--kind", "FOREIGN_QR"];
    assert_eq!(admin(folder.path(), true, &list), "");
}

/// Point 4: enrolling, revoking and wiping are tested at central.
#[test]
fn an_enrolment_code_is_printed_once_and_shown_as_a_qr_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let create = |arguments: &[&str]| rows(&admin(folder.path(), true, arguments)).remove(0);
    let make = ["tenant", "create", "--name", "Les Halles", "--zone", "Europe/Paris", "--currency", "EUR"];
    let tenant = create(&make);
    let tenant = tenant["tenant_id"].as_str().unwrap();
    let site = create(&["site", "create", "--tenant", tenant, "--code", "S1", "--name", "Rue de Rivoli"]);
    let site = site["site_id"].as_str().unwrap();
    let user =
        ["user", "create", "--tenant", tenant, "--login", "amelie", "--name", "A", "--role", "driver", "--site", site];
    let user = create(&user)["user_id"].clone();
    let enrol = ["device", "enrol", "--tenant", tenant, "--user", "amelie", "--site", "S1", "--role", "driver"];
    let enrol = [&enrol[..], &["--url", "https://central.example.org"]].concat();

    let issued = create(&enrol);

    let code = issued["enrolment_code"].as_str().unwrap();
    assert!(code.starts_with("cpe_") && issued["user_id"] == user, "{issued}");
    let link = format!("comptoir:enrol?url=https%3A%2F%2Fcentral.example.org&code={code}");
    assert_eq!(issued["enrolment_link"], link);
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    let output = command.args(["admin", "--data-dir"]).arg(folder.path()).args(&enrol).output().unwrap();
    let (text, shown) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("enrolment_code=cpe_") && shown.contains('\u{2588}'), "{text}{shown}");

    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(["--json", "admin", "--data-dir"]).arg(folder.path());
    let refused = command.args(["device", "revoke", "--tenant", tenant, "--device", "phone-1"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(i32::from(exit::REFUSED)), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("phone-1"), "{refused:?}");
    assert_eq!(admin(folder.path(), true, &["device", "list", "--tenant", tenant, "--user", "amelie"]), "");
}
