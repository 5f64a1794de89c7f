//! A record of the log as JSON, with its decision.

use comptoir_proto::api_v1::EventDto;
use comptoir_proto::instant;
use comptoir_proto::stored_v1::{self, StoredDecision};

use crate::database::StoreError;
use crate::event_store::LogRow;
use crate::ingest::record_result;

/// A record of the log with its decision.
pub(super) fn event_dto(row: &LogRow) -> Result<EventDto, StoreError> {
    let decided = row.decided()?;
    let event = match stored_v1::decode(&row.record) {
        Ok(event) => EventDto::new(&event, row.chain),
        Err(_) => unreadable_dto(row, &decided),
    };
    Ok(EventDto { position: Some(row.position.0), decision: Some(record_result(&decided, row.seq)), ..event })
}

/// The known part of a record that cannot be decoded: its place.
fn unreadable_dto(row: &LogRow, decided: &StoredDecision) -> EventDto {
    EventDto {
        id: decided.event_id.uuid(),
        tenant: decided.tenant.uuid(),
        site: None,
        node: row.node.uuid(),
        epoch: row.epoch.number,
        seq: row.seq.0,
        chain: row.chain.to_string(),
        receipt: None,
        position: None,
        user: None,
        entity_type: String::new(),
        entity_id: String::new(),
        action: String::new(),
        occurred_at: instant::format(decided.received_at),
        base_version: None,
        correlation: None,
        schema_version: 0,
        payload: serde_json::Value::Null,
        decision: None,
        status: None,
        is_synced: None,
        last_sync_at: None,
    }
}
