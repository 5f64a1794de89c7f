//! Ratios measured in one run: ours and its peer take turns, and the median of the rounds' ratios is what counts.
//! No floats: rates are whole numbers a second, ratios thousandths.

use std::time::Instant;

/// One line of the result.
pub(crate) struct Line {
    /// Such as `P1`.
    pub(crate) id: &'static str,
    /// What was measured against what.
    pub(crate) what: String,
    /// Ours, median of the rounds, per second.
    pub(crate) ours: u64,
    /// The peer's, median of the rounds, per second.
    pub(crate) peer: u64,
    /// Ours to the peer's: lowest, median, highest round, in thousandths.
    pub(crate) ratio: (u64, u64, u64),
    /// What it must reach, in thousandths.
    pub(crate) limit: u64,
}

impl Line {
    /// Whether the median reaches the limit.
    pub(crate) fn reached(&self) -> bool {
        self.ratio.1 >= self.limit
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, median, high) = self.ratio;
        let verdict = if self.reached() { "reached" } else { "MISSED" };
        write!(
            f,
            "{:<3} {:<58} ours {:>9}/s  peer {:>9}/s  ratio {} ({}..{})  limit {}  {verdict}",
            self.id,
            self.what,
            self.ours,
            self.peer,
            thousandths(median),
            thousandths(low),
            thousandths(high),
            thousandths(self.limit),
        )
    }
}

/// A number of thousandths with its point.
pub(crate) fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1000, value % 1000)
}

/// How many of something a second, from a count and a duration.
pub(crate) fn rate(count: u64, started: Instant) -> u64 {
    let nanos = started.elapsed().as_nanos().max(1);
    u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

/// Runs ours and the peer in turn, `rounds` times, the order changing each round. Each closure does its work and answers with a rate.
pub(crate) fn interleaved(
    id: &'static str,
    what: impl Into<String>,
    limit: u64,
    rounds: usize,
    mut ours: impl FnMut() -> anyhow::Result<u64>,
    mut peer: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Line> {
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let pair = if round % 2 == 0 {
            let ours = ours()?;
            (ours, peer()?)
        } else {
            let peer = peer()?;
            (ours()?, peer)
        };
        measured.push(pair);
    }
    let ratios = sorted(measured.iter().map(|(ours, peer)| ours * 1000 / (*peer).max(1)));
    let median = |values: &[u64]| values[values.len() / 2];
    Ok(Line {
        id,
        what: what.into(),
        ours: median(&sorted(measured.iter().map(|pair| pair.0))),
        peer: median(&sorted(measured.iter().map(|pair| pair.1))),
        ratio: (ratios[0], median(&ratios), ratios[ratios.len() - 1]),
        limit,
    })
}

fn sorted(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values
}
