//! The description of this node's API, for programs (`/openapi.json`) and people (`/docs`). A test compares it with the router.

use std::sync::LazyLock;

use axum::Router;
use comptoir_http_edge::openapi::{bytes, common_operations, get, text};
use comptoir_proto::api_v1::{AppendResponse, EventDto, EventPage, LineResult, QueueDto};
use comptoir_proto::bundle_v1;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::local_keys_v1::{LocalKeyRequest, LocalKeyRow, NewLocalKey};
use comptoir_proto::openapi::{Credential, Operation, Server, WRITE_REFUSALS, append, commands, document};
use comptoir_proto::paths;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, NodeRow, NodeStockRow, RowList};
use comptoir_proto::receipt_v1::{PrintRequest, PrintedReceipt};
use comptoir_proto::session_v1::{PinDto, SessionDto, SessionState, UnlockDto, UserName};
use comptoir_proto::shop_v1::{
    LiveMarks, LiveNotifications, LiveQueue, LiveSync, Notification, SaleAndRefunds, SavedForm, StoredBlob,
};
use comptoir_proto::status_v1::{DemoLinkDto, NodeStatus};
use comptoir_proto::till_v1::{CloseTill, MoveCash, OpenTill, TillState};
use schemars::JsonSchema;
use serde_json::json;

use super::authorize::SESSION_COOKIE;
use super::{events, export, notifications, queue, receptions, rows, sales_list, saved_forms};

const SERVER: Server = Server {
    title: "Comptoir: API of a local node",
    credentials: &[
        Credential::bearer("A local key: `comptoir key create` makes one. Or an access token of central."),
        Credential::cookie(SESSION_COOKIE, "A session, opened by `POST /api/v1/session`."),
    ],
    refusals: &[
        ErrorCode::Unauthorized,
        ErrorCode::SessionLocked,
        ErrorCode::TokenExpired,
        ErrorCode::ReauthenticationRequired,
        ErrorCode::Forbidden,
        ErrorCode::DeviceRevoked,
        ErrorCode::HostRefused,
        ErrorCode::OriginRefused,
        ErrorCode::InvalidParameter,
        ErrorCode::MethodNotAllowed,
        ErrorCode::RateLimited,
        ErrorCode::StoreUnavailable,
        ErrorCode::LogDamaged,
        ErrorCode::Internal,
    ],
};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document(&SERVER, &operations()).to_string());

/// The document and its page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    comptoir_http_edge::openapi::routes(&DOCUMENT)
}

/// Every operation of the router.
pub(super) fn operations() -> Vec<Operation> {
    let not_ready = [
        ErrorCode::LogReadOnly,
        ErrorCode::InsufficientStorage,
        ErrorCode::StoreNotAnswering,
        ErrorCode::DeviceRevoked,
    ];
    let common = common_operations("The log takes events", &not_ready, "The node's status, for a browser");
    [
        log(),
        till(),
        commands::<AppendResponse>(),
        lists(),
        saved_form_operations(),
        credentials(),
        state(),
        screens(),
        common,
    ]
    .concat()
}

fn screens() -> Vec<Operation> {
    let asset = get(paths::SCREENS_ASSET, "A file that the screens load; its name has a digest of its content");
    vec![asset.answers_given(200, "*/*", bytes()).open()]
}

fn log() -> Vec<Operation> {
    vec![
        append::<AppendResponse, LineResult>(),
        Operation::new("post", paths::RECEPTION_CANCEL, "Undoes a reception, once: its own lots leave stock")
            .takes::<receptions::Cancellation>()
            .like(json!({ "reason": "counted twice" }))
            .answers::<AppendResponse>(200)
            .refuses(&WRITE_REFUSALS),
        get(paths::EVENTS, "The log, page by page, or the `last` events")
            .asks::<events::EventsQuery>()
            .answers::<EventPage>(200),
        get(paths::EVENT, "One event, with what central decided").answers::<EventDto>(200),
        Operation::new("post", paths::EVENT_PRINT, "Prints the receipt of a sale or a refund")
            .takes::<PrintRequest>()
            .or_nothing()
            .like(json!({ "on": "page" }))
            .answers::<PrintedReceipt>(200)
            .refuses(&WRITE_REFUSALS)
            .refuses(&[ErrorCode::NoReceipt])
            .refuses(&PRINTER_REFUSALS),
        get(paths::EVENTS_EXPORT, "The log as a bundle, for an auditor").asks::<export::Export>().answers_given(
            200,
            bundle_v1::CONTENT_TYPE,
            bytes(),
        ),
        get(paths::BLOB, "A file").answers_given(200, "application/octet-stream", bytes()),
        Operation::new("put", paths::BLOB, "Keep a file: a signature, a photo")
            .takes_given("application/octet-stream", bytes())
            .or_nothing()
            .answers::<StoredBlob>(200)
            .answers::<StoredBlob>(201)
            .refuses(&[
                ErrorCode::UnsupportedMediaType,
                ErrorCode::ChecksumMismatch,
                ErrorCode::TooLarge,
                ErrorCode::RequestTimeout,
                ErrorCode::InsufficientStorage,
            ]),
    ]
}

const PRINTER_REFUSALS: [ErrorCode; 3] =
    [ErrorCode::PrinterMissing, ErrorCode::PrinterUnreachable, ErrorCode::PrintIncomplete];

fn till() -> Vec<Operation> {
    let post = |path, summary| Operation::new("post", path, summary).refuses(&WRITE_REFUSALS);
    let not_open = [ErrorCode::TillNotOpen];
    vec![
        get(paths::TILL, "The till: the session that is open, with its sums").answers::<TillState>(200),
        post(paths::TILL_OPEN, "Opens a session with the cash in the drawer")
            .takes::<OpenTill>()
            .like(json!({ "float_minor": 10_000, "counted": [{ "value_minor": 2_000, "count": 5 }] }))
            .answers::<TillState>(200)
            .refuses(&[ErrorCode::TillAlreadyOpen]),
        post(paths::TILL_CASH, "Cash in or out besides sales")
            .keyed()
            .takes::<MoveCash>()
            .like(json!({ "amount_minor": -1_250, "reason": "window cleaner" }))
            .answers::<AppendResponse>(200)
            .refuses(&not_open),
        post(paths::TILL_CLOSE, "Closes the session with a count: the Z report")
            .takes::<CloseTill>()
            .like(json!({ "number": 1, "counted_minor": 9_000, "counted": [{ "value_minor": 1_000, "count": 9 }],
                "reason": "10.00 too little, no trace of it" }))
            .answers::<EventDto>(200)
            .refuses(&[ErrorCode::TillNotOpen, ErrorCode::ReasonRequired]),
        post(paths::TILL_PRINT, "Prints the X report of the open session")
            .answers_nothing(204)
            .refuses(&not_open)
            .refuses(&PRINTER_REFUSALS),
        get(paths::TILL_CLOSINGS, "The Z reports of this node, newest first")
            .asks::<super::till::ClosingsQuery>()
            .answers::<RowList<EventDto>>(200),
    ]
}

fn lists() -> Vec<Operation> {
    vec![
        rows_of::<NodeRow<EntityRow>, rows::RowsQuery>(paths::PRODUCTS, "Products"),
        rows_of::<NodeRow<EntityRow>, rows::RowsQuery>(paths::CLIENTS, "Clients"),
        get(paths::SALES, "Sales and refunds of this node, newest first")
            .asks::<sales_list::SalesQuery>()
            .answers::<RowList<EventDto>>(200),
        get(paths::SALE, "One sale of this node with its refunds, by the event's id or the receipt's number")
            .answers::<SaleAndRefunds>(200),
        get(paths::RECEPTIONS, "Receptions of this node and goods that went back, newest first")
            .asks::<receptions::ReceptionsQuery>()
            .answers::<RowList<EventDto>>(200),
        get(paths::PURCHASE_ORDERS, "Open purchase orders of this site: what is expected")
            .asks::<rows::RowsQuery>()
            .answers::<RowList<NodeRow<EntityRow>>>(200),
        get(paths::CLIENT, "One client").answers::<NodeRow<EntityRow>>(200).named(),
        rows_of::<NodeRow<DeliveryRow>, rows::DeliveryQuery>(paths::DELIVERIES, "Deliveries"),
        rows_of::<NodeRow<InvoiceRow>, rows::InvoiceQuery>(paths::INVOICES, "Invoices"),
        rows_of::<NodeStockRow, rows::StockRowsQuery>(paths::STOCK, "Stock: central's figures, and what waits here"),
        rows_of::<NodeRow<EntityRow>, rows::RowsQuery>(paths::ENTITIES, "The entities of one type"),
        get(paths::ENTITY, "One entity of any type").answers::<NodeRow<EntityRow>>(200).named(),
    ]
}

fn rows_of<R: JsonSchema, Q: JsonSchema>(path: &'static str, summary: &'static str) -> Operation {
    get(path, summary).asks::<Q>().answers::<RowList<R>>(200).tagged()
}

const FORM_TAG: &str = "Names the saved form as it is now, for the If-Match of the next save, submission or deletion.";

fn saved_form_operations() -> Vec<Operation> {
    vec![
        get(paths::SAVED_FORMS, "Lists the saved forms")
            .asks::<saved_forms::FormsQuery>()
            .answers::<RowList<SavedForm>>(200),
        get(paths::SAVED_FORM, "Reads a saved form").answers::<SavedForm>(200).says(200, "ETag", true, FORM_TAG),
        Operation::new("put", paths::SAVED_FORM, "Saves a form, replacing the version that was read")
            .header("If-Match", false, "The ETag of the version read or saved last, if the form exists")
            .header("If-None-Match", false, "`*`: the form must not exist yet")
            .takes::<saved_forms::FormHeader>()
            .like(json!({ "entity_type": "CLIENT", "action": "CREATE", "payload": { "name": "Dup" } }))
            .answers::<SavedForm>(200)
            .answers::<SavedForm>(201)
            .says(200, "ETag", true, FORM_TAG)
            .says(201, "ETag", true, FORM_TAG)
            .refuses(&WRITE_REFUSALS),
        Operation::new("delete", paths::SAVED_FORM, "Deletes a saved form")
            .seen()
            .answers_nothing(204)
            .refuses(&WRITE_REFUSALS),
        Operation::new("post", paths::SAVED_FORM_SUBMIT, "Turns a saved form into an event, once")
            .seen()
            .answers::<AppendResponse>(200)
            .refuses(&WRITE_REFUSALS),
        get(paths::NOTIFICATIONS, "What a person should hear")
            .any_header("Accept-Language", "`en`; French otherwise")
            .asks::<notifications::NotificationsQuery>()
            .answers::<RowList<Notification>>(200),
        Operation::new("post", paths::NOTIFICATION_SEEN, "A person has seen it")
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers::<Notification>(200)
            .refuses(&WRITE_REFUSALS),
    ]
}

fn credentials() -> Vec<Operation> {
    let changes = [ErrorCode::QueueFull, ErrorCode::LogReadOnly, ErrorCode::InsufficientStorage];
    vec![
        get(paths::LOCAL_KEYS, "Every local key, without its secret").answers::<RowList<LocalKeyRow>>(200),
        Operation::new("post", paths::LOCAL_KEYS, "Makes a local key, shown this once")
            .takes::<LocalKeyRequest>()
            .like(json!({ "label": "till 2", "grants": ["read", "record:SALE_RECORDED"] }))
            .answers::<NewLocalKey>(201)
            .refuses(&changes)
            .refuses(&[
                ErrorCode::MalformedBody,
                ErrorCode::UnsupportedMediaType,
                ErrorCode::TooLarge,
                ErrorCode::RequestTimeout,
            ]),
        Operation::new("delete", paths::LOCAL_KEY, "Revokes a local key").answers::<LocalKeyRow>(200).refuses(&changes),
        Operation::new("post", paths::SESSION, "Opens a session: of a user, or of the local key in the header")
            .takes::<SessionDto>()
            .or_nothing()
            .like(json!({ "login": "amelie", "password": "quatre mots au hasard" }))
            .answers::<SessionState>(201)
            .says(201, "Set-Cookie", true, "The session: HttpOnly, SameSite=Strict; over TLS `__Host-` and Secure.")
            .refuses(&LOGIN_REFUSALS),
        get(paths::SESSION, "Who calls, and what the caller may do").answers::<SessionState>(200),
        Operation::new("put", paths::SESSION_PIN, "Sets the PIN of the session's user, or removes it")
            .takes::<PinDto>()
            .like(json!({ "password": "quatre mots au hasard", "pin": "4071" }))
            .answers::<SessionState>(200)
            .refuses(&LOGIN_REFUSALS)
            .refuses(&[ErrorCode::WeakPassword, ErrorCode::LogReadOnly]),
        Operation::new("post", paths::SESSION_LOCK, "Locks the session of the cookie").answers::<SessionState>(200),
        Operation::new("post", paths::SESSION_UNLOCK, "Unlocks the session of the cookie")
            .takes::<UnlockDto>()
            .like(json!({ "pin": "4071" }))
            .answers::<SessionState>(200)
            .refuses(&LOGIN_REFUSALS),
        Operation::new("delete", paths::SESSION, "Ends the session of the cookie").answers_nothing(204).says(
            204,
            "Set-Cookie",
            true,
            "Removes the cookie.",
        ),
    ]
}

const LOGIN_REFUSALS: [ErrorCode; 7] = [
    ErrorCode::LoginFailed,
    ErrorCode::PasswordRequired,
    ErrorCode::TooManyAttempts,
    ErrorCode::MalformedBody,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::TooLarge,
    ErrorCode::RequestTimeout,
];

fn state() -> Vec<Operation> {
    let kinds = "Server-sent events `marks`, `queue`, `sync` and `notifications`, each with the whole state of its kind: \
                 `LiveMarks`, `LiveQueue`, `LiveSync`, `LiveNotifications`.";
    vec![
        get(paths::RECEIPT_QR, "The QR code of a receipt")
            .answers_given(200, "image/svg+xml", text("A picture."))
            .open(),
        get(paths::USER_NAMES, "The names of the users whom this node knows").answers::<RowList<UserName>>(200),
        get(paths::QUEUE, "What waits to be sent").answers::<QueueDto>(200),
        get(paths::QUEUE_EVENTS, "The events that wait to be sent, oldest first")
            .asks::<queue::WaitingQuery>()
            .answers::<RowList<EventDto>>(200),
        Operation::new("post", paths::QUEUE_RETRY, "Try now to send what waits, also during a pause")
            .answers::<QueueDto>(200),
        get(paths::STATUS, "The node's status").answers::<NodeStatus>(200),
        get(paths::DEMO_LINK, "Whether a demonstration's node is connected to central")
            .answers::<DemoLinkDto>(200)
            .refuses(&[ErrorCode::NotFound]),
        Operation::new("put", paths::DEMO_LINK, "Cuts or joins a demonstration's connection to central")
            .takes::<DemoLinkDto>()
            .like(json!({ "connected": false }))
            .answers::<DemoLinkDto>(200)
            .refuses(&[
                ErrorCode::NotFound,
                ErrorCode::MalformedBody,
                ErrorCode::UnsupportedMediaType,
                ErrorCode::TooLarge,
                ErrorCode::RequestTimeout,
            ]),
        get(paths::STREAM, "What changes, as it changes")
            .mentions::<LiveMarks>(false)
            .mentions::<LiveQueue>(false)
            .mentions::<LiveSync>(false)
            .mentions::<LiveNotifications>(false)
            .answers_given(200, "text/event-stream", text(kinds)),
    ]
}
