//! The hash chain over stored bytes. There is no canonical form: the written bytes are hashed.

use std::fmt;

use crate::id::{NodeId, TenantId};
use crate::position::Epoch;

const GENESIS_CONTEXT: &[u8] = b"comptoir/genesis/1";
/// Domain separator of [`link`].
pub const RECORD_CONTEXT: &[u8] = b"comptoir/record/1";
const DECISION_GENESIS_CONTEXT: &[u8] = b"comptoir/decision-genesis/1";
/// Domain separator of [`decision_link`].
pub const DECISION_CONTEXT: &[u8] = b"comptoir/decision/1";

/// BLAKE3 hash of everything up to and including one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// The hash before an epoch's first record: binds the chain to its tenant, node and epoch.
pub fn genesis(tenant: TenantId, node: NodeId, epoch: Epoch) -> ChainHash {
    hash(&[GENESIS_CONTEXT, tenant.as_bytes(), node.as_bytes(), &epoch.number.to_le_bytes(), epoch.id.as_bytes()])
}

/// The hash after one more record: `blake3(context || previous || record)`.
pub fn link(previous: ChainHash, record: &[u8]) -> ChainHash {
    hash(&[RECORD_CONTEXT, &previous.0, record])
}

/// The hash before a tenant's first decision.
pub fn decision_genesis(tenant: TenantId) -> ChainHash {
    hash(&[DECISION_GENESIS_CONTEXT, tenant.as_bytes()])
}

/// The hash after one more decision, which makes central's order and decisions tamper-evident.
pub fn decision_link(previous: ChainHash, decision: &[u8]) -> ChainHash {
    hash(&[DECISION_CONTEXT, &previous.0, decision])
}

fn hash(parts: &[&[u8]]) -> ChainHash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    ChainHash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_byte_before_it_moves_the_head() {
        let epoch = Epoch { number: 1, id: Uuid::from_bytes([3; 16]) };
        let start = genesis(TenantId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]), epoch);
        let other_node = genesis(TenantId::from_bytes([1; 16]), NodeId::from_bytes([9; 16]), epoch);
        assert_ne!(start, other_node);
        assert_ne!(link(link(start, b"a"), b"b"), link(link(start, b"b"), b"a"), "order matters");
        assert_ne!(link(start, b"a"), decision_link(start, b"a"), "a decision can never pass for a record");
    }
}
