//! Who asks: nobody, programs, a person in each role that a new tenant has, at a browser and with an enrolled device.

use comptoir_proto::paths;
use comptoir_test_support::{PASSWORD, Person, TestTenant, access, enrolled_at, person, text};
use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};

use super::places::{OTHER, Place};

/// The roles of a new tenant, with an enrolled device of each, and whether a person has them at one site.
const ROLES: [(&str, &str, bool); 8] = [
    ("cashier", "cashier's device", true),
    ("seller", "seller's device", true),
    ("driver", "driver's device", true),
    ("warehouse", "warehouse's device", true),
    ("secretary", "secretary's device", true),
    ("manager", "manager's device", true),
    ("auditor", "auditor's device", false),
    ("admin", "admin's device", false),
];
/// Nobody, two programs, the roles, their devices, and the two programs for an enrolled device.
pub(super) const CALLERS: usize = 3 + 2 * ROLES.len() + 2;
/// Of the other site.
const ENROLLED_ELSEWHERE: &str = "enrolled-elsewhere";

/// A caller of central.
pub(super) struct Caller {
    pub(super) name: &'static str,
    /// From 0, less than [`CALLERS`].
    pub(super) number: usize,
    pub(super) endpoint: Endpoint,
    /// Whether the header `Comptoir-Site` says where this caller acts.
    pub(super) is_person: bool,
    /// The enrolled device of the own site that it speaks for; otherwise the shop's phone or desktop.
    device: Option<String>,
    /// Whether it asks for the sake of devices alone.
    pub(super) is_about_devices: bool,
}

impl Caller {
    /// Somebody who knows nothing of devices.
    pub(super) fn of_endpoint(name: &'static str, number: usize, endpoint: Endpoint) -> Caller {
        Caller { name, number, endpoint, is_person: false, device: None, is_about_devices: false }
    }

    /// The name of the device of a place for which this caller asks. A device is named within its tenant.
    pub(super) fn device_of(&self, place: &'static str, kind: &str) -> String {
        match (&self.device, place == OTHER) {
            (Some(_), true) => ENROLLED_ELSEWHERE.to_owned(),
            (Some(own), false) => own.clone(),
            (None, true) => format!("{kind}-{OTHER}"),
            (None, false) => format!("{kind}-own"),
        }
    }
}

/// Everybody who calls central, all of one tenant.
pub(super) async fn callers(company: &TestTenant<'_>, own: &Place, other: &Place) -> Vec<Caller> {
    let endpoint = |bearer: &str| Endpoint::service(company.server.router.clone(), Some(bearer.to_owned()));
    let nobody = Endpoint::service(company.server.router.clone(), None);
    let mut callers = vec![
        Caller::of_endpoint("nobody", 0, nobody),
        Caller::of_endpoint("node's key", 1, endpoint(&own.key)),
        Caller::of_endpoint("administrator's token", 2, endpoint(&company.token)),
    ];
    let mut with_device = Vec::new();
    for (number, (role, device, at_one_site)) in (3..).zip(ROLES) {
        let site = if at_one_site { json!(own.site.uuid()) } else { Value::Null };
        let user = person(company, role, json!([{ "role": role, "site": site }])).await;
        let at_browser = Caller::of_endpoint(role, number, endpoint(&log_in(company, &user).await));
        callers.push(Caller { is_person: true, ..at_browser });
        // Another user: a changed password ends the user's other logins.
        let login: &'static str = format!("{role}-with-a-device").leak();
        let user = person(company, login, json!([{ "role": role, "site": site }])).await;
        let name = format!("enrolled-{role}");
        let tokens = enrolled_at(company, own.site, &user, role, &name).await.log_in(company, &user).await;
        let of_device = Caller::of_endpoint(device, number + ROLES.len(), endpoint(access(&tokens)));
        with_device.push(Caller { is_person: true, device: Some(name), ..of_device });
    }
    callers.append(&mut with_device);
    let elsewhere = person(company, "elsewhere", json!([{ "role": "seller", "site": other.site.uuid() }])).await;
    enrolled_at(company, other.site, &elsewhere, "seller", ENROLLED_ELSEWHERE).await;
    for (name, bearer) in [
        ("node's key for an enrolled device", &own.key),
        ("administrator's token for an enrolled device", &company.token),
    ] {
        let program = Caller::of_endpoint(name, callers.len(), endpoint(bearer));
        callers.push(Caller { device: Some("enrolled-seller".to_owned()), is_about_devices: true, ..program });
    }
    assert_eq!(callers.len(), CALLERS);
    let seeded = comptoir_core::access::default_permissions();
    let missing = seeded.iter().find(|row| !ROLES.iter().any(|(role, ..)| *role == row.role.as_str()));
    assert_eq!(missing, None, "every role of a new tenant asks");
    callers
}

/// The access token of a person at a browser.
async fn log_in(company: &TestTenant<'_>, user: &Person) -> String {
    let login = json!({ "tenant": company.tenant.uuid(), "login": user.login, "password": PASSWORD });
    text(&company.post(paths::AUTH_LOGIN, login).await.assert_ok()["access_token"])
}
