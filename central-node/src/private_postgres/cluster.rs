//! The cluster's folders, its initialisation, and who may connect.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::{self, Account};
use super::{ADMIN_ROLE, PostgresConfig, PostgresError, ROLES, io};

/// A socket path has fewer than 108 bytes, and Postgres appends its own file name.
const SOCKET_DIR_BYTES_MAX: usize = 80;

/// Everything needed to start the server.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) binaries: PathBuf,
    pub(super) pg: PathBuf,
    pub(super) run: PathBuf,
    pub(super) log: PathBuf,
    /// `None` if the server runs under the current account.
    pub(super) account: Option<Account>,
}

impl Cluster {
    /// Creates the folders and, the first time, the cluster. The caller holds the lock.
    pub(super) fn prepare(config: &PostgresConfig) -> Result<Cluster, PostgresError> {
        let (current, server) = account::find()?;
        let data_dir =
            fs::canonicalize(&config.data_dir).map_err(io(format!("opening {}", config.data_dir.display())))?;
        let account = (server != current).then(|| server.clone());
        if account.is_some() {
            set_mode(&data_dir, 0o711)?;
            account::check_reachable(&server, &data_dir)?;
        }
        let cluster = Cluster {
            binaries: binaries(config)?,
            pg: data_dir.join("pg"),
            run: socket_dir(&data_dir),
            log: data_dir.join("postgres.log"),
            account,
        };
        cluster.own_folder(&cluster.run)?;
        if !cluster.pg.join("PG_VERSION").exists() {
            cluster.initialise(&data_dir.join("pg.new"), config.sync_initdb)?;
        }
        cluster.admit(&current, &server)?;
        Ok(cluster)
    }

    /// initdb runs in a temporary folder, so that a kill in the middle leaves nothing that looks like a cluster.
    fn initialise(&self, temporary: &Path, sync: bool) -> Result<(), PostgresError> {
        if temporary.exists() {
            fs::remove_dir_all(temporary).map_err(io(format!("removing {}", temporary.display())))?;
        }
        self.own_folder(temporary)?;
        let mut initdb = self.command("initdb")?;
        initdb.args([
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            "-A",
            "peer",
            "-U",
            ADMIN_ROLE,
        ]);
        initdb.arg("-D").arg(temporary);
        if !sync {
            initdb.arg("--no-sync");
        }
        let status = initdb.status().map_err(io("running initdb"))?;
        if !status.success() {
            return Err(self.failed("initdb", status.to_string()));
        }
        fs::rename(temporary, &self.pg).map_err(io(format!("renaming {}", temporary.display())))
    }

    /// Only the current account and the server's own account may connect. The kernel authenticates both over the socket.
    fn admit(&self, current: &Account, server: &Account) -> Result<(), PostgresError> {
        let mut people = vec![current.name.as_str()];
        if server != current {
            people.push(&server.name);
        }
        let lines =
            people.iter().flat_map(|person| ROLES.iter().map(move |role| format!("comptoir {person} {role}\n")));
        self.write("pg_ident.conf", &lines.collect::<String>())?;
        self.write("pg_hba.conf", "local all all peer map=comptoir\n")
    }

    fn write(&self, name: &str, text: &str) -> Result<(), PostgresError> {
        let path = self.pg.join(name);
        // On a full disk a rewritten file would be left empty, and central could not even start to report the full disk.
        if fs::read(&path).is_ok_and(|present| present == text.as_bytes()) {
            return Ok(());
        }
        fs::write(&path, text).map_err(io(format!("writing {}", path.display())))
    }

    fn own_folder(&self, path: &Path) -> Result<(), PostgresError> {
        fs::create_dir_all(path).map_err(io(format!("creating {}", path.display())))?;
        set_mode(path, 0o700)?;
        if let Some(account) = &self.account {
            chown(path, Some(account.uid), Some(account.gid)).map_err(io(format!("giving away {}", path.display())))?;
        }
        Ok(())
    }

    /// A Postgres program under the server's account, killed with the thread that spawns it; its output goes to the log.
    pub(super) fn command(&self, program: &str) -> Result<Command, PostgresError> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(io(format!("opening {}", self.log.display())))?;
        let again = log.try_clone().map_err(io("opening the log twice"))?;
        let mut command = Command::new("setpriv");
        if let Some(account) = &self.account {
            command.arg("--reuid").arg(account.uid.to_string()).arg("--regid").arg(account.gid.to_string());
            command.arg("--clear-groups");
        }
        command.args(["--pdeathsig", "INT", "--"]).arg(self.binaries.join(program));
        command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(again);
        Ok(command)
    }

    pub(super) fn failed(&self, program: &'static str, status: String) -> PostgresError {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let tail: Vec<&str> = text.lines().rev().take(8).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        PostgresError::Failed { program, status, log: self.log.clone(), tail }
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), PostgresError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(io(format!("setting the mode of {}", path.display())))
}

/// A folder next to the cluster, or a short path derived from it if that one is too long for a socket.
pub(super) fn socket_dir(data_dir: &Path) -> PathBuf {
    let temporary = data_dir.join("run");
    if temporary.as_os_str().len() <= SOCKET_DIR_BYTES_MAX {
        return temporary;
    }
    let name = blake3::hash(temporary.as_os_str().as_encoded_bytes()).to_hex();
    std::env::temp_dir().join(format!("comptoir-{}", &name[..16]))
}

/// The configured folder, or the newest server installed on this machine.
fn binaries(config: &PostgresConfig) -> Result<PathBuf, PostgresError> {
    if let Some(folder) = &config.binaries {
        return has_server(folder)
            .then(|| folder.clone())
            .ok_or_else(|| PostgresError::NoBinaries { searched: folder.display().to_string() });
    }
    find_binaries()
}

pub(super) fn find_binaries() -> Result<PathBuf, PostgresError> {
    let packaged =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut packaged: Vec<PathBuf> = packaged.filter(|folder| has_server(folder)).collect();
    packaged.sort_by_key(|folder| version_of(folder));
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let found = packaged.pop().or_else(|| on_path.into_iter().find(|folder| has_server(folder)));
    found.ok_or_else(|| PostgresError::NoBinaries { searched: "/usr/lib/postgresql/*/bin and PATH".to_owned() })
}

fn has_server(folder: &Path) -> bool {
    folder.join("postgres").exists() && folder.join("initdb").exists()
}

fn version_of(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|name| name.parse().ok()).unwrap_or(0)
}
