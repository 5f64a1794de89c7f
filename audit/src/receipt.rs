//! Whether a log has the record that a printed receipt names.

use comptoir_core::chain::ChainHash;
use comptoir_core::id::NodeId;
use comptoir_core::position::Seq;
use comptoir_messages::{Language, Message};
use comptoir_proto::bundle_v1::{BundleHeader, Frame};
use comptoir_proto::instant;
use comptoir_proto::receipt_code::{NoReceiptCode, ReceiptCode};
use comptoir_proto::stored_v1::{decision_head, decode, header};
use serde_json::{Value, json};

use crate::source::{AuditError, Source, next, open};

/// What the files say of a receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReceiptFinding {
    /// The log has exactly this record.
    Recorded(Box<RecordOfReceipt>),
    /// The log has another record at this place.
    Differs {
        /// The chain after that record.
        found: ChainHash,
    },
    /// The files have no record at this place.
    Missing,
}

/// The record of a receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordOfReceipt {
    /// `SALE_RECORDED`...
    pub action: String,
    /// The entity's id.
    pub entity_id: String,
    /// When it happened, RFC 3339.
    pub occurred_at: String,
    /// The chain after it.
    pub chain: ChainHash,
    /// In a tenant's bundle: its position, and central's verdict.
    pub decided: Option<(u64, &'static str)>,
}

/// Reads the code, or the address that has it as its last part.
pub fn receipt_code(text: &str) -> Result<ReceiptCode, NoReceiptCode> {
    text.trim().rsplit('/').next().unwrap_or_default().parse()
}

/// Looks for the record in the files of one log. They should be verified first: no link is computed here.
pub fn find_receipt(sources: &[&dyn Source], code: &ReceiptCode) -> Result<ReceiptFinding, AuditError> {
    let mut finding = ReceiptFinding::Missing;
    for source in sources {
        let mut reader = open(*source)?;
        let of_node = match reader.header() {
            BundleHeader::Node { node, .. } => Some(*node),
            BundleHeader::Central { .. } => None,
        };
        let mut epoch = None;
        while let Some((_, frame)) = next(&mut reader, source.name())? {
            let at = match &frame {
                Frame::Epoch(start) => {
                    epoch = Some((start.epoch.number, start.after));
                    continue;
                }
                Frame::Record { chain, record } => {
                    let Some((number, seq)) = &mut epoch else { continue };
                    *seq = seq.next();
                    PlacedRecord { node: of_node, epoch: *number, seq: *seq, chain: *chain, record, decided: None }
                }
                Frame::Entry(entry) => PlacedRecord {
                    node: Some(entry.node),
                    epoch: entry.epoch.number,
                    seq: entry.seq,
                    chain: entry.chain,
                    record: entry.record,
                    decided: decision_head(entry.decision).ok().map(|head| (entry.position.0, head.verdict.as_str())),
                },
                Frame::Head(_) | Frame::Answer(_) => continue,
            };
            if let Some(found) = at.finding(code) {
                finding = found;
                if matches!(finding, ReceiptFinding::Recorded(_)) {
                    return Ok(finding);
                }
            }
        }
    }
    Ok(finding)
}

struct PlacedRecord<'a> {
    node: Option<NodeId>,
    epoch: u32,
    seq: Seq,
    chain: ChainHash,
    record: &'a [u8],
    decided: Option<(u64, &'static str)>,
}

impl PlacedRecord<'_> {
    fn finding(&self, code: &ReceiptCode) -> Option<ReceiptFinding> {
        if (self.node, self.epoch, self.seq) != (Some(code.node), code.epoch, code.seq) {
            return None;
        }
        let is_it = code.is_of(self.chain) && header(self.record).is_ok_and(|header| header.tenant == code.tenant);
        let event = decode(self.record).ok().filter(|_| is_it);
        Some(event.map_or(ReceiptFinding::Differs { found: self.chain }, |event| {
            ReceiptFinding::Recorded(Box::new(RecordOfReceipt {
                action: event.content.action.to_string(),
                entity_id: event.content.entity_id.to_string(),
                occurred_at: instant::format(event.occurred_at),
                chain: self.chain,
                decided: self.decided,
            }))
        }))
    }
}

impl ReceiptFinding {
    /// One JSON object.
    pub fn to_json(&self) -> Value {
        match self {
            ReceiptFinding::Recorded(record) => json!({
                "state": "RECORDED", "action": record.action, "entity_id": record.entity_id,
                "occurred_at": record.occurred_at, "chain": record.chain.to_string(),
                "position": record.decided.map(|(position, _)| position),
                "verdict": record.decided.map(|(_, verdict)| verdict),
            }),
            ReceiptFinding::Differs { found } => json!({ "state": "DIFFERS", "chain": found.to_string() }),
            ReceiptFinding::Missing => json!({ "state": "MISSING" }),
        }
    }

    /// For a person.
    pub fn to_text(&self, language: Language) -> String {
        match self {
            ReceiptFinding::Recorded(record) => {
                let first = Message::new("audit-receipt-recorded").text(language);
                let mut text = format!("{first}\n  {} {}, {}", record.action, record.entity_id, record.occurred_at);
                if let Some((position, verdict)) = record.decided {
                    let decided = Message::new("audit-receipt-decided");
                    let decided = decided.with("position", position.to_string()).with("verdict", verdict);
                    text += &format!("\n  {}", decided.text(language));
                }
                text + &format!("\n  {}", record.chain)
            }
            ReceiptFinding::Differs { found } => {
                format!("{}\n  {found}", Message::new("audit-receipt-differs").text(language))
            }
            ReceiptFinding::Missing => Message::new("audit-receipt-missing").text(language),
        }
    }
}
