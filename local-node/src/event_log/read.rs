//! Reading the log. Readers see durable records only; every page is checked against its chain as it is read.

use std::ops::ControlFlow;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;

use super::errors::ReadError;
use super::finding::Finding;
use super::page::RecordPage;
use super::shared::SharedLog;
use super::{decisions, walk};

/// A record as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Its number in its epoch.
    pub seq: Seq,
    /// The chain after it.
    pub chain: ChainHash,
    /// Its bytes, as they were sealed; `comptoir_proto::stored_v1` reads them.
    pub record: Vec<u8>,
    /// When this node received it, by its clock.
    pub appended_at: Timestamp,
}

/// A record found by its event's id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The number of its epoch.
    pub epoch: u32,
    /// The record.
    pub sealed: Sealed,
    /// Central's decision, as the sync agent stored it.
    pub decision: Option<Vec<u8>>,
}

/// Events that wait for central. An epoch's first record is not counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// Number of events.
    pub count: u64,
    /// When the node recorded the oldest one, by its clock.
    pub oldest: Option<Timestamp>,
}

pub(crate) fn records(
    shared: &SharedLog,
    epoch: u32,
    from: Seq,
    records_max: usize,
    bytes_max: usize,
) -> Result<Vec<Sealed>, ReadError> {
    let (durable, _) = shared.end_of(epoch);
    let mut found = Vec::new();
    let mut bytes = 0;
    let mut chain = None;
    let mut damage = None;
    let mut full = false;
    let walked = walk::pages(&*shared.store, epoch, from, |page| {
        match page.map_err(|error| Finding::page(epoch, error)).and_then(|page| follows(epoch, from, chain, page)) {
            Ok(page) => {
                chain = Some((page.last(), page.chain()));
                for sealed in sealed(page).filter(|sealed| sealed.seq >= from) {
                    bytes += sealed.record.len();
                    let room = found.len() < records_max && (bytes <= bytes_max || found.is_empty());
                    if sealed.seq > durable || !room {
                        full = true;
                        return ControlFlow::Break(());
                    }
                    found.push(sealed);
                }
                ControlFlow::Continue(())
            }
            Err(finding) => {
                damage = Some(finding);
                ControlFlow::Break(())
            }
        }
    });
    // The records before the damage are valid; the next read begins at the damage and reports it.
    match (walked, damage) {
        _ if !found.is_empty() => Ok(found),
        (_, Some(finding)) => Err(finding.into()),
        (Err(error), _) => Err(error.into()),
        // The walk ended where records must exist: an empty answer would mean that the log ends here.
        (Ok(()), None) if !full && from <= durable => {
            let before = Seq(from.0.saturating_sub(1));
            Err(walk::missing(&*shared.store, epoch, before, durable, &walk::ENDED).into())
        }
        (Ok(()), None) => Ok(found),
    }
}

fn follows(epoch: u32, from: Seq, before: Option<(Seq, ChainHash)>, page: RecordPage) -> Result<RecordPage, Finding> {
    match before {
        // The first page begins after `from`: the page that held it is missing and must not be skipped silently.
        None if page.first > from => Err(Finding::Gap { epoch, expected: from, found: page.first }),
        Some((seq, _)) if page.first != seq.next() => {
            Err(Finding::Gap { epoch, expected: seq.next(), found: page.first })
        }
        Some((seq, chain)) if page.previous != chain => {
            Err(Finding::Chain { epoch, seq, expected: page.previous, found: chain })
        }
        _ => Ok(page),
    }
}

fn sealed(page: RecordPage) -> impl Iterator<Item = Sealed> {
    let (first, appended_at) = (page.first.0, page.appended_at);
    let numbered = (first..).zip(page.records);
    numbered.map(move |(seq, (chain, record))| Sealed { seq: Seq(seq), chain, record, appended_at })
}

/// One record, durable or not: the writer reads it to recognise a duplicate.
pub(crate) fn record(shared: &SharedLog, epoch: u32, seq: Seq) -> Result<Option<Sealed>, ReadError> {
    match walk::page_at(&*shared.store, epoch, seq)? {
        Some(Ok(page)) => Ok(sealed(page).find(|sealed| sealed.seq == seq)),
        Some(Err(error)) => Err(Finding::page(epoch, error).into()),
        None => Ok(None),
    }
}

pub(crate) fn find(shared: &SharedLog, id: EventId) -> Result<Option<Found>, ReadError> {
    // Only durable records are in the index.
    let Some(position) = shared.ids.get(&*shared.store, id)? else { return Ok(None) };
    let Some(sealed) = record(shared, position.epoch, position.seq)? else {
        let why = format!("the index names it for event {id}");
        return Err(Finding::Missing { epoch: position.epoch, first: position.seq, last: position.seq, why }.into());
    };
    let decision = decisions::read(&*shared.store, position.epoch, position.seq)?;
    Ok(Some(Found { epoch: position.epoch, sealed, decision }))
}

pub(crate) fn pending(shared: &SharedLog) -> Result<Pending, ReadError> {
    let head = *shared.head.borrow();
    let first = Seq(head.marks.acked.0.max(1)).next();
    let count = (head.marks.durable.0 + 1).saturating_sub(first.0);
    let oldest = if count == 0 {
        None
    } else {
        match record(shared, head.epoch.number, first) {
            // The number of waiting events is known without reading them; the state reports the damage.
            Err(ReadError::Damaged(finding)) => {
                shared.damaged(finding);
                None
            }
            read => read?,
        }
    };
    Ok(Pending { count, oldest: oldest.map(|sealed| sealed.appended_at) })
}
