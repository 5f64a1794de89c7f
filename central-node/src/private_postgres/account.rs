//! The account that runs the server: the current one, or `postgres` or `nobody` if the current one is root.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{PostgresError, io};

/// An entry of the password file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Returns the current account and the account that runs the server.
pub(super) fn find() -> Result<(Account, Account), PostgresError> {
    let passwd = fs::read_to_string("/etc/passwd").map_err(io("reading /etc/passwd"))?;
    let uid = rustix::process::geteuid().as_raw();
    let current = by(&passwd, |account| account.uid == uid).unwrap_or_else(|| Account {
        name: format!("uid{uid}"),
        uid,
        gid: rustix::process::getegid().as_raw(),
    });
    if uid != 0 {
        return Ok((current.clone(), current));
    }
    let named = |name: &'static str| by(&passwd, move |account| account.name == name);
    let server = named("postgres").or_else(|| named("nobody")).ok_or(PostgresError::NoAccount)?;
    Ok((current, server))
}

fn by(passwd: &str, wanted: impl Fn(&Account) -> bool) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name, uid, gid }).filter(&wanted)
    })
}

/// Every parent folder must be open to the server's account. The current account's own folders get mode 0711 for that; others
/// are not changed.
pub(super) fn check_reachable(account: &Account, data_dir: &Path) -> Result<(), PostgresError> {
    for directory in data_dir.ancestors() {
        let metadata = fs::metadata(directory).map_err(io(format!("looking at {}", directory.display())))?;
        let mode = metadata.permissions().mode();
        let may_enter = match () {
            () if metadata.uid() == account.uid => mode & 0o100,
            () if metadata.gid() == account.gid => mode & 0o010,
            () => mode & 0o001,
        };
        if may_enter == 0 {
            return Err(PostgresError::Unreachable {
                user: account.name.clone(),
                directory: directory.to_owned(),
                data_dir: data_dir.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_file_is_read_by_name_and_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        let postgres = Account { name: "postgres".to_owned(), uid: 101, gid: 104 };
        assert_eq!(by(passwd, |account| account.name == "postgres"), Some(postgres.clone()));
        assert_eq!(by(passwd, |account| account.uid == 101), Some(postgres));
        assert_eq!(by(passwd, |account| account.uid == 7), None);
    }
}
