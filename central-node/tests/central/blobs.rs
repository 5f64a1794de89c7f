use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use comptoir_test_support::TestCentral;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// The limit in `core/src/limits.rs`.
const MAX: usize = 10 * 1024 * 1024;

struct BlobResponse {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

async fn ask(server: &TestCentral, key: &str, method: &str, hash: &str, body: Vec<u8>) -> BlobResponse {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/blobs/{hash}"))
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Body::from(body))
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    BlobResponse { status, headers, bytes: response.into_body().collect().await.unwrap().to_bytes() }
}

/// Bytes in which every chunk differs.
fn photo(bytes: usize) -> Vec<u8> {
    let mut photo = vec![0; bytes];
    blake3::Hasher::new().update(&bytes.to_le_bytes()).finalize_xof().fill(&mut photo);
    photo
}

fn name(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[tokio::test]
async fn a_blob_reads_back_unchanged_and_is_stored_once() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    for bytes in [0, 1, 256 * 1024, 256 * 1024 + 1, MAX] {
        let (photo, hash) = (photo(bytes), name(&photo(bytes)));

        let before = ask(&server, &shop.key, "GET", &hash, Vec::new()).await;
        let stored = ask(&server, &shop.key, "PUT", &hash, photo.clone()).await;
        let again = ask(&server, &company.token, "PUT", &hash, photo.clone()).await;
        let read = ask(&server, &company.token, "GET", &hash, Vec::new()).await;
        let head = ask(&server, &shop.key, "HEAD", &hash, Vec::new()).await;

        assert_eq!(before.status, StatusCode::NOT_FOUND, "{bytes}");
        assert_eq!(stored.status, StatusCode::CREATED, "{bytes}");
        assert_eq!(again.status, StatusCode::OK, "{bytes}");
        assert_eq!(read.status, StatusCode::OK, "{bytes}");
        assert!(read.bytes == photo, "{bytes} bytes read back unchanged");
        assert_eq!(read.headers[header::ETAG], format!("\"{hash}\""));
        assert_eq!(read.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(head.status, StatusCode::OK, "{bytes}");
        assert_eq!(head.bytes.len(), 0);
        assert_eq!(head.headers[header::CONTENT_LENGTH], bytes.to_string());
    }
    let rows = company.count("select count(*) from blob where tenant_id = $1").await;
    assert_eq!(rows, 1 + 1 + 1 + 2 + 40, "chunks of 256 KiB, each file once");
}

#[tokio::test]
async fn bytes_that_do_not_match_their_hash_are_not_stored() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let hash = name(b"a signature");

    let other_bytes = ask(&server, &company.token, "PUT", &hash, b"another".to_vec()).await;
    let too_large = ask(&server, &company.token, "PUT", &name(&photo(MAX + 1)), photo(MAX + 1)).await;

    assert_eq!(other_bytes.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem: serde_json::Value = serde_json::from_slice(&other_bytes.bytes).unwrap();
    assert_eq!(problem["code"], "CHECKSUM_MISMATCH");
    assert_eq!(problem["computed"], name(b"another"));
    assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
    for bad in ["x", &hash[..63], &hash.to_uppercase()] {
        let refused = ask(&server, &company.token, "PUT", bad, b"a signature".to_vec()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(company.count("select count(*) from blob where tenant_id = $1").await, 0);
}

#[tokio::test]
async fn a_blob_belongs_to_its_tenant_only() {
    let server = TestCentral::new().await;
    let (company, stranger) = (server.company().await, server.company().await);
    let hash = name(b"a signature");
    ask(&server, &company.token, "PUT", &hash, b"a signature".to_vec()).await;
    for method in ["GET", "HEAD"] {
        assert_eq!(ask(&server, &stranger.token, method, &hash, Vec::new()).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(ask(&server, "nobody", "GET", &hash, Vec::new()).await.status, StatusCode::UNAUTHORIZED);
    let stored = ask(&server, &stranger.token, "PUT", &hash, b"a signature".to_vec()).await;
    assert_eq!(stored.status, StatusCode::CREATED, "the response does not reveal whether another tenant has it");
}
