//! Who asks: nobody, programs, and a person in each role that a new tenant has.

use comptoir_proto::paths;
use comptoir_test_support::TestTenant;
use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};

use super::places::Place;

/// The roles of a new tenant, and whether a person has them at one site.
const ROLES: [(&str, bool); 8] = [
    ("cashier", true),
    ("seller", true),
    ("driver", true),
    ("warehouse", true),
    ("secretary", true),
    ("manager", true),
    ("auditor", false),
    ("admin", false),
];
/// Nobody, two programs, and the roles.
pub(super) const CALLERS: usize = 3 + ROLES.len();
const PASSWORD: &str = "four words by heart";

/// A caller of central.
pub(super) struct Caller {
    pub(super) name: &'static str,
    /// From 0, less than [`CALLERS`].
    pub(super) number: usize,
    pub(super) endpoint: Endpoint,
    /// Whether the header `Comptoir-Site` says where this caller acts.
    pub(super) is_person: bool,
}

/// Everybody who calls central, all of one tenant.
pub(super) async fn callers(company: &TestTenant<'_>, own: &Place) -> Vec<Caller> {
    let endpoint = |bearer: Option<String>| Endpoint::service(company.server.router.clone(), bearer);
    let program = |number, name, bearer| Caller { name, number, endpoint: endpoint(bearer), is_person: false };
    let mut callers = vec![
        program(0, "nobody", None),
        program(1, "node's key", Some(own.key.clone())),
        program(2, "administrator's token", Some(company.token.clone())),
    ];
    for (number, (role, at_one_site)) in (3..).zip(ROLES) {
        let site = if at_one_site { json!(own.site.uuid()) } else { Value::Null };
        let token = access_token(company, role, json!([{ "role": role, "site": site }])).await;
        callers.push(Caller { name: role, number, endpoint: endpoint(Some(token)), is_person: true });
    }
    let seeded = comptoir_core::access::default_permissions();
    let missing = seeded.iter().find(|row| !ROLES.iter().any(|(role, _)| *role == row.role.as_str()));
    assert_eq!(missing, None, "every role of a new tenant asks");
    callers
}

/// Creates a user, sets a password and logs in.
async fn access_token(company: &TestTenant<'_>, login: &str, roles: Value) -> String {
    let made = company.post(paths::USERS, json!({ "login": login, "name": "A person", "roles": roles })).await;
    made.assert_status(201);
    let setup = json!({ "code": made.body["code"], "password": PASSWORD });
    company.post(paths::AUTH_SETUP, setup).await.assert_ok();
    let login = json!({ "tenant": company.tenant.uuid(), "login": login, "password": PASSWORD });
    let tokens = company.post(paths::AUTH_LOGIN, login).await.assert_ok();
    tokens["access_token"].as_str().expect("a token").to_owned()
}
