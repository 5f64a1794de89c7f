//! What `comptoir demo` needs inside `comptoir up`: the connection between the shop and central, and a socket through which it is cut
//! and joined.

pub mod control;
mod relay;

pub use relay::Relay;
