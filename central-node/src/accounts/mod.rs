//! Users, their roles and their logins, and nodes. Each change is an event of central's own log, written in the transaction of
//! the change, so an auditor sees who was allowed what and when. Events name ids. Names, verifiers and codes are in the identity
//! tables alone.
//!
//! `users` and `roles` change what may be done, `links` and `own_password` set passwords, `sessions` log in, refresh and log out;
//! `enrolments` and `user_devices` say which devices a user works on. `attempts` slows down guessing. `nodes` creates and revokes
//! nodes, `node_users` gives a node its users. `record` writes the events.

mod attempts;
mod challenges;
mod context;
mod enrolments;
mod error;
mod links;
mod logins;
mod names;
mod node_users;
mod nodes;
mod own_password;
mod record;
mod refresh_tokens;
mod roles;
mod secrets;
mod sessions;
mod signing_keys;
mod user_devices;
mod users;

pub use challenges::Challenge;
pub use context::{Accounts, ClientAddress};
pub use enrolments::{ENROLMENT_HOURS, EnrolRequest, Enrolled, Enrolment};
pub use error::{AccountError, HeldDevice};
pub use links::{LINK_HOURS, OneTimeLink};
pub use node_users::{SiteUser, SiteUsers};
pub use nodes::NodeRevocation;
pub use record::ChangedBy;
pub(crate) use record::{IdentityChange, record as record_changes};
pub(crate) use secrets::read_secret;
pub use sessions::{LoginRequest, Tokens};
pub use signing_keys::RotatedKeys;
pub use user_devices::WipedDevice;
pub use users::{CreatedUser, NewUser, UserRow};
