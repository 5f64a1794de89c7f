//! The description of central's API, for programs (`/openapi.json`) and people (`/docs`). A test compares it with the router.

use std::sync::LazyLock;

use axum::Router;
use comptoir_http_edge::openapi::{bytes, common_operations, get, text};
use comptoir_proto::api_v1::{Decided, DecidedResponse, EventDto, EventPage};
use comptoir_proto::audit_entries_v1::AuditEntryPage;
use comptoir_proto::certificates_v1::{CertificateRequest, IssuedCertificate};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::desktop_v1::{
    ResolveRequest, ResolveResponse, SyncDownRequest, SyncDownResponse, SyncLogPage, SyncUpRequest, SyncUpResponse,
};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::{
    Credential, Operation, Server, WRITE_REFUSALS, about, append, commands, document, examples, fields_command,
};
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, RowList};
use comptoir_proto::security_v1::SecurityEventPage;
use comptoir_proto::store_check_v1::StoreCheck;
use comptoir_proto::{
    bundle_v1, desktop_v1, devices_v1, forks_v1, identity_v1, mobile_v1, node_users_v1, paths, pull_v1, sync_v1,
};
use schemars::JsonSchema;
use serde_json::json;

use super::mobile::pull as mobile;
use super::report_query as queries;
use super::{
    audit_entries, bootstrap, conflicts, events, export, forks, pull, quarantine, security_events, stream, sync_log,
    sync_status,
};
use crate::conflicts::shown;
use crate::feed::nodes::NodeList;
use crate::reporting::{sales, stock};

const SERVER: Server = Server {
    title: "Comptoir: API of the central node",
    credentials: &[Credential::bearer("A node's API key, or an administrator's token.")],
    refusals: &[
        ErrorCode::InvalidParameter,
        ErrorCode::Unauthorized,
        ErrorCode::TokenExpired,
        ErrorCode::Forbidden,
        ErrorCode::DeviceRevoked,
        ErrorCode::HostRefused,
        ErrorCode::OriginRefused,
        ErrorCode::MethodNotAllowed,
        ErrorCode::RateLimited,
        ErrorCode::QueueFull,
        ErrorCode::StoreUnavailable,
        ErrorCode::StoreFull,
        ErrorCode::StoreDamaged,
        ErrorCode::Internal,
    ],
};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document(&SERVER, &operations()).to_string());

/// The document and its page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    comptoir_http_edge::openapi::routes(&DOCUMENT)
}

fn operations() -> Vec<Operation> {
    [
        log(),
        commands::<DecidedResponse>(),
        edits(),
        reports(),
        rows(),
        conflicts(),
        certificates(),
        sync(),
        phones(),
        desktops(),
        logins(),
        users(),
        user_devices(),
        driver(),
        office(),
        common(),
    ]
    .concat()
}

/// The codes with which a JSON body may be refused.
const BODY_REFUSALS: [ErrorCode; 6] = [
    ErrorCode::RestoreInProgress,
    ErrorCode::MalformedBody,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::TooLarge,
    ErrorCode::RequestTimeout,
    ErrorCode::OutcomeUnknown,
];

fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("post", path, summary).refuses(&BODY_REFUSALS)
}

fn log() -> Vec<Operation> {
    vec![
        append::<DecidedResponse, stream::LineDto>(),
        get(paths::EVENTS, "The log, page by page, or the `last` events")
            .asks::<events::LogQuery>()
            .answers::<EventPage>(200),
        get(paths::EVENT, "One event with its decision").answers::<EventDto>(200),
        get(paths::EVENTS_EXPORT, "The log as a bundle, for an auditor").asks::<export::ExportQuery>().answers_given(
            200,
            bundle_v1::CONTENT_TYPE,
            bytes(),
        ),
        get(paths::BLOB, "A file").answers_given(200, "application/octet-stream", bytes()).says(
            200,
            "ETag",
            true,
            "The file's name: its content never changes.",
        ),
        Operation::new("put", paths::BLOB, "Keep a file: a signature, a photo")
            .takes_given("application/octet-stream", bytes())
            .or_nothing()
            .answers_nothing(200)
            .answers_nothing(201)
            .refuses(&[
                ErrorCode::UnsupportedMediaType,
                ErrorCode::ChecksumMismatch,
                ErrorCode::TooLarge,
                ErrorCode::RequestTimeout,
                ErrorCode::OutcomeUnknown,
            ]),
        get(paths::STORE_CHECK, "The state of central's check of the tenant's stored log").answers::<StoreCheck>(200),
        get(paths::AUDIT_ENTRIES, "What phones and nodes recorded for an audit")
            .asks::<audit_entries::AuditEntriesQuery>()
            .answers::<AuditEntryPage>(200),
        get(paths::SECURITY_EVENTS, "What looks like fraud or an attack")
            .asks::<security_events::SecurityEventsQuery>()
            .answers::<SecurityEventPage>(200),
        get(paths::QUARANTINE, "Events that wait for a person").asks::<events::EventsQuery>().answers::<EventPage>(200),
        post(paths::QUARANTINE_RELEASE, "Let a quarantined event take effect")
            .takes::<quarantine::ReleaseDto>()
            .like(json!({ "user": "u-12", "reason": "The driver confirms it" }))
            .or_nothing()
            .answers::<Decided>(200)
            .refuses(&[ErrorCode::InvalidPayload, ErrorCode::EventIdReused]),
    ]
}

fn edits() -> Vec<Operation> {
    let entity = |method, summary, command| about::<DecidedResponse>(method, paths::ENTITY, summary, command);
    let fields = json!({ "fields": { "name": "Dupont" } });
    vec![
        about::<DecidedResponse>("post", paths::DELIVERIES, "Create a delivery", ShopCommand::CreateDelivery)
            .like(json!({
            "reference": "BL-7", "client": "c-1", "total_minor": 510 })),
        entity("patch", "Change fields: those that are not named stay", ShopCommand::UpdateEntity)
            .seen()
            .like(fields.clone()),
        Operation::new("put", paths::ENTITY, "Make it, or change fields of it")
            .keyed()
            .header("If-Match", false, "The ETag of what was read, of a change")
            .header("If-None-Match", false, "`*`: there is nothing of that name yet")
            .takes_given("application/json", fields_command())
            .like(fields)
            .answers::<DecidedResponse>(200)
            .refuses(&WRITE_REFUSALS)
            .refuses(&[ErrorCode::PreconditionRequired, ErrorCode::PreconditionFailed]),
        entity("delete", "Delete it", ShopCommand::DeleteEntity).seen().or_nothing().like(json!({ "user": "u-12" })),
    ]
}

fn reports() -> Vec<Operation> {
    let table = |report: Operation| {
        report
            .answers_given(200, "text/csv; charset=utf-8", text("A table, with a header."))
            .says(200, "Comptoir-Complete-To", false, "Of a table: `complete_through`.")
            .says(200, "Comptoir-Late-Sites", false, "Of a table: `stale_sites`, separated by commas.")
            .says(200, "Comptoir-Next-Cursor", false, "Of a table: `next_cursor`.")
            .refuses(&[ErrorCode::PositionNotReached, ErrorCode::AsOfInFuture, ErrorCode::TooLarge])
    };
    vec![
        table(get(paths::REPORT_SALES, "Sales").asks::<queries::SalesQuery>().answers::<sales::SalesReport>(200)),
        table(
            get(paths::REPORT_STOCK, "Stock, with its lots")
                .asks::<queries::StockReportQuery>()
                .answers::<stock::StockReport>(200),
        ),
    ]
}

fn rows() -> Vec<Operation> {
    vec![
        rows_of::<stock::StockRow, queries::StockListQuery>(paths::STOCK, "Stock now"),
        rows_of::<EntityRow, queries::ListPageQuery>(paths::PRODUCTS, "Products"),
        rows_of::<EntityRow, queries::ListPageQuery>(paths::CLIENTS, "Clients"),
        one(paths::CLIENT, "One client"),
        rows_of::<DeliveryRow, queries::DocumentQuery>(paths::DELIVERIES, "Deliveries"),
        rows_of::<InvoiceRow, queries::DocumentQuery>(paths::INVOICES, "Invoices"),
        one(paths::ENTITY, "One entity of any type"),
    ]
}

fn rows_of<R: JsonSchema, Q: JsonSchema>(path: &'static str, summary: &'static str) -> Operation {
    get(path, summary).asks::<Q>().answers::<RowList<R>>(200).tagged().refuses(&[ErrorCode::PositionNotReached])
}

fn one(path: &'static str, summary: &'static str) -> Operation {
    get(path, summary)
        .asks::<queries::OneQuery>()
        .answers::<EntityRow>(200)
        .named()
        .refuses(&[ErrorCode::PositionNotReached])
}

fn conflicts() -> Vec<Operation> {
    const ETAG: &str = "What If-Match names.";
    let decides = |path, summary| {
        post(path, summary)
            .keyed()
            .seen()
            .takes::<conflicts::ChoiceDto>()
            .like(json!({ "choice": "server" }))
            .says(200, "ETag", true, ETAG)
            .refuses(&[ErrorCode::AlreadyResolved, ErrorCode::InvalidPayload, ErrorCode::EventIdReused])
    };
    vec![
        get(paths::CONFLICTS, "Edits that wait for a person")
            .asks::<conflicts::ConflictsQuery>()
            .answers::<conflicts::PageDto>(200),
        get(paths::CONFLICT, "One conflict, both sides of it")
            .answers::<shown::ConflictDto>(200)
            .says(200, "ETag", true, ETAG),
        decides(paths::CONFLICT_PREVIEW, "What a choice would give").answers::<shown::PreviewDto>(200),
        decides(paths::CONFLICT_RESOLVE, "A person's choice").answers::<shown::ResolvedDto>(200),
    ]
}

fn sync() -> Vec<Operation> {
    let moved = [ErrorCode::IncarnationChanged, ErrorCode::ScopeChanged];
    vec![
        post(paths::SYNC_PUSH, "A node's sealed records")
            .any_header(sync_v1::NODE_PROCESS, "A random UUID of the node's process, new at each start")
            .takes::<sync_v1::PushRequest>()
            .like(examples::node_push())
            .answers::<sync_v1::PushResponse>(200)
            .refuses(&[
                ErrorCode::WrongTenant,
                ErrorCode::WrongNode,
                ErrorCode::SeqGap,
                ErrorCode::Fork,
                ErrorCode::EpochFrozen,
                ErrorCode::ChainMismatch,
                ErrorCode::KeyChanged,
            ]),
        get(paths::SYNC_STATUS, "The head that central holds of the calling node")
            .asks::<sync_status::StatusQuery>()
            .any_header(sync_v1::NODE_PROCESS, "A random UUID of the node's process, new at each start")
            .answers::<sync_v1::SyncStatus>(200),
        get(paths::SYNC_IDENTITY, "The node that the calling key was issued for").answers::<sync_v1::SyncIdentity>(200),
        get(paths::SYNC_USERS, "The users whom the calling node may authenticate without contact")
            .answers::<node_users_v1::NodeUsers>(200),
        Operation::new("post", paths::SYNC_WIPED, "A node's proof that it destroyed its data")
            .takes::<node_users_v1::WipeProof>()
            .like(examples::wipe_proof())
            .answers_nothing(204)
            .refuses(&BODY_REFUSALS)
            .refuses(&[ErrorCode::ProofInvalid]),
        get(paths::SYNC_PULL, "The rows that changed")
            .asks::<pull::FeedQuery>()
            .any_header(sync_v1::NODE_PROCESS, "A random UUID of the node's process, new at each start")
            .answers::<pull_v1::PullResponse>(200)
            .refuses(&moved),
        get(paths::SYNC_BOOTSTRAP, "The first load of a node: zstd, in it a `BootstrapLine` on each line")
            .asks::<bootstrap::BootstrapQuery>()
            .mentions::<pull_v1::BootstrapLine>(false)
            .answers_given(200, pull_v1::BOOTSTRAP_TYPE, bytes())
            .refuses(&moved),
        get(paths::NODES, "The state of each node").answers::<NodeList>(200),
        post(paths::NODE_REVOKE, "Revoke a node: nothing more of its log takes effect")
            .takes::<node_users_v1::RevokeNodeDto>()
            .like(json!({ "reason": "stolen on Monday" }))
            .or_nothing()
            .answers::<node_users_v1::RevokedNode>(200),
        get(paths::FORKS, "Logs of which central received two branches")
            .asks::<forks::ForksQuery>()
            .answers::<forks_v1::ForkPage>(200),
    ]
}

fn phones() -> Vec<Operation> {
    vec![
        post(
            paths::MOBILE_PUSH,
            "A phone's events: each a `SyncEventRequest` or a `LocalAuditEntryRequest`, read by itself",
        )
        .takes::<mobile_v1::PushRequest>()
        .mentions::<mobile_v1::SyncEvent>(true)
        .mentions::<mobile_v1::LocalAuditEntry>(true)
        .like(examples::mobile_push())
        .answers::<mobile_v1::PushResponse>(200)
        .refuses(&[ErrorCode::DeviceNotEnrolled]),
        get(paths::MOBILE_PULL, "What a phone has not seen")
            .asks::<mobile::MobilePullQuery>()
            .answers::<mobile_v1::PullResponse>(200)
            .refuses(&[ErrorCode::DeviceNotEnrolled]),
        get(paths::MOBILE_STATUS, "The state of a phone")
            .asks::<mobile::StatusQuery>()
            .answers::<mobile_v1::StatusResponse>(200)
            .refuses(&[ErrorCode::DeviceNotEnrolled]),
        get(paths::MOBILE_BOOTSTRAP, "A phone's first load")
            .asks::<mobile::BootstrapQuery>()
            .answers::<mobile_v1::BootstrapResponse>(200)
            .refuses(&[ErrorCode::DeviceNotEnrolled]),
    ]
}

fn desktops() -> Vec<Operation> {
    vec![
        post(paths::DESKTOP_UP, "A desktop's outbox: each an `OutboxEventRequest`, read by itself")
            .takes::<SyncUpRequest>()
            .mentions::<desktop_v1::OutboxEvent>(true)
            .like(examples::desktop_up())
            .answers::<SyncUpResponse>(200)
            .refuses(&[ErrorCode::DeviceNotEnrolled]),
        post(paths::DESKTOP_DOWN, "What a desktop has not seen")
            .takes::<SyncDownRequest>()
            .like(json!({ "clientId": "desktop-1", "lastSyncTimestamp": null, "entityTypes": ["STUDENT"] }))
            .answers::<SyncDownResponse>(200)
            .refuses(&[ErrorCode::UnknownEntityType, ErrorCode::DeviceNotEnrolled]),
        post(paths::DESKTOP_RESOLVE, "A desktop user's choice")
            .takes::<ResolveRequest>()
            .like(json!({ "clientId": "desktop-1", "outboxEventId": "0199a8f0-0000-7000-8000-000000000202",
                "acceptServerVersion": false, "serverVersion": 17 }))
            .answers::<ResolveResponse>(200)
            .refuses(&[
                ErrorCode::NotFound,
                ErrorCode::DeviceNotEnrolled,
                ErrorCode::AlreadyResolved,
                ErrorCode::PreconditionFailed,
                ErrorCode::EventIdReused,
                ErrorCode::InvalidPayload,
            ]),
        get(paths::SYNC_LOG, "Every synchronisation, newest first")
            .asks::<sync_log::SyncLogQuery>()
            .answers::<SyncLogPage>(200),
    ]
}

fn certificates() -> Vec<Operation> {
    vec![
        post(paths::NODE_CERTIFICATE, "A certificate for the calling node's part of the shop's network")
            .takes::<CertificateRequest>()
            .like(examples::node_certificate())
            .answers::<IssuedCertificate>(200)
            .refuses(&[
                ErrorCode::UnsupportedMediaType,
                ErrorCode::MalformedBody,
                ErrorCode::TooLarge,
                ErrorCode::RequestTimeout,
                ErrorCode::WrongNode,
                ErrorCode::CaMissing,
                ErrorCode::NameNotAllowed,
            ]),
    ]
}

/// A public operation with a small body.
fn short(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("post", path, summary).open().refuses(&[
        ErrorCode::MalformedBody,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::TooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::OutcomeUnknown,
    ])
}

fn logins() -> Vec<Operation> {
    let proof = "a0".repeat(64);
    let device = json!({ "login": "amelie", "password": "four words by heart", "device": "phone-1",
        "challenge": "cpc_...", "proof": proof });
    vec![
        get(paths::AUTH_CHALLENGE, "What a device signs to log in").open().answers::<identity_v1::ChallengeAnswer>(200),
        short(paths::AUTH_LOGIN, "Log in with a password")
            .takes::<identity_v1::LoginDto>()
            .like(device)
            .answers::<identity_v1::TokenResponse>(200)
            .refuses(&[ErrorCode::LoginFailed, ErrorCode::TooManyAttempts, ErrorCode::DeviceNotEnrolled]),
        short(paths::AUTH_REFRESH, "Exchange a refresh token for new tokens")
            .takes::<identity_v1::RefreshDto>()
            .like(json!({ "refresh_token": "cpr_...", "device": "phone-1", "proof": proof }))
            .answers::<identity_v1::TokenResponse>(200)
            .refuses(&[ErrorCode::ReauthenticationRequired]),
        short(paths::AUTH_LOGOUT, "End a login")
            .takes::<identity_v1::LogoutDto>()
            .like(json!({ "refresh_token": "cpr_..." }))
            .answers_nothing(204),
        short(paths::AUTH_SETUP, "Set a password with a one-time code")
            .takes::<identity_v1::SetupDto>()
            .like(json!({ "code": "cpl_...", "password": "four words by heart" }))
            .answers::<identity_v1::SetupAnswer>(200)
            .refuses(&[ErrorCode::LinkInvalid, ErrorCode::WeakPassword]),
        post(paths::AUTH_PASSWORD, "Change the own password; other logins of the user end")
            .takes::<identity_v1::PasswordChangeDto>()
            .like(json!({ "old": "four words by heart", "new": "the river under the bridge" }))
            .answers_nothing(204)
            .refuses(&[ErrorCode::LoginFailed, ErrorCode::TooManyAttempts, ErrorCode::WeakPassword])
            .refuses(&[ErrorCode::ReauthenticationRequired]),
        get(paths::JWKS, "The public keys of access tokens").open().answers::<identity_v1::JsonWebKeySet>(200),
        get(paths::SETUP_PAGE, "The page of a one-time link, for a browser")
            .open()
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers_given(200, "text/html; charset=utf-8", text("A page.")),
        short(paths::SETUP_PAGE, "Set a password with a one-time code, by that page's form")
            .takes_given(
                "application/x-www-form-urlencoded",
                json!({ "type": "object", "required": ["code", "password"], "additionalProperties": false,
                    "properties": { "code": { "type": "string" }, "password": { "type": "string" } } }),
            )
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers_given(200, "text/html; charset=utf-8", text("A page that says that the password is set."))
            .answers_given(410, "text/html; charset=utf-8", text("The code is not valid any more: the form again."))
            .answers_given(422, "text/html; charset=utf-8", text("The password is weak: the form again."))
            .answers_given(503, "text/html; charset=utf-8", text("It could not be set now: the form again.")),
        get(paths::SETUP_SCRIPT, "The script of that page").open().answers_given(
            200,
            "text/javascript; charset=utf-8",
            text("A script."),
        ),
        get(paths::SETUP_STYLE, "The style of that page").open().answers_given(
            200,
            "text/css; charset=utf-8",
            text("A style."),
        ),
    ]
}

fn office() -> Vec<Operation> {
    let refusals =
        [ErrorCode::OriginRefused, ErrorCode::MalformedBody, ErrorCode::UnsupportedMediaType, ErrorCode::TooLarge];
    let cookie = "The refresh token: HttpOnly, SameSite=Strict; over TLS `__Host-` and Secure.";
    vec![
        get(paths::OFFICE, "Head office's screens")
            .open()
            .answers_given(200, "text/html; charset=utf-8", text("A page."))
            .refuses(&[ErrorCode::NotFound]),
        get(paths::OFFICE_SHORT, "Leads to head office's screens").open().answers_nothing(308),
        Operation::new("post", paths::OFFICE_LOGIN, "Log in at a browser")
            .open()
            .takes::<identity_v1::BrowserLogin>()
            .like(json!({ "login": "marc", "password": "four words by heart" }))
            .answers::<identity_v1::BrowserTokens>(200)
            .says(200, "Set-Cookie", true, cookie)
            .refuses(&refusals)
            .refuses(&[ErrorCode::LoginFailed, ErrorCode::TooManyAttempts, ErrorCode::RequestTimeout]),
        Operation::new("delete", paths::OFFICE_LOGIN, "End the login of the cookie")
            .open()
            .answers_nothing(204)
            .says(204, "Set-Cookie", true, "Removes the cookie.")
            .refuses(&[ErrorCode::OriginRefused]),
        Operation::new("post", paths::OFFICE_REFRESH, "Exchange the cookie for new tokens")
            .open()
            .answers::<identity_v1::BrowserTokens>(200)
            .says(200, "Set-Cookie", true, cookie)
            .refuses(&[ErrorCode::OriginRefused, ErrorCode::ReauthenticationRequired]),
        get(paths::ME, "Who calls, and what the caller may do").answers::<identity_v1::Me>(200),
    ]
}

fn driver() -> Vec<Operation> {
    let page = |path, summary, media_type| get(path, summary).open().answers_given(200, media_type, text("A file."));
    vec![
        page(paths::DRIVER, "The drivers' screens, for a phone's browser", "text/html; charset=utf-8"),
        page(paths::DRIVER_WORKER, "Keeps these screens on the phone", "text/javascript; charset=utf-8"),
        get(paths::DRIVER_MANIFEST, "How a phone installs these screens").open().answers_given(
            200,
            "application/manifest+json",
            json!({ "type": "object" }),
        ),
        get(paths::DRIVER_SHORT, "Leads to the drivers' screens").open().answers_nothing(308),
        get(paths::SCREENS_ASSET, "A file that the screens load; its name has a digest of its content")
            .answers_given(200, "*/*", bytes())
            .open(),
    ]
}

fn users() -> Vec<Operation> {
    let write = |method, path, summary| Operation::new(method, path, summary).refuses(&BODY_REFUSALS);
    let sale = json!({ "role": "manager", "operation": "record", "action": "GOODS_RECEIVED", "entity_type": "RECEPTION",
        "scope": "own_site" });
    vec![
        get(paths::USERS, "The tenant's users").answers::<identity_v1::UserList>(200),
        write("post", paths::USERS, "Create a user; answers a one-time code for the first password")
            .takes::<identity_v1::NewUserDto>()
            .like(
                json!({ "login": "amelie", "name": "Amélie Poulain", "roles": [{ "role": "cashier", "site": null }] }),
            )
            .answers::<identity_v1::LinkAnswer>(201)
            .refuses(&[ErrorCode::AlreadyExists, ErrorCode::NotFound]),
        get(paths::USER, "One user").answers::<identity_v1::UserDto>(200),
        write("patch", paths::USER, "Change a user's name or roles, disable or enable the user")
            .takes::<identity_v1::UserChangeDto>()
            .like(json!({ "disabled": true }))
            .answers::<identity_v1::UserDto>(200),
        write("post", paths::USER_RESET, "Remove the password and end all logins; answers a one-time code")
            .answers::<identity_v1::LinkAnswer>(200),
        write("post", paths::USER_ERASE, "Erase login, name and password; the log keeps the user's id")
            .answers_nothing(204),
        get(paths::ROLES, "What each role may do").answers::<identity_v1::PermissionList>(200),
        write("post", paths::ROLES_ALLOW, "Let a role do something")
            .takes::<identity_v1::PermissionDto>()
            .like(sale.clone())
            .answers::<identity_v1::PermissionChanged>(200),
        write("post", paths::ROLES_DENY, "Take a permission from a role")
            .takes::<identity_v1::PermissionDto>()
            .like(sale)
            .answers::<identity_v1::PermissionChanged>(200),
    ]
}

fn user_devices() -> Vec<Operation> {
    let write = |method, path, summary| Operation::new(method, path, summary).refuses(&BODY_REFUSALS);
    let id = "0199a8f0-0000-7000-8000-000000000901";
    let (key, proof) = ("5f".repeat(32), "a0".repeat(64));
    vec![
        get(paths::DEVICES, "Phones and desktops").answers::<devices_v1::DeviceList>(200),
        get(paths::DEVICE, "One device").answers::<devices_v1::DeviceDto>(200),
        write("patch", paths::DEVICE, "Change what people call a device")
            .takes::<devices_v1::DeviceChangeDto>()
            .like(json!({ "label": "The phone of the van" }))
            .answers::<devices_v1::DeviceDto>(200),
        write(
            "post",
            paths::DEVICE_REVOKE,
            "Revoke a device: it may send what it recorded, and then destroys its data",
        )
        .answers::<devices_v1::DeviceDto>(200),
        write("post", paths::DEVICE_ENROLMENTS, "Let a user enrol one device; answers a one-time code")
            .takes::<devices_v1::NewEnrolmentDto>()
            .like(json!({ "user": id, "site": id, "role": "driver" }))
            .answers::<devices_v1::EnrolmentAnswer>(201)
            .refuses(&[ErrorCode::NotFound, ErrorCode::UserDisabled]),
        short(paths::DEVICE_ENROL, "A device enrols itself with a one-time code and its own key")
            .takes::<devices_v1::EnrolDto>()
            .like(json!({ "code": "cpe_...", "name": "phone-1", "public_key": key, "proof": proof }))
            .answers::<devices_v1::EnrolAnswer>(200)
            .refuses(&[
                ErrorCode::EnrolmentInvalid,
                ErrorCode::DeviceLimit,
                ErrorCode::AlreadyExists,
                ErrorCode::NotFound,
            ]),
        short(paths::DEVICE_WIPED, "A device proves that its data is destroyed")
            .takes::<devices_v1::DeviceWipedDto>()
            .like(json!({ "tenant": id, "device": "phone-1", "unsent": 0, "wiped_at": "2026-12-01T10:00:00Z",
                "proof": proof }))
            .answers_nothing(204)
            .refuses(&[ErrorCode::Unauthorized]),
    ]
}

fn common() -> Vec<Operation> {
    let ready = "The process can do its work, and knows of no damage in its store";
    let not_ready = [ErrorCode::StoreNotAnswering, ErrorCode::StoreRestarting];
    common_operations(ready, &not_ready, "Whether central works, for a browser; nothing of any tenant")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::permissions::{Needs, TABLE};

    /// A route without a row would be open to everybody.
    #[test]
    fn every_operation_has_a_row_in_the_table_of_permissions_and_open_ones_need_nothing() {
        let described: BTreeSet<_> = operations().iter().map(Operation::route).collect();
        let listed: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
        assert_eq!(described, listed, "left: the API's description, right: permissions.rs");
        assert_eq!(listed.len(), TABLE.len(), "a route has one row");
        let open: BTreeSet<_> =
            operations().iter().filter(|operation| operation.is_open()).map(Operation::route).collect();
        // Counters need nothing on this machine.
        let nothing = TABLE.iter().filter(|row| matches!(row.2, Needs::Nothing | Needs::ThisMachineOrTenant(_)));
        assert_eq!(open, nothing.map(|(method, path, _)| (*method, *path)).collect());
    }
}
