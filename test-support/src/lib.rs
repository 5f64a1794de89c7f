//! What the integration tests share.
//!
//! Two ways to run a server, kept apart: [`TestCentral`] and [`TestNode`] run in the test's process and are called through their
//! routers; [`RunningTenant`] and [`RunningServer`] start the shipped binary, which a test can kill and start again.
//! [`SealedLog`] is a node without a disk or an agent: it seals any record, valid or not. [`events`] builds what they record, one
//! type for each event.
//!
//! Unit tests inside `src` cannot use this crate: they would link a second copy of the crate they belong to.

mod central;
mod client;
mod devices;
pub mod events;
mod folder;
mod log_hygiene;
mod node;
pub mod processes;
mod response;
mod running_tenant;
mod sealed_log;
mod tenant;

pub use central::{TestCentral, connect_postgres, get_from, post_to};
pub use client::TestClient;
pub use devices::{
    PASSWORD, Person, TestDevice, access, at_site, device_row, enrolled, enrolled_at, enrolment_code, person, revoke,
    send,
};
pub use folder::{let_others_enter, temp_folder};
pub use log_hygiene::lines_with_secrets;
pub use node::TestNode;
pub use processes::RunningServer;
pub use response::{Problem, Response};
pub use running_tenant::{POLL_EVERY, RunningTenant, TIMEOUT, text};
pub use sealed_log::{NOON, Sealed, SealedLog, verdicts};
pub use tenant::{TestTenant, new_tenant};
