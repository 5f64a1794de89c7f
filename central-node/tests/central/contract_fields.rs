//! `docs/spec/contract-fields.md` against the schemas that central serves, and against real requests and answers. The page is
//! the record of the customers' documents.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::devices::{down, office, outbox, phone_event, phone_push, pull, up};

/// A section: an interface of a document.
struct Interface {
    name: String,
    /// Whether central sends it.
    is_answer: bool,
    fields: Vec<Field>,
}

/// A row of a table.
struct Field {
    /// Member names from the outside in; `[]` behind one is each item of its list.
    path: String,
    /// JSON types; empty for any.
    types: BTreeSet<String>,
    items: Option<String>,
    need: Need,
    schema: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Need {
    Required,
    Optional,
    /// Not in the document.
    Added,
}

fn interfaces() -> Vec<Interface> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/contract-fields.md");
    let page = std::fs::read_to_string(path).expect("the page is in the repository");
    page.split("\n## ").skip(1).map(read_interface).collect()
}

fn read_interface(section: &str) -> Interface {
    let (name, rest) = section.split_once('\n').expect("a section has a heading");
    let rows = rest.lines().filter(|line| line.starts_with("| `"));
    let is_answer = rest.trim_start().starts_with("Central answers it ");
    assert!(is_answer || rest.contains(" sends it "), "{name} says who sends it");
    Interface { name: name.to_owned(), is_answer, fields: rows.map(read_field).collect() }
}

fn read_field(row: &str) -> Field {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    let [path, types, need, schema, _handling] = cells[..] else { panic!("five columns: {row}") };
    let need = match need {
        "required" => Need::Required,
        "optional" => Need::Optional,
        "added" => Need::Added,
        other => panic!("{other}: {row}"),
    };
    let items = types.strip_suffix("[]").map(str::to_owned);
    let names = if items.is_some() { "array" } else { types };
    let types = names.split(" or ").filter(|name| *name != "any").map(str::to_owned).collect();
    let schema = Some(schema.to_owned()).filter(|schema| !schema.is_empty());
    Field { path: path.to_owned(), types, items, need, schema }
}

impl Field {
    /// The members of the path, each with whether it is a list of which every item is meant.
    fn steps(&self) -> Vec<(&str, bool)> {
        self.path.split('.').map(|step| step.strip_suffix("[]").map_or((step, false), |name| (name, true))).collect()
    }
}

/// The OpenAPI document of a running central.
struct Schemas(Value);

impl Schemas {
    /// The schemas behind a reference, and each alternative of a choice.
    fn alternatives(&self, schema: &Value) -> Vec<Value> {
        if let Some(target) = schema["$ref"].as_str() {
            let target = self.0.pointer(target.trim_start_matches('#'));
            return self.alternatives(target.unwrap_or_else(|| panic!("{schema} leads nowhere")));
        }
        let choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|name| schema[*name].as_array()).flatten();
        let mut found: Vec<Value> = choices.flat_map(|choice| self.alternatives(choice)).collect();
        if found.is_empty() {
            found.push(schema.clone());
        }
        found
    }

    /// JSON types; empty for any. Every number is a number.
    fn types(&self, schema: &Value) -> BTreeSet<String> {
        let mut types = BTreeSet::new();
        for alternative in self.alternatives(schema) {
            let named = match &alternative["type"] {
                Value::String(name) => vec![name.clone()],
                Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                _ if alternative["enum"].is_array() => vec!["string".to_owned()],
                _ => return BTreeSet::new(),
            };
            types.extend(named.into_iter().map(|name| if name == "integer" { "number".to_owned() } else { name }));
        }
        types
    }

    /// A member of an object's schema, and whether it is required.
    fn member(&self, schema: &Value, name: &str) -> Option<(Value, bool)> {
        self.alternatives(schema).into_iter().find_map(|object| {
            let member = object["properties"].get(name)?.clone();
            Some((member, object["required"].as_array().is_some_and(|required| required.contains(&json!(name)))))
        })
    }

    /// The objects that the page's name of a schema means: one, or each version of a payload.
    fn named(&self, name: &str) -> Vec<Value> {
        if let Some(path) = name.strip_prefix("GET ") {
            let parameters = self.0["paths"][path]["get"]["parameters"].as_array().expect("an operation");
            let named = |of: &Value| of["name"].as_str().expect("a name").to_owned();
            let properties: BTreeMap<String, &Value> = parameters.iter().map(|of| (named(of), &of["schema"])).collect();
            let required: Vec<String> =
                parameters.iter().filter(|of| of["required"] == json!(true)).map(named).collect();
            return vec![json!({ "type": "object", "properties": properties, "required": required })];
        }
        let (component, within) = name.split_once('/').map_or((name, None), |(name, within)| (name, Some(within)));
        let components = self.0["components"]["schemas"].as_object().expect("schemas");
        let is_meant = |key: &str| key == component || key.strip_prefix(component).is_some_and(|v| v.starts_with(".v"));
        let meant = components.iter().filter(|(key, _)| is_meant(key)).map(|(_, schema)| schema.clone());
        match within {
            Some(member) => meant.filter_map(|schema| Some(self.member(&schema, member)?.0)).collect(),
            None => meant.collect(),
        }
    }

    fn lookup(&self, object: &Value, field: &Field) -> Option<(Value, bool)> {
        let steps = field.steps();
        let (last, parents) = steps.split_last().expect("a field has a name");
        let mut schema = object.clone();
        for (name, each) in parents {
            schema = self.member(&schema, name)?.0;
            if *each {
                schema = self.alternatives(&schema).into_iter().find_map(|list| list.get("items").cloned())?;
            }
        }
        self.member(&schema, last.0)
    }
}

async fn schemas(scene: &TestCentral) -> Schemas {
    Schemas(scene.get_as("", "/openapi.json").await.assert_ok())
}

/// A request may leave out what its document calls optional, and an answer has all that its document calls required.
fn complaint(schemas: &Schemas, interface: &Interface, field: &Field, object: &Value) -> Option<String> {
    let Some((schema, required)) = schemas.lookup(object, field) else {
        return Some("is not in the schema".to_owned());
    };
    let types = schemas.types(&schema);
    let fits = match interface.is_answer {
        true => field.types.is_empty() || (!types.is_empty() && types.is_subset(&field.types)),
        false => types.is_empty() || field.types.is_subset(&types),
    };
    let needed = match interface.is_answer {
        true => required || field.need != Need::Required,
        false => !required || field.need != Need::Optional,
    };
    let items = field.items.as_ref().is_none_or(|items| {
        let lists = schemas.alternatives(&schema);
        let of_items: BTreeSet<String> = lists.iter().flat_map(|list| schemas.types(&list["items"])).collect();
        of_items.is_empty() || of_items.contains(items)
    });
    let wrong = [(fits, "has another type"), (needed, "is needed otherwise"), (items, "has other items")];
    let wrong: Vec<&str> = wrong.iter().filter(|(right, _)| !right).map(|(_, wrong)| *wrong).collect();
    (!wrong.is_empty()).then(|| format!("{}: required {required}, {schema}", wrong.join(", ")))
}

#[tokio::test]
async fn every_field_of_the_documents_is_in_the_schemas_with_its_type() {
    let scene = TestCentral::new().await;
    let schemas = schemas(&scene).await;
    let (mut compared, mut wrong) = (0, Vec::new());
    for interface in interfaces() {
        for field in &interface.fields {
            let Some(name) = &field.schema else { continue };
            let complaints: Vec<Option<String>> =
                schemas.named(name).iter().map(|object| complaint(&schemas, &interface, field, object)).collect();
            // One version of a payload is enough.
            if complaints.iter().all(Option::is_some) {
                wrong.push(format!("{} {}: {complaints:?}", interface.name, field.path));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 90, "{compared} fields were compared");
}

/// Otherwise a client written from the document alone would be refused.
#[tokio::test]
async fn no_request_needs_a_field_that_the_page_does_not_list() {
    let scene = TestCentral::new().await;
    let schemas = schemas(&scene).await;
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for interface in interfaces().into_iter().filter(|interface| !interface.is_answer) {
        for field in interface.fields {
            let Some(schema) = field.schema.filter(|name| !name.starts_with("payload.")) else { continue };
            listed.entry(schema).or_default().insert(field.path);
        }
    }
    assert!(listed.len() >= 7, "{:?}", listed.keys());
    for (name, fields) in listed {
        for object in schemas.named(&name) {
            let required = object["required"].as_array().cloned().unwrap_or_default();
            let required: BTreeSet<String> = required.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            assert!(required.is_subset(&fields), "{name} requires {required:?}, the page lists {fields:?}");
        }
    }
}

/// Real requests and answers, by the name of their interface.
type Samples = BTreeMap<&'static str, Vec<Value>>;

async fn mobile_samples(company: &TestTenant<'_>, key: &str, samples: &mut Samples) {
    let order = json!({ "reference": "BL-1", "client": "Zoé", "qr": "q" });
    office(company, "DELIVERY", "d-1", "DELIVERY_CREATED", order).await;
    let scanned =
        json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z", "latitude": 48.8566, "longitude": 2.3522 });
    let validate = || phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &scanned);
    let entry = json!({
        "id": "0199a8f0-0000-7000-8000-0000000000aa", "action": "DELIVERY_SCANNED", "entity_type": "DELIVERY",
        "entity_id": "d-1", "user_id": "7", "device_id": "phone-1", "occurred_at": "2026-03-01T09:00:00Z",
        "context": { "app_version": "1.0.0", "battery_level": 42, "network_type": "4g",
                     "location": { "lat": 48.8566, "lng": 2.3522 } },
        "payload_hash": "0".repeat(64), "synced": false,
    });
    let recorded = json!({ "action": entry["action"], "context": entry["context"], "payload_hash": entry["payload_hash"],
        "subject": { "entity_type": entry["entity_type"], "entity_id": entry["entity_id"] } });
    let mut audit = phone_event("AUDIT", "a-1", "AUDIT_RECORDED", &recorded);
    for name in ["id", "user_id", "occurred_at"] {
        audit[name] = entry[name].clone();
    }
    let first = [validate(), audit];
    let accepted = phone_push(company, key, "phone-1", &first).await;
    assert_eq!((&accepted["success"], &accepted["without_effect"]), (&json!(true), &Value::Null), "{accepted}");
    let refused = phone_push(company, key, "phone-2", &[validate()]).await;
    assert_eq!(refused["failed_events"][0]["error_code"], "ALREADY_VALIDATED", "{refused}");

    samples.insert("PushRequest", vec![json!({ "device_id": "phone-1", "batch_id": "b-1", "events": first })]);
    samples.insert("SyncEvent", first[..1].to_vec());
    samples.insert("LocalAuditEntry", vec![entry]);
    samples.insert("PushResponse", vec![accepted, refused]);
    let query = json!({ "since": "1970-01-01T00:00:00Z", "device_id": "phone-1", "limit": 100 });
    samples.insert("PullResponse", vec![pull(company, "phone-1", "1970-01-01T00:00:00Z", 100).await]);
    samples.insert("Pull query", vec![query]);
    let status = company.server.get_as(key, "/api/sync/status?device_id=phone-1").await.assert_ok();
    samples.insert("StatusResponse", vec![status]);
}

async fn desktop_samples(company: &TestTenant<'_>, samples: &mut Samples) {
    let mut made = outbox(company, "evt_1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    made["lastAttemptAt"] = json!("2026-03-01T09:00:30Z");
    made["errorMessage"] = json!("no network");
    let created = up(company, "desk-a", None, std::slice::from_ref(&made)).await;
    let version = created["acknowledged"][0]["serverVersion"].as_i64().expect("a version");
    let edit =
        |event: &str, name: &str| outbox(company, event, "UPDATE", "s-1", &json!({ "firstName": name }), version);
    let changed = up(company, "desk-b", None, &[edit("evt_2", "Jeanne")]).await;
    let mut of_another = edit("evt_4", "Jacques");
    of_another["tenantId"] = json!("0199a8f0-0000-7000-8000-000000000001");
    let mixed = up(company, "desk-a", None, &[edit("evt_3", "Jules"), of_another]).await;
    assert_eq!(mixed["conflicts"][0]["outboxEventId"], "evt_3", "{mixed}");
    assert_eq!(mixed["rejected"][0]["outboxEventId"], "evt_4", "{mixed}");

    let asked = json!({ "clientId": "desk-c", "lastSyncTimestamp": null, "entityTypes": ["STUDENT"] });
    let filtered = company.post("/api/sync/down", &asked).await.assert_ok();
    let choice = json!({ "clientId": "desk-a", "outboxEventId": "evt_3", "acceptServerVersion": true });
    company.post("/api/sync/resolve", &choice).await.assert_ok();

    samples.insert("SyncUpRequest", vec![json!({ "clientId": "desk-a", "events": [made], "lastSyncTimestamp": null })]);
    samples.insert("OutboxEvent", vec![made]);
    samples.insert("SyncUpResponse", vec![created, changed, mixed]);
    samples.insert("SyncDownRequest", vec![asked]);
    samples.insert("SyncDownResponse", vec![filtered, down(company, "desk-d", None).await]);
    samples.insert("ResolveRequest", vec![choice]);
}

async fn samples(company: &TestTenant<'_>) -> Samples {
    let shop = company.node().await;
    let mut samples = Samples::new();
    mobile_samples(company, &shop.key, &mut samples).await;
    desktop_samples(company, &mut samples).await;
    // A refused session has an error message: this phone belongs to no shop.
    phone_push(company, &company.token, "office", &[]).await;
    let body = json!({ "device_id": "office", "batch_id": "b", "events": [] });
    shop.post(company.server, "/api/sync/push", body.to_string()).await.assert_problem(403, "WRONG_NODE");
    let log = company.get("/api/v1/sync-log").await.assert_ok();
    samples.insert("SyncLog", log["entries"].as_array().expect("entries").clone());
    samples
}

/// What a sample has at a field's path: one value, or nothing, for each object that could have it.
fn values<'a>(sample: &'a Value, field: &Field) -> Vec<Option<&'a Value>> {
    let steps = field.steps();
    let (last, parents) = steps.split_last().expect("a field has a name");
    let mut objects = vec![sample];
    for (name, each) in parents {
        let found = objects.into_iter().filter_map(|object| object.get(name));
        objects = match each {
            true => found.filter_map(Value::as_array).flatten().collect(),
            false => found.filter(|value| value.is_object()).collect(),
        };
    }
    objects.into_iter().map(|object| object.get(last.0)).collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[tokio::test]
async fn real_requests_and_answers_have_every_field_of_the_documents() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let samples = samples(&company).await;
    let interfaces = interfaces();
    let named: BTreeSet<&str> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
    assert_eq!(named, samples.keys().copied().collect(), "every interface has a sample");
    for interface in &interfaces {
        for field in &interface.fields {
            let place = format!("{} {}", interface.name, field.path);
            let found: Vec<Option<&Value>> =
                samples[interface.name.as_str()].iter().flat_map(|sample| values(sample, field)).collect();
            assert!(found.iter().any(Option::is_some), "{place} is in no sample");
            let absent = found.iter().filter(|value| value.is_none()).count();
            assert!(field.need != Need::Required || absent == 0, "{place} is absent from {absent} samples");
            for value in found.into_iter().flatten() {
                let fits = field.types.is_empty() || field.types.contains(type_of(value));
                assert!(fits, "{place} is {value}, expected {:?}", field.types);
                let items = value.as_array().into_iter().flatten();
                let wrong = items.filter(|item| field.items.as_deref().is_some_and(|items| type_of(item) != items));
                assert_eq!(wrong.count(), 0, "{place}: {value}");
            }
        }
    }
}
