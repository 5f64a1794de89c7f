//! Users, their roles and their logins, and nodes. Each change is an event of central's own log, written in the transaction of
//! the change, so an auditor sees who was allowed what and when. Events name ids. Names, verifiers and codes are in the identity
//! tables alone.
//!
//! `users` and `roles` change what may be done, `links` set passwords, `sessions` log in, refresh and log out. `attempts` slows
//! down guessing. `nodes` creates and revokes nodes, `node_users` gives a node its users. `record` writes the events.

mod attempts;
mod context;
mod error;
mod links;
mod logins;
mod names;
mod node_users;
mod nodes;
mod record;
mod roles;
mod secrets;
mod sessions;
mod signing_keys;
mod users;

pub use context::{Accounts, ClientAddress};
pub use error::AccountError;
pub use links::{LINK_HOURS, OneTimeLink};
pub use node_users::{SiteUser, SiteUsers};
pub use nodes::NodeRevocation;
pub use record::ChangedBy;
pub(crate) use record::{IdentityChange, record as record_changes};
pub use sessions::{LoginRequest, Tokens};
pub use signing_keys::RotatedKeys;
pub use users::{CreatedUser, NewUser, UserRow};
