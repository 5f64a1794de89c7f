//! Sealing one caller's drafts: look up their ids, give seq and chain, encode. All of a list is sealed or none of it.

use comptoir_core::chain::ChainHash;
use comptoir_core::event::{Draft, Event};
use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_proto::stored_v1::{self, DecodeError};

use super::page::PAGE_BYTES_MAX;
use super::read;
use super::staged::{Staged, StagedList, sealed_event};
use super::writer::Writer;
use super::{AppendError, Appended, Finding, ReadError, Reused};

const RETIRED: &str = "central took this node out of use";

impl Writer {
    /// Whether the log takes appends now.
    pub(crate) fn may_append(&self) -> Result<(), AppendError> {
        if self.shared.is_retired() {
            return Err(AppendError::ReadOnly { reason: RETIRED.to_owned() });
        }
        self.may_write()
    }

    /// Whether the store takes data other than records.
    pub(crate) fn may_write(&self) -> Result<(), AppendError> {
        if let Some(reason) = self.shared.state().refusal() {
            return Err(AppendError::ReadOnly { reason });
        }
        match self.shared.disk_low() {
            Some((free_bytes, needed_bytes)) => Err(AppendError::InsufficientStorage { free_bytes, needed_bytes }),
            None => Ok(()),
        }
    }

    /// Seals one caller's drafts after those already staged: all of them, or none.
    pub(crate) fn stage(
        &mut self,
        staged: &mut Staged,
        drafts: Vec<Draft>,
        identity_position: u64,
    ) -> Result<Vec<Appended>, AppendError> {
        let list = staged.begin(drafts.len());
        let sealed = self.seal_list(staged, &list, drafts, identity_position);
        match sealed {
            Ok(_) => staged.end(&list),
            Err(_) => staged.roll_back(list),
        }
        sealed
    }

    fn seal_list(
        &mut self,
        staged: &mut Staged,
        list: &StagedList,
        drafts: Vec<Draft>,
        identity_position: u64,
    ) -> Result<Vec<Appended>, AppendError> {
        let mut appended = Vec::with_capacity(drafts.len());
        let mut reused = Vec::new();
        for (index, draft) in drafts.into_iter().enumerate() {
            match self.known(staged, &draft)? {
                Some((true, known)) => appended.push(known),
                Some((false, Appended { event_id: id, epoch, seq, .. })) => {
                    reused.push(Reused { index, id, epoch, seq });
                }
                None => appended.push(self.seal(staged, draft, identity_position)?),
            }
        }
        let bytes = list.bytes(staged);
        if !reused.is_empty() {
            return Err(AppendError::EventIdReused(reused));
        }
        if bytes > PAGE_BYTES_MAX {
            let got = bytes.div_ceil(CHUNK_BYTES_MAX) + 1;
            return Err(AppendError::TooLarge { what: "entries of 4 KiB", got, max: BATCH_ENTRIES_MAX });
        }
        Ok(appended)
    }

    /// The record that already has the draft's id, and whether its content is the same.
    fn known(&mut self, staged: &Staged, draft: &Draft) -> Result<Option<(bool, Appended)>, AppendError> {
        if let Some((event, chain)) = staged.get(draft.id) {
            return Ok(Some((draft.same_content(event), seen(event, *chain))));
        }
        match self.stored(draft.id) {
            Ok(None) => Ok(None),
            Ok(Some((event, chain))) => Ok(Some((draft.same_content(&event), seen(&event, chain)))),
            // Appending without knowing whether the id is in the log could record one sale twice.
            Err(ReadError::Store(error)) => Err(AppendError::ReadOnly { reason: self.fail(error) }),
            Err(ReadError::Damaged(finding)) => {
                let reason = finding.to_string();
                self.shared.damaged(finding);
                Err(AppendError::ReadOnly { reason })
            }
        }
    }

    fn stored(&self, id: EventId) -> Result<Option<(Event, ChainHash)>, ReadError> {
        let Some(position) = self.shared.ids.get(&*self.shared.store, id)? else { return Ok(None) };
        let damaged = |found: String| Finding::Unreadable { epoch: position.epoch, seq: position.seq, found };
        let sealed = read::record(&self.shared, position.epoch, position.seq)?;
        let sealed = sealed.ok_or_else(|| damaged("nothing".to_owned()))?;
        let event = stored_v1::decode(&sealed.record).map_err(|error| damaged(error.to_string()))?;
        Ok(Some((event, sealed.chain)))
    }

    fn seal(&self, staged: &mut Staged, draft: Draft, identity_position: u64) -> Result<Appended, AppendError> {
        let event = sealed_event(draft, self.shared.identity, self.epoch, staged.next_seq(), staged.now());
        let event = Event { identity_position, ..event };
        let record = encode(&event)?;
        let appended = seen(&event, staged.chain());
        let chain = staged.push(event, &record);
        Ok(Appended { chain, duplicate: false, ..appended })
    }
}

fn encode(event: &Event) -> Result<Vec<u8>, AppendError> {
    stored_v1::encode(event).map_err(|error| match error {
        DecodeError::PayloadTooLong { got } => {
            AppendError::TooLarge { what: "bytes of one payload", got, max: PAYLOAD_BYTES_MAX }
        }
        DecodeError::TooLong { got } => {
            AppendError::TooLarge { what: "bytes of one record", got, max: RECORD_BYTES_MAX }
        }
        other => AppendError::Unencodable { id: event.id, error: other.to_string() },
    })
}

fn seen(event: &Event, chain: ChainHash) -> Appended {
    Appended { event_id: event.id, epoch: event.epoch.number, seq: event.seq, chain, duplicate: true }
}
