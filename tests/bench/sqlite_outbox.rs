//! The peer of P2: the outbox of the desktop engine, as its document describes it. SQLite with WAL and `synchronous=FULL`, an
//! entity row and an outbox row per event in one transaction, behind the same web framework.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// A router with one route, `POST /events`.
pub(crate) fn router(path: &Path) -> anyhow::Result<Router> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "create table sync_event (id text primary key, entity_type text, entity_id text, operation text, payload text, status text);
         create table entity (entity_type text, entity_id text, data text, version integer, primary key (entity_type, entity_id));",
    )?;
    Ok(Router::new().route("/events", post(record)).with_state(Arc::new(Mutex::new(connection))))
}

async fn record(
    State(connection): State<Arc<Mutex<Connection>>>,
    body: Bytes,
) -> Result<axum::Json<Value>, StatusCode> {
    let draft: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let stored = tokio::task::spawn_blocking(move || store(&connection, &draft)).await;
    match stored {
        Ok(Ok(())) => Ok(axum::Json(json!({ "ok": true }))),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn store(connection: &Mutex<Connection>, draft: &Value) -> rusqlite::Result<()> {
    let text = |name: &str| draft[name].as_str().unwrap_or_default().to_owned();
    let payload = draft["payload"].to_string();
    let mut connection = connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let transaction = connection.transaction()?;
    transaction
        .prepare_cached(
            "insert into entity values (?1, ?2, ?3, 1) on conflict do update set data = ?3, version = version + 1",
        )?
        .execute(params![text("entity_type"), text("entity_id"), payload])?;
    transaction.prepare_cached("insert into sync_event values (?1, ?2, ?3, ?4, ?5, 'PENDING')")?.execute(params![
        text("id"),
        text("entity_type"),
        text("entity_id"),
        text("action"),
        payload
    ])?;
    transaction.commit()
}
