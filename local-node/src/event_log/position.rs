use comptoir_core::position::Seq;

/// A record's position in the log. Positions are ordered as the records were sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct LogPosition {
    pub(crate) epoch: u32,
    pub(crate) seq: Seq,
}
