//! Instants. They are shown, reported and used by last-writer-wins; they never decide order.

/// UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z, the earliest instant an event may name.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000_000);
    /// 9999-12-30T00:00:00Z, the latest instant an event may name: one day of room for every time zone.
    pub const MAX: Timestamp = Timestamp(253_402_128_000_000_000);

    /// This instant moved by a number of microseconds, held between [`Self::MIN`] and [`Self::MAX`].
    #[must_use]
    pub fn shifted(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros)).clamp(Self::MIN, Self::MAX)
    }
}
