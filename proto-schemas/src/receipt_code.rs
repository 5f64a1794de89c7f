//! The code on a receipt: it names a record by its place in a log and the beginning of the chain after it, so that a server can
//! say whether the log has that record. It is the last part of `/r/{code}` in the receipt's QR code.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_core::chain::ChainHash;
use comptoir_core::event::Event;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Seq;
use uuid::Uuid;

use crate::paths;

const VERSION: u8 = 1;
/// Bytes of the chain: nobody guesses them, and the QR code stays small.
const CHAIN_BYTES: usize = 16;
const BYTES: usize = 1 + 16 + 16 + 4 + 8 + CHAIN_BYTES;

/// The place of a record and the beginning of its chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReceiptCode {
    /// The tenant.
    pub tenant: TenantId,
    /// The node in whose log the record is.
    pub node: NodeId,
    /// The number of the epoch.
    pub epoch: u32,
    /// The record's number in the epoch.
    pub seq: Seq,
    chain: [u8; CHAIN_BYTES],
}

/// The text is no receipt's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no receipt's code: it has 82 characters A to Z, a to z, 0 to 9, - or _")]
pub struct NoReceiptCode;

impl ReceiptCode {
    /// The code of a sealed event. `chain` is the hash after it.
    pub fn new(event: &Event, chain: ChainHash) -> ReceiptCode {
        let (tenant, node, epoch) = (event.tenant, event.node, event.epoch.number);
        ReceiptCode { tenant, node, epoch, seq: event.seq, chain: first_bytes(chain) }
    }

    /// Whether the record at that place has this chain.
    pub fn is_of(&self, chain: ChainHash) -> bool {
        self.chain == first_bytes(chain)
    }

    /// The path that says whether the record is in the log.
    pub fn path(&self) -> String {
        paths::RECEIPT.replace("{code}", &self.to_string())
    }
}

fn first_bytes(chain: ChainHash) -> [u8; CHAIN_BYTES] {
    let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = chain.0;
    first
}

impl fmt::Display for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.tenant.as_bytes());
        bytes.extend(self.node.uuid().as_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.seq.0.to_be_bytes());
        bytes.extend(self.chain);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for ReceiptCode {
    type Err = NoReceiptCode;

    fn from_str(text: &str) -> Result<ReceiptCode, NoReceiptCode> {
        let mut bytes = [0; BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
        if read != Ok(BYTES) || bytes[0] != VERSION {
            return Err(NoReceiptCode);
        }
        let mut rest = &bytes[1..];
        Ok(ReceiptCode {
            tenant: TenantId::new(Uuid::from_bytes(next(&mut rest))),
            node: NodeId::new(Uuid::from_bytes(next(&mut rest))),
            epoch: u32::from_be_bytes(next(&mut rest)),
            seq: Seq(u64::from_be_bytes(next(&mut rest))),
            chain: next(&mut rest),
        })
    }
}

/// The next bytes of a text whose length was checked.
fn next<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (first, after) = rest.split_first_chunk().expect("the length was checked");
    *rest = after;
    *first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_reads_as_it_was_written(tenant: u128, node: u128, epoch: u32, seq: u64, chain: [u8; 32], other: [u8; 32]) {
            let code = ReceiptCode {
                tenant: TenantId::new(Uuid::from_u128(tenant)),
                node: NodeId::new(Uuid::from_u128(node)),
                epoch,
                seq: Seq(seq),
                chain: first_bytes(ChainHash(chain)),
            };
            prop_assert_eq!(code.to_string().parse(), Ok(code));
            prop_assert_eq!(code.to_string().len(), 82);
            prop_assert!(code.is_of(ChainHash(chain)));
            prop_assert_eq!(code.is_of(ChainHash(other)), chain[..16] == other[..16]);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,120}") {
            let _ = text.parse::<ReceiptCode>();
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let code = ReceiptCode {
            tenant: TenantId::new(Uuid::from_u128(1)),
            node: NodeId::new(Uuid::from_u128(2)),
            epoch: 3,
            seq: Seq(4),
            chain: [5; CHAIN_BYTES],
        };
        let text = code.to_string();
        let other_version = format!("B{}", &text[1..]);
        for bad in ["", "/", &text[1..], &format!("{text}A"), &format!("{text}="), other_version.as_str()] {
            assert_eq!(bad.parse::<ReceiptCode>(), Err(NoReceiptCode), "{bad}");
        }
    }
}
