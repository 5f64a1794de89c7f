//! A node in this process with a disk and clock controlled by the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::config::{NodeConfig, SyncConfig};
use crate::event_log::memory::MemDisk;
use crate::event_log::{Backend, Environment, FreeSpace, Identity};
use crate::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use crate::node::Node;
use crate::sync_agent::transport::HttpTransport;

/// The clock's first time.
const START: i64 = 1_800_000_000_000_000;

/// As `free_bytes`: the query of free space hangs until another number is set.
pub(super) const DISK_HANGS: u64 = u64::MAX;

/// Holds the log's writer at its next clock read.
#[derive(Default)]
pub(super) struct Gate {
    closed: std::sync::Mutex<bool>,
    opened: std::sync::Condvar,
    /// Notified when the writer is held.
    pub(super) held: Notify,
}

impl Gate {
    pub(super) fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }

    pub(super) fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        if *closed {
            self.held.notify_one();
            drop(self.opened.wait_while(closed, |closed| *closed).unwrap());
        }
    }
}

pub(super) struct Shop {
    pub(super) node: Arc<Node>,
    /// The administrator's key, which [`Shop::send`] sends.
    pub(super) key: String,
    pub(super) router: Router,
    pub(super) disk: MemDisk,
    pub(super) free_bytes: Arc<AtomicU64>,
    pub(super) clock: Arc<AtomicI64>,
    pub(super) gate: Arc<Gate>,
    pub(super) dir: TempDir,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Expects a problem with this status and code.
    pub(super) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.json()["code"]), (status, &json!(code)), "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.json()
    }
}

impl Shop {
    pub(super) async fn open() -> Shop {
        Shop::with_queue(1_024).await
    }

    /// A shop whose log lets that many callers wait.
    pub(super) async fn with_queue(queue_len: usize) -> Shop {
        let (dir, disk) = (TempDir::new().unwrap(), MemDisk::default());
        let (clock, free_bytes) = (Arc::new(AtomicI64::new(START)), Arc::new(AtomicU64::new(900 << 30)));
        Shop::start(dir, disk, free_bytes, clock, Arc::default(), queue_len).await
    }

    async fn start(
        dir: TempDir,
        disk: MemDisk,
        free_bytes: Arc<AtomicU64>,
        clock: Arc<AtomicI64>,
        gate: Arc<Gate>,
        queue_len: usize,
    ) -> Shop {
        let identity = Identity {
            tenant: TenantId::from_bytes([1; 16]),
            site: SiteId::from_bytes([2; 16]),
            node: NodeId::from_bytes([3; 16]),
        };
        let mut config = NodeConfig::new(dir.path(), identity, SyncConfig::disabled());
        config.log.backend = Backend::Memory(disk.clone());
        config.log.queue_len = queue_len;
        let environment = environment(clock.clone(), free_bytes.clone(), gate.clone());
        let node = Node::start_with(config, environment, None::<HttpTransport>).await.unwrap();
        let key = key_in_header_file(&dir.path().join(ADMIN_HEADER_FILE)).unwrap().expect("the node made a key");
        Shop { router: crate::router(node.clone()), node, key, disk, free_bytes, clock, gate, dir }
    }

    pub(super) async fn send(&self, method: &str, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
        self.send_alone(method, path, &[("content-type", kind), ("authorization", &self.bearer())], body).await
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// With these headers and no credential of its own.
    pub(super) async fn send_alone(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.map(|body| body.to_vec()).unwrap_or_default();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// With headers besides the content type.
    pub(super) async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let bearer = self.bearer();
        let own = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.send_alone(method, path, &[&own, headers].concat(), body).await
    }

    /// Kills the node and starts it again on the same disk.
    pub(super) async fn restarted(self) -> Shop {
        let Shop { node, router, disk, free_bytes, clock, gate, dir, .. } = self;
        node.log().close();
        drop((node, router));
        disk.cut_power(0);
        Shop::start(dir, disk, free_bytes, clock, gate, 1_024).await
    }

    /// Everything on the disk, as text.
    pub(super) fn disk_text(&self) -> String {
        let mut text = String::new();
        self.disk.tamper(|rows| {
            for (key, value) in &*rows {
                text += &format!("{} {}\n", String::from_utf8_lossy(key), String::from_utf8_lossy(value));
            }
        });
        text
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "application/json", "").await
    }

    pub(super) async fn post(&self, body: &Value) -> Reply {
        self.send("POST", "/api/v1/events", "application/json", body.to_string()).await
    }

    /// Records the sales of these numbers and checks the answers.
    pub(super) async fn sell(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let reply = self.post(&sale(number)).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }

    pub(super) fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

fn environment(clock: Arc<AtomicI64>, free_bytes: Arc<AtomicU64>, gate: Arc<Gate>) -> Environment {
    let drawn = AtomicU8::new(5);
    Environment {
        clock: Arc::new(move || {
            if std::thread::current().name() == Some("log-writer") {
                gate.pass();
            }
            Timestamp(clock.load(Ordering::Relaxed))
        }),
        steady: None,
        random: Arc::new(move |bytes| {
            // Each call has other bytes, as ids need, and each run of a test the same ones.
            bytes.fill(drawn.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }),
        free_space: Arc::new(move |_| {
            while free_bytes.load(Ordering::Relaxed) == DISK_HANGS {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(FreeSpace { free_bytes: free_bytes.load(Ordering::Relaxed), total_bytes: 1 << 40 })
        }),
    }
}

pub(super) fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0199_0000_0000_7000, 0x8000_0000_0000_0000 + number)
}

pub(super) fn sale(number: u64) -> Value {
    json!({
        "id": id(number), "entity_type": "SALE", "entity_id": format!("s-{number}"), "action": "SALE_RECORDED",
        "payload": {
            "currency": "GBP", "total_minor": 510,
            "lines": [{"product": "85123A", "quantity": "2", "unit_price": "2.55"}],
        },
    })
}
