use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use comptoir_test_support::TestCentral;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// The limit in `core/src/limits.rs`.
const MAX: usize = 10 * 1024 * 1024;

async fn ask(
    scene: &TestCentral,
    key: &str,
    method: &str,
    hash: &str,
    body: Vec<u8>,
) -> (StatusCode, HeaderMap, Bytes) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/blobs/{hash}"))
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Body::from(body))
        .unwrap();
    let response = scene.router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.into_body().collect().await.unwrap().to_bytes())
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
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    for bytes in [0, 1, 256 * 1024, 256 * 1024 + 1, MAX] {
        let (photo, hash) = (photo(bytes), name(&photo(bytes)));
        assert_eq!(ask(&scene, &shop.key, "GET", &hash, Vec::new()).await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask(&scene, &shop.key, "PUT", &hash, photo.clone()).await.0, StatusCode::CREATED, "{bytes}");
        assert_eq!(ask(&scene, &company.token, "PUT", &hash, photo.clone()).await.0, StatusCode::OK, "again");
        let (status, headers, got) = ask(&scene, &company.token, "GET", &hash, Vec::new()).await;
        assert_eq!((status, got == photo), (StatusCode::OK, true), "{bytes}");
        assert_eq!(headers[header::ETAG], format!("\"{hash}\""));
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let (status, headers, nothing) = ask(&scene, &shop.key, "HEAD", &hash, Vec::new()).await;
        assert_eq!((status, nothing.len()), (StatusCode::OK, 0));
        assert_eq!(headers[header::CONTENT_LENGTH], bytes.to_string());
    }
    let rows = company.count("select count(*) from blob where tenant_id = $1").await;
    assert_eq!(rows, 1 + 1 + 1 + 2 + 40, "chunks of 256 KiB, each file once");
}

#[tokio::test]
async fn bytes_that_do_not_match_their_hash_are_not_stored() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let hash = name(b"a signature");
    let (status, _, body) = ask(&scene, &company.token, "PUT", &hash, b"another".to_vec()).await;
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status.as_u16(), &problem["code"]), (422, &"CHECKSUM_MISMATCH".into()));
    assert_eq!(problem["computed"], name(b"another"));
    let (status, _, _) = ask(&scene, &company.token, "PUT", &name(&photo(MAX + 1)), photo(MAX + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for bad in ["x", &hash[..63], &hash.to_uppercase()] {
        let (status, _, _) = ask(&scene, &company.token, "PUT", bad, b"a signature".to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(company.count("select count(*) from blob where tenant_id = $1").await, 0);
}

#[tokio::test]
async fn a_blob_belongs_to_its_tenant_only() {
    let scene = TestCentral::new().await;
    let (company, stranger) = (scene.company().await, scene.company().await);
    let hash = name(b"a signature");
    ask(&scene, &company.token, "PUT", &hash, b"a signature".to_vec()).await;
    for method in ["GET", "HEAD"] {
        assert_eq!(ask(&scene, &stranger.token, method, &hash, Vec::new()).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(ask(&scene, "nobody", "GET", &hash, Vec::new()).await.0, StatusCode::UNAUTHORIZED);
    let (status, _, _) = ask(&scene, &stranger.token, "PUT", &hash, b"a signature".to_vec()).await;
    assert_eq!(status, StatusCode::CREATED, "the response does not reveal whether another tenant has it");
}
