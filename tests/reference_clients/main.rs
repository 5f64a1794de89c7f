//! The reference clients of the mobile and the desktop contract, run by `node` against a central that listens. They are written after the
//! documents alone; each test here is one line of theirs. Without `node` they fail: `scripts/bootstrap.sh` installs it.

mod desktop;
mod head_office;
mod mobile;
