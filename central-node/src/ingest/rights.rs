//! The rights by which a batch judges events of users.
//!
//! The tenant's head, which every batch locks and reads, says at which position what nodes know of users last changed. While it
//! stays, so do the rights, and they are kept in memory: judging costs no round trip.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::rights::RightsHistory;
use deadpool_postgres::Transaction;

use super::job::JobRun;
use super::load::BatchContext;
use crate::database::StoreError;
use crate::identity::rights::load_history;

/// Tenants whose rights are kept in memory.
const TENANTS_MAX: usize = 1_000;

/// The rights of tenants, each as of its identity position.
#[derive(Clone, Debug, Default)]
pub(crate) struct RightsCache(Arc<Mutex<HashMap<TenantId, KnownRights>>>);

#[derive(Clone, Debug)]
struct KnownRights {
    as_of: Position,
    rights: Arc<RightsHistory>,
}

impl RightsCache {
    fn get(&self, tenant: TenantId, as_of: Position) -> Option<Arc<RightsHistory>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant).filter(|known| known.as_of == as_of).map(|known| Arc::clone(&known.rights))
    }

    fn keep(&self, tenant: TenantId, as_of: Position, rights: Arc<RightsHistory>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TENANTS_MAX && !kept.contains_key(&tenant) {
            kept.clear();
        }
        kept.insert(tenant, KnownRights { as_of, rights });
    }
}

/// The rights that a batch needs: none if no event of it was recorded by a user. The tenant is locked, so they are those of its
/// identity position.
pub(super) async fn load_rights(
    tx: &Transaction<'_>,
    context: &BatchContext,
    runs: &[JobRun<'_>],
    cache: &RightsCache,
) -> Result<Arc<RightsHistory>, StoreError> {
    if !runs.iter().any(has_user_events) {
        return Ok(Arc::default());
    }
    let (tenant, as_of) = (context.tenant.id, context.head.identity_position);
    if let Some(rights) = cache.get(tenant, as_of) {
        return Ok(rights);
    }
    let rights = Arc::new(load_history(tx, tenant).await?);
    cache.keep(tenant, as_of, Arc::clone(&rights));
    Ok(rights)
}

fn has_user_events(run: &JobRun<'_>) -> bool {
    match run {
        JobRun::Push(run) => {
            let new = run.push.records.get(run.new.clone()).unwrap_or_default();
            new.iter().any(|record| record.event().is_some_and(|event| event.identity_position > 0))
        }
        JobRun::Device(run) => run.drafts.author_role.is_some(),
        JobRun::Drafts(_) => false,
    }
}
