//! The reference clients of the mobile and the desktop contract: TypeScript run by `node`, written after the documents alone, against the
//! real binary. Each test here is one line of the documents. Without `node` and `npm` they fail: `scripts/bootstrap.sh` installs them.

mod against;
mod desktop;
mod mobile;
