//! The schema files, embedded and compiled once.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::json::escaped;
use super::phone_rows::is_phone_form;
use super::{FieldError, shortened};

/// Errors of one payload that are reported: a list of thousands of lines may have one in each.
const ERRORS_MAX: usize = 20;

macro_rules! schema_files {
    ($($action:literal $version:literal),* $(,)?) => {
        /// (action, version, text): a version is added, never edited.
        const FILES: &[(&str, u16, &str)] = &[
            $(($action, $version, include_str!(concat!("../../schemas/", $action, ".v", $version, ".json")))),*
        ];
    };
}

schema_files! {
    "AUDIT_RECORDED" 1,
    "AUDIT_RECORDED" 2,
    "CASH_MOVED" 1,
    "CENTRAL_RESTORED" 1,
    "CLOCK_CHANGED" 1,
    "CONFLICT_RESOLVED" 1,
    "CREATE" 1,
    "DELETE" 1,
    "DELIVERY_CREATED" 1,
    "DELIVERY_VALIDATED" 1,
    "DELIVERY_VALIDATED" 2,
    "DELIVERY_VALIDATED" 3,
    "EPOCH_OPENED" 1,
    "GOODS_RECEIVED" 1,
    "GOODS_RECEIVED" 2,
    "GOODS_RETURNED" 1,
    "GOODS_RETURNED" 2,
    "IDENTITY_CHANGED" 1,
    "INVOICE_CANCELLED" 1,
    "INVOICE_CREATED" 1,
    "INVOICE_CREATED" 2,
    "INVOICE_REFERENCE_ASSIGNED" 1,
    "PRODUCTION_VALIDATED" 1,
    "QUARANTINE_RELEASED" 1,
    "REVENUE_ADJUSTED" 1,
    "RULEBOOK_ADOPTED" 1,
    "SALE_CANCELLED" 1,
    "SALE_RECORDED" 1,
    "SALE_RECORDED" 2,
    "SALE_REFUNDED" 1,
    "SECURITY_RECORDED" 1,
    "STOCK_ADJUSTED" 1,
    "STOCK_COUNTED" 1,
    "STOCK_COUNT_ACCEPTED" 1,
    "STOCK_WRITTEN_OFF" 1,
    "TILL_CLOSED" 1,
    "TILL_OPENED" 1,
    "TRAINING_SALE_RECORDED" 1,
    "UPDATE" 1,
}

static VALIDATORS: LazyLock<HashMap<(&'static str, u16), Validator>> = LazyLock::new(|| {
    let compile = |(action, version, text): &(&'static str, u16, &str)| {
        let schema: Value = serde_json::from_str(text).expect("an embedded schema is JSON: a test reads every one");
        let validator =
            jsonschema::validator_for(&schema).expect("an embedded schema compiles: a test compiles every one");
        ((*action, *version), validator)
    };
    FILES.iter().map(compile).collect()
});

/// The compiled schema of an action's version.
pub(super) fn validator(action: &str, version: u16) -> Option<&'static Validator> {
    // The map's keys are static texts; a lookup by a borrowed one finds the same entry.
    FILES
        .iter()
        .find(|(name, number, _)| *name == action && *number == version)
        .and_then(|(name, number, _)| VALIDATORS.get(&(*name, *number)))
}

/// Where a value does not fit a schema, with pointers under `root`.
pub(super) fn errors(
    validator: &Validator,
    (action, version): (&str, u16),
    root: &str,
    value: &Value,
) -> Vec<FieldError> {
    let schema: Value = schema(action, version).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let errors = validator.iter_errors(value).flat_map(|error| field_errors(&schema, root, &error));
    let shorten =
        |error: FieldError| FieldError { pointer: shortened(error.pointer), message: shortened(error.message) };
    errors.map(shorten).take(ERRORS_MAX).collect()
}

/// One error of the validator; of unknown members one for each, with the members that the schema has there.
fn field_errors(schema: &Value, root: &str, error: &ValidationError<'_>) -> Vec<FieldError> {
    let pointer = format!("{root}{}", error.instance_path());
    let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() else {
        return vec![FieldError { pointer, message: error.to_string() }];
    };
    let object = error.schema_path().as_str().strip_suffix("/additionalProperties").unwrap_or_default();
    let known = schema.pointer(object).and_then(|object| object.get("properties")?.as_object());
    let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let unknown = |name: &String| FieldError {
        pointer: format!("{pointer}/{}", escaped(name)),
        message: format!("{name:?} is unknown here; allowed are {}", known.join(", ")),
    };
    unexpected.iter().map(unknown).collect()
}

/// The schema's text, for documentation.
pub fn schema(action: &str, version: u16) -> Option<&'static str> {
    FILES.iter().find(|(name, number, _)| *name == action && *number == version).map(|(_, _, text)| *text)
}

/// The newest version of an action's schema, apart from those for a phone's own tables; 1 if the action has none.
pub fn newest_version(action: &str) -> u16 {
    let versions = FILES.iter().filter(|(name, version, _)| *name == action && !is_phone_form(action, *version));
    versions.map(|(_, version, _)| *version).max().unwrap_or(1)
}

/// Every action and version that has a schema.
pub fn actions() -> impl Iterator<Item = (&'static str, u16)> {
    FILES.iter().map(|(action, version, _)| (*action, *version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_file_is_embedded_compiles_and_comments_each_field() {
        let on_disk = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).unwrap().count();
        assert_eq!(on_disk, FILES.len());
        for (action, version) in actions() {
            assert!(validator(action, version).is_some());
            let schema: Value = serde_json::from_str(schema(action, version).unwrap()).unwrap();
            uncommented(action, &schema);
        }
    }

    fn uncommented(at: &str, schema: &Value) {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{at}.{name}");
            assert!(property.get("description").is_some(), "{at} says nothing of itself");
            uncommented(&at, property);
            if let Some(items) = property.get("items") {
                uncommented(&at, items);
            }
        }
    }
}
