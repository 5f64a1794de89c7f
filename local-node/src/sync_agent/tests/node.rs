//! A whole node: its API's view of the sync, and failures of the agent itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use comptoir_core::position::Seq;
use tempfile::TempDir;

use super::super::transport::{Acked, BootstrapAnswer, HttpAnswer, PullParams, Transport, Unanswered};
use super::central::Central;
use super::{Phase, draft, environment, id, identity};
use crate::config::{NodeConfig, SyncConfig};
use crate::event_log::Backend;
use crate::event_log::memory::MemDisk;
use crate::node::Node;

fn config(dir: &TempDir) -> NodeConfig {
    let mut config = NodeConfig::new(dir.path(), identity(), SyncConfig::disabled());
    config.log.backend = Backend::Memory(MemDisk::default());
    config
}

async fn acked(node: &Node, seq: u64) {
    node.log().watch().wait_for(|head| head.marks.acked == Seq(seq)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_sends_what_it_records_and_counts_what_needs_a_person() {
    let (dir, central) = (TempDir::new().unwrap(), Central::default());
    central.quarantines(id(1));
    let node = Node::start_with(config(&dir), environment(), Some(central.clone())).await.unwrap();
    node.log().append((0..3).map(draft).collect()).await.unwrap();
    acked(&node, 4).await;
    let state = node.sync().wait_for(|state| state.phase == Phase::Idle).await.unwrap().clone();
    assert_eq!((state.needs_person.events, central.events().len()), (1, 4));
    node.shutdown().await;
    node.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_with_sync_disabled_records_and_sends_nothing() {
    let dir = TempDir::new().unwrap();
    let node = Node::start_with(config(&dir), environment(), None::<Central>).await.unwrap();
    node.log().append(vec![draft(0)]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(86_400)).await;
    assert_eq!((node.sync().borrow().phase, node.log().pending().unwrap().count), (Phase::Disabled, 1));
    node.shutdown().await;
}

/// A transport with a defect.
struct Defective {
    central: Central,
    panics: Arc<AtomicU32>,
}

impl Transport for Defective {
    async fn push(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        assert!(self.panics.fetch_add(1, Ordering::Relaxed) > 1, "a defect");
        self.central.push(body).await
    }

    async fn status(&self, acked: Acked) -> Result<HttpAnswer, Unanswered> {
        self.central.status(acked).await
    }

    async fn put_blob(&self, hash: String, bytes: Bytes) -> Result<HttpAnswer, Unanswered> {
        self.central.put_blob(hash, bytes).await
    }

    async fn pull(&self, query: PullParams) -> Result<HttpAnswer, Unanswered> {
        self.central.pull(query).await
    }

    async fn bootstrap(&self, after: Option<String>) -> Result<BootstrapAnswer, Unanswered> {
        self.central.bootstrap(after).await
    }

    async fn certificate(&self, node: uuid::Uuid, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        self.central.certificate(node, body).await
    }

    async fn users(&self) -> Result<HttpAnswer, Unanswered> {
        self.central.users().await
    }

    async fn wiped(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        self.central.wiped(body).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_agent_is_restarted_and_raises_an_alert() {
    let (dir, central) = (TempDir::new().unwrap(), Central::default());
    let line = Defective { central: central.clone(), panics: Arc::default() };
    let node = Node::start_with(config(&dir), environment(), Some(line)).await.unwrap();
    let defect = |state: &super::SyncState| state.alert.as_ref().is_some_and(|alert| alert.code == "INTERNAL");
    node.sync().wait_for(defect).await.unwrap();
    node.log().append(vec![draft(0)]).await.unwrap();
    acked(&node, 2).await;
    node.shutdown().await;
}
