//! Schemas derived from the types that are read and written. The two differ: a field may be absent from a request and always
//! present in a response, so a type has a schema for each.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

const PLACE: &str = "/components/schemas";

/// How a body, an answer or a query is described.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Type(fn(&mut SchemaGenerator) -> Schema),
    /// Schemas without a type: bytes, a payload's schema file.
    Given(Value),
}

/// The schemas of one document, collected from its operations.
pub(super) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Schemas {
        let settings = || {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = PLACE.into();
            settings.meta_schema = None;
            settings
        };
        Schemas {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }

    /// What a caller may send.
    pub(super) fn of_request(&mut self, shape: &Shape) -> Value {
        let mut schema = made(&mut self.read, shape);
        each(&mut schema, &mut |schema| point(schema, &|name| asked(name)));
        in_our_words(schema)
    }

    /// The schema of an answer: no other members are allowed, so that a renamed member is noticed.
    pub(super) fn of_answer(&mut self, shape: &Shape) -> Value {
        let mut schema = made(&mut self.written, shape);
        if matches!(shape, Shape::Type(_)) {
            each(&mut schema, &mut close);
        }
        in_our_words(schema)
    }

    /// Every collected schema, by its name in the document.
    pub(super) fn into_components(mut self) -> BTreeMap<String, Value> {
        let mut components = BTreeMap::new();
        for (name, mut schema) in self.read.take_definitions(true) {
            each(&mut schema, &mut |schema| point(schema, &|name| asked(name)));
            components.insert(asked(&name), in_our_words(schema));
        }
        for (name, mut schema) in self.written.take_definitions(true) {
            each(&mut schema, &mut close);
            components.insert(name, in_our_words(schema));
        }
        components
    }
}

/// The name of a type in a request; in an answer the same type may have another schema.
fn asked(name: &str) -> String {
    if name.ends_with("Request") || name == "Draft" { name.to_owned() } else { format!("{name}Request") }
}

fn made(generator: &mut SchemaGenerator, shape: &Shape) -> Value {
    match shape {
        Shape::Type(make) => make(generator).to_value(),
        Shape::Given(value) => value.clone(),
    }
}

/// Visits a schema after the schemas within it.
pub(super) fn each(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(|member| each(member, visit));
            visit(members);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, visit)),
        _ => {}
    }
}

fn point(schema: &mut Map<String, Value>, rename: &impl Fn(&str) -> String) {
    if let Some(Value::String(target)) = schema.get_mut("$ref")
        && let Some(name) = target.strip_prefix("#/components/schemas/")
        // A schema given by hand refers to the document's names.
        && !name.starts_with("payload.")
        && !name.ends_with("Request")
    {
        *target = format!("#{PLACE}/{}", rename(name));
    }
}

/// Allows no other members; an optional member is never null.
fn close(schema: &mut Map<String, Value>) {
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties.iter_mut() {
        if !required.contains(&Value::from(name.as_str())) {
            never_null(property);
        }
    }
    schema.entry("additionalProperties").or_insert(Value::Bool(false));
}

fn never_null(property: &mut Value) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|kind| kind != "null");
    }
    for list in ["enum", "anyOf"] {
        if let Some(Value::Array(items)) = property.get_mut(list) {
            items.retain(|item| !item.is_null() && *item != json!({ "type": "null" }));
        }
    }
}

/// Removes links of Rust's documentation, and turns integer widths into limits.
fn in_our_words(mut schema: Value) -> Value {
    each(&mut schema, &mut |schema| {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = without_links(text);
        }
        let max = match schema.get("format").and_then(Value::as_str) {
            Some("uint64" | "uint") => Value::from(i64::MAX),
            Some("uint32") => Value::from(u32::MAX),
            Some("uint16" | "int128") => Value::Null,
            _ => return,
        };
        schema.remove("format");
        if !max.is_null() {
            schema.entry("maximum").or_insert(max);
        }
    });
    schema
}

/// `[`Name`](place)` and `[`Name`]` as `Name`, in backticks.
fn without_links(text: &str) -> String {
    let mut parts = text.split("[`");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("`]").unwrap_or((part, ""));
        let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_, behind)) => behind,
            None => rest,
        };
        shown.push_str(&format!("`{name}`{rest}"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_v1::EventPage;
    use crate::sync_v1::PushRequest;

    fn shape<T: schemars::JsonSchema>() -> Shape {
        Shape::Type(SchemaGenerator::subschema_for::<T>)
    }

    #[test]
    fn an_answer_has_what_its_type_writes_and_nothing_else() {
        let mut schemas = Schemas::new();
        schemas.of_answer(&shape::<EventPage>());
        let components = schemas.into_components();
        let event = &components["Event"];
        assert_eq!(event["additionalProperties"], false);
        let required = event["required"].as_array().expect("a list");
        assert!(required.contains(&json!("payload")) && !required.contains(&json!("position")), "{event}");
        assert_eq!(event["properties"]["position"]["type"], json!(["integer"]), "absent or a number, never null");
        assert_eq!(event["properties"]["status"]["enum"][3], "FAILED");
    }

    #[test]
    fn a_part_of_a_request_is_not_held_to_what_an_answer_says() {
        let mut schemas = Schemas::new();
        let push = schemas.of_request(&shape::<PushRequest>());
        assert_eq!(push["$ref"], "#/components/schemas/PushRequest");
        let components = schemas.into_components();
        assert_eq!(components["PushRequest"]["properties"]["epoch"]["$ref"], "#/components/schemas/EpochRequest");
        assert!(components["EpochRequest"].get("additionalProperties").is_none());
    }

    #[test]
    fn links_of_the_code_are_plain_words() {
        assert_eq!(without_links("see [`Cursor`], [`A`](crate::b::A). (B)"), "see `Cursor`, `A`. (B)");
    }
}
