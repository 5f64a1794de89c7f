//! What the log takes from the machine, passed in so that tests decide what time it is and how full the disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use comptoir_core::time::Timestamp;
use uuid::Uuid;

/// Room on the file system of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreeSpace {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the whole file system.
    pub total_bytes: u64,
}

type Clock = dyn Fn() -> Timestamp + Send + Sync;
type Random = dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync;
type Space = dyn Fn(&Path) -> io::Result<FreeSpace> + Send + Sync;

/// Clock, randomness and disk space.
#[derive(Clone)]
pub struct Environment {
    /// The wall clock. It stamps events without a time; it never decides order.
    pub clock: Arc<Clock>,
    /// Fills bytes for keys and epoch ids; must be fit for keys.
    pub random: Arc<Random>,
    /// Looks at the file system of a path.
    pub free_space: Arc<Space>,
}

impl Environment {
    /// The machine's own.
    pub fn system() -> Environment {
        Environment {
            clock: Arc::new(system_clock),
            random: Arc::new(|bytes| getrandom::fill(bytes).map_err(io::Error::other)),
            free_space: Arc::new(system_free_space),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)().clamp(Timestamp::MIN, Timestamp::MAX)
    }

    pub(crate) fn random_bytes<const N: usize>(&self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn random_uuid(&self) -> io::Result<Uuid> {
        self.random_bytes().map(|bytes| uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

fn system_clock() -> Timestamp {
    let micros = |duration: std::time::Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp(micros(after)),
        Err(before) => Timestamp(-micros(before.duration())),
    }
}

fn system_free_space(path: &Path) -> io::Result<FreeSpace> {
    let found = rustix::fs::statvfs(path)?;
    Ok(FreeSpace {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}
