use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

/// A temporary folder that a private Postgres can pass through, removed when dropped.
///
/// # Panics
/// Where the temporary folder cannot be written to.
pub fn temp_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("comptoir-").tempdir().expect("the temporary folder is writable");
    let_others_enter(folder.path());
    folder
}

/// Lets other accounts enter a folder, but not list it: a private Postgres runs under an account of its own.
///
/// # Panics
/// Where the folder is another account's.
pub fn let_others_enter(folder: &Path) {
    set_permissions(folder, Permissions::from_mode(0o711)).expect("the owner sets the mode");
}
