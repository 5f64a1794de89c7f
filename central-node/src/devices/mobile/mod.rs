//! The mobile contract's view of the log: `docs/spec/mobile.md`.

pub(crate) mod checksum_failures;
pub(crate) mod first_validator;
pub(crate) mod page;
mod resend;
