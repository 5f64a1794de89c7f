//! `GET /api/v1/audit-entries`: what phones and nodes recorded for an audit, in the order in which central received it.

use comptoir_core::event::Content;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::openapi::words;

/// A page of audit entries.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntryPage {
    /// The entries after the cursor that fit the filter. A page may have fewer than `limit`, or none, while more follow.
    pub entries: Vec<AuditEntryDto>,
    /// The cursor to ask with again, as `after`.
    pub next: String,
    /// Whether more may follow: ask again with `next`.
    pub more: bool,
}

/// One audit entry.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub struct AuditEntryDto {
    /// Its number in the tenant's order.
    pub position: u64,
    /// The event that it is.
    pub event_id: Uuid,
    /// The log that it is in.
    pub node: Uuid,
    /// The phone that sent it, by its own name; absent for other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The shop of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Uuid>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What was done: `DELIVERY_SCANNED`.
    pub action: String,
    /// To what: its type.
    pub entity_type: String,
    /// To what: its id.
    pub entity_id: String,
    /// By the clock of its writer.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// When central received it.
    #[schemars(with = "words::Instant")]
    pub received_at: String,
    /// The entry, byte for byte as it was sealed.
    #[schemars(with = "words::Members")]
    pub entry: Box<RawValue>,
}

/// What an audit entry says was done, and to what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditSubject {
    /// `DELIVERY_SCANNED`.
    pub action: String,
    /// Its type.
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
}

impl AuditSubject {
    /// Reads it from the content of an AUDIT_RECORDED, in either version of the payload.
    pub fn read(content: &Content) -> Option<AuditSubject> {
        #[derive(Deserialize)]
        struct AuditPayload {
            action: String,
            subject: Option<Subject>,
            entity_type: Option<String>,
            entity_id: Option<String>,
        }
        #[derive(Deserialize)]
        struct Subject {
            entity_type: String,
            entity_id: String,
        }
        let entry: AuditPayload = serde_json::from_slice(&content.payload).ok()?;
        let (entity_type, entity_id) = match entry.subject {
            Some(subject) => (subject.entity_type, subject.entity_id),
            None => (entry.entity_type?, entry.entity_id?),
        };
        Some(AuditSubject { action: entry.action, entity_type, entity_id })
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::id::Name;

    use super::*;

    #[test]
    fn both_forms_of_an_entry_name_what_they_speak_of() {
        let name = |text| Name::new(text).expect("a name");
        let read = |payload: &str| {
            let content = Content::new(name("AUDIT"), name("a-1"), name("AUDIT_RECORDED"), payload.as_bytes().to_vec());
            AuditSubject::read(&content)
        };
        let subject = AuditSubject {
            action: "DELIVERY_SCANNED".to_owned(),
            entity_type: "DELIVERY".to_owned(),
            entity_id: "d-1".to_owned(),
        };
        let first =
            r#"{"action":"DELIVERY_SCANNED","subject":{"entity_type":"DELIVERY","entity_id":"d-1"},"context":{}}"#;
        let second =
            r#"{"id":"a-1","action":"DELIVERY_SCANNED","entity_type":"DELIVERY","entity_id":"d-1","synced":false}"#;
        assert_eq!(read(first), Some(subject.clone()));
        assert_eq!(read(second), Some(subject));
        assert_eq!(read("{}"), None);
    }
}
