//! A node's directory that outlives the logs opened on it, and helpers for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use comptoir_core::event::{Content, Draft, Event};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1;
use tempfile::TempDir;
use uuid::Uuid;

use super::super::memory::MemDisk;
use super::super::{
    AppendError, Appended, Backend, Environment, FreeSpace, Identity, Log, LogConfig, OpenError, Sealed, State,
};

pub(in super::super) fn identity() -> Identity {
    Identity {
        tenant: TenantId::from_bytes([1; 16]),
        site: SiteId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
    }
}

/// One node's directory and disk.
pub(in super::super) struct Node {
    pub(in super::super) dir: TempDir,
    pub(in super::super) backend: Backend,
    /// What the clock shows, in microseconds; each look moves it by one.
    pub(in super::super) clock: Arc<AtomicI64>,
    /// What the disk has free, of a terabyte.
    pub(in super::super) free_bytes: Arc<AtomicU64>,
    draws: Arc<AtomicU64>,
}

impl Node {
    pub(in super::super) fn on_sled() -> Node {
        Node::on(Backend::Sled { cache_bytes: 8 * 1024 * 1024 })
    }

    pub(in super::super) fn in_memory() -> Node {
        Node::on(Backend::Memory(MemDisk::default()))
    }

    fn on(backend: Backend) -> Node {
        Node {
            dir: TempDir::new().expect("a directory"),
            backend,
            clock: Arc::new(AtomicI64::new(1_700_000_000_000_000)),
            free_bytes: Arc::new(AtomicU64::new(900 << 30)),
            draws: Arc::default(),
        }
    }

    pub(in super::super) fn disk(&self) -> &MemDisk {
        match &self.backend {
            Backend::Memory(disk) => disk,
            Backend::Sled { .. } => panic!("this node is on sled"),
        }
    }

    pub(in super::super) fn config(&self) -> LogConfig {
        LogConfig { backend: self.backend.clone(), ..LogConfig::new(self.dir.path().join("node"), identity()) }
    }

    pub(in super::super) fn environment(&self) -> Environment {
        let (clock, free_bytes, draws) = (self.clock.clone(), self.free_bytes.clone(), self.draws.clone());
        Environment {
            clock: Arc::new(move || Timestamp(clock.fetch_add(1, Ordering::Relaxed))),
            steady: None,
            random: Arc::new(move |bytes| {
                let draw = draws.fetch_add(1, Ordering::Relaxed);
                bytes.iter_mut().zip(0u8..).for_each(|(byte, at)| *byte = at ^ (draw as u8).wrapping_mul(31));
                Ok(())
            }),
            free_space: Arc::new(move |_| {
                Ok(FreeSpace { free_bytes: free_bytes.load(Ordering::Relaxed), total_bytes: 1 << 40 })
            }),
        }
    }

    pub(in super::super) fn try_open(&self) -> Result<Log, OpenError> {
        Log::open(self.config(), self.environment())
    }

    pub(in super::super) fn open(&self) -> Log {
        self.try_open().expect("the log opens")
    }

    /// Opens the log and returns its finding.
    pub(in super::super) fn finding(&self) -> super::super::Finding {
        match self.open().status().state {
            State::Damaged(finding) => finding,
            other => panic!("expected a finding, the log is {other:?}"),
        }
    }
}

/// Runs a rule on both stores.
pub(in super::super) fn on_each_store(rule: impl Fn(Node)) {
    rule(Node::in_memory());
    rule(Node::on_sled());
}

pub(in super::super) fn id(number: u64) -> EventId {
    EventId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_le_bytes()))
}

/// A small event whose content follows from its number.
pub(in super::super) fn draft(number: u64) -> Draft {
    draft_of(number, format!(r#"{{"number":{number}}}"#).into_bytes())
}

pub(in super::super) fn draft_of(number: u64, payload: Vec<u8>) -> Draft {
    let name = |text: &str| Name::new(text).expect("a name");
    let content = Content {
        site: Some(identity().site),
        user: Some(name("u-1")),
        ..Content::new(name("SALE"), name(&format!("sale-{number}")), name("SALE_RECORDED"), payload)
    };
    Draft { id: id(number), occurred_at: Some(Timestamp(number as i64)), content }
}

pub(in super::super) fn append(log: &Log, drafts: Vec<Draft>) -> Result<Vec<Appended>, AppendError> {
    block_on(log.append(drafts))
}

/// Appends small events one by one, each of which has to be new.
pub(in super::super) fn append_each(log: &Log, numbers: impl IntoIterator<Item = u64>) -> Vec<Appended> {
    let one = |number| append(log, vec![draft(number)]).expect("an open log appends")[0];
    numbers.into_iter().map(one).collect()
}

pub(in super::super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Every record of the open epoch.
pub(in super::super) fn all(log: &Log) -> Vec<Sealed> {
    all_of(log, log.head().epoch.number)
}

pub(in super::super) fn all_of(log: &Log, epoch: u32) -> Vec<Sealed> {
    log.read(epoch, Seq(1), usize::MAX, usize::MAX).expect("the log reads")
}

pub(in super::super) fn event(sealed: &Sealed) -> Event {
    stored_v1::decode(&sealed.record).expect("a record")
}

/// The ids of all records of the open epoch after its first.
pub(in super::super) fn ids(log: &Log) -> Vec<EventId> {
    all(log).iter().skip(1).map(|sealed| event(sealed).id).collect()
}
