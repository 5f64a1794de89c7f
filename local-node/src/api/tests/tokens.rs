//! Access tokens of central at a node: the attacks on JWTs, and what their time means without central.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_credentials::access_token::AccessClaims;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Reply, Shop, sale};
use crate::users::sample::{self, AMELIE};

const HOUR: i64 = 3_600;
/// The shop's clock begins here, in seconds.
const NOW: i64 = 1_800_000_000;

async fn shop() -> Shop {
    let shop = Shop::open().await;
    receive(&shop).await;
    shop
}

async fn receive(shop: &Shop) {
    let users = sample::users(shop.node.log().identity().site, 7).await;
    shop.node.users().receive(users).await.unwrap();
}

fn claims(shop: &Shop, issued_at: i64) -> AccessClaims {
    sample::claims(shop.node.log().identity().tenant.uuid(), issued_at)
}

async fn ask(shop: &Shop, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    shop.send_alone("GET", "/api/v1/products", &[("authorization", &bearer)], "").await
}

/// A token with this header and these claims, whose signature is right for them.
fn forged(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).to_bytes()))
}

/// Issue point 5, research D: none, wrong kid, wrong audience, `exp` as text, key confusion.
#[tokio::test]
async fn d_forged_tokens_are_refused_at_a_node_too() {
    let shop = shop().await;
    let good = serde_json::to_value(claims(&shop, NOW)).unwrap();
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": sample::KID });
    let key = sample::token_key();
    assert_eq!(ask(&shop, &forged(&header, &good, &key)).await.status, 200, "the control");
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let header_with = |name: &str, value: &str| {
        let mut changed = header.clone();
        changed[name] = json!(value);
        changed
    };
    let unsigned = forged(&header_with("alg", "none"), &good, &key);
    let message = unsigned.rsplit_once('.').unwrap().0.to_owned();
    let confused = {
        let (kid, typ) = (Some(sample::KID.to_owned()), Some("at+jwt".to_owned()));
        let header = jsonwebtoken::Header { kid, typ, ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256) };
        let public_key = jsonwebtoken::EncodingKey::from_secret(&key.verifying_key().to_bytes()).unwrap();
        jsonwebtoken::encode(&header, &good, &public_key).unwrap()
    };
    let attacks = [
        ("none", unsigned.clone()),
        ("none without a signature", format!("{message}.")),
        ("the public key as the secret of an HMAC", confused),
        ("another key", forged(&header, &good, &SigningKey::from_bytes(&[8; 32]))),
        ("unknown kid", forged(&header_with("kid", "k2"), &good, &key)),
        ("another type", forged(&header_with("typ", "JWT"), &good, &key)),
        ("audience", forged(&header, &with("aud", json!("other")), &key)),
        ("issuer", forged(&header, &with("iss", json!("comptoir/another")), &key)),
        ("tenant", forged(&header, &with("tenant", json!(Uuid::from_u128(9))), &key)),
        ("exp as text", forged(&header, &with("exp", json!("1900000000")), &key)),
        ("exp as a fraction", forged(&header, &with("exp", json!(1.9e9)), &key)),
        ("no exp", forged(&header, &with("exp", Value::Null), &key)),
        ("a user without a role here", forged(&header, &with("sub", json!(Uuid::from_u128(9))), &key)),
        ("rubbish", "a.b.c".to_owned()),
        ("too long", format!("{}.b.c", "a".repeat(9_000))),
    ];
    for (what, token) in &attacks {
        let refused = ask(&shop, token).await;
        assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("UNAUTHORIZED")), "{what}");
    }
    // Out of contact as well.
    shop.later(HOUR);
    for (what, token) in &attacks {
        assert_eq!(ask(&shop, token).await.status, 401, "{what}");
    }
}

/// 003 §6 "Access | 15 min | API calls": with central in contact the token can be refreshed.
#[tokio::test]
async fn s6_an_access_token_ends_after_15_minutes_while_central_can_be_reached() {
    let shop = shop().await;
    let token = sample::token(&claims(&shop, NOW));
    shop.later(15 * 60 - 1);
    receive(&shop).await;
    assert_eq!(ask(&shop, &token).await.status, 200);
    shop.later(31);
    ask(&shop, &token).await.problem(401, "TOKEN_EXPIRED");
}

/// 003 §6 "Grace offline | 72h | Travail sans réseau" and "Après 72h offline: Re-authentification obligatoire".
#[tokio::test]
async fn s6_a_token_works_72_h_without_network_and_then_needs_a_login() {
    let shop = shop().await;
    let token = sample::token(&claims(&shop, NOW));
    let bearer = format!("Bearer {token}");
    let record = async |number: u64| {
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        shop.send_alone("POST", "/api/v1/events", &headers, sale(number).to_string()).await
    };
    shop.later(71 * HOUR + 3_599);
    assert_eq!(record(1).await.status, 200);
    let event = shop.get(&format!("/api/v1/events/{}", super::shop::id(1))).await.json();
    assert_eq!(event["user"], json!(AMELIE));
    shop.later(1);
    record(2).await.problem(401, "REAUTHENTICATION_REQUIRED");
    shop.later(-500 * HOUR);
    record(2).await.problem(401, "REAUTHENTICATION_REQUIRED");
    let waiting = shop.get("/api/v1/queue").await.json();
    assert_eq!(waiting["pending"], 1, "the queue waits and depends on no token");
    // After the login with central the queue goes on, with a new token.
    receive(&shop).await;
    let now = shop.node.users().now().0 / 1_000_000;
    let renewed = sample::token(&claims(&shop, now));
    assert_eq!(ask(&shop, &renewed).await.status, 200);
}

/// An old copy of a token does not come back to life whenever the line is down.
#[tokio::test]
async fn a_token_that_ended_72_h_ago_is_refused_however_short_the_outage() {
    let shop = shop().await;
    let old = sample::token(&claims(&shop, NOW - 73 * HOUR));
    ask(&shop, &old).await.problem(401, "TOKEN_EXPIRED");
    shop.later(20 * 60);
    ask(&shop, &old).await.problem(401, "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn a_token_has_the_rights_that_the_node_knows_and_opens_no_session() {
    let shop = shop().await;
    let bearer = format!("Bearer {}", sample::token(&claims(&shop, NOW)));
    let send = async |method: &str, path: &str| shop.send_alone(method, path, &[("authorization", &bearer)], "").await;
    send("GET", "/api/v1/local-keys").await.problem(403, "FORBIDDEN");
    send("GET", "/api/v1/events").await.problem(403, "FORBIDDEN");
    send("POST", "/api/v1/session").await.problem(403, "FORBIDDEN");
    send("POST", "/api/v1/session/lock").await.problem(403, "FORBIDDEN");
    let state = send("GET", "/api/v1/session").await.json();
    assert_eq!((&state["user"]["id"], &state["locked"]), (&json!(AMELIE), &json!(false)));
}

/// A token names the one role of its device: as at central, it takes rights away and gives none.
#[tokio::test]
async fn a_device_has_its_own_role_at_a_node_too() {
    let shop = shop().await;
    let sold = async |roles: &[&str], device: Option<&str>, number: u64| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let claims = AccessClaims { roles, device: device.map(str::to_owned), ..claims(&shop, NOW) };
        let bearer = format!("Bearer {}", sample::token(&claims));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        shop.send_alone("POST", "/api/v1/events", &headers, sale(number).to_string()).await.status
    };
    assert_eq!(sold(&["cashier"], Some("phone-1"), 1).await, 200);
    assert_eq!(sold(&["driver"], Some("phone-1"), 2).await, 403, "a cashier with a driver's device");
    assert_eq!(sold(&[], Some("phone-1"), 3).await, 403, "a revoked device has no role");
    assert_eq!(
        sold(&["driver"], None, 4).await,
        200,
        "without a device the user's roles count, whatever the token says"
    );
}
