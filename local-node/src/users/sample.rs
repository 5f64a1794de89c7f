//! Users, rights and tokens as central sends them, for tests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_core::access::default_permissions;
use comptoir_core::id::SiteId;
use comptoir_credentials::access_token::{AUDIENCE, AccessClaims, sign};
use comptoir_credentials::password;
use comptoir_proto::identity_v1::{JsonWebKey, JsonWebKeySet, PermissionDto, RoleDto};
use comptoir_proto::node_users_v1::{NodeUser, NodeUsers};
use ed25519_dalek::SigningKey;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "quatre mots au hasard";
pub(crate) const ISSUER: &str = "comptoir/0199a8f0-0000-7000-8000-000000000001";
pub(crate) const KID: &str = "k1";
pub(crate) const AMELIE: Uuid = Uuid::from_u128(0x0199_aaaa_0000_7000_8000_0000_0000_0001);
pub(crate) const BRUNO: Uuid = Uuid::from_u128(0x0199_aaaa_0000_7000_8000_0000_0000_0002);

static VERIFIER: OnceCell<String> = OnceCell::const_new();

/// The verifier of [`PASSWORD`], computed once.
async fn verifier() -> String {
    VERIFIER.get_or_init(async || password::verifier_of(PASSWORD).await.unwrap()).await.clone()
}

/// Amélie, a cashier, and Bruno, a driver, as of a position.
pub(crate) async fn users(site: SiteId, identity_position: u64) -> NodeUsers {
    let verifier = verifier().await;
    let user = |id: Uuid, login: &str, role: &str| NodeUser {
        id,
        login: login.to_owned(),
        name: format!("{login} of the shop"),
        verifier: Some(verifier.clone()),
        roles: vec![RoleDto { role: role.to_owned(), site: Some(site.uuid()) }],
    };
    let text = |name: &comptoir_core::id::Name| name.as_str().to_owned();
    let permissions = default_permissions();
    let permissions = permissions.iter().map(|permission| PermissionDto {
        role: permission.role.to_string(),
        operation: permission.operation.as_str().to_owned(),
        action: permission.action.as_ref().map(text),
        entity_type: permission.entity_type.as_ref().map(text),
        scope: permission.scope.as_str().to_owned(),
    });
    NodeUsers {
        identity_position,
        users: vec![user(AMELIE, "amelie", "cashier"), user(BRUNO, "bruno", "driver")],
        permissions: permissions.collect(),
        token_issuer: ISSUER.to_owned(),
        token_keys: JsonWebKeySet {
            keys: vec![JsonWebKey {
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                alg: "EdDSA".to_owned(),
                usage: "sig".to_owned(),
                kid: KID.to_owned(),
                x: URL_SAFE_NO_PAD.encode(token_key().verifying_key().to_bytes()),
            }],
        },
    }
}

/// The key by which central signs.
pub(crate) fn token_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What a token of Amélie says that was issued at this second.
pub(crate) fn claims(tenant: Uuid, issued_at: i64) -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: AMELIE,
        tenant,
        sid: Uuid::from_u128(3),
        device: Some("phone-1".to_owned()),
        // More than she has: a token gives no rights.
        roles: vec!["admin".to_owned(), "cashier".to_owned()],
        sites: Vec::new(),
        jti: Uuid::from_u128(5),
        iat: issued_at,
        nbf: issued_at,
        exp: issued_at + 900,
    }
}

pub(crate) fn token(claims: &AccessClaims) -> String {
    sign(claims, KID, &token_key()).unwrap()
}
