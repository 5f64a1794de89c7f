//! The directory of a node's log: its lock, its registration, and the leftovers of a crash.
//!
//! ```text
//! lock          held while the log is open; a second process is refused
//! registered    written once the log is whole: from then on a missing log is a loss, never a new beginning
//! high-water    see `high_water`
//! secret.key    unseals the node's secrets in the store, see `secret_key`; next to it secret.key.next during a `rotation`
//! log/          the store's own files
//! log.creating/ a first start that did not finish; nothing in it was ever acknowledged
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use comptoir_core::id::{NodeId, SiteId, TenantId};

use super::OpenError;

/// The log's owner: issued with the node's key, stored at the first start, refused if it changes later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The company or school.
    pub tenant: TenantId,
    /// The shop.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
}

impl Identity {
    /// Refuses an identity other than the registered one and names the first difference.
    pub(crate) fn same_as(self, registered: Identity) -> Result<(), OpenError> {
        let parts = [
            ("TENANT_ID", registered.tenant.uuid(), self.tenant.uuid()),
            ("SITE_ID", registered.site.uuid(), self.site.uuid()),
            ("NODE_ID", registered.node.uuid(), self.node.uuid()),
        ];
        match parts.into_iter().find(|(_, registered, given)| registered != given) {
            Some((setting, registered, given)) => Err(OpenError::IdentityChanged { setting, registered, given }),
            None => Ok(()),
        }
    }

    fn text(self) -> String {
        format!("comptoir log 1\ntenant {}\nsite {}\nnode {}\n", self.tenant, self.site, self.node)
    }

    fn parse(text: &str) -> Option<Identity> {
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        value("comptoir")?;
        let tenant = value("tenant")?.parse().ok()?;
        let site = value("site")?.parse().ok()?;
        Some(Identity { tenant, site, node: value("node")?.parse().ok()? })
    }
}

/// The identity of a directory's log, without opening it; `None` if no log was completed there.
pub fn identity_at(root: &Path) -> Result<Option<Identity>, OpenError> {
    let path = root.join("registered");
    match fs::read_to_string(&path) {
        Ok(text) => match Identity::parse(&text) {
            Some(identity) => Ok(Some(identity)),
            None => Err(at(&path, "read")(io::Error::new(io::ErrorKind::InvalidData, "it names no identity"))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(&path, "read")(error)),
    }
}

/// The directory, held by this process until dropped.
pub(crate) struct Directory {
    root: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory if needed and takes its lock.
    pub(crate) fn lock(root: &Path) -> Result<Directory, OpenError> {
        let mut builder = fs::DirBuilder::new();
        // The directory holds the node's private key.
        builder.recursive(true).mode(0o700);
        builder.create(root).map_err(at(root, "create"))?;
        let path = root.join("lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(at(&path, "open"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path }),
            Err(TryLockError::Error(error)) => Err(at(&path, "lock")(error)),
        }
    }

    /// The identity this directory was registered for, if it was.
    pub(crate) fn registered(&self) -> Result<Option<Identity>, OpenError> {
        identity_at(&self.root)
    }

    /// Records that a complete log exists here; durable when it returns.
    pub(crate) fn register(&self, identity: Identity) -> Result<(), OpenError> {
        let (new, path) = (self.root.join("registered.new"), self.root.join("registered"));
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(identity.text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(at(&path, "write"))?;
        self.sync()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("log")
    }

    pub(crate) fn high_water(&self) -> PathBuf {
        self.root.join("high-water")
    }

    /// An empty directory in which to create the store.
    pub(crate) fn begin_creation(&self) -> Result<PathBuf, OpenError> {
        let path = self.root.join("log.creating");
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&path, "remove")(error)),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(&path).map_err(at(&path, "create"))?;
        Ok(path)
    }

    /// Moves the created store, which is closed and flushed, into place.
    pub(crate) fn finish_creation(&self) -> Result<(), OpenError> {
        let (from, to) = (self.root.join("log.creating"), self.store());
        // sled never syncs its settings file, which it needs to open, nor the directory of its files.
        for file in fs::read_dir(&from).map_err(at(&from, "list"))? {
            sync_path(&file.map_err(at(&from, "list"))?.path())?;
        }
        sync_path(&from)?;
        fs::rename(&from, &to).map_err(at(&to, "create"))?;
        self.sync()
    }

    /// Removes unfinished snapshots of sled, which would refuse to open. The log they were made from is intact.
    pub(crate) fn remove_unfinished_snapshots(&self) -> Result<Vec<PathBuf>, OpenError> {
        let store = self.store();
        let mut removed = Vec::new();
        for file in fs::read_dir(&store).map_err(at(&store, "list"))? {
            let path = file.map_err(at(&store, "list"))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                fs::remove_file(&path).map_err(at(&path, "remove"))?;
                removed.push(path);
            }
        }
        Ok(removed)
    }

    /// Syncs the entries of the directory and of the store's directory.
    pub(crate) fn sync(&self) -> Result<(), OpenError> {
        sync_path(&self.root)?;
        if self.store().exists() { sync_path(&self.store()) } else { Ok(()) }
    }
}

/// A file or a directory.
fn sync_path(path: &Path) -> Result<(), OpenError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(at(path, "sync"))
}

/// Adds the path and the operation to an I/O error.
pub(crate) fn at(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> OpenError {
    let path = path.to_owned();
    move |error| OpenError::Io { doing, path: path.clone(), error: error.to_string() }
}
