//! What central and a node do alike with a user's password, PIN and access token: one implementation, so that both refuse the
//! same forgeries with the same work. Knows no store, no HTTP and no clock: times, keys and verifiers are given.

pub mod access_token;
mod computing;
mod error;
pub mod password;
pub mod pin;
