//! Known damage in the store, found by the background check or by readers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::store_check_v1::{StoreCheck, StoreFinding};

use super::walk::{FINDINGS_MAX, LogWalk};

/// Shared by the check, the readers of the log, and the health API.
#[derive(Clone, Debug, Default)]
pub struct StoreFindings(Arc<Mutex<BTreeMap<TenantId, TenantFindings>>>);

/// The stored log is damaged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{count} findings in the stored log; the first is {first}. `comptoir admin check` lists all, docs/operating/central.md says \
     what to do"
)]
pub struct StoreDamage {
    first: String,
    count: usize,
}

#[derive(Debug, Default)]
struct TenantFindings {
    checked_to: Position,
    head: Position,
    running: bool,
    completed_at: Option<Timestamp>,
    /// Findings of the last completed pass, and of readers since.
    confirmed: Vec<StoreFinding>,
    /// Findings of the running pass.
    fresh: Vec<StoreFinding>,
    more_findings: u64,
}

impl TenantFindings {
    fn findings(&self) -> impl Iterator<Item = &StoreFinding> {
        self.confirmed.iter().chain(self.fresh.iter().filter(|found| !self.confirmed.contains(found)))
    }
}

impl StoreFindings {
    /// Fails if damage is known, in any tenant.
    pub fn check(&self) -> Result<(), StoreDamage> {
        let tenants = self.known();
        let mut findings = tenants.values().flat_map(TenantFindings::findings);
        match findings.next() {
            None => Ok(()),
            Some(first) => Err(StoreDamage { first: first.to_string(), count: 1 + findings.count() }),
        }
    }

    /// The state of a tenant's check.
    pub fn of_tenant(&self, tenant: TenantId) -> StoreCheck {
        let tenants = self.known();
        let nothing = TenantFindings::default();
        let known = tenants.get(&tenant).unwrap_or(&nothing);
        let findings: Vec<StoreFinding> = known.findings().cloned().collect();
        let state = match (findings.is_empty(), known.completed_at) {
            (false, _) => "damaged",
            (true, Some(_)) => "clean",
            (true, None) => "running",
        };
        StoreCheck {
            tenant: tenant.uuid(),
            state: state.to_owned(),
            checked_to: known.checked_to.0,
            head: known.head.0,
            running: known.running,
            completed_at: known.completed_at.map(instant::format),
            findings,
            more_findings: known.more_findings,
        }
    }

    /// Records damage found by a reader. It stays known until a whole check finds no damage.
    pub(crate) fn met(&self, finding: StoreFinding) {
        let tenant = TenantId::new(finding.tenant);
        tracing::error!(tenant.id = %tenant, "The store is damaged: {finding}");
        let mut tenants = self.known();
        let known = tenants.entry(tenant).or_default();
        if !known.confirmed.contains(&finding) && known.confirmed.len() < FINDINGS_MAX {
            known.confirmed.push(finding);
        }
    }

    /// Records the progress of a pass.
    pub(super) fn saw(&self, tenant: TenantId, walk: &LogWalk) {
        let mut tenants = self.known();
        let known = tenants.entry(tenant).or_default();
        (known.checked_to, known.head, known.running) = (walk.at(), walk.head(), true);
        if known.fresh != walk.findings {
            known.fresh.clone_from(&walk.findings);
        }
    }

    /// Records the end of a pass: its findings replace the known ones.
    pub(super) fn ended(&self, tenant: TenantId, walk: &LogWalk, now: Timestamp) {
        for finding in &walk.findings {
            tracing::error!(tenant.id = %tenant, "The store is damaged: {finding}");
        }
        if walk.findings.is_empty() {
            tracing::info!(tenant.id = %tenant, "The stored log of tenant {tenant} is whole up to position {}", walk.head());
        }
        let mut tenants = self.known();
        let known = tenants.entry(tenant).or_default();
        *known = TenantFindings {
            checked_to: walk.at(),
            head: walk.head(),
            running: false,
            completed_at: Some(now),
            confirmed: walk.findings.clone(),
            fresh: Vec::new(),
            more_findings: walk.more_findings,
        };
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<TenantId, TenantFindings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
