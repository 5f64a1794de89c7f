//! The users of the node's site, whom the node authenticates without central. It promises:
//!
//! 1. Verifiers, PINs and sessions are on the disk only as the node's secret key sealed them, and in no export.
//! 2. A clock that is set back extends nothing: what counts is the trusted time.
//! 3. An unknown login gets the same answer as a wrong password, after the same work, and counted failures survive a restart.
//! 4. Central's silence never stops a user who knows the password.
//!
//! Reading order: what central sent (`known`), what the node adds (`at_node`), both together (`accounts`), and what they decide:
//! `login` and `tokens`.

mod accounts;
mod at_node;
mod attempts;
mod errors;
mod known;
mod login;
mod refresh;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
mod tokens;
mod trusted_time;

pub(crate) use accounts::Users;
pub(crate) use errors::{LoginError, TokenRefusal};
pub(crate) use login::{LoginSecret, ProvenUser};
