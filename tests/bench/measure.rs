//! Ratios measured in one run: our side and the peer take turns, and the median of the rounds' ratios counts. No floats: rates
//! are whole numbers per second, ratios are thousandths.

use std::time::Instant;

/// The target of a ratio, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// For rates.
    AtLeast(u64),
    /// For times and sizes.
    AtMost(u64),
}

/// One line of the result.
#[derive(Debug)]
pub(crate) struct Line {
    /// An id such as `P1`.
    pub(crate) id: &'static str,
    /// What is measured, and the peer.
    pub(crate) what: String,
    /// Median of our rounds.
    pub(crate) ours: u64,
    /// Median of the peer's rounds.
    pub(crate) peer: u64,
    /// The unit of both medians.
    pub(crate) unit: &'static str,
    /// Our side divided by the peer: lowest, median and highest round, in thousandths.
    pub(crate) ratio: (u64, u64, u64),
    pub(crate) limit: Limit,
}

impl Line {
    /// A line from rounds, each given as (ours, peer).
    pub(crate) fn of_rounds(
        id: &'static str,
        what: impl Into<String>,
        limit: Limit,
        unit: &'static str,
        rounds: &[(u64, u64)],
    ) -> Line {
        let ratios = sorted(rounds.iter().map(|(ours, peer)| ours * 1000 / (*peer).max(1)));
        let median = |values: &[u64]| values[values.len() / 2];
        Line {
            id,
            what: what.into(),
            ours: median(&sorted(rounds.iter().map(|pair| pair.0))),
            peer: median(&sorted(rounds.iter().map(|pair| pair.1))),
            unit,
            ratio: (ratios[0], median(&ratios), ratios[ratios.len() - 1]),
            limit,
        }
    }

    /// Whether the median reaches the limit.
    pub(crate) fn reached(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.ratio.1 >= limit,
            Limit::AtMost(limit) => self.ratio.1 <= limit,
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, median, high) = self.ratio;
        let verdict = if self.reached() { "reached" } else { "MISSED" };
        let limit = match self.limit {
            Limit::AtLeast(limit) => thousandths(limit),
            Limit::AtMost(limit) => format!("at most {}", thousandths(limit)),
        };
        let (id, what, ours, peer, unit) = (self.id, &self.what, self.ours, self.peer, self.unit);
        let (low, median, high) = (thousandths(low), thousandths(median), thousandths(high));
        write!(
            f,
            "{id:<3} {what:<58} ours {ours:>9}{unit}  peer {peer:>9}{unit}  ratio {median} ({low}..{high})  limit {limit}  {verdict}",
        )
    }
}

/// Formats thousandths with a decimal point.
pub(crate) fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1000, value % 1000)
}

/// A rate per second, from a count and a start.
pub(crate) fn rate(count: u64, started: Instant) -> u64 {
    let nanos = started.elapsed().as_nanos().max(1);
    u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

/// Runs both sides in turn for `rounds` rounds and alternates the order. Each closure does its work and returns a rate.
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
    Ok(Line::of_rounds(id, what, Limit::AtLeast(limit), "/s", &measured))
}

fn sorted(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values
}
