//! Signatures and photos: on the disk before an event names them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use serde_json::{Value, json};

use super::Shop;

fn path(bytes: &[u8]) -> String {
    format!("/api/v1/blobs/{}", blake3::hash(bytes).to_hex())
}

async fn put(shop: &Shop, path: &str, bytes: impl Into<Body>) -> super::Reply {
    shop.send("PUT", path, "application/octet-stream", bytes).await
}

fn validation(hash: &str) -> Value {
    json!({"id": super::shop::id(9), "qr": "q-1", "validated_at": "2026-01-05T10:00:00Z", "signature_hash": hash})
}

#[tokio::test]
async fn a_file_is_kept_under_the_hash_of_its_bytes() {
    let shop = Shop::open().await;
    let (bytes, path) = (vec![7; 100_000], path(&[7; 100_000]));
    assert_eq!(
        (put(&shop, &path, bytes.clone()).await.status, put(&shop, &path, bytes.clone()).await.status),
        (201, 200)
    );
    let shop = shop.restarted().await;
    let reply = shop.get(&path).await;
    assert_eq!(
        (reply.status, reply.body == bytes, reply.headers["x-content-type-options"].to_str().unwrap()),
        (200, true, "nosniff")
    );
    let head = shop.send("HEAD", &path, "application/json", "").await;
    assert_eq!((head.status, head.headers["content-length"].to_str().unwrap(), head.body.len()), (200, "100000", 0));
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_name_are_nowhere() {
    let shop = Shop::open().await;
    let named = path(b"signature");
    put(&shop, &named, "other").await.problem(422, "CHECKSUM_MISMATCH");
    let cut = [Ok("sign"), Err(std::io::Error::other("cut"))];
    put(&shop, &named, Body::from_stream(tokio_stream::iter(cut))).await.problem(408, "REQUEST_TIMEOUT");
    let large = vec![0; comptoir_core::limits::BLOB_BYTES_MAX + 1];
    put(&shop, &path(&large), large.clone()).await.problem(413, "TOO_LARGE");
    let pieces = tokio_stream::iter((0..12).map(|_| Ok::<_, std::io::Error>(vec![0; 1024 * 1024])));
    put(&shop, &path(&large), Body::from_stream(pieces)).await.problem(413, "TOO_LARGE");
    put(&shop, "/api/v1/blobs/AB", "x").await.problem(400, "INVALID_PARAMETER");
    shop.get(&named).await.problem(404, "NOT_FOUND");
    shop.get(&path(&large)).await.problem(404, "NOT_FOUND");
}

/// A phone on a slow line that sends everything before it reads the answer: an early answer looks like a broken connection.
#[tokio::test]
async fn a_sender_is_answered_when_it_has_sent_everything() {
    let shop = Shop::open().await;
    let path = path(b"signature");
    assert_eq!(put(&shop, &path, "signature").await.status, 201);
    let sent = Arc::new(AtomicBool::new(false));
    let all_sent = sent.clone();
    let pieces = ["sign", "ature", ""].map(Ok::<_, std::io::Error>);
    let pieces = tokio_stream::StreamExt::map(tokio_stream::iter(pieces), move |piece| {
        all_sent.fetch_or(piece.as_ref().is_ok_and(|piece| piece.is_empty()), Ordering::Relaxed);
        piece
    });
    assert_eq!(put(&shop, &path, Body::from_stream(pieces)).await.status, 200);
    assert!(sent.load(Ordering::Relaxed));
}

#[tokio::test]
async fn an_event_that_names_a_file_waits_for_the_file() {
    let shop = Shop::open().await;
    let bytes = b"a signature";
    let hash = blake3::hash(bytes).to_hex().to_string();
    let validate = async || {
        let body = validation(&hash).to_string();
        shop.send("POST", "/api/v1/deliveries/D-1/validate", "application/json", body).await
    };
    let problem = validate().await.problem(422, "BLOB_MISSING");
    assert_eq!((&problem["pointer"], &problem["retryable"]), (&json!("/signature_hash"), &json!(true)));
    let mut payload = validation(&hash);
    payload.as_object_mut().unwrap().remove("id");
    let draft = json!({"id": super::shop::id(8), "entity_type": "DELIVERY", "entity_id": "D-1", "action": "DELIVERY_VALIDATED", "payload": payload});
    assert_eq!(shop.post(&draft).await.problem(422, "BLOB_MISSING")["pointer"], "/payload/signature_hash");
    shop.post(&json!([draft])).await.problem(422, "BATCH_REJECTED");
    let line = shop.send("POST", "/api/v1/events", "application/x-ndjson", format!("{draft}\n")).await;
    assert_eq!(line.json()["problem"]["code"], "BLOB_MISSING");
    assert_eq!(shop.node.log().head().marks.durable.0, 1, "nothing was written");
    assert_eq!(put(&shop, &path(bytes), bytes.to_vec()).await.status, 201);
    assert_eq!(validate().await.status, 200);
    let row = shop.get("/api/v1/deliveries").await.json()["rows"][0].clone();
    assert_eq!(
        (&row["pending"][0]["payload"]["signature_hash"], &row["validation"]["signature_hash"]),
        (&json!(hash), &json!(hash))
    );
    let to_validate = shop.get("/api/v1/deliveries?validated=false").await.json();
    assert_eq!(to_validate["rows"], json!([]));
}
