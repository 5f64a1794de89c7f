//! Verifying a log from its bundles, given in order: one file, or the parts that continue each other.
//!
//! One thread reads, checks the order (seqs, positions, epochs, ids) and hashes the file; other threads check links and bodies.
//! Memory does not grow with the log, except by eight bytes per event id up to the bound in `ids`.

use std::thread;

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::Verdict;
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::bundle_v1::{BundleError, BundleHeader, Frame, LAST_NUMBER};
use comptoir_proto::stored_v1;

use crate::content::BodyFindings;
use crate::context::VerifyContext;
use crate::finding::{Break, Defect, FindingLocation, Notes, Options, Report, Summary};
use crate::ids::{IdHashes, IdUse, NodeIds, Occurrence, TenantIds};
use crate::links::{Pool, SharedResults};
use crate::node_log::NodeLog;
use crate::opening::EpochEnd;
use crate::source::{AuditError, Source, next, open, open_again};
use crate::tenant_log::{TenantLog, used};

/// Bytes between two calls of `progress`.
const PROGRESS_BYTES: u64 = 8 * 1024 * 1024;

/// Verifies the log of a node or a tenant. Calls `progress` from time to time with the number of bytes read.
pub fn verify(sources: &[&dyn Source], options: &Options, progress: &mut dyn FnMut(u64)) -> Result<Report, AuditError> {
    let level = options.level;
    let shared = SharedResults::default();
    let mut ids = IdHashes::new();
    let mut log = None;
    let in_order = thread::scope(|scope| {
        let unseen = options.known_heads.iter().copied().collect();
        let mut context = VerifyContext { level, pool: Pool::start(scope, &shared), ids: &mut ids, unseen };
        let read = read_in_order(sources, &mut log, &mut context, progress);
        context.pool.finish();
        read
    })?;
    let outcome = shared.into_outcome();
    let mut first_break = in_order;
    if let Some(found) = outcome.first_break {
        Break::keep_first(&mut first_break, found);
    }
    let mut contents = BodyFindings::default();
    for found in outcome.found.values() {
        if let Some(found) = contents.join(found) {
            Break::keep_first(&mut first_break, found);
            break;
        }
    }
    let mut summary = log.as_ref().map(Log::summary).unwrap_or_default();
    if let Some(log) = &log {
        second_look(sources, log, &mut ids, &mut first_break, &mut summary.notes)?;
    }
    summary.notes.unknown_schemas = contents.unknown_schemas;
    summary.verdicts =
        Verdict::ALL.into_iter().map(Verdict::as_str).zip(contents.verdicts).filter(|(_, count)| *count > 0).collect();
    let files = sources.iter().map(|source| source.name()).collect();
    Ok(Report { level, files, summary, first_break })
}

enum Log {
    Node(NodeLog),
    Tenant(TenantLog),
}

impl Log {
    /// Starts the log with the first file's header, or continues it with the next file's.
    fn begin(
        log: &mut Option<Log>,
        header: &BundleHeader,
        location: FindingLocation,
    ) -> Result<Result<(), Break>, Mismatch> {
        let part = match (log.as_ref(), header) {
            (None, BundleHeader::Node { tenant, node }) => {
                *log = Some(Log::Node(NodeLog::new(*tenant, *node)));
                Ok(())
            }
            (None, BundleHeader::Central { tenant, after, decision_chain }) => {
                TenantLog::new(*tenant, *after, *decision_chain, location).map(|begun| *log = Some(Log::Tenant(begun)))
            }
            (Some(Log::Node(log)), BundleHeader::Node { tenant, node }) => {
                if (*tenant, *node) != (log.tenant, log.node) {
                    return Err(Mismatch::Stranger);
                }
                Ok(())
            }
            (Some(Log::Tenant(log)), BundleHeader::Central { tenant, after, decision_chain }) => {
                if *tenant != log.tenant {
                    return Err(Mismatch::Stranger);
                }
                log.part(*after, *decision_chain, location)
            }
            (Some(Log::Node(_)), _) => return Err(Mismatch::Kind("a bundle of a node's log, as the first file is,")),
            (Some(Log::Tenant(_)), _) => {
                return Err(Mismatch::Kind("a bundle of a tenant's log, as the first file is,"));
            }
        };
        Ok(part)
    }

    fn frame(
        &mut self,
        location: FindingLocation,
        frame: &Frame<'_>,
        first: bool,
        context: &mut VerifyContext<'_>,
    ) -> Result<(), Break> {
        match self {
            Log::Node(log) => log.check_frame(location, frame, first, context),
            Log::Tenant(log) => log.frame(location, frame, context),
        }
    }

    fn end(&self, location: FindingLocation) -> Result<(), Break> {
        match self {
            Log::Node(log) => log.check_end(location),
            Log::Tenant(_) => Ok(()),
        }
    }

    fn summary(&self) -> Summary {
        match self {
            Log::Node(log) => log.summary(),
            Log::Tenant(log) => log.summary(),
        }
    }
}

/// Why two files are not parts of one log.
enum Mismatch {
    Stranger,
    Kind(&'static str),
}

/// Reads everything once. Returns the first break of the order; a link before it may be broken too.
fn read_in_order(
    sources: &[&dyn Source],
    log: &mut Option<Log>,
    context: &mut VerifyContext<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Break>, AuditError> {
    let first_name = sources.first().ok_or(AuditError::NoBundle)?.name();
    let mut read_before = 0;
    for (file, source) in sources.iter().enumerate() {
        let name = source.name();
        let mut reader = match open(*source) {
            Ok(reader) => reader,
            Err(AuditError::Read { error, .. }) => return damage(name, file, error).map(Some),
            Err(other) => return Err(other),
        };
        let location = FindingLocation { file, ..FindingLocation::default() };
        match Log::begin(log, reader.header(), location) {
            Ok(Ok(())) => {}
            Ok(Err(found)) => return Ok(Some(found)),
            Err(Mismatch::Stranger) => return Err(AuditError::OtherLog { name, other: first_name }),
            Err(Mismatch::Kind(needed)) => return Err(AuditError::Kind { name, needed }),
        }
        let Some(log) = log else { return Ok(None) };
        let (mut first, mut reported) = (true, 0);
        loop {
            match reader.next_frame() {
                Ok(Some((offset, frame))) => {
                    if let Err(found) = log.frame(
                        FindingLocation { file, offset, ..FindingLocation::default() },
                        &frame,
                        first,
                        context,
                    ) {
                        return Ok(Some(found));
                    }
                    first = false;
                    context.see(&frame);
                    context.pool.hand_over_if_full();
                    if context.pool.broken() {
                        return Ok(None);
                    }
                    if offset - reported >= PROGRESS_BYTES {
                        reported = offset;
                        progress(read_before + offset);
                    }
                }
                Ok(None) => break,
                Err(error) => return damaged_log(log, name, file, error).map(Some),
            }
        }
        read_before += reader.offset();
        progress(read_before);
        if file + 1 == sources.len() {
            let end = FindingLocation { file, offset: reader.offset(), ..FindingLocation::default() };
            let missing = |head: &ChainHash| Break::new(Defect::KnownHead, end, head, "no such chain in the log");
            return Ok(log.end(end).err().or_else(|| context.unseen.first().map(missing)));
        }
    }
    Ok(None)
}

/// As [`damage`], but names the missing positions of a tenant's log that is shorter than its end states.
fn damaged_log(log: &Log, name: String, file: usize, error: BundleError) -> Result<Break, AuditError> {
    if let (Log::Tenant(log), BundleError::Count { what: LAST_NUMBER, expected, offset, .. }) = (log, &error)
        && let Ok(stated) = expected.parse()
        && let Some(found) =
            log.short_of(stated, FindingLocation { file, offset: *offset, ..FindingLocation::default() })
    {
        return Ok(found);
    }
    damage(name, file, error)
}

/// A damaged file is a finding; a file that cannot be read, or is no bundle, is an error.
fn damage(name: String, file: usize, error: BundleError) -> Result<Break, AuditError> {
    let location = FindingLocation { file, offset: error.offset(), ..FindingLocation::default() };
    let (defect, expected, found) = match error {
        BundleError::Io { .. }
        | BundleError::NotABundle { .. }
        | BundleError::Format { .. }
        | BundleError::Kind { .. } => {
            return Err(AuditError::Read { name, error });
        }
        BundleError::Digest { expected, found, .. } => (Defect::Digest, found, expected),
        BundleError::Count { what, expected, found, .. } => {
            (Defect::Count, format!("{what} {found}"), format!("{what} {expected}"))
        }
        BundleError::Cut { what, missing, .. } => {
            (Defect::Form, format!("{missing} more bytes of {what}"), "the end of the file".to_owned())
        }
        BundleError::Tag { .. }
        | BundleError::Length { .. }
        | BundleError::Misplaced { .. }
        | BundleError::AfterEnd { .. } => {
            (Defect::Form, "a frame that is allowed here, or the file's end".to_owned(), error.to_string())
        }
    };
    Ok(Break::new(defect, location, expected, found))
}

/// Reads again to settle what the first reading could only suspect: ids that may count twice, and heads inside an epoch.
fn second_look(
    sources: &[&dyn Source],
    log: &Log,
    ids: &mut IdHashes,
    first_break: &mut Option<Break>,
    notes: &mut Notes,
) -> Result<(), AuditError> {
    if let Log::Node(node) = log
        && !node.claims.is_empty()
        && let Some(found) = check_claims(sources, node, first_break)?
    {
        Break::keep_first(first_break, found);
    }
    loop {
        let suspects = ids.suspects();
        for portion in IdHashes::portions(&suspects) {
            let mut exact = match log {
                Log::Node(_) => ExactIds::Node(NodeIds::default()),
                Log::Tenant(log) => ExactIds::Tenant(TenantIds::new(log.whole)),
            };
            let found = walk(sources, first_break, |seen| match ids.is_among(&portion, seen.id) {
                true => exact.check(seen),
                false => None,
            })?;
            if let Some(found) = found {
                Break::keep_first(first_break, found);
            }
            if let ExactIds::Tenant(exact) = exact {
                notes.unknown_originals += exact.unknown_originals;
            }
        }
        if !ids.next_part() {
            return Ok(());
        }
        walk(sources, first_break, |seen| {
            ids.note(seen.id, seen.used);
            None
        })?;
    }
}

enum ExactIds {
    Node(NodeIds),
    Tenant(TenantIds),
}

impl ExactIds {
    fn check(&mut self, seen: &Occurrence<'_>) -> Option<Break> {
        match self {
            ExactIds::Node(ids) => ids.check(seen),
            ExactIds::Tenant(ids) => ids.check(seen),
        }
    }
}

/// Compares the chain at each head that a later epoch named.
fn check_claims(sources: &[&dyn Source], log: &NodeLog, until: &Option<Break>) -> Result<Option<Break>, AuditError> {
    let mut first = None;
    walk(sources, until, |seen| {
        for claim in
            log.claims.iter().filter(|claim| (claim.end.epoch, claim.end.seq) == (seen.end.epoch, seen.end.seq))
        {
            if claim.end != seen.end {
                Break::keep_first(&mut first, Break::new(Defect::PreviousHead, claim.location, seen.end, claim.end));
            }
        }
        None
    })?;
    Ok(first)
}

/// Calls `on_record` for every record before the break, in order, until it returns a break.
fn walk(
    sources: &[&dyn Source],
    until: &Option<Break>,
    mut on_record: impl FnMut(&Occurrence<'_>) -> Option<Break>,
) -> Result<Option<Break>, AuditError> {
    let past = |location: FindingLocation| {
        until
            .as_ref()
            .is_some_and(|found| (location.file, location.offset) >= (found.location.file, found.location.offset))
    };
    let mut end =
        EpochEnd { epoch: Epoch { number: 0, id: uuid::Uuid::nil() }, seq: Seq::ZERO, chain: ChainHash([0; 32]) };
    for (file, source) in sources.iter().enumerate() {
        let Some(mut reader) = open_again(*source)? else { return Ok(None) };
        let node = match reader.header() {
            BundleHeader::Node { node, .. } => Some(*node),
            BundleHeader::Central { .. } => None,
        };
        while let Some((offset, frame)) = next(&mut reader, source.name())? {
            let mut location = FindingLocation { file, offset, node, ..FindingLocation::default() };
            if past(location) {
                return Ok(None);
            }
            let (id, used, record) = match frame {
                Frame::Epoch(start) => {
                    end = EpochEnd { epoch: start.epoch, seq: start.after, chain: start.chain };
                    continue;
                }
                Frame::Answer(_) | Frame::Head(_) => continue,
                Frame::Record { chain, record } => {
                    let Ok(header) = stored_v1::header(record) else { return Ok(None) };
                    end = EpochEnd { seq: header.seq, chain, ..end };
                    (header.event_id, IdUse::Counts, record)
                }
                Frame::Entry(entry) => {
                    let Ok(head) = stored_v1::decision_head(entry.decision) else { return Ok(None) };
                    (location.node, location.position) = (Some(entry.node), Some(entry.position.0));
                    end = EpochEnd { epoch: entry.epoch, seq: entry.seq, chain: entry.chain };
                    (head.event_id, used(&head), entry.record)
                }
            };
            (location.epoch, location.seq) = (Some(end.epoch.number), Some(end.seq.0));
            if let Some(found) = on_record(&Occurrence { location, end, id, used, record }) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}
