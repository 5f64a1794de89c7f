//! Users, their roles, and their logins. Each change is an event of central's own log, written in the transaction of the change,
//! so an auditor sees who was allowed what and when. Events name ids. Names, verifiers and codes are in the identity tables
//! alone.
//!
//! `users` and `roles` change what may be done, `links` set passwords, `sessions` log in, refresh and log out. `attempts` slows
//! down guessing, `record` writes the events.

mod attempts;
mod context;
mod error;
mod links;
mod logins;
mod names;
mod record;
mod roles;
mod secrets;
mod sessions;
mod signing_keys;
mod users;

pub use context::{Accounts, ClientAddress};
pub use error::AccountError;
pub use links::{LINK_HOURS, OneTimeLink};
pub use record::ChangedBy;
pub use sessions::{LoginRequest, Tokens};
pub use signing_keys::RotatedKeys;
pub use users::{CreatedUser, NewUser, UserRow};
