//! The reference clients of the mobile and the desktop contract, in TypeScript run by `node`, written from the documents alone,
//! against the real binary. Each test is one line of the documents. They need `node` and `npm`, which `scripts/bootstrap.sh`
//! installs.

mod against;
mod desktop;
mod identity;
mod mobile;
mod package;
