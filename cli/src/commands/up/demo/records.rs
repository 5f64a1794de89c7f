use std::sync::Arc;

use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_proto::api_v1::{Decided, DecidedResponse};
use comptoir_proto::paths;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SCHOOL;
use crate::commands::up::{FIGURES_WITHIN, POLL_EVERY};
use crate::demo::Relay;
use crate::failure::Failure;
use crate::remote::{Remote, RemoteArgs};
use crate::up_file::{Demo, UpFile};

struct Stop {
    client: &'static str,
    address: &'static str,
    /// Products and their quantities.
    lines: &'static [(&'static str, &'static str)],
}

const STOPS: [Stop; 6] = [
    Stop {
        client: "Maison Lefèvre",
        address: "12 rue des Halles, 1er étage",
        lines: &[("85123A", "6"), ("71053", "6")],
    },
    Stop { client: "Café de la Gare", address: "3 place de la Gare", lines: &[("84406B", "8")] },
    Stop {
        client: "Librairie Papyrus",
        address: "27 rue de la République",
        lines: &[("84029G", "6"), ("84029E", "6")],
    },
    Stop { client: "École du Port", address: "2 quai du Port", lines: &[("22752", "2")] },
    Stop {
        client: "Hôtel Bellevue",
        address: "58 avenue de la Mer, entrée de service",
        lines: &[("21730", "6"), ("22633", "6"), ("22632", "6")],
    },
    Stop { client: "Atelier Moreau", address: "9 impasse du Four", lines: &[("84879", "32")] },
];

const CLASSES: [(&str, &str); 2] = [("6A", "Sixième A"), ("6B", "Sixième B")];
const TEACHERS: [(&str, &str); 2] = [("t-1", "Anne Girard"), ("t-2", "Paul Schmitt")];
/// Name, class, town.
const PUPILS: [(&str, &str, &str); 12] = [
    ("Léa Fontaine", "6A", "Le Port"),
    ("Adam Nguyen", "6A", "Le Port"),
    ("Inès Moulin", "6A", "Les Salins"),
    ("Noah Diallo", "6A", "Le Port"),
    ("Chloé Rivière", "6A", "Saint-Clair"),
    ("Maxime-Alexandre de La Rochefoucauld", "6A", "Les Salins"),
    ("Jade Picard", "6B", "Le Port"),
    ("Rayan Haddad", "6B", "Le Port"),
    ("Louise Caron", "6B", "Saint-Clair"),
    ("Tom Weber", "6B", "Le Port"),
    ("Zoé Marchand", "6B", "Les Salins"),
    ("Ethan Perrin", "6B", "Le Port"),
];

/// Records the deliveries, the school and its conflicts: two pupils whom head office changes, and so does the school, which is
/// cut off meanwhile. All ids and contents are the same each time, so a repeated run after an interruption records nothing twice.
pub(in crate::commands::up) async fn record(
    file: &UpFile,
    demo: &Demo,
    link_of: impl Fn(&str) -> Option<Arc<Relay>>,
) -> Result<(), Failure> {
    let central = Remote::new(&RemoteArgs { url: file.central_url.clone(), token: Some(file.admin_token.clone()) })?;
    let missing = |what: &str| Failure::Internal(format!("up.json: the demonstration has no {what}"));
    let driver = demo.users.iter().find(|user| user.role == "driver").ok_or_else(|| missing("driver"))?;
    let school = demo.sites.iter().find(|site| site.code == SCHOOL).ok_or_else(|| missing("school"))?;
    let link = link_of(SCHOOL).ok_or_else(|| missing("connection of the school"))?;
    let node = Remote::new(&RemoteArgs { url: school.url.clone(), token: Some(school.till_key.clone()) })?;
    post(&central, &deliveries(&driver.user.to_string())).await?;
    let created = post(&central, &school_records()).await?;
    let version_of = |pupil: &str| {
        let created = created.iter().find(|result| result.appended.event_id == student_id(pupil));
        // An entity's version is the position of its last accepted change.
        created.map(|result| result.decision.position).ok_or_else(|| missing("pupil"))
    };
    let versions = [version_of("p-1")?, version_of("p-7")?];
    for pupil in ["p-1", "p-7"] {
        known(&node, pupil).await?;
    }
    link.cut().await;
    let edits = [
        change("p-1", "school", json!({ "phone": "0699887766", "grade": "13" }), versions[0]),
        change("p-7", "school", json!({ "town": "Les Salins" }), versions[1]),
    ];
    let edited = node.post::<Value>(paths::EVENTS, &edits).await;
    let moved = [
        change("p-1", "office", json!({ "class": "6B", "phone": "0601020304" }), versions[0]),
        change("p-7", "office", json!({ "town": "Saint-Clair" }), versions[1]),
    ];
    let moved = post(&central, &moved).await;
    link.join().await.map_err(|error| Failure::Unavailable(format!("{}: {error}", link.address())))?;
    edited.and(moved).map(|_| ())
}

/// Waits until the school's node has a pupil.
async fn known(node: &Remote, pupil: &str) -> Result<(), Failure> {
    let path = paths::ENTITY.replace("{type}", "STUDENT").replace("{id}", pupil);
    let wait = async {
        while node.get::<Value>(&path, &[]).await.is_err() {
            tokio::time::sleep(POLL_EVERY).await;
        }
    };
    let waited = tokio::time::timeout(FIGURES_WITHIN, wait).await;
    waited.map_err(|_| Failure::Unavailable(format!("the school's node does not receive {pupil}")))
}

async fn post(central: &Remote, drafts: &[Value]) -> Result<Vec<Decided>, Failure> {
    let mut results = Vec::new();
    for list in drafts.chunks(LIST_DRAFTS_MAX) {
        let answer: DecidedResponse = central.post(paths::EVENTS, &list).await?;
        results.extend(answer.results);
    }
    Ok(results)
}

fn student_id(pupil: &str) -> Uuid {
    id(&format!("STUDENT/{pupil}"))
}

fn id(of: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("comptoir/demo/{of}").as_bytes())
}

fn deliveries(driver: &str) -> Vec<Value> {
    let stop = |(index, Stop { client, address, lines }): (usize, &Stop)| {
        let entity = format!("BL-{}", 2_001 + index);
        let lines: Vec<Value> =
            lines.iter().map(|(product, quantity)| json!({ "product": product, "quantity": quantity })).collect();
        json!({
            "id": id(&entity), "entity_type": "DELIVERY", "entity_id": entity, "action": "DELIVERY_CREATED",
            "payload": { "reference": entity, "client": format!("{client}, {address}"), "assigned_to": driver, "lines": lines },
        })
    };
    STOPS.iter().enumerate().map(stop).collect()
}

fn school_records() -> Vec<Value> {
    let created = |entity_type: &str, entity: &str, payload: Value| {
        json!({ "id": id(&format!("{entity_type}/{entity}")), "entity_type": entity_type, "entity_id": entity,
            "action": "CREATE", "payload": payload })
    };
    let classes = CLASSES.iter().map(|(code, name)| created("CLASS", code, json!({ "name": name })));
    let teachers = TEACHERS.iter().map(|(code, name)| created("TEACHER", code, json!({ "name": name })));
    let pupils = PUPILS.iter().enumerate().map(|(index, (name, class, town))| {
        created("STUDENT", &format!("p-{}", index + 1), json!({ "name": name, "class": class, "town": town }))
    });
    classes.chain(teachers).chain(pupils).collect()
}

fn change(pupil: &str, by: &str, fields: Value, base_version: u64) -> Value {
    json!({ "id": id(&format!("STUDENT/{pupil}/{by}")), "entity_type": "STUDENT", "entity_id": pupil,
        "action": "UPDATE", "base_version": base_version, "payload": fields })
}
