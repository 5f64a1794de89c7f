//! Central's attestation of a result that depends on the order of arrival: the first validation of a delivery, and the number
//! of an invoice. A node stores the attestation with the result, and sends both to a central that was restored from an older
//! copy. Central accepts only attested decisions: otherwise a node could choose its verdict.
//!
//! An attestation is a keyed BLAKE3 hash of 128 bits. Only central checks it, so no signature is needed. The key is derived
//! from central's signing key, which is in the database and in every copy of it.

use comptoir_core::decision::{Resolution, Verdict};
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::rules::PriorDecision;
use comptoir_proto::sync_v1::RecordResult;
use ed25519_dalek::SigningKey;

use super::prepare::{Body, PreparedRecord};

const CONTEXT: &str = "comptoir/central/stamp/1";

pub(crate) type Attestation = [u8; 16];

/// The key of all attestations of this central.
#[derive(Clone)]
pub(crate) struct AttestationKey([u8; 32]);

/// An event whose result may be attested. It is identified by its content, so that the attestation holds wherever and however
/// often the event is sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttestedEvent {
    tenant: TenantId,
    event: EventId,
    content: blake3::Hash,
}

impl AttestedEvent {
    /// `None` if the decision does not depend on the order of arrival.
    pub(crate) fn of(record: &PreparedRecord) -> Option<AttestedEvent> {
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

    /// Attests a result that is final.
    pub(crate) fn attest(&self, event: &AttestedEvent, result: &mut RecordResult) {
        let decision = result.as_prior_decision().filter(|decision| PriorDecision::is_final(decision.verdict));
        result.attestation = decision.and_then(|decision| self.attestation(event, &decision)).map(hex::encode);
    }

    /// Whether central attested this decision about the event.
    pub(crate) fn verifies(&self, event: &AttestedEvent, decision: &PriorDecision, sent: Attestation) -> bool {
        let own = self.attestation(event, decision);
        // In constant time, so that the time reveals nothing about the attestation.
        own.is_some_and(|own| own.iter().zip(sent).fold(0, |differs, (own, sent)| differs | (own ^ sent)) == 0)
    }

    fn attestation(&self, event: &AttestedEvent, decision: &PriorDecision) -> Option<Attestation> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let mut put = |bytes: Option<&[u8]>| {
            hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
            hasher.update(bytes.unwrap_or_default());
        };
        put(Some(event.tenant.as_bytes()));
        put(Some(event.event.as_bytes()));
        put(Some(event.content.as_bytes()));
        put(Some(Verdict::as_str(decision.verdict).as_bytes()));
        put(decision.code.map(|code| code.as_str().as_bytes()));
        put(decision.reference.as_ref().map(String::as_bytes));
        match &decision.resolution {
            None => put(None),
            Some(Resolution::DiscardLocal { event: winner, user, node, at, place }) => {
                put(Some(winner.as_bytes()));
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

    fn attested() -> AttestedEvent {
        AttestedEvent {
            tenant: TenantId::from_bytes([1; 16]),
            event: EventId::from_bytes([2; 16]),
            content: blake3::hash(b"what it says"),
        }
    }

    #[test]
    fn an_attestation_verifies_only_its_central_content_and_decision() {
        let (key, other) = (AttestationKey([7; 32]), AttestationKey([8; 32]));
        let first = Resolution::DiscardLocal {
            event: EventId::from_bytes([3; 16]),
            user: None,
            node: NodeId::from_bytes([4; 16]),
            at: Timestamp(5),
            place: None,
        };
        let decision = PriorDecision {
            verdict: Verdict::Conflict,
            code: Some(Code::AlreadyValidated),
            reference: None,
            resolution: Some(first.clone()),
        };
        let attestation = key.attestation(&attested(), &decision).unwrap();
        assert!(key.verifies(&attested(), &decision, attestation));
        assert!(!other.verifies(&attested(), &decision, attestation));
        let elsewhere = AttestedEvent { tenant: TenantId::from_bytes([9; 16]), ..attested() };
        let another = AttestedEvent { event: EventId::from_bytes([9; 16]), ..attested() };
        let edited = AttestedEvent { content: blake3::hash(b"what it says now"), ..attested() };
        for event in [elsewhere, another, edited] {
            assert!(!key.verifies(&event, &decision, attestation), "{event:?}");
        }
        let Resolution::DiscardLocal { event, node, at, .. } = first else { unreachable!() };
        let of =
            |place: &str| Some(Resolution::DiscardLocal { event, user: None, node, at, place: Some(place.into()) });
        for other in [
            PriorDecision { verdict: Verdict::Accepted, ..decision.clone() },
            PriorDecision { code: None, ..decision.clone() },
            PriorDecision { reference: Some("F2026-LYO-000001".to_owned()), ..decision.clone() },
            PriorDecision { resolution: None, ..decision.clone() },
            PriorDecision { resolution: of("1,2"), ..decision.clone() },
        ] {
            assert!(!key.verifies(&attested(), &other, attestation), "{other:?}");
        }
    }
}
