//! The attacks on JWTs: each token differs from a good one in one way and is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "comptoir/0199a8f0-0000-7000-8000-000000000001";
const NOW: i64 = 1_800_000_000;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn claims() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: Uuid::from_u128(1),
        tenant: Uuid::from_u128(2),
        sid: Uuid::from_u128(3),
        device: Some("phone-1".to_owned()),
        roles: vec!["cashier".to_owned()],
        sites: vec![Uuid::from_u128(4)],
        jti: Uuid::from_u128(5),
        iat: NOW,
        nbf: NOW,
        exp: NOW + ACCESS_SECONDS,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

/// A token with this header and these claims, whose signature is right for them.
fn token(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = serde_json::to_value(claims()).unwrap();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = serde_json::to_value(claims()).unwrap();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// As central reads a token: the header chooses the key, then everything is verified.
fn read(token: &str, now: i64) -> Result<AccessClaims, TokenError> {
    assert_eq!(kid_of(token)?, "k1");
    verify(token, &key().verifying_key().to_bytes(), ISSUER, at(now))
}

fn assert_invalid(token: &str) {
    assert!(matches!(read(token, NOW), Err(TokenError::Invalid(_))), "{token}: {:?}", read(token, NOW));
}

#[test]
fn a_signed_token_is_read_back_until_it_expires() {
    let signed = sign(&claims(), "k1", &key()).unwrap();
    assert_eq!(read(&signed, NOW), Ok(claims()));
    assert_eq!(read(&signed, NOW + ACCESS_SECONDS + 29), Ok(claims()));
    assert_eq!(read(&signed, NOW + ACCESS_SECONDS + 30), Err(TokenError::Expired));
    assert_eq!(read(&token(&header(), &serde_json::to_value(claims()).unwrap()), NOW), Ok(claims()));
}

#[test]
fn d_alg_none_is_refused_with_and_without_a_signature() {
    let good = serde_json::to_value(claims()).unwrap();
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = token(&json!({ "alg": alg, "typ": "at+jwt", "kid": "k1" }), &good);
        assert_invalid(&unsigned);
        assert_invalid(&format!("{}.", unsigned.rsplit_once('.').unwrap().0));
    }
    let signed = token(&header(), &good);
    assert_invalid(&format!("{}.", signed.rsplit_once('.').unwrap().0));
}

/// Key confusion: the public key as the secret of an HMAC.
#[test]
fn d_hs256_with_the_public_key_as_its_secret_is_refused() {
    let public = key().verifying_key().to_bytes();
    let header = Header { typ: Some(TYPE.to_owned()), kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&public).unwrap()).unwrap();
    assert_invalid(&forged);
    // The same without the check of the header.
    assert!(verify(&forged, &public, ISSUER, at(NOW)).is_err());
}

#[test]
fn d_a_wrong_key_id_or_a_token_of_another_key_is_refused() {
    let other = SigningKey::from_bytes(&[8; 32]);
    assert_invalid(&sign(&claims(), "k1", &other).unwrap());
    for header in [json!({ "alg": "EdDSA", "typ": "at+jwt" }), json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": 1 })] {
        assert!(kid_of(&token(&header, &serde_json::to_value(claims()).unwrap())).is_err());
    }
}

#[test]
fn d_a_wrong_audience_issuer_or_type_is_refused() {
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!("")),
        ("iss", json!("comptoir/0199a8f0-0000-7000-8000-000000000002")),
        ("iss", json!(null)),
    ] {
        assert_invalid(&token(&header(), &with(name, value)));
    }
    let good = serde_json::to_value(claims()).unwrap();
    for typ in ["JWT", "at+JWT ", "refresh+jwt"] {
        assert_invalid(&token(&json!({ "alg": "EdDSA", "typ": typ, "kid": "k1" }), &good));
    }
}

/// CVE-2026-25537: a time of the wrong JSON type skipped its check in an older version of the library.
#[test]
fn d_exp_or_nbf_as_text_a_fraction_or_too_large_is_refused() {
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("1900000000"), json!(1.9e9), json!(1e300), json!(null), json!([1_900_000_000])] {
            assert_invalid(&token(&header(), &with(name, value)));
        }
    }
    assert!(read(&token(&header(), &with("exp", json!(i64::MAX))), NOW).is_ok(), "no overflow");
}

#[test]
fn d_a_token_without_a_required_claim_is_refused() {
    for name in ["exp", "nbf", "aud", "iss", "sub", "tenant", "sid", "jti", "iat", "roles", "sites"] {
        assert_invalid(&token(&header(), &without(name)));
    }
}

#[test]
fn d_an_expired_token_and_one_of_the_future_are_refused() {
    assert_eq!(read(&token(&header(), &with("exp", json!(NOW - 31))), NOW), Err(TokenError::Expired));
    assert_invalid(&token(&header(), &with("nbf", json!(NOW + 31))));
    assert!(read(&token(&header(), &with("nbf", json!(NOW + 30))), NOW).is_ok());
}

#[test]
fn a_changed_byte_too_long_a_token_and_rubbish_are_refused() {
    let signed = sign(&claims(), "k1", &key()).unwrap();
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(with("tenant", json!(Uuid::from_u128(9))).to_string());
    assert_invalid(&format!("{head}.{other}.{signature}"));
    assert_invalid(&format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64])));
    for rubbish in ["..", "a.b.c", "é.é.é", &"a.".repeat(5_000)] {
        assert!(kid_of(rubbish).is_err(), "{rubbish:.20}");
    }
    assert!(is_jwt(&signed) && !is_jwt("cpt_00_00") && !is_jwt("a.b"));
}
