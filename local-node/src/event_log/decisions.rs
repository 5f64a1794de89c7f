//! Central's decisions, stored in pages like records: gapless from the page's first seq, each as length u32 (little-endian) and
//! bytes. A page and the `acked` mark that covers it change in one batch.

use std::ops::ControlFlow;

use comptoir_core::limits::CHUNK_BYTES_MAX;
use comptoir_core::position::Seq;

use super::DecideError;
use super::keys::{self, RecordKind};
use super::page::{self, PAGE_BYTES_MAX, PARTS_MAX};
use super::store::{Entry, Store, StoreError};
use super::walk;
use super::writer::Writer;

/// The decision of one record.
pub(crate) fn read(store: &dyn Store, epoch: u32, seq: Seq) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found = None;
    walk::bodies(store, RecordKind::Decisions, epoch, seq, |first, body| {
        let index = seq.0.checked_sub(first.0).and_then(|index| usize::try_from(index).ok());
        found = index.and_then(|index| DecisionItems(&body).nth(index).map(<[u8]>::to_vec));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Calls `visit` with each decision of an epoch from a seq on, in order.
pub(crate) fn each(
    store: &dyn Store,
    epoch: u32,
    from: Seq,
    visit: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    walk::bodies(store, RecordKind::Decisions, epoch, from, |first, body| {
        let mut numbered = (first.0..).map(Seq).zip(DecisionItems(&body));
        numbered.try_for_each(|(seq, item)| if seq < from { ControlFlow::Continue(()) } else { visit(seq, item) })
    })
}

/// The last seq up to which an epoch's decisions are gapless, at most `acked`. Ends early if asked to stop.
pub(crate) fn reach(store: &dyn Store, epoch: u32, acked: Seq, stop: &dyn Fn() -> bool) -> Result<Seq, StoreError> {
    let mut reached = Seq::ZERO;
    walk::bodies(store, RecordKind::Decisions, epoch, Seq(1), |first, body| {
        if first != reached.next() || reached >= acked || stop() {
            return ControlFlow::Break(());
        }
        reached = Seq(reached.0 + DecisionItems(&body).count() as u64);
        ControlFlow::Continue(())
    })?;
    Ok(reached)
}

/// The last decided record of an epoch.
pub(crate) fn acked(store: &dyn Store, epoch: u32) -> Result<Seq, StoreError> {
    let value = store.get(&keys::of_epoch(RecordKind::Acked, epoch))?;
    Ok(value.and_then(|value| Some(Seq(u64::from_be_bytes(value.try_into().ok()?)))).unwrap_or(Seq::ZERO))
}

struct DecisionItems<'a>(&'a [u8]);

impl<'a> Iterator for DecisionItems<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (item, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(item)
    }
}

impl Writer {
    /// Writes decisions and the mark; durable after the group's flush.
    pub(crate) fn decide(
        &mut self,
        epoch: u32,
        up_to: Seq,
        mut decisions: Vec<(Seq, Vec<u8>)>,
    ) -> Result<(), DecideError> {
        if let Some(reason) = self.shared.state().refusal() {
            return Err(DecideError::ReadOnly { reason });
        }
        let (durable, _) = self.shared.end_of(epoch);
        if up_to > durable {
            return Err(DecideError::NotDurable { epoch, up_to, durable });
        }
        let acked = acked(&*self.shared.store, epoch).map_err(|error| self.undecided(error))?;
        decisions.retain(|(seq, _)| *seq > acked && *seq <= up_to);
        decisions.sort_by_key(|(seq, _)| *seq);
        decisions.dedup_by_key(|(seq, _)| *seq);
        let wanted = (acked.0 + 1..=up_to.0).map(Seq);
        let given = decisions.iter().map(|(seq, _)| Some(*seq)).chain(std::iter::repeat(None));
        if let Some((seq, _)) = wanted.zip(given).find(|(seq, given)| Some(*seq) != *given) {
            return Err(DecideError::Missing { epoch, seq });
        }
        let too_large = decisions.iter().find(|(_, decision)| decision.len() + 4 > PAGE_BYTES_MAX);
        if let Some((seq, decision)) = too_large {
            return Err(DecideError::TooLarge { seq: *seq, got: decision.len(), max: PAGE_BYTES_MAX - 4 });
        }
        batches(epoch, &decisions)
            .into_iter()
            .try_for_each(|batch| self.shared.store.apply(batch))
            .map_err(|error| self.undecided(error))
    }

    fn undecided(&mut self, error: StoreError) -> DecideError {
        DecideError::ReadOnly { reason: self.fail(error) }
    }
}

/// Batches, each with whole pages of decisions and the mark that covers them.
fn batches(epoch: u32, decisions: &[(Seq, Vec<u8>)]) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut open: Vec<Entry> = Vec::new();
    let mut acked = None;
    let mut close = |open: &mut Vec<Entry>, acked: &Option<Seq>| {
        if let Some(acked) = acked {
            open.push(Entry::set(keys::of_epoch(RecordKind::Acked, epoch), acked.0.to_be_bytes().to_vec()));
            batches.push(std::mem::take(open));
        }
    };
    for (first, last, body) in pages(decisions) {
        let parts = page::parts(RecordKind::Decisions, epoch, first, body);
        if open.len() + parts.len() > PARTS_MAX {
            close(&mut open, &acked);
        }
        open.extend(parts);
        acked = Some(last);
    }
    close(&mut open, &acked);
    batches
}

/// First seq, last seq and body of each page.
fn pages(decisions: &[(Seq, Vec<u8>)]) -> Vec<(Seq, Seq, Vec<u8>)> {
    let mut pages: Vec<(Seq, Seq, Vec<u8>)> = Vec::new();
    for (seq, decision) in decisions {
        let length = u32::try_from(decision.len()).expect("decide() lets no larger decision through");
        let item = length.to_le_bytes().into_iter().chain(decision.iter().copied());
        assert!(pages.last().is_none_or(|(_, last, _)| last.next() == *seq), "decide() lets no hole through");
        match pages.last_mut() {
            Some((_, last, body)) if body.len() + 4 + decision.len() <= CHUNK_BYTES_MAX => {
                *last = *seq;
                body.extend(item);
            }
            _ => pages.push((*seq, *seq, item.collect())),
        }
    }
    pages
}
