//! Typed commands: a sale, an invoice, a client, posted by name. They build drafts, the same at a node and at central.
//!
//! ```text
//! POST /api/v1/sales {"entity_id":"536365", "user":"u-12", "currency":"GBP", "lines":[...], "total_minor":1530}
//! ```
//!
//! A body has the members of every draft (`id`, `entity_id`, `occurred_at`, `user`, `base_version`, `causation`, `correlation`)
//! and the members of the payload. A client's payload is in `fields`, since its names are free. `entity_id` may be absent if the
//! command creates something: the event's own id is used.

use std::collections::BTreeMap;
use std::fmt;

use comptoir_core::id::EventId;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::api_v1::{Author, DraftDto, draft_id};
use crate::error_code::ErrorCode;
use crate::problem::Problem;

/// The typed commands of a shop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShopCommand {
    /// `POST /api/v1/sales`.
    RecordSale,
    /// `POST /api/v1/refunds`.
    RefundSale,
    /// `POST /api/v1/receptions`.
    ReceiveGoods,
    /// `POST /api/v1/invoices`.
    CreateInvoice,
    /// `POST /api/v1/invoices/{id}/cancel`.
    CancelInvoice,
    /// `POST /api/v1/deliveries`, at central.
    CreateDelivery,
    /// `POST /api/v1/deliveries/{id}/validate`.
    ValidateDelivery,
    /// `POST /api/v1/clients`; for other entities made of fields, `PUT /api/v1/entities/{type}/{id}`.
    CreateEntity,
    /// `PATCH /api/v1/clients/{id}` or `/api/v1/entities/{type}/{id}`.
    UpdateEntity,
    /// `DELETE /api/v1/clients/{id}` or `/api/v1/entities/{type}/{id}`.
    DeleteEntity,
}

impl ShopCommand {
    /// The entity type is the default, for a path that names none.
    pub fn entity_type_and_action(self) -> (&'static str, &'static str) {
        match self {
            ShopCommand::RecordSale => ("SALE", "SALE_RECORDED"),
            ShopCommand::RefundSale => ("SALE", "SALE_REFUNDED"),
            ShopCommand::ReceiveGoods => ("RECEPTION", "GOODS_RECEIVED"),
            ShopCommand::CreateInvoice => ("INVOICE", "INVOICE_CREATED"),
            ShopCommand::CancelInvoice => ("INVOICE", "INVOICE_CANCELLED"),
            ShopCommand::CreateDelivery => ("DELIVERY", "DELIVERY_CREATED"),
            ShopCommand::ValidateDelivery => ("DELIVERY", "DELIVERY_VALIDATED"),
            ShopCommand::CreateEntity => ("CLIENT", "CREATE"),
            ShopCommand::UpdateEntity => ("CLIENT", "UPDATE"),
            ShopCommand::DeleteEntity => ("CLIENT", "DELETE"),
        }
    }

    /// The version of the payload's schema where a body names none, if it is not the first.
    pub(crate) fn schema_version(self) -> Option<u16> {
        // The version before wants a cost on each line, which not everybody who counts goods may see.
        (self == ShopCommand::ReceiveGoods).then_some(2)
    }

    pub(crate) fn has_fields(self) -> bool {
        matches!(self, ShopCommand::CreateEntity | ShopCommand::UpdateEntity)
    }

    /// The draft that a body asks for. `path_id` is the entity's id where the path names it; an empty body is an empty object.
    /// Whether the payload fits its schema is for [`crate::api_v1::check_draft`] to say: see [`ShopCommand::problem`].
    pub fn draft(
        self,
        path_id: Option<&str>,
        body: &[u8],
        author: &Author,
        idempotency_key: Option<&str>,
    ) -> Result<DraftDto, Problem> {
        let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let mut members: Members =
            serde_json::from_slice(body).map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()))?;
        let id = match draft_id(members.take("id")?, author, idempotency_key, 0) {
            Ok(id) => Some(id),
            // [`crate::api_v1::check_draft`] refuses it, together with all that is wrong with the payload.
            Err(problem) if problem.error_code() == Some(ErrorCode::IdempotencyKeyMissing) => None,
            Err(problem) => return Err(problem),
        };
        let named: Option<String> = members.take("entity_id")?;
        let entity_id = match (path_id, named) {
            (Some(path), Some(body)) if path != body => {
                let detail = format!("the path names {path:?}, the body {body:?}");
                return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/entity_id"));
            }
            (Some(path), _) => path.to_owned(),
            (None, Some(body)) => body,
            (None, None) => id.map_or_else(|| Uuid::nil().to_string(), |id| id.to_string()),
        };
        let (entity_type, action) = self.entity_type_and_action();
        Ok(DraftDto {
            id: id.map(EventId::uuid),
            entity_type: entity_type.to_owned(),
            action: action.to_owned(),
            occurred_at: members.take("occurred_at")?,
            user: members.take("user")?,
            base_version: members.take("base_version")?,
            if_match: None,
            causation: members.take("causation")?,
            correlation: members.take("correlation")?,
            schema_version: members.take("schema_version")?.or(self.schema_version()),
            payload: self.payload(members, &entity_id)?,
            entity_id,
        })
    }

    fn payload(self, mut members: Members, entity_id: &str) -> Result<Box<RawValue>, Problem> {
        if self.has_fields() {
            let fields = members.0.remove("fields");
            let example = r#"`fields` is missing: send {"fields": {"name": "Dupont"}}"#;
            let fields = fields.ok_or_else(|| Problem::new(ErrorCode::MalformedBody, example).at("/fields"))?;
            members.nothing_left()?;
            return Ok(fields);
        }
        if self == ShopCommand::CancelInvoice {
            members.put("invoice", entity_id)?;
        }
        // In the order of their names: the same body gives the same bytes, so that a retry is the same event.
        to_raw_value(&members.0).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
    }

    /// Translates a problem of the draft into one of the command's body.
    #[must_use]
    pub fn problem(self, problem: Problem) -> Problem {
        let prefix = if self.has_fields() { "/fields" } else { "" };
        let of_body = |at: &str| Some(format!("{prefix}{}", at.strip_prefix("/payload")?));
        let pointer = problem.pointer.as_deref().and_then(of_body);
        let mut problem = problem;
        for error in problem.values.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(at) = error.get("pointer").and_then(Value::as_str).and_then(of_body) {
                error["pointer"] = at.into();
            }
        }
        // The ETag of a command's edit is in `If-Match`.
        let seen = problem.error_code() == Some(ErrorCode::PreconditionFailed);
        let own = problem.pointer.filter(|at| !(seen && at == "/base_version"));
        Problem { pointer: pointer.or(own), ..problem }
    }
}

/// A body's members, each once, their values in the caller's bytes.
struct Members(BTreeMap<String, Box<RawValue>>);

impl Members {
    /// Removes a member that belongs to the draft and not to its payload.
    fn take<T: for<'de> Deserialize<'de>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        serde_json::from_str(value.get())
            .map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()).at(format!("/{name}")))
    }

    fn put(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        if self.0.contains_key(name) {
            let detail = format!("{name:?} is given by the path");
            return Err(Problem::new(ErrorCode::MalformedBody, detail).at(format!("/{name}")));
        }
        let value = to_raw_value(value).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    fn nothing_left(&self) -> Result<(), Problem> {
        match self.0.keys().next() {
            Some(name) => {
                Err(Problem::new(ErrorCode::MalformedBody, format!("unknown field {name:?}")).at(format!("/{name}")))
            }
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    // Two readers would choose differently.
                    if members.insert(name.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("field {name:?} is repeated")));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_v1::check_draft;
    use uuid::Uuid;

    fn author() -> Author {
        Author { site: None, central: false, namespace: Uuid::from_u128(9) }
    }

    fn draft(command: ShopCommand, path_id: Option<&str>, body: &str) -> Result<DraftDto, Problem> {
        command.draft(path_id, body.as_bytes(), &author(), Some("key"))
    }

    #[test]
    fn a_sale_is_a_draft_whose_payload_keeps_the_callers_values() {
        let body = r#"{"user":"u-1", "total_minor":510, "lines":[{"product":"A",  "quantity":"2", "unit_price":"2.55"}], "currency":"EUR"}"#;
        let dto = draft(ShopCommand::RecordSale, None, body).unwrap();
        assert_eq!((dto.entity_type.as_str(), dto.action.as_str()), ("SALE", "SALE_RECORDED"));
        let payload =
            r#"{"currency":"EUR","lines":[{"product":"A",  "quantity":"2", "unit_price":"2.55"}],"total_minor":510}"#;
        assert_eq!(dto.payload.get(), payload);
        assert_eq!(dto.entity_id, dto.id.unwrap().to_string());
        check_draft(&dto, &author(), None, 0).unwrap();
    }

    #[test]
    fn the_same_request_again_is_the_same_event() {
        let body = r#"{"entity_id":"7", "fields":{"name":"Dupont"}}"#;
        let first = draft(ShopCommand::CreateEntity, None, body).unwrap();
        let again = draft(ShopCommand::CreateEntity, None, body).unwrap();
        assert_eq!((first.id, first.payload.get()), (again.id, again.payload.get()));
    }

    #[test]
    fn a_cancellation_names_the_invoice_of_its_path() {
        let dto = draft(ShopCommand::CancelInvoice, Some("i-1"), r#"{"reason":"error"}"#).unwrap();
        assert_eq!((dto.entity_id.as_str(), dto.payload.get()), ("i-1", r#"{"invoice":"i-1","reason":"error"}"#));
    }

    #[test]
    fn errors_point_to_the_members_of_the_body() {
        let body = r#"{"currency":"EUR","lines":[{"product":"A","quantity":"x","unit_price":"1"}],"total_minor":1}"#;
        let dto = draft(ShopCommand::RecordSale, None, body).unwrap();
        let problem = ShopCommand::RecordSale.problem(check_draft(&dto, &author(), None, 0).unwrap_err());
        assert_eq!(problem.pointer.as_deref(), Some("/lines/0/quantity"));
        for (command, path, body, pointer) in [
            (ShopCommand::CreateEntity, None, r#"{"name":"x"}"#, Some("/fields")),
            (ShopCommand::CreateEntity, None, r#"{"fields":{}, "naem":"x"}"#, Some("/naem")),
            (ShopCommand::UpdateEntity, Some("1"), r#"{"fields":{}, "entity_id":"2"}"#, Some("/entity_id")),
            (ShopCommand::CancelInvoice, Some("1"), r#"{"invoice":"1"}"#, Some("/invoice")),
            (ShopCommand::RecordSale, None, r#"{"user":1}"#, Some("/user")),
            (ShopCommand::RecordSale, None, r#"{"user":"a","user":"b"}"#, None),
            (ShopCommand::RecordSale, None, "[]", None),
        ] {
            let problem = draft(command, path, body).unwrap_err();
            assert_eq!((problem.code.as_str(), problem.pointer.as_deref()), ("MALFORMED_BODY", pointer), "{body}");
        }
    }

    /// O6: everything that is wrong, and what is allowed.
    #[test]
    fn a_refused_command_says_all_that_is_wrong_with_it() {
        let body = br#"{"reference":7,"client":"Zo\u00e9","currency":"GBP","amount":1}"#;
        let author = Author { central: true, ..author() };
        let dto = ShopCommand::CreateDelivery.draft(Some("d-1"), body, &author, None).unwrap();
        let problem = ShopCommand::CreateDelivery.problem(check_draft(&dto, &author, None, 0).unwrap_err());
        assert_eq!(problem.code, "INVALID_PAYLOAD");
        let errors: Vec<(String, String)> = problem.values["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| ["pointer", "message"].map(|name| error[name].as_str().unwrap().to_owned()).into())
            .collect();
        assert_eq!(Some((problem.pointer.clone().unwrap(), problem.detail.clone())), errors.first().cloned());
        let known = "allowed are assigned_to, client, lines, qr, reference, total_minor";
        for expected in [
            ("/amount", format!("\"amount\" is unknown here; {known}")),
            ("/currency", format!("\"currency\" is unknown here; {known}")),
            ("/reference", "7 is not of type \"string\"".to_owned()),
            ("/id", problem_of_key()),
        ] {
            assert!(errors.contains(&(expected.0.to_owned(), expected.1.clone())), "{expected:?}: {errors:?}");
        }
        assert_eq!(errors.len(), 4, "{errors:?}");
    }

    fn problem_of_key() -> String {
        crate::api_v1::draft_id(None, &author(), None, 0).unwrap_err().detail
    }

    #[test]
    fn without_an_id_and_a_key_a_retry_would_be_a_second_event() {
        let body = br#"{"currency":"EUR","lines":[{"product":"A","quantity":"1","unit_price":"1"}],"total_minor":100}"#;
        let dto = ShopCommand::RecordSale.draft(None, body, &author(), None).unwrap();
        assert_eq!(check_draft(&dto, &author(), None, 0).unwrap_err().code, "IDEMPOTENCY_KEY_MISSING");
        assert!(ShopCommand::DeleteEntity.draft(Some("7"), b"", &author(), Some("k")).is_ok());
    }
}
