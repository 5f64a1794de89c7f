//! A session: `HttpOnly`, so that no script reads it, and `SameSite=Strict`, so that no other site sends it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use comptoir_core::access::AccessOperation;
use comptoir_core::time::Timestamp;
use comptoir_credentials::password::PasswordError;
use comptoir_http_edge::{Client, ProblemResponse, RequestBody, limited_address, malformed_body};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::session_v1::{PinDto, RecordableEvent, SessionDto, SessionState, SessionUser, UnlockDto};
use serde::de::DeserializeOwned;

use super::authorize::{Permitted, SESSION_COOKIE, SESSION_COOKIE_OVER_TLS, session_token, unauthorized};
use crate::caller::{Caller, CallerId};
use crate::node::Node;
use crate::sessions::{SESSION_LIFETIME, Session};
use crate::users::{LoginError, LoginSecret};

const BODY_BYTES_MAX: usize = 4 * 1024;
const TEXT_CHARS_MAX: usize = 128;

type Cookie = [(HeaderName, String); 2];
type WithCookie<T> = (StatusCode, Cookie, T);

/// `POST /api/v1/session`: of a user who logs in, or of a local key. The answer sets the cookie.
pub(super) async fn begin(
    State(node): State<Arc<Node>>,
    caller: Option<Extension<Caller>>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<WithCookie<Json<SessionState>>, ProblemResponse> {
    let now = node.users().now();
    let body = body.json_or_nothing(BODY_BYTES_MAX).await?;
    let (token, caller) = if body.is_empty() {
        let caller = caller.ok_or_else(|| unauthorized("log in, or send a local key"))?.0;
        let CallerId::Key(key) = caller.id() else {
            let detail = "an access token needs no session; a session is opened with a login or a local key";
            return Err(Problem::new(ErrorCode::Forbidden, detail).into());
        };
        (node.sessions().begin_of_key(key, now).await, caller)
    } else {
        let SessionDto { login, password, pin } = read(&body)?;
        let secret = one_secret(password.as_deref(), pin.as_deref())?;
        check_length("/login", &login)?;
        let proven = node.users().log_in(&login, secret, address(client)).await.map_err(login_problem)?;
        let caller = node.users().caller(proven.id).ok_or_else(|| login_problem(LoginError::Failed))?;
        // Another cashier at the same screen: the session before is over.
        if let Some(before) = session_token(&headers) {
            node.sessions().end(before).await;
        }
        (node.sessions().begin_of_user(&proven, now).await, caller)
    };
    let token = token.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let session = node.sessions().find(&token, now);
    let state = state(&node, &caller, session.as_ref());
    Ok((StatusCode::CREATED, cookie(&headers, &token, SESSION_LIFETIME.as_secs()), Json(state)))
}

/// `GET /api/v1/session`: who calls, and what they may do.
pub(super) async fn show(
    permitted: Permitted,
    headers: HeaderMap,
) -> ([(HeaderName, &'static str); 1], Json<SessionState>) {
    let state = state(permitted.node(), permitted.caller(), open_session(&permitted, &headers).as_ref());
    ([(CACHE_CONTROL, "no-store")], Json(state))
}

/// `DELETE /api/v1/session`. Without a session there is nothing to end.
pub(super) async fn end(permitted: Permitted, headers: HeaderMap) -> WithCookie<()> {
    if let Some(token) = session_token(&headers) {
        permitted.node().sessions().end(token).await;
    }
    (StatusCode::NO_CONTENT, cookie(&headers, "", 0), ())
}

/// `POST /api/v1/session/lock`.
pub(super) async fn lock(permitted: Permitted, headers: HeaderMap) -> Result<Json<SessionState>, ProblemResponse> {
    let (token, _) = users_session(&permitted, &headers)?;
    permitted.node().sessions().lock(token);
    Ok(Json(state(permitted.node(), permitted.caller(), open_session(&permitted, &headers).as_ref())))
}

/// `POST /api/v1/session/unlock`, with the PIN or the password of the session's user.
pub(super) async fn unlock(
    permitted: Permitted,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Json<SessionState>, ProblemResponse> {
    let (token, user) = users_session(&permitted, &headers)?;
    let UnlockDto { pin, password } = read(&body.json(BODY_BYTES_MAX).await?)?;
    let secret = one_secret(password.as_deref(), pin.as_deref())?;
    let node = permitted.node();
    let proven = node.users().prove(user, secret, address(client)).await.map_err(login_problem)?;
    node.sessions().unlock(token, &proven, node.users().now()).await;
    Ok(Json(state(node, permitted.caller(), open_session(&permitted, &headers).as_ref())))
}

/// `PUT /api/v1/session/pin`, with the password of the session's user.
pub(super) async fn set_pin(
    permitted: Permitted,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Json<SessionState>, ProblemResponse> {
    let (_, user) = users_session(&permitted, &headers)?;
    let PinDto { password, pin } = read(&body.json(BODY_BYTES_MAX).await?)?;
    check_length("/password", &password)?;
    let node = permitted.node();
    node.users().set_pin(user, &password, pin.as_deref(), address(client)).await.map_err(login_problem)?;
    Ok(Json(state(node, permitted.caller(), open_session(&permitted, &headers).as_ref())))
}

/// The cookie and the user of a user's session.
fn users_session<'a>(
    permitted: &Permitted,
    headers: &'a HeaderMap,
) -> Result<(&'a str, comptoir_core::id::UserId), Problem> {
    let session = open_session(permitted, headers);
    let user = session.and_then(|_| permitted.caller().user());
    let refused = || Problem::new(ErrorCode::Forbidden, "this needs a user's session: log in first");
    session_token(headers).zip(user).ok_or_else(refused)
}

/// The session by which the caller is known; none for a key or token in the header.
fn open_session(permitted: &Permitted, headers: &HeaderMap) -> Option<Session> {
    let (session, caller) = permitted.node().session(session_token(headers)?)?;
    (caller.id() == permitted.caller().id()).then_some(session)
}

fn state(node: &Node, caller: &Caller, session: Option<&Session>) -> SessionState {
    let user = caller.user().and_then(|id| node.users().user(id));
    let site = node.log().identity().site;
    let mut operations: Vec<AccessOperation> = AccessOperation::ALL.into_iter().filter(|it| caller.may(*it)).collect();
    operations.sort();
    let recording = caller.permissions_at(site).filter(|permission| permission.operation == AccessOperation::Record);
    let text = |name: &Option<comptoir_core::id::Name>| name.as_ref().map(|name| name.as_str().to_owned());
    let mut records: Vec<RecordableEvent> = recording
        .map(|permission| RecordableEvent {
            action: text(&permission.action),
            entity_type: text(&permission.entity_type),
        })
        .collect();
    records.sort();
    records.dedup();
    let now = node.users().now();
    // By the wall clock, which the screen shows too.
    let ends_at = |session: &Session| Timestamp(session.ends_at.0 - now.0 + node.log().now().0);
    SessionState {
        key_id: caller.key().map(|key| key.to_string()),
        operations: operations.into_iter().map(|operation| operation.as_str().to_owned()).collect(),
        records,
        locked: session.is_some_and(|session| session.is_locked),
        has_pin: caller.user().is_some_and(|user| node.users().has_pin(user)),
        password_required: caller.user().is_some()
            && session.is_some_and(|session| node.users().password_required(session.password_at, now)),
        ends_at: session.map(|session| instant::format(ends_at(session))),
        user: user.map(|user| SessionUser {
            id: user.id.uuid(),
            login: user.login.clone(),
            name: user.name.clone(),
            roles: user.role_dtos(),
        }),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::new(ErrorCode::MalformedBody, "an object is expected, with names for its members"));
    }
    serde_json::from_slice(body).map_err(|error| malformed_body(&error))
}

fn one_secret<'a>(password: Option<&'a str>, pin: Option<&'a str>) -> Result<LoginSecret<'a>, Problem> {
    match (password, pin) {
        (Some(password), None) => check_length("/password", password).map(|()| LoginSecret::Password(password)),
        (None, Some(pin)) => check_length("/pin", pin).map(|()| LoginSecret::Pin(pin)),
        _ => Err(Problem::new(ErrorCode::MalformedBody, "either a password or a PIN is needed")),
    }
}

/// Bounds what is hashed.
fn check_length(at: &'static str, text: &str) -> Result<(), Problem> {
    match text.chars().count() {
        1..=TEXT_CHARS_MAX => Ok(()),
        got => {
            let detail = format!("1 to {TEXT_CHARS_MAX} characters are taken, got {got}");
            Err(Problem::new(ErrorCode::MalformedBody, detail).at(at))
        }
    }
}

fn address(client: Option<Extension<Client>>) -> Option<IpAddr> {
    // The till's own browser: its users would lock each other out.
    client.filter(|Extension(client)| !client.is_trusted).map(|Extension(client)| limited_address(client.address))
}

fn login_problem(error: LoginError) -> Problem {
    let detail = error.to_string();
    match error {
        LoginError::Failed => Problem::new(ErrorCode::LoginFailed, detail),
        LoginError::NoPin | LoginError::PasswordRequired => Problem::new(ErrorCode::PasswordRequired, detail),
        LoginError::TooMany { wait_seconds } => {
            Problem::new(ErrorCode::TooManyAttempts, detail).retry_after(wait_seconds)
        }
        LoginError::Password(PasswordError::Busy) => Problem::new(ErrorCode::TooManyAttempts, detail).retry_after(1),
        LoginError::Password(PasswordError::Weak(_)) => Problem::new(ErrorCode::WeakPassword, detail).at("/pin"),
        LoginError::Password(PasswordError::Failed(_)) => Problem::new(ErrorCode::Internal, detail),
        LoginError::NotStored(_) => Problem::new(ErrorCode::LogReadOnly, detail),
    }
}

/// The page's own origin says whether the browser reached it over TLS, also through a proxy.
fn cookie(headers: &HeaderMap, token: &str, seconds: u64) -> Cookie {
    let over_tls = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let (name, secure) = if over_tls { (SESSION_COOKIE_OVER_TLS, "; Secure") } else { (SESSION_COOKIE, "") };
    let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    [(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())]
}
