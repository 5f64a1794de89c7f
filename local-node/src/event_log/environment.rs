//! Clock, randomness and free space of the machine, passed in so that tests control them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use comptoir_core::time::Timestamp;
use uuid::Uuid;

/// Free space of the log's file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreeSpace {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the whole file system.
    pub total_bytes: u64,
}

/// A clock that nobody can set and that runs on in suspend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steady {
    /// Identifies the run of the machine in which `micros` are counted.
    pub boot: [u8; 16],
    /// Since the machine started, in microseconds.
    pub micros: i64,
}

type Clock = dyn Fn() -> Timestamp + Send + Sync;
type SteadyClock = dyn Fn() -> Steady + Send + Sync;
type Random = dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync;
type Space = dyn Fn(&Path) -> io::Result<FreeSpace> + Send + Sync;

/// Clock, randomness and disk space.
#[derive(Clone)]
pub struct Environment {
    /// The wall clock. It stamps events without a time; it never decides order.
    pub clock: Arc<Clock>,
    /// Detects steps of the wall clock. Without it no step is noticed.
    pub steady: Option<Arc<SteadyClock>>,
    /// Fills bytes for keys and epoch ids; must be fit for keys.
    pub random: Arc<Random>,
    /// Reads the file system of a path.
    pub free_space: Arc<Space>,
}

impl Environment {
    /// The system's clock, disk and randomness.
    pub fn system() -> Environment {
        Environment {
            clock: Arc::new(system_clock),
            steady: Some(system_steady_clock()),
            random: Arc::new(|bytes| getrandom::fill(bytes).map_err(io::Error::other)),
            free_space: Arc::new(system_free_space),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)().clamp(Timestamp::MIN, Timestamp::MAX)
    }

    /// Both clocks at one moment. If the process is delayed between the two reads, the steady clock has moved and both are read
    /// again.
    pub(crate) fn both_clocks(&self) -> Option<(Timestamp, Steady)> {
        const HELD_UP_MICROS: i64 = 100_000;
        const LOOKS_MAX: usize = 10;
        let steady = self.steady.as_ref()?;
        let mut looks = std::iter::repeat_with(|| (steady(), self.now(), steady())).take(LOOKS_MAX);
        let (_, wall, after) =
            looks.find(|(before, _, after)| after.micros.saturating_sub(before.micros) < HELD_UP_MICROS)?;
        Some((wall, after))
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

fn system_steady_clock() -> Arc<SteadyClock> {
    let boot = boot_id();
    Arc::new(move || {
        let time = rustix::time::clock_gettime(STEADY_CLOCK);
        let micros = time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000);
        Steady { boot, micros }
    })
}

#[cfg(target_os = "linux")]
const STEADY_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// Elsewhere the monotonic clock itself runs on in suspend.
#[cfg(not(target_os = "linux"))]
const STEADY_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// The kernel's boot id. Without one each process counts as a run.
fn boot_id() -> [u8; 16] {
    let named = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let named = named.and_then(|text| Uuid::try_parse(text.trim()).ok()).map(Uuid::into_bytes);
    named.unwrap_or_else(|| {
        let mut drawn = [0; 16];
        // Zeros if nothing can be drawn: two runs then look like one, and a jump between them like a step.
        let _ = getrandom::fill(&mut drawn);
        drawn
    })
}

fn system_free_space(path: &Path) -> io::Result<FreeSpace> {
    let found = rustix::fs::statvfs(path)?;
    Ok(FreeSpace {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}
