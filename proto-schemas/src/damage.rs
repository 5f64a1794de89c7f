//! Kinds of damage in a tenant's stored log.

use serde::{Deserialize, Serialize, Serializer};

/// A kind of damage in a tenant's stored log. A word never changes its meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Damage {
    /// Assigned positions have no row.
    MissingPositions,
    /// Records of a node that were acknowledged have no row.
    MissingSeqs,
    /// Postgres cannot read rows: a checksum is wrong, or a part of the file is missing.
    Unreadable,
    /// The chain over the stored decisions differs from the chain stored when they were written.
    DecisionChain,
    /// A record's bytes do not match its chain.
    RecordChain,
    /// A decision cannot be decoded, or is about another record than the one in its row.
    Decision,
    /// A column differs from the sealed bytes in the same row.
    Column,
    /// A record has a lower seq than the one before it.
    Order,
    /// The head is missing, or precedes stored rows.
    Head,
}

impl Damage {
    /// Every kind.
    pub const ALL: [Damage; 9] = [
        Damage::MissingPositions,
        Damage::MissingSeqs,
        Damage::Unreadable,
        Damage::DecisionChain,
        Damage::RecordChain,
        Damage::Decision,
        Damage::Column,
        Damage::Order,
        Damage::Head,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Damage::MissingPositions => "MISSING_POSITIONS",
            Damage::MissingSeqs => "MISSING_SEQS",
            Damage::Unreadable => "UNREADABLE",
            Damage::DecisionChain => "DECISION_CHAIN",
            Damage::RecordChain => "RECORD_CHAIN",
            Damage::Decision => "DECISION",
            Damage::Column => "COLUMN",
            Damage::Order => "ORDER",
            Damage::Head => "HEAD",
        }
    }
}

impl Serialize for Damage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Damage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Damage, D::Error> {
        let word = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("{word:?} is no kind of damage"));
        Damage::ALL.into_iter().find(|damage| damage.as_str() == word).ok_or_else(unknown)
    }
}
