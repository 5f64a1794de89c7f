//! Names the first validator of a delivery, for the second driver's screen.

use std::collections::HashMap;

use comptoir_core::decision::Code;
use comptoir_core::id::TenantId;
use comptoir_messages::{Language, Message};
use comptoir_proto::mobile_v1::FailedEvent;
use serde_json::Value;

use crate::database::{self, Database, StoreError};
use crate::state_store::Versions;

/// Adds `validated_by` and `message` if another validation was first: the name of the entity USER of that id, else that of the
/// user who logs in, else the id.
pub(crate) async fn name_who_was_first(
    database: &Database,
    tenant: TenantId,
    failed: &mut [FailedEvent],
) -> Result<(), StoreError> {
    let mut data: Vec<&mut Value> = failed
        .iter_mut()
        .filter(|failed| failed.error_code == Code::AlreadyValidated.as_str())
        .filter_map(|failed| failed.resolution.as_mut()?.data.as_mut())
        .collect();
    let users: Vec<String> = data.iter().filter_map(|data| data.get("user")?.as_str().map(str::to_owned)).collect();
    if data.is_empty() {
        return Ok(());
    }
    let names = names(database, tenant, &users).await?;
    for data in &mut data {
        let user = data.get("user").and_then(Value::as_str).map(str::to_owned);
        let Some(fields) = data.as_object_mut() else { continue };
        let by = user.map(|user| names.get(&user).cloned().unwrap_or(user));
        let message = match &by {
            Some(by) => Message::new("device-validated-by").with("by", by.as_str()),
            None => Message::new("device-already-validated"),
        };
        let message = message.text(Language::French);
        fields.insert("validated_by".to_owned(), by.into());
        fields.insert("message".to_owned(), message.into());
    }
    Ok(())
}

async fn names(database: &Database, tenant: TenantId, users: &[String]) -> Result<HashMap<String, String>, StoreError> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let version = Versions::active(&tx, tenant).await?.entities;
    let statement = tx.prepare_cached(include_str!("first_validator.sql")).await?;
    let rows = tx.query(&statement, &[&tenant.uuid(), &version, &users]).await?;
    let named = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<_, Option<String>>(1)?)));
    let named: Vec<(String, Option<String>)> = named.collect::<Result<_, StoreError>>()?;
    Ok(named.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}
