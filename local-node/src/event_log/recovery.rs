//! Opening the log. Order: lock, registration, leftovers of a crash, store, identity and its secret, proof that a flush reaches
//! the disk, the high-water mark, the chain from there on, the ids that no run covers. Then the writer starts, and the whole
//! chain is checked in the background.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::position::{Epoch, LogMarks, Seq};
use comptoir_proto::stored_v1;
use ed25519_dalek::SigningKey;

use super::directory::{Directory, Identity, at};
use super::environment::Environment;
use super::epochs::{Closed, EpochRow, Opening};
use super::finding::Finding;
use super::high_water::{HighWater, HighWaterMark};
use super::identity_row::{identity_entry, read_identity};
use super::ids::IdWriter;
use super::keys::{self, RecordKind};
use super::position::LogPosition;
use super::reseal::Reseal;
use super::secret_key::SecretKey;
use super::shared::{Check, Parts, SharedLog, State, Status};
use super::store::{Entry, Store, StoreError};
use super::walk::{self, Follower};
use super::writer::Writer;
use super::{Backend, Handle, Head, Log, LogConfig, OpenError, decisions, rotation};

/// Opens or creates a log, see [`Log::open`].
pub(crate) fn open(config: LogConfig, environment: Environment) -> Result<Log, OpenError> {
    let directory = Directory::lock(&config.dir)?;
    let path = directory.store();
    open_in(directory, config, environment).map_err(|error| match error {
        OpenError::Store(error) if error.is_damage() => OpenError::Damaged { path, error },
        other => other,
    })
}

fn open_in(directory: Directory, config: LogConfig, environment: Environment) -> Result<Log, OpenError> {
    let registered = directory.registered()?;
    if let Some(stored) = registered {
        config.identity.same_as(stored)?;
    }
    match (directory.store().exists(), registered) {
        (true, _) => {}
        (false, None) => create(&directory, &config, &environment)?,
        (false, Some(_)) => return Err(OpenError::Missing { path: directory.store() }),
    }
    for path in directory.remove_unfinished_snapshots()? {
        tracing::warn!(path = %path.display(), "Removed a snapshot that was never finished: {}", path.display());
    }
    directory.sync()?;
    let store = config.backend.open(&directory.store())?;
    let (stored, _) = read_identity(&*store)?.ok_or_else(|| OpenError::Emptied { path: directory.store() })?;
    config.identity.same_as(stored)?;
    rotation::finish_stopped(&config.dir, &*store, stored, &environment)?;
    directory.sync()?;
    let secret_key = SecretKey::open(&config.dir)?;
    let key = SigningKey::from_bytes(&rotation::signing_seed(&*store, stored, &secret_key)?);
    let derivation_root = rotation::derivation_root(&*store, stored, &secret_key)?;
    let boot = count_boot(&*store, &config.backend)?;

    let path = directory.high_water();
    let (mut high_water, mark) = HighWater::open(&path).map_err(at(&path, "open"))?;
    let epochs = read_epochs(&*store)?;
    let last = epochs.last().ok_or_else(|| OpenError::Emptied { path: directory.store() })?.epoch;
    let (mut ids, index_is_whole) = IdWriter::open(&*store)?;
    let (seq, chain) = last_record(&*store, config.identity, last)?;
    let spans = spans(&epochs, seq, chain);
    let checked = match mark {
        None if registered.is_some() => Err(Finding::NoMark { path: path.clone() }),
        None => follow(&*store, config.identity, &spans, None),
        Some(mark) if mark.boot > boot => Err(Finding::OldCopy { expected: mark.boot, found: boot }),
        Some(mark) => follow(&*store, config.identity, &spans, Some(mark)),
    };
    let checked = checked.and_then(|()| each_epoch_closed_the_one_before(&epochs));
    let checked = checked.and(index_is_whole).and_then(|()| note_ids(&*store, &spans, &mut ids));
    let acked = decisions::acked(&*store, last.number)?.min(seq);
    let head = Head { epoch: last, marks: LogMarks { appended: seq, durable: seq, acked }, chain };
    if checked.is_ok() {
        // The mark is left unchanged, as evidence of the finding.
        let mark = HighWaterMark { boot, epoch: last, seq, chain, acked };
        high_water.write(mark).map_err(at(&path, "write"))?;
        directory.sync()?;
        if registered.is_none() {
            directory.register(config.identity)?;
        }
    }
    let parts = Parts {
        store,
        environment,
        identity: config.identity,
        head,
        ids: ids.ids(),
        boot,
        key,
        secret_key,
        derivation_root,
        dir: config.dir.clone(),
        low_disk: config.low_disk,
        epochs,
        state: State::Open,
        directory,
    };
    let shared = Arc::new(SharedLog::new(parts));
    if let Err(finding) = checked {
        shared.damaged(finding);
    }
    start(&config, shared, ids, high_water, spans)
}

fn start(
    config: &LogConfig,
    shared: Arc<SharedLog>,
    ids: IdWriter,
    high_water: HighWater,
    spans: Vec<Span>,
) -> Result<Log, OpenError> {
    let mut writer = Writer::new(shared.clone(), ids, high_water);
    let unfinished = Reseal::pending(&*shared.store)?;
    // On a damaged log an operator decides first; the epoch that the operator opens takes over these events.
    if !unfinished.is_empty() && shared.state() == State::Open {
        tracing::info!("Goes on opening epoch {} where a crash had stopped it", writer.epoch.number);
        if let Err(error) = writer.finish_reseal(unfinished) {
            shared.failed(error.to_string());
        }
    }
    let (sender, receiver) = crossbeam_channel::bounded(config.queue_len);
    let checked = shared.clone();
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let threads = [
        named("log-writer").spawn(move || writer.run(&receiver)),
        named("log-check").spawn(move || check_all(&checked, &spans)),
    ];
    let threads = threads.into_iter().collect::<Result<Vec<_>, _>>().map_err(at(&config.dir, "start a thread for"))?;
    let Status { head, state, boot, .. } = shared.status();
    let condition = state.refusal().unwrap_or_else(|| "whole".to_owned());
    let (node, epoch, seq) = (config.identity.node, head.epoch.number, head.marks.durable);
    tracing::info!(node.id = %node, epoch, seq = seq.0, boot, "Opened the log of {node} at epoch {epoch}, seq {seq}: {condition}");
    Ok(Log(Arc::new(Handle { shared, commands: Some(sender).into(), threads: threads.into() })))
}

/// Creates a log in a temporary directory and moves it into place whole, so that a crash leaves no log or a complete one.
fn create(directory: &Directory, config: &LogConfig, environment: &Environment) -> Result<(), OpenError> {
    let path = directory.begin_creation()?;
    let store = config.backend.open(&path)?;
    if read_identity(&*store)?.is_none() {
        let draw = at(&config.dir, "draw random numbers for");
        let seed = environment.random_bytes::<32>().map_err(&draw)?;
        let epoch = Epoch { number: 1, id: environment.random_uuid().map_err(&draw)? };
        let public_key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let opening = Opening::new(config.identity, public_key, epoch, None, "first start", environment.now())?;
        let mut batch = opening.entries(None);
        batch.push(identity_entry(config.identity, &SecretKey::create(&config.dir, environment)?, &seed, environment)?);
        store.apply(batch)?;
        store.flush()?;
    }
    drop(store);
    directory.finish_creation()
}

/// Counts this opening. Its flush also proves that sled's flush reaches the disk.
fn count_boot(store: &dyn Store, backend: &Backend) -> Result<u64, OpenError> {
    let before = store.get(&keys::single(RecordKind::Boot))?;
    let boot = before.and_then(|value| Some(u64::from_be_bytes(value.try_into().ok()?))).unwrap_or(0) + 1;
    let calls = durable_sys::calls();
    store.apply(vec![Entry::set(keys::single(RecordKind::Boot), boot.to_be_bytes().to_vec())])?;
    store.flush()?;
    let must_be_seen = cfg!(target_os = "linux") && matches!(backend, Backend::Sled { .. });
    if must_be_seen && durable_sys::calls() == calls {
        return Err(OpenError::FlushNotDurable);
    }
    Ok(boot)
}

fn read_epochs(store: &dyn Store) -> Result<Vec<EpochRow>, StoreError> {
    let (from, to) = keys::all_of(RecordKind::Epoch);
    let mut epochs = Vec::new();
    store.scan(&from, &to, &mut |key, value| {
        // The next row or the mark reveals an unreadable row.
        epochs.extend(EpochRow::read(key, value));
        ControlFlow::Continue(())
    })?;
    Ok(epochs)
}

/// Each epoch names the one that it closed, so that a lost row shows.
fn each_epoch_closed_the_one_before(epochs: &[EpochRow]) -> Result<(), Finding> {
    let before = [None].into_iter().chain(epochs.iter().map(|row| Some(row.epoch.number)));
    let described = |number: Option<u32>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
    for (row, before) in epochs.iter().zip(before) {
        let closed = row.closed.map(|closed| closed.epoch);
        if closed != before {
            return Err(Finding::EpochMissing {
                expected: described(closed),
                next: row.epoch.number,
                found: described(before),
            });
        }
    }
    Ok(())
}

/// An epoch and the expected end of its records.
#[derive(Clone, Copy)]
struct Span {
    epoch: Epoch,
    seq: Seq,
    chain: ChainHash,
    /// Decisions must exist up to here.
    acked: Seq,
}

impl Span {
    /// Compares the end of a walk over the epoch, or its error, with the expected end.
    fn ended(&self, store: &dyn Store, follower: &Follower, walked: Result<(), StoreError>) -> Result<(), Finding> {
        let (epoch, expected, found) = (self.epoch.number, self.seq, follower.seq);
        match walked {
            Err(error) if found < expected => Err(walk::missing(store, epoch, found, expected, &error)),
            Err(error) => Err(Finding::Store(error)),
            Ok(()) if found < expected => Err(walk::missing(store, epoch, found, expected, &walk::ENDED)),
            Ok(()) if found > expected => Err(Finding::EpochEnd { epoch, expected, found }),
            Ok(()) if follower.chain != self.chain => {
                Err(Finding::Chain { epoch, seq: found, expected: self.chain, found: follower.chain })
            }
            Ok(()) => Ok(()),
        }
    }
}

/// Every epoch with its end: from the next epoch's row, and for the last epoch from the last record found backwards.
fn spans(epochs: &[EpochRow], last: Seq, chain: ChainHash) -> Vec<Span> {
    let closed = epochs.iter().skip(1).map(|row| row.closed).chain([None]);
    let span = |(row, closed): (&EpochRow, Option<Closed>)| match closed {
        Some(Closed { seq, chain, acked, .. }) => Span { epoch: row.epoch, seq, chain, acked },
        None => Span { epoch: row.epoch, seq: last, chain, acked: Seq::ZERO },
    };
    epochs.iter().zip(closed).map(span).collect()
}

/// Follows the chain from the mark, or from the very beginning, to the end of the last epoch.
fn follow(store: &dyn Store, identity: Identity, spans: &[Span], mark: Option<HighWaterMark>) -> Result<(), Finding> {
    let from = mark.map_or(0, |mark| mark.epoch.number);
    if let Some(mark) = mark {
        let (span, follower) = at_mark(store, identity, spans, mark)?;
        follow_from(store, span, follower)?;
        let (epoch, expected, found) = (from, mark.acked, decisions::acked(store, from)?);
        if found < expected {
            return Err(Finding::Decisions { epoch, expected, found });
        }
    }
    for span in spans.iter().filter(|span| span.epoch.number > from) {
        follow_from(store, span, Follower::from_start(identity, span.epoch))?;
    }
    Ok(())
}

/// Finds the record that the mark names, and checks that it is the same record.
fn at_mark<'s>(
    store: &dyn Store,
    identity: Identity,
    spans: &'s [Span],
    mark: HighWaterMark,
) -> Result<(&'s Span, Follower), Finding> {
    let (epoch, expected) = (mark.epoch.number, mark.seq);
    let shortened = |found| Finding::Shortened { epoch, expected, found };
    let span = spans.iter().find(|span| span.epoch.number == epoch).ok_or_else(|| shortened(Seq::ZERO))?;
    let known = &span.epoch;
    if *known != mark.epoch {
        let (expected, found) = (mark.epoch.id.to_string(), known.id.to_string());
        return Err(Finding::Misplaced { epoch, seq: mark.seq, field: "epoch id", expected, found });
    }
    let page = walk::page_at(store, epoch, mark.seq)?.ok_or_else(|| shortened(Seq::ZERO))?;
    let page = page.map_err(|error| Finding::page(epoch, error))?;
    let (_, found, _) = page.numbered().find(|(seq, ..)| *seq == mark.seq).ok_or_else(|| shortened(page.last()))?;
    if found != mark.chain {
        return Err(Finding::Chain { epoch, seq: mark.seq, expected: mark.chain, found });
    }
    Ok((span, Follower::at(identity, mark.epoch, page.last(), page.chain())))
}

fn follow_from(store: &dyn Store, span: &Span, mut follower: Follower) -> Result<(), Finding> {
    let mut found = Ok(());
    let from = follower.seq.next();
    let walked = walk::pages(store, span.epoch.number, from, |page| {
        // If no page holds `from`, the walk begins at the page before.
        if page.as_ref().is_ok_and(|page| page.last() < from) {
            return ControlFlow::Continue(());
        }
        found = follower.follow(page);
        if found.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    found.and_then(|()| span.ended(store, &follower, walked))
}

/// Notes the ids of the records that no run covers: all of them, or a retry would count as a second sale.
fn note_ids(store: &dyn Store, spans: &[Span], ids: &mut IdWriter) -> Result<(), Finding> {
    let indexed = ids.indexed();
    for span in spans.iter().filter(|span| span.epoch.number >= indexed.epoch) {
        let epoch = span.epoch.number;
        let from = if epoch == indexed.epoch { indexed.seq.next() } else { Seq(1) };
        let mut noted = Seq(from.0 - 1);
        let mut found = Ok(());
        let walked = walk::pages(store, epoch, from, |page| {
            found = page.map_err(|error| Finding::page(epoch, error)).and_then(|page| {
                if page.last() < from {
                    return Ok(());
                }
                if page.first > noted.next() {
                    return Err(Finding::Gap { epoch, expected: noted.next(), found: page.first });
                }
                noted = page.last();
                let headers = page.numbered().filter(|(seq, ..)| *seq >= from).map(|(seq, _, record)| {
                    let unreadable = |error: stored_v1::DecodeError| error.to_string();
                    let header = stored_v1::header(record).map_err(unreadable);
                    header
                        .map_err(|found| Finding::Unreadable { epoch, seq, found })
                        .map(|header| (header.event_id, LogPosition { epoch, seq }))
                });
                ids.note(headers.collect::<Result<Vec<_>, _>>()?);
                Ok(())
            });
            if found.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found?;
        match walked {
            Err(error) if noted < span.seq => return Err(walk::missing(store, epoch, noted, span.seq, &error)),
            Err(error) => return Err(Finding::Store(error)),
            Ok(()) if noted < span.seq => return Err(walk::missing(store, epoch, noted, span.seq, &walk::ENDED)),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// The last readable record. In an intact log that is the last record.
fn last_record(store: &dyn Store, identity: Identity, epoch: Epoch) -> Result<(Seq, ChainHash), StoreError> {
    let mut before = Seq(u64::MAX);
    loop {
        match walk::page_at(store, epoch.number, before)? {
            Some(Ok(page)) => return Ok((page.last(), page.chain())),
            Some(Err(error)) if error.first() > Seq(1) => before = Seq(error.first().0 - 1),
            Some(Err(_)) | None => return Ok((Seq::ZERO, genesis(identity.tenant, identity.node, epoch))),
        }
    }
}

/// Checks every epoch as it was when the log was opened: the whole chain from its first record to its end, and that each record
/// that central has decided has its decision.
fn check_all(shared: &SharedLog, spans: &[Span]) {
    let mut records = 0;
    for span in spans {
        let checked = check_epoch(shared, span, &mut records);
        match checked.and_then(|whole| if whole { check_decisions(shared, span) } else { Ok(false) }) {
            Ok(true) => {}
            Ok(false) => return shared.checked(Check::Stopped),
            Err(finding) => {
                shared.checked(Check::Found(finding.clone()));
                return shared.damaged(finding);
            }
        }
    }
    shared.checked(Check::Clean { records });
}

/// Whether the check reached the end; false if the log is being closed.
fn check_epoch(shared: &SharedLog, span: &Span, records: &mut u64) -> Result<bool, Finding> {
    let mut follower = Follower::from_start(shared.identity, span.epoch);
    let mut found = Ok(true);
    let walked = walk::pages(&*shared.store, span.epoch.number, Seq(1), |page| {
        if shared.is_stopping() {
            found = Ok(false);
            return ControlFlow::Break(());
        }
        if follower.seq >= span.seq {
            return ControlFlow::Break(());
        }
        let before = follower.seq.0;
        if let Err(finding) = follower.follow(page) {
            found = Err(finding);
            return ControlFlow::Break(());
        }
        *records += follower.seq.0 - before;
        shared.checked(Check::Running { records: *records });
        ControlFlow::Continue(())
    });
    if found? { span.ended(&*shared.store, &follower, walked).map(|()| true) } else { Ok(false) }
}

/// Whether the check reached the end, as in [`check_epoch`].
fn check_decisions(shared: &SharedLog, span: &Span) -> Result<bool, Finding> {
    let (store, epoch) = (&*shared.store, span.epoch.number);
    let acked = decisions::acked(store, epoch)?;
    if acked < span.acked {
        return Err(Finding::Decisions { epoch, expected: span.acked, found: acked });
    }
    let found = decisions::reach(store, epoch, acked, &|| shared.is_stopping())?;
    match found {
        _ if shared.is_stopping() => Ok(false),
        _ if found < acked => Err(Finding::Decisions { epoch, expected: acked, found }),
        _ => Ok(true),
    }
}
