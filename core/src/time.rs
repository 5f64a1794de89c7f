//! Instants. They are shown, reported and compared by last-writer-wins. The order of events never depends on them: it is given by
//! [`Seq`](crate::position::Seq) and [`Position`](crate::position::Position).

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z, the earliest instant an event may name.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000_000);
    /// 9999-12-30T00:00:00Z, the latest instant an event may name: early enough to be in the year 9999 in every time zone.
    pub const MAX: Timestamp = Timestamp(253_402_128_000_000_000);

    /// This instant moved by a number of microseconds, clamped to the range from [`Self::MIN`] to [`Self::MAX`].
    #[must_use]
    pub fn shifted(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros)).clamp(Self::MIN, Self::MAX)
    }
}
