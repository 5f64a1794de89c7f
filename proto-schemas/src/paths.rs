//! Every HTTP path, shared by routers, agent and commands.

/// The screens; without them the start page.
pub const SCREENS: &str = "/";
/// A file that the screens load.
pub const SCREENS_ASSET: &str = "/assets/{name}";
/// The drivers' screens, at central. A service worker reaches what is below its own folder.
pub const DRIVER: &str = "/driver/";
/// The same without the last slash: leads to it.
pub const DRIVER_SHORT: &str = "/driver";
/// Keeps the drivers' screens on their phones.
pub const DRIVER_WORKER: &str = "/driver/sw.js";
/// How a phone installs the drivers' screens.
pub const DRIVER_MANIFEST: &str = "/driver/manifest.webmanifest";
/// Head office's screens, at central.
pub const OFFICE: &str = "/office/";
/// The same without the last slash: leads to it.
pub const OFFICE_SHORT: &str = "/office";
/// The login of a browser at head office.
pub const OFFICE_LOGIN: &str = "/api/v1/office/login";
/// New tokens for a browser at head office.
pub const OFFICE_REFRESH: &str = "/api/v1/office/refresh";
/// Who calls central.
pub const ME: &str = "/api/v1/me";
/// A page for a person with a browser that runs no scripts.
pub const START_PAGE: &str = "/start";
/// Append drafts, read the log.
pub const EVENTS: &str = "/api/v1/events";
/// One event with its decision.
pub const EVENT: &str = "/api/v1/events/{id}";
/// The log as a bundle, for an auditor.
pub const EVENTS_EXPORT: &str = "/api/v1/events/export";
/// Typed command: a sale.
pub const SALES: &str = "/api/v1/sales";
/// One sale with its refunds.
pub const SALE: &str = "/api/v1/sales/{id}";
/// Typed command: a refund.
pub const REFUNDS: &str = "/api/v1/refunds";
/// Typed command: goods in; at a node also the receptions of its log.
pub const RECEPTIONS: &str = "/api/v1/receptions";
/// Undoes a reception of a node's log.
pub const RECEPTION_CANCEL: &str = "/api/v1/receptions/{id}/cancel";
/// Read model: the goods that a shop expects.
pub const PURCHASE_ORDERS: &str = "/api/v1/purchase-orders";
/// Typed command and read model: invoices.
pub const INVOICES: &str = "/api/v1/invoices";
/// Cancels an invoice.
pub const INVOICE_CANCEL: &str = "/api/v1/invoices/{id}/cancel";
/// Read model: deliveries; at central also the command that creates one.
pub const DELIVERIES: &str = "/api/v1/deliveries";
/// Typed command: a delivery's validation.
pub const DELIVERY_VALIDATE: &str = "/api/v1/deliveries/{id}/validate";
/// Typed command and read model: clients.
pub const CLIENTS: &str = "/api/v1/clients";
/// One client: read, update, delete.
pub const CLIENT: &str = "/api/v1/clients/{id}";
/// Read model: products.
pub const PRODUCTS: &str = "/api/v1/products";
/// Read model: stock.
pub const STOCK: &str = "/api/v1/stock";
/// Read model: the generic entities of one type, at a node.
pub const ENTITIES: &str = "/api/v1/entities/{type}";
/// Read model: one generic entity.
pub const ENTITY: &str = "/api/v1/entities/{type}/{id}";
/// The names of the users whom a node knows.
pub const USER_NAMES: &str = "/api/v1/user-names";
/// What waits to be sent.
pub const QUEUE: &str = "/api/v1/queue";
/// The events that wait, oldest first.
pub const QUEUE_EVENTS: &str = "/api/v1/queue/events";
/// Tries now to send what waits.
pub const QUEUE_RETRY: &str = "/api/v1/queue/retry";
/// State of the node.
pub const STATUS: &str = "/api/v1/status";
/// The connection to central of a demonstration, which a person cuts and joins.
pub const DEMO_LINK: &str = "/api/v1/demo/link";
/// What changes at a node, as it changes.
pub const STREAM: &str = "/api/v1/stream";
/// Push of sealed records.
pub const SYNC_PUSH: &str = "/api/v1/sync/push";
/// Central's status of the calling node.
pub const SYNC_STATUS: &str = "/api/v1/sync/status";
/// Whose key the caller has.
pub const SYNC_IDENTITY: &str = "/api/v1/sync/identity";
/// The users of the calling node's site.
pub const SYNC_USERS: &str = "/api/v1/sync/users";
/// A revoked node's proof that its data is destroyed.
pub const SYNC_WIPED: &str = "/api/v1/sync/wiped";
/// Pull of what changed.
pub const SYNC_PULL: &str = "/api/v1/sync/pull";
/// The first load of a node's read models.
pub const SYNC_BOOTSTRAP: &str = "/api/v1/sync/bootstrap";
/// Prints the receipt of an event.
pub const EVENT_PRINT: &str = "/api/v1/events/{id}/print";
/// The till of a node: the session that is open, with its sums.
pub const TILL: &str = "/api/v1/till";
/// Opens a session with the cash in the drawer.
pub const TILL_OPEN: &str = "/api/v1/till/open";
/// Cash in or out besides sales.
pub const TILL_CASH: &str = "/api/v1/till/cash";
/// Closes the session with a count.
pub const TILL_CLOSE: &str = "/api/v1/till/close";
/// Prints the X report of the open session.
pub const TILL_PRINT: &str = "/api/v1/till/print";
/// The Z reports of a node.
pub const TILL_CLOSINGS: &str = "/api/v1/till/closings";
/// Whether a receipt is genuine: the address in its QR code.
pub const RECEIPT: &str = "/r/{code}";
/// The QR code of a receipt, as a picture.
pub const RECEIPT_QR: &str = "/r/{code}/qr.svg";
/// Signatures and photos, by the BLAKE3 of their bytes.
pub const BLOB: &str = "/api/v1/blobs/{hash}";
/// Status of every node: its log, its clock, its last push and pull.
pub const NODES: &str = "/api/v1/nodes";
/// Revokes a node: nothing more of its log takes effect.
pub const NODE_REVOKE: &str = "/api/v1/nodes/{id}/revoke";
/// Logs of which central received two branches.
pub const FORKS: &str = "/api/v1/forks";
/// Edits that wait for a person.
pub const CONFLICTS: &str = "/api/v1/conflicts";
/// One conflict.
pub const CONFLICT: &str = "/api/v1/conflicts/{event_id}";
/// A person's decision about one of them.
pub const CONFLICT_RESOLVE: &str = "/api/v1/conflicts/{event_id}/resolve";
/// The result that a resolution would have, without writing it.
pub const CONFLICT_PREVIEW: &str = "/api/v1/conflicts/{event_id}/preview";
/// Forms that a node's users save before they submit them.
pub const SAVED_FORMS: &str = "/api/v1/saved-forms";
/// One saved form.
pub const SAVED_FORM: &str = "/api/v1/saved-forms/{id}";
/// Turns a saved form into an event, once.
pub const SAVED_FORM_SUBMIT: &str = "/api/v1/saved-forms/{id}/submit";
/// Notifications of a node's users.
pub const NOTIFICATIONS: &str = "/api/v1/notifications";
/// A person has seen it.
pub const NOTIFICATION_SEEN: &str = "/api/v1/notifications/{id}/seen";
/// The local keys of a node.
pub const LOCAL_KEYS: &str = "/api/v1/local-keys";
/// One local key.
pub const LOCAL_KEY: &str = "/api/v1/local-keys/{id}";
/// A session at a node.
pub const SESSION: &str = "/api/v1/session";
/// The PIN of a session's user.
pub const SESSION_PIN: &str = "/api/v1/session/pin";
/// Locks a session.
pub const SESSION_LOCK: &str = "/api/v1/session/lock";
/// Unlocks a session.
pub const SESSION_UNLOCK: &str = "/api/v1/session/unlock";
/// Every synchronisation, and its statistics.
pub const SYNC_LOG: &str = "/api/v1/sync-log";
/// The mobile contract: events up.
pub const MOBILE_PUSH: &str = "/api/sync/push";
/// The mobile contract: events down.
pub const MOBILE_PULL: &str = "/api/sync/pull";
/// The mobile contract: status.
pub const MOBILE_STATUS: &str = "/api/sync/status";
/// The mobile contract: the first load.
pub const MOBILE_BOOTSTRAP: &str = "/api/sync/bootstrap";
/// The desktop contract: the outbox up.
pub const DESKTOP_UP: &str = "/api/sync/up";
/// The desktop contract: changes down.
pub const DESKTOP_DOWN: &str = "/api/sync/down";
/// The desktop contract: a person's choice.
pub const DESKTOP_RESOLVE: &str = "/api/sync/resolve";
/// Sales report.
pub const REPORT_SALES: &str = "/api/v1/reports/sales";
/// Stock report.
pub const REPORT_STOCK: &str = "/api/v1/reports/stock";
/// The result of central's check of the tenant's stored log.
pub const STORE_CHECK: &str = "/api/v1/store-check";
/// What phones and nodes recorded for an audit.
pub const AUDIT_ENTRIES: &str = "/api/v1/audit-entries";
/// What looks like fraud or an attack.
pub const SECURITY_EVENTS: &str = "/api/v1/security-events";
/// Events in quarantine.
pub const QUARANTINE: &str = "/api/v1/quarantine";
/// Lets a quarantined event take effect.
pub const QUARANTINE_RELEASE: &str = "/api/v1/quarantine/{event_id}/release";
/// A certificate for a node, from central's certificate authority.
pub const NODE_CERTIFICATE: &str = "/api/v1/nodes/{id}/certificate";
/// How to trust the certificates of a shop's node.
pub const CA: &str = "/ca";
/// The certificate of the certificate authority.
pub const CA_FILE: &str = "/ca.crt";
/// Counters, for Prometheus.
pub const METRICS: &str = "/metrics";
/// Log in with a password.
pub const AUTH_LOGIN: &str = "/api/v1/auth/login";
/// Exchange a refresh token.
pub const AUTH_REFRESH: &str = "/api/v1/auth/refresh";
/// End a login.
pub const AUTH_LOGOUT: &str = "/api/v1/auth/logout";
/// Set a password with a one-time code.
pub const AUTH_SETUP: &str = "/api/v1/auth/setup";
/// What a device signs to log in.
pub const AUTH_CHALLENGE: &str = "/api/v1/auth/challenge";
/// A tenant's devices.
pub const DEVICES: &str = "/api/v1/devices";
/// One device.
pub const DEVICE: &str = "/api/v1/devices/{id}";
/// Ends a device's access.
pub const DEVICE_REVOKE: &str = "/api/v1/devices/{id}/revoke";
/// A one-time code with which a user enrols a device.
pub const DEVICE_ENROLMENTS: &str = "/api/v1/devices/enrolments";
/// A device enrols itself with such a code.
pub const DEVICE_ENROL: &str = "/api/v1/devices/enrol";
/// A device's proof that it destroyed its data.
pub const DEVICE_WIPED: &str = "/api/v1/devices/wiped";
/// A user changes the own password.
pub const AUTH_PASSWORD: &str = "/api/v1/auth/password";
/// The page of a one-time link.
pub const SETUP_PAGE: &str = "/setup";
/// The script of that page.
pub const SETUP_SCRIPT: &str = "/setup.js";
/// The style of that page.
pub const SETUP_STYLE: &str = "/setup.css";
/// The public keys of access tokens.
pub const JWKS: &str = "/.well-known/jwks.json";
/// A tenant's users.
pub const USERS: &str = "/api/v1/users";
/// One user.
pub const USER: &str = "/api/v1/users/{id}";
/// A new one-time link for a user, in place of the password.
pub const USER_RESET: &str = "/api/v1/users/{id}/reset";
/// Erases a user's name.
pub const USER_ERASE: &str = "/api/v1/users/{id}/erase";
/// What each role may do.
pub const ROLES: &str = "/api/v1/roles";
/// Lets a role do something.
pub const ROLES_ALLOW: &str = "/api/v1/roles/allow";
/// Takes a permission from a role.
pub const ROLES_DENY: &str = "/api/v1/roles/deny";
/// The process lives.
pub const HEALTHZ: &str = "/healthz";
/// The process can do its work.
pub const READYZ: &str = "/readyz";
/// This server's own description, as OpenAPI 3.1.
pub const OPENAPI: &str = "/openapi.json";
/// The API's description as a page for people.
pub const DOCS: &str = "/docs";
