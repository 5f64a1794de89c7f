//! The parts of `comptoir up` that `comptoir demo` controls: the relay between the shop and central, and the socket that
//! switches it.

pub mod control;
mod relay;

pub use relay::Relay;
