//! `/api/v1/users` and `/api/v1/roles`: an administrator manages users and what roles may do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::id::{Name, SiteId, TenantId, UserId};
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::identity_v1::{
    LinkAnswer, NewUserDto, PermissionChanged, PermissionDto, PermissionList, RoleDto, UserChangeDto, UserDto, UserList,
};
use comptoir_proto::problem::Problem;
use comptoir_proto::{instant, paths};

use super::auth::admin;
use super::caller::CallerHeaders;
use super::sessions::{read, role_dto};
use crate::accounts::{AccountError, ChangedBy, NewUser, OneTimeLink, UserRow};
use crate::central::Central;
use crate::identity::{Access, Credential};

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::USERS, get(list).post(create))
        .route(paths::USER, get(one).patch(change))
        .route(paths::USER_RESET, post(reset))
        .route(paths::USER_ERASE, post(erase))
        .route(paths::ROLES, get(permissions))
        .route(paths::ROLES_ALLOW, post(allow))
        .route(paths::ROLES_DENY, post(deny))
}

/// Who changes an identity, and in which tenant.
pub(super) fn changer(headers: &CallerHeaders) -> Result<(TenantId, ChangedBy), ProblemResponse> {
    let credential = admin(headers)?;
    let Credential { tenant, key_id, access, .. } = credential.as_ref();
    let by = match access {
        Access::User(user) => ChangedBy::User(user.user),
        Access::Admin | Access::Node { .. } => ChangedBy::Key(key_id.clone()),
    };
    Ok((*tenant, by))
}

async fn list(State(central): State<Arc<Central>>, headers: CallerHeaders) -> Result<Json<UserList>, ProblemResponse> {
    let (tenant, _) = changer(&headers)?;
    let users = central.accounts().users(tenant).await?;
    Ok(Json(UserList { rows: users.into_iter().map(user_dto).collect() }))
}

async fn create(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let NewUserDto { login, name, roles } = read(body).await?;
    let new = NewUser { login, name, roles: held_roles(&roles)? };
    let created = central.accounts().create_user(tenant, &new, &by).await?;
    Ok((StatusCode::CREATED, link_answer(created.user, &created.link)).into_response())
}

async fn one(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Json<UserDto>, ProblemResponse> {
    let (tenant, _) = changer(&headers)?;
    let user = user_id(tenant, &id)?;
    Ok(Json(user_dto(central.accounts().find_user(tenant, &user.to_string()).await?)))
}

async fn change(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<UserDto>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let user = user_id(tenant, &id)?;
    let UserChangeDto { name, disabled, roles } = read(body).await?;
    let accounts = central.accounts();
    if let Some(name) = name {
        accounts.rename_user(tenant, user, &name, &by).await?;
    }
    if let Some(roles) = roles {
        accounts.set_roles(tenant, user, &held_roles(&roles)?, &by).await?;
    }
    if let Some(disabled) = disabled {
        accounts.set_user_disabled(tenant, user, disabled, &by).await?;
    }
    Ok(Json(user_dto(accounts.find_user(tenant, &user.to_string()).await?)))
}

async fn reset(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let user = user_id(tenant, &id)?;
    let link = central.accounts().reset_user(tenant, user, &by).await?;
    Ok(link_answer(user, &link).into_response())
}

async fn erase(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<StatusCode, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    central.accounts().erase_user(tenant, user_id(tenant, &id)?, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn permissions(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Json<PermissionList>, ProblemResponse> {
    let (tenant, _) = changer(&headers)?;
    let rows = central.accounts().permissions(tenant).await?;
    Ok(Json(PermissionList { rows: rows.iter().map(permission_dto).collect() }))
}

async fn allow(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<PermissionChanged>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let permission = permission_of(read(body).await?)?;
    Ok(Json(PermissionChanged { changed: central.accounts().allow(tenant, &permission, &by).await? }))
}

async fn deny(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<PermissionChanged>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let permission = permission_of(read(body).await?)?;
    Ok(Json(PermissionChanged { changed: central.accounts().deny(tenant, &permission, &by).await? }))
}

fn user_id(tenant: TenantId, text: &str) -> Result<UserId, ProblemResponse> {
    let unknown = |_| AccountError::NoUser { tenant, user: text.chars().take(64).collect() };
    Ok(text.parse().map_err(unknown)?)
}

/// The code must not stay in a cache.
fn link_answer(user: UserId, link: &OneTimeLink) -> impl axum::response::IntoResponse {
    let answer = LinkAnswer {
        user: user.uuid(),
        code: link.code.clone(),
        path: link.path(),
        expires_at: instant::format(link.expires_at),
    };
    ([(CACHE_CONTROL, "no-store")], Json(answer))
}

fn held_roles(roles: &[RoleDto]) -> Result<Vec<RoleAt>, AccountError> {
    let held = |dto: &RoleDto| Ok(RoleAt { role: Role::new(&dto.role)?, site: dto.site.map(SiteId::new) });
    roles.iter().map(held).collect()
}

fn user_dto(row: UserRow) -> UserDto {
    UserDto {
        id: row.user.uuid(),
        login: row.login,
        name: row.name,
        roles: row.roles.iter().map(role_dto).collect(),
        has_password: row.has_password,
        created_at: instant::format(row.created_at),
        disabled_at: row.disabled_at.map(instant::format),
        erased_at: row.erased_at.map(instant::format),
    }
}

pub(super) fn permission_dto(permission: &Permission) -> PermissionDto {
    let name = |name: &Option<Name>| name.as_ref().map(|name| name.as_str().to_owned());
    PermissionDto {
        role: permission.role.to_string(),
        operation: permission.operation.as_str().to_owned(),
        action: name(&permission.action),
        entity_type: name(&permission.entity_type),
        scope: permission.scope.as_str().to_owned(),
    }
}

fn permission_of(dto: PermissionDto) -> Result<Permission, Problem> {
    let bad = |member: &str, detail: String| Problem::new(ErrorCode::MalformedBody, detail).at(format!("/{member}"));
    let name = |member: &str, text: Option<String>| {
        text.map(Name::new).transpose().map_err(|error| bad(member, error.to_string()))
    };
    let operation = AccessOperation::parse(&dto.operation);
    let scope = AccessScope::parse(&dto.scope);
    Ok(Permission {
        role: Role::new(&dto.role).map_err(|error| bad("role", error.to_string()))?,
        operation: operation.ok_or_else(|| bad("operation", format!("there is no operation {:?}", dto.operation)))?,
        action: name("action", dto.action)?,
        entity_type: name("entity_type", dto.entity_type)?,
        scope: scope.ok_or_else(|| bad("scope", format!("a scope is own_site or tenant, got {:?}", dto.scope)))?,
    })
}
