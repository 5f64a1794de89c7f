//! The two orders and the marks along them. Seqs and positions are different types: a node assigns seqs, central assigns
//! positions, and neither comes from a clock.

use std::fmt;

use uuid::Uuid;

/// A record's number in its node's epoch: from 1, gapless. `Seq::ZERO` is before the first record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// Before an epoch's first record.
    pub const ZERO: Seq = Seq(0);
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record's number in its tenant at central: from 1, gapless, in commit order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

impl Position {
    /// Before a tenant's first record.
    pub const ZERO: Position = Position(0);
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One section of a node's log: a number and a random id. Seq restarts at 1 in each. A new epoch is opened after a restore or a
/// fork, so that no seq is used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch {
    /// 1 for a node's first epoch; central knows the highest.
    pub number: u32,
    /// Distinguishes two epochs of one number, as two copies of a disk would open them.
    pub id: Uuid,
}

/// The marks of a node's log: `acked <= durable <= appended`. The log raises the last two; only the sync agent raises `acked`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogMarks {
    /// Has a seq, possibly not durable yet.
    pub appended: Seq,
    /// On disk: callers are answered up to here.
    pub durable: Seq,
    /// Held and decided by central.
    pub acked: Seq,
}

impl LogMarks {
    /// Whether the three are in order. A log whose marks are not is damaged.
    pub fn in_order(&self) -> bool {
        self.acked <= self.durable && self.durable <= self.appended
    }
}
