//! `/api/v1/auth`: log in, refresh, log out, set a password; and the public keys of access tokens.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_core::access::RoleAt;
use comptoir_core::id::TenantId;
use comptoir_http_edge::{Client, ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::identity_v1::{
    ChallengeAnswer, JsonWebKey, JsonWebKeySet, LoginDto, LogoutDto, PasswordChangeDto, RefreshDto, RoleDto,
    SetupAnswer, SetupDto, TokenResponse,
};
use comptoir_proto::problem::Problem;
use comptoir_proto::{instant, paths};
use serde::de::DeserializeOwned;

use super::auth::{credential, forbidden};
use super::caller::CallerHeaders;
use crate::accounts::{AccountError, LoginRequest, Tokens};
use crate::central::Central;
use crate::identity::{PasswordError, PublishedKey};

/// Bytes of a body: names, passwords and tokens are short.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::AUTH_CHALLENGE, get(challenge))
        .route(paths::AUTH_LOGIN, post(log_in))
        .route(paths::AUTH_REFRESH, post(refresh))
        .route(paths::AUTH_LOGOUT, post(log_out))
        .route(paths::AUTH_SETUP, post(set_password))
        .route(paths::AUTH_PASSWORD, post(change_password))
        .route(paths::JWKS, get(key_set))
}

/// Reads a small body. Serde quotes values in its errors, and here they are secrets, so the place alone is answered.
pub(super) async fn read<T: DeserializeOwned>(body: RequestBody) -> Result<T, ProblemResponse> {
    parse(&body.json(BODY_BYTES_MAX).await?)
}

/// The same, of a body that may be absent.
pub(super) async fn read_or_default<T: DeserializeOwned + Default>(body: RequestBody) -> Result<T, ProblemResponse> {
    let body = body.json_or_nothing(BODY_BYTES_MAX).await?;
    if body.trim_ascii().is_empty() { Ok(T::default()) } else { parse(&body) }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProblemResponse> {
    serde_json::from_slice(body).map_err(|error| {
        let detail =
            format!("the body is not what this operation expects (line {}, column {})", error.line(), error.column());
        Problem::new(ErrorCode::MalformedBody, detail).into()
    })
}

async fn log_in(
    State(central): State<Arc<Central>>,
    client: Option<Extension<Client>>,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let LoginDto { tenant, login, password, device, challenge, proof } = read(body).await?;
    let address = client.map(|Extension(client)| client.address);
    let tenant = tenant.map(TenantId::new);
    let request = LoginRequest { tenant, login, password, device, challenge, proof, address };
    Ok(answer(central.accounts().log_in(&request).await?))
}

async fn refresh(State(central): State<Arc<Central>>, body: RequestBody) -> Result<Response, ProblemResponse> {
    let RefreshDto { refresh_token, device, proof } = read(body).await?;
    Ok(answer(central.accounts().refresh(&refresh_token, device.as_deref(), proof.as_deref()).await?))
}

async fn challenge(State(central): State<Arc<Central>>) -> Result<Response, ProblemResponse> {
    let challenge = central.accounts().challenge()?;
    let answer = ChallengeAnswer { challenge: challenge.text, expires_at: instant::format(challenge.expires_at) };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn log_out(State(central): State<Arc<Central>>, body: RequestBody) -> Result<StatusCode, ProblemResponse> {
    let LogoutDto { refresh_token } = read(body).await?;
    central.accounts().log_out(&refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_password(
    State(central): State<Arc<Central>>,
    body: RequestBody,
) -> Result<Json<SetupAnswer>, ProblemResponse> {
    let SetupDto { code, password } = read(body).await?;
    let (tenant, user) = central.accounts().set_password(&code, &password).await?;
    Ok(Json(SetupAnswer { tenant: tenant.uuid(), user: user.uuid() }))
}

async fn change_password(
    State(central): State<Arc<Central>>,
    client: Option<Extension<Client>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<StatusCode, ProblemResponse> {
    let credential = credential(&headers);
    let user = credential.user().ok_or_else(|| forbidden("only a person has a password"))?;
    let PasswordChangeDto { old, new } = read(body).await?;
    let address = client.map(|Extension(client)| client.address);
    let changed = central.accounts().change_password(credential.tenant, user, (&old, &new), address).await;
    changed.map_err(|error| match error {
        AccountError::Password(PasswordError::Weak(_)) => Problem::from(error).at("/new"),
        error => Problem::from(error),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn key_set(State(central): State<Arc<Central>>) -> Result<Response, ProblemResponse> {
    let set = json_web_keys(&central.accounts().published_keys().await?);
    // A new key signs at once: a client that meets an unknown `kid` asks again.
    Ok(([(CACHE_CONTROL, "public, max-age=300")], Json(set)).into_response())
}

pub(super) fn json_web_keys(keys: &[PublishedKey]) -> JsonWebKeySet {
    let key = |key: &PublishedKey| JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        alg: "EdDSA".to_owned(),
        usage: "sig".to_owned(),
        kid: key.kid.clone(),
        x: URL_SAFE_NO_PAD.encode(key.public_key),
    };
    JsonWebKeySet { keys: keys.iter().map(key).collect() }
}

/// Tokens must not stay in a cache.
fn answer(tokens: Tokens) -> Response {
    let body = TokenResponse {
        access_token: tokens.access_token,
        token_type: "Bearer",
        expires_in: tokens.access_seconds,
        refresh_token: tokens.refresh_token,
        refresh_expires_at: instant::format(tokens.refresh_expires_at),
        tenant: tokens.tenant.uuid(),
        user: tokens.user.uuid(),
        roles: tokens.roles.iter().map(role_dto).collect(),
    };
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) fn role_dto(held: &RoleAt) -> RoleDto {
    RoleDto { role: held.role.to_string(), site: held.site.map(|site| site.uuid()) }
}
