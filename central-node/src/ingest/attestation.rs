//! Central's own mark on what it told a node, where the order of arrival had decided it: who was first at a delivery, and which number an
//! invoice got. A node keeps it with the result and hands it back to a central that was put back to an older copy, which believes its own
//! mark and nothing else: a node that could say by itself what had been decided could choose its verdict.
//!
//! It is a keyed BLAKE3 of 128 bits. Only central has to check it, so no signature is needed; the key is derived from central's signing
//! key, which is in the database and comes back with every copy of it.

use comptoir_core::decision::{Resolution, Verdict};
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::rules::PriorDecision;
use comptoir_proto::sync_v1::RecordResult;
use ed25519_dalek::SigningKey;

use super::prepare::{Body, PreparedRecord};

const CONTEXT: &str = "comptoir/central/stamp/1";

/// The mark.
pub(crate) type Attestation = [u8; 16];

/// The key of all stamps of this central.
#[derive(Clone)]
pub(crate) struct AttestationKey([u8; 32]);

/// An event whose result may be stamped: its content says what was decided about, wherever and however often it is sealed.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttestedEvent {
    tenant: TenantId,
    event: EventId,
    content: blake3::Hash,
}

impl AttestedEvent {
    /// Nothing where no order of arrival decides about it.
    pub(super) fn of(record: &PreparedRecord) -> Option<AttestedEvent> {
        let Body::Known(known) = &record.body else { return None };
        PriorDecision::is_of(&known.fact).then(|| AttestedEvent::event(&known.event))
    }

    fn event(event: &Event) -> AttestedEvent {
        AttestedEvent { tenant: event.tenant, event: event.id, content: event.content_hash() }
    }
}

impl AttestationKey {
    pub(crate) fn of(key: &SigningKey) -> AttestationKey {
        AttestationKey(blake3::derive_key(CONTEXT, &key.to_bytes()))
    }

    /// Puts the stamp on a result that may have to be kept to.
    pub(super) fn put(&self, stamped: &AttestedEvent, result: &mut RecordResult) {
        let promise = result.as_prior_decision().filter(|promise| PriorDecision::is_final(promise.verdict));
        result.attestation = promise.and_then(|promise| self.of_promise(stamped, &promise)).map(hex::encode);
    }

    /// Whether central had told this of the event.
    pub(super) fn holds(&self, stamped: &AttestedEvent, promise: &PriorDecision, stamp: Attestation) -> bool {
        let own = self.of_promise(stamped, promise);
        // Every byte is compared, whichever differs: how long it takes tells nothing.
        own.is_some_and(|own| own.iter().zip(stamp).fold(0, |differs, (own, given)| differs | (own ^ given)) == 0)
    }

    fn of_promise(&self, stamped: &AttestedEvent, promise: &PriorDecision) -> Option<Attestation> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let mut put = |bytes: Option<&[u8]>| {
            hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
            hasher.update(bytes.unwrap_or_default());
        };
        put(Some(stamped.tenant.as_bytes()));
        put(Some(stamped.event.as_bytes()));
        put(Some(stamped.content.as_bytes()));
        put(Some(Verdict::as_str(promise.verdict).as_bytes()));
        put(promise.code.map(|code| code.as_str().as_bytes()));
        put(promise.reference.as_ref().map(String::as_bytes));
        match &promise.resolution {
            None => put(None),
            Some(Resolution::DiscardLocal { event, user, node, at, place }) => {
                put(Some(event.as_bytes()));
                put(user.as_ref().map(|user| user.as_str().as_bytes()));
                put(Some(node.as_bytes()));
                put(Some(&at.0.to_le_bytes()));
                put(place.as_ref().map(String::as_bytes));
            }
            Some(Resolution::ServerStock { .. } | Resolution::ServerEntity { .. }) => return None,
        }
        hasher.finalize().as_bytes().first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comptoir_core::decision::Code;
    use comptoir_core::id::NodeId;
    use comptoir_core::time::Timestamp;

    fn stamped() -> AttestedEvent {
        AttestedEvent {
            tenant: TenantId::from_bytes([1; 16]),
            event: EventId::from_bytes([2; 16]),
            content: blake3::hash(b"what it says"),
        }
    }

    #[test]
    fn a_stamp_holds_for_what_was_told_of_that_content_by_this_central_and_for_nothing_else() {
        let (key, other) = (AttestationKey([7; 32]), AttestationKey([8; 32]));
        let first = Resolution::DiscardLocal {
            event: EventId::from_bytes([3; 16]),
            user: None,
            node: NodeId::from_bytes([4; 16]),
            at: Timestamp(5),
            place: None,
        };
        let told = PriorDecision {
            verdict: Verdict::Conflict,
            code: Some(Code::AlreadyValidated),
            reference: None,
            resolution: Some(first.clone()),
        };
        let stamp = key.of_promise(&stamped(), &told).unwrap();
        assert!(key.holds(&stamped(), &told, stamp));
        assert!(!other.holds(&stamped(), &told, stamp));
        let elsewhere = AttestedEvent { tenant: TenantId::from_bytes([9; 16]), ..stamped() };
        let another = AttestedEvent { event: EventId::from_bytes([9; 16]), ..stamped() };
        let edited = AttestedEvent { content: blake3::hash(b"what it says now"), ..stamped() };
        for stamped in [elsewhere, another, edited] {
            assert!(!key.holds(&stamped, &told, stamp), "{stamped:?}");
        }
        let Resolution::DiscardLocal { event, node, at, .. } = first else { unreachable!() };
        let of =
            |place: &str| Some(Resolution::DiscardLocal { event, user: None, node, at, place: Some(place.into()) });
        for other in [
            PriorDecision { verdict: Verdict::Accepted, ..told.clone() },
            PriorDecision { code: None, ..told.clone() },
            PriorDecision { reference: Some("F2026-LYO-000001".to_owned()), ..told.clone() },
            PriorDecision { resolution: None, ..told.clone() },
            PriorDecision { resolution: of("1,2"), ..told.clone() },
        ] {
            assert!(!key.holds(&stamped(), &other, stamp), "{other:?}");
        }
    }
}
