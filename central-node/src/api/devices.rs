//! `/api/v1/devices`: an administrator manages the devices of users, and a device enrols itself or proves that it was wiped.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comptoir_core::access::Role;
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody};
use comptoir_proto::devices_v1::{
    DeviceChangeDto, DeviceDto, DeviceList, DeviceWipedDto, EnrolAnswer, EnrolDto, EnrolmentAnswer, NewEnrolmentDto,
};
use comptoir_proto::{instant, paths};

use super::caller::CallerHeaders;
use super::sessions::read;
use super::users::changer;
use crate::accounts::{AccountError, EnrolRequest, WipedDevice};
use crate::central::Central;
use crate::devices::{self, DeviceRow};

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::DEVICES, get(list))
        .route(paths::DEVICE, get(one).patch(change))
        .route(paths::DEVICE_REVOKE, post(revoke))
        .route(paths::DEVICE_ENROLMENTS, post(issue))
        .route(paths::DEVICE_ENROL, post(enrol))
        .route(paths::DEVICE_WIPED, post(wiped))
}

async fn list(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Json<DeviceList>, ProblemResponse> {
    let (tenant, _) = changer(&headers)?;
    let rows = devices::devices(central.database(), tenant).await?;
    Ok(Json(DeviceList { rows: rows.into_iter().map(device_dto).collect() }))
}

async fn one(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Json<DeviceDto>, ProblemResponse> {
    let (tenant, _) = changer(&headers)?;
    shown(&central, tenant, device_id(tenant, &id)?).await
}

async fn change(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<DeviceDto>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let node = device_id(tenant, &id)?;
    let DeviceChangeDto { label } = read(body).await?;
    central.accounts().rename_device(tenant, node, &label, &by).await?;
    shown(&central, tenant, node).await
}

async fn revoke(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Json<DeviceDto>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let node = device_id(tenant, &id)?;
    central.accounts().revoke_device(tenant, node, &by).await?;
    shown(&central, tenant, node).await
}

async fn issue(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let NewEnrolmentDto { user, site, role } = read(body).await?;
    let role = Role::new(&role).map_err(AccountError::Role)?;
    let place = (SiteId::new(site), &role);
    let enrolment = central.accounts().issue_enrolment(tenant, UserId::new(user), place, &by).await?;
    let answer = EnrolmentAnswer { code: enrolment.code, expires_at: instant::format(enrolment.expires_at) };
    // The code must not stay in a cache.
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn enrol(State(central): State<Arc<Central>>, body: RequestBody) -> Result<Json<EnrolAnswer>, ProblemResponse> {
    let EnrolDto { code, name, label, public_key, proof, replaces } = read(body).await?;
    let request = EnrolRequest { code, name, label, public_key, proof, replaces: replaces.map(NodeId::new) };
    let enrolled = central.accounts().enrol(&request).await?;
    Ok(Json(EnrolAnswer {
        id: enrolled.node.uuid(),
        tenant: enrolled.tenant.uuid(),
        user: enrolled.user.uuid(),
        site: enrolled.site.uuid(),
        role: enrolled.role.to_string(),
    }))
}

async fn wiped(State(central): State<Arc<Central>>, body: RequestBody) -> Result<StatusCode, ProblemResponse> {
    let DeviceWipedDto { tenant, device, unsent, wiped_at, proof } = read(body).await?;
    let wiped = WipedDevice { tenant: TenantId::new(tenant), name: device, unsent, wiped_at, proof };
    central.accounts().device_wiped(&wiped).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(central: &Central, tenant: TenantId, node: NodeId) -> Result<Json<DeviceDto>, ProblemResponse> {
    let unknown = || AccountError::NoDevice { tenant, device: node.to_string() };
    let row = devices::find_device(central.database(), tenant, &node.to_string()).await?;
    Ok(Json(device_dto(row.ok_or_else(unknown)?)))
}

fn device_id(tenant: TenantId, text: &str) -> Result<NodeId, ProblemResponse> {
    let unknown = |_| AccountError::NoDevice { tenant, device: text.chars().take(64).collect() };
    Ok(text.parse().map_err(unknown)?)
}

fn device_dto(row: DeviceRow) -> DeviceDto {
    let enrolment = row.enrolment;
    DeviceDto {
        id: row.node.uuid(),
        name: row.name,
        label: row.label,
        contract: row.contract,
        user: enrolment.as_ref().map(|of| of.user.uuid()),
        role: enrolment.as_ref().map(|of| of.role.clone()),
        site: row.site.map(SiteId::uuid),
        enrolled_at: enrolment.map(|of| instant::format(of.enrolled_at)),
        last_contact_at: instant::format(row.last_contact_at),
        revoked_at: row.revoked_at.map(instant::format),
        wiped_at: row.wiped_at.map(instant::format),
        unsent: row.unsent,
    }
}
