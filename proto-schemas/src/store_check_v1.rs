//! Results of central's check of its own store: `GET /api/v1/store-check` and `comptoir admin check --json`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::damage::Damage;
use crate::openapi::words;

/// One defect, with the first and last position or seq that it concerns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoreFinding {
    /// Kind of damage.
    #[schemars(with = "words::StoreDamage")]
    pub damage: Damage,
    /// The tenant.
    pub tenant: Uuid,
    /// The node whose records are concerned; absent if the tenant's order is concerned. `first` and `last` are then positions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Uuid>,
    /// The node's epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The first position, or the first seq of the node's epoch.
    pub first: u64,
    /// The last position or seq.
    pub last: u64,
    /// What should be stored.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

impl StoreFinding {
    /// A finding about positions of a tenant's order.
    pub fn about_positions(
        damage: Damage,
        tenant: Uuid,
        (first, last): (u64, u64),
        expected: String,
        found: String,
    ) -> StoreFinding {
        StoreFinding { damage, tenant, node: None, epoch: None, first, last, expected, found }
    }

    /// A finding about records of one epoch of a node.
    pub fn about_log(
        damage: Damage,
        tenant: Uuid,
        (node, epoch): (Uuid, u32),
        (first, last): (u64, u64),
        expected: String,
        found: String,
    ) -> StoreFinding {
        StoreFinding { damage, tenant, node: Some(node), epoch: Some(epoch), first, last, expected, found }
    }
}

impl fmt::Display for StoreFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreFinding { damage, tenant, node, epoch, first, last, expected, found } = self;
        write!(f, "{}: tenant {tenant}, ", damage.as_str())?;
        match (node, epoch) {
            (Some(node), Some(epoch)) => write!(f, "node {node}, epoch {epoch}, seq ")?,
            _ => write!(f, "position ")?,
        }
        match first == last {
            true => write!(f, "{first}")?,
            false => write!(f, "{first} to {last}")?,
        }
        write!(f, ": expected {expected}, found {found}")
    }
}

/// The check of a tenant's stored log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoreCheck {
    /// The tenant.
    pub tenant: Uuid,
    /// `running` until the first check has ended and while nothing was found; `damaged` from the first finding on.
    #[schemars(with = "words::StoreCheckState")]
    pub state: String,
    /// The last position that the running check, or else the last one, has read.
    pub checked_to: u64,
    /// The head that it checks up to.
    pub head: u64,
    /// Whether a check is under way.
    pub running: bool,
    /// When the last complete check ended; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub completed_at: Option<String>,
    /// The defects, in the order in which they were found.
    pub findings: Vec<StoreFinding>,
    /// Findings beyond those that are listed.
    pub more_findings: u64,
}
