//! The pull side of a central in memory: rows by position, and a bootstrap in key order, cut where the script says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use comptoir_core::rulebook::Rulebook;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::{
    BootstrapLine, DeviceStatus, Notice, PullCursor, PullResponse, RowChange, RowKey, RowKind, RulebookInForce,
};
use comptoir_proto::rulebook_file;
use serde_json::Value;
use serde_json::value::to_raw_value;
use tokio::sync::watch;
use uuid::Uuid;

use super::super::transport::{BootstrapAnswer, HttpAnswer, PullParams, Unanswered};
use super::central::{SERVER_TIME, ok, refused};

pub(super) const MARK_ROWS: usize = 200;
/// Bytes of a piece of the stream.
const PIECE: usize = 1_000;

#[derive(Default)]
struct Inner {
    rows: BTreeMap<RowKey, RowChange>,
    notices: Vec<Notice>,
    head: u64,
    incarnation: Uuid,
    scope: String,
    rulebook: Option<RulebookInForce>,
    device: Option<DeviceStatus>,
    identity_position: u64,
    page: Option<usize>,
    /// So many bytes of the next streams pass; then they break.
    cuts: VecDeque<usize>,
    faults: VecDeque<Unanswered>,
    changed: watch::Sender<u64>,
    pulls: Vec<PullParams>,
    streamed: usize,
}

#[derive(Clone, Default)]
pub(super) struct Down(Arc<Mutex<Inner>>);

pub(super) fn client(id: &str) -> RowKey {
    RowKey { kind: RowKind::Entity, entity_type: "CLIENT".into(), entity_id: id.into(), site: None }
}

/// Everything up to a position was delivered.
pub(super) fn cursor(incarnation: Uuid, scope: &str, position: u64) -> PullCursor {
    let cursor = serde_json::json!({"incarnation": incarnation, "scope": scope, "position": position});
    serde_json::from_value(cursor).expect("a cursor")
}

impl Down {
    /// Something changes a row: the tenant's next position.
    pub(super) fn change(&self, key: RowKey, row: impl FnOnce(u64) -> Option<Value>) -> u64 {
        let mut inner = self.lock();
        inner.head += 1;
        let position = inner.head;
        let row = row(position).map(|row| to_raw_value(&row).expect("JSON"));
        let received_at = instant::format(SERVER_TIME);
        inner.rows.insert(key.clone(), RowChange { key, position, received_at, row });
        inner.changed.send_replace(position);
        position
    }

    /// A client gets a name.
    pub(super) fn client(&self, id: &str, name: &str) -> u64 {
        self.change(client(id), |version| {
            Some(serde_json::json!({
                "entity_type": "CLIENT", "id": id, "version": version, "deleted": false,
                "fields": {"name": name}, "open_conflicts": {},
            }))
        })
    }

    /// Another rulebook is in force.
    pub(super) fn adopts(&self, book: &Rulebook) -> u64 {
        let mut inner = self.lock();
        inner.head += 1;
        let position = inner.head;
        inner.rulebook = Some(RulebookInForce { position, book: rulebook_file::to_payload(book) });
        inner.changed.send_replace(position);
        position
    }

    /// What it says of the device from now on.
    pub(super) fn says(&self, device: DeviceStatus) -> u64 {
        let mut inner = self.lock();
        inner.head += 1;
        let position = inner.head;
        inner.device = Some(device);
        inner.changed.send_replace(position);
        position
    }

    /// Position of the last change of users and rights.
    pub(super) fn is_at(&self, identity_position: u64) {
        let mut inner = self.lock();
        inner.identity_position = identity_position;
        inner.head += 1;
        let position = inner.head;
        inner.changed.send_replace(position);
    }

    pub(super) fn notice(&self, notice: Notice) {
        let mut inner = self.lock();
        inner.head = inner.head.max(notice.position);
        inner.notices.push(notice);
        let head = inner.head;
        inner.changed.send_replace(head);
    }

    /// Another or restored central that has the given rows and nothing else.
    pub(super) fn replaced(&self, incarnation: Uuid, head: u64, keep: impl Fn(&RowKey) -> bool) {
        let mut inner = self.lock();
        (inner.incarnation, inner.head) = (incarnation, head);
        inner.rows.retain(|key, _| keep(key));
        inner.rows.values_mut().for_each(|change| change.position = change.position.min(head));
        inner.changed.send_replace(head);
    }

    pub(super) fn scope(&self, scope: &str) {
        let mut inner = self.lock();
        scope.clone_into(&mut inner.scope);
        let head = inner.head;
        inner.changed.send_replace(head);
    }

    pub(super) fn gives_pages_of(&self, rows: usize) {
        self.lock().page = Some(rows);
    }

    /// The next streams break after these numbers of bytes.
    pub(super) fn will_cut(&self, cuts: impl IntoIterator<Item = usize>) {
        self.lock().cuts.extend(cuts);
    }

    pub(super) fn will_fail(&self, faults: impl IntoIterator<Item = Unanswered>) {
        self.lock().faults.extend(faults);
    }

    pub(super) fn pulls(&self) -> Vec<PullParams> {
        self.lock().pulls.clone()
    }

    pub(super) fn streamed(&self) -> usize {
        self.lock().streamed
    }

    pub(super) async fn pull(&self, query: PullParams) -> Result<HttpAnswer, Unanswered> {
        let mut changed = {
            let mut inner = self.lock();
            inner.pulls.push(query.clone());
            if let Some(fault) = inner.faults.pop_front() {
                return Err(fault);
            }
            inner.changed.subscribe()
        };
        let cursor: PullCursor = query.cursor.parse().expect("the node gives a cursor that it was given");
        let quiet = {
            let inner = self.lock();
            inner.head == cursor.position && inner.is_of(&cursor)
        };
        if quiet {
            // Held until something changes, or for as long as requested.
            let _waited = tokio::time::timeout(query.wait, changed.changed()).await;
        }
        Ok(self.lock().answer(&cursor, query.limit))
    }

    pub(super) fn bootstrap(&self, after: Option<String>) -> Result<BootstrapAnswer, Unanswered> {
        let mut inner = self.lock();
        if let Some(fault) = inner.faults.pop_front() {
            return Err(fault);
        }
        let encoded = inner.load(after.as_deref());
        let cut = inner.cuts.pop_front();
        let sent = cut.map_or(encoded.len(), |cut| cut.min(encoded.len()));
        inner.streamed += sent;
        let mut pieces: Vec<Result<Bytes, Unanswered>> =
            encoded[..sent].chunks(PIECE).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        if cut.is_some() {
            pieces.push(Err(Unanswered::Broken("connection reset".to_owned())));
        }
        Ok(BootstrapAnswer::Stream(Box::pin(tokio_stream::iter(pieces))))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panics while it holds this")
    }
}

impl Inner {
    fn is_of(&self, cursor: &PullCursor) -> bool {
        cursor.incarnation == self.incarnation && cursor.scope == self.scope
    }

    fn cursor(&self, position: u64) -> PullCursor {
        let rulebook = self.rulebook.as_ref().map(|given| given.position);
        PullCursor { rulebook, ..cursor(self.incarnation, &self.scope, position) }
    }

    fn answer(&self, cursor: &PullCursor, limit: usize) -> HttpAnswer {
        if cursor.incarnation != self.incarnation {
            return refused(Problem::new(ErrorCode::IncarnationChanged, "another central"));
        }
        if cursor.scope != self.scope {
            return refused(Problem::new(ErrorCode::ScopeChanged, "another scope"));
        }
        let mut changes: Vec<&RowChange> = self.rows.values().collect();
        changes.sort_by(|one, other| (one.position, &one.key).cmp(&(other.position, &other.key)));
        changes.retain(|change| match &cursor.after {
            None => change.position > cursor.position,
            Some(key) => (change.position, &change.key) > (cursor.position, key),
        });
        let limit = self.page.map_or(limit, |page| page.min(limit));
        let has_more = changes.len() > limit;
        changes.truncate(limit);
        let end =
            changes.last().filter(|_| has_more).map_or(self.cursor(self.head), |last| cursor.behind(last, cursor));
        let complete_through = if has_more { end.position - 1 } else { end.position };
        // A cursor within a position: the changes of that position are not complete.
        let begun = if cursor.after.is_some() { cursor.position - 1 } else { cursor.position };
        let notices = self.notices.iter().filter(|notice| (begun + 1..=complete_through).contains(&notice.position));
        ok(&PullResponse {
            notices: notices.cloned().collect(),
            changes: changes.into_iter().cloned().collect(),
            cursor: end.to_string(),
            complete_through,
            has_more,
            head: self.head,
            device: self.device.unwrap_or(DeviceStatus { is_active: true, requires_reauth: false }),
            identity_position: self.identity_position,
            rulebook: self.rulebook.clone().filter(|given| cursor.rulebook != Some(given.position)),
            server_time: instant::format(SERVER_TIME),
            incarnation: self.incarnation,
        })
    }

    fn load(&self, after: Option<&str>) -> Vec<u8> {
        // A mark names the last row before it and the head of the first stream.
        let (key, head) = match after.and_then(|mark| mark.split_once('@')) {
            Some((head, key)) => {
                (Some(serde_json::from_str::<RowKey>(key).expect("its mark")), head.parse().expect("its head"))
            }
            None => (None, self.head),
        };
        let start = BootstrapLine::Start {
            incarnation: self.incarnation,
            scope: self.scope.clone(),
            head,
            rows: key.is_none().then_some(self.rows.len() as u64),
            rulebook: self.rulebook.clone(),
        };
        let mut lines = vec![start];
        let rows = self
            .rows
            .values()
            .filter(|change| change.row.is_some() && key.as_ref().is_none_or(|key| change.key > *key));
        for (change, nth) in rows.zip(1..) {
            lines.push(BootstrapLine::Row(change.clone()));
            if nth % MARK_ROWS == 0 {
                let key = serde_json::to_string(&change.key).expect("JSON");
                lines.push(BootstrapLine::Mark(format!("{head}@{key}")));
            }
        }
        lines.push(BootstrapLine::End { cursor: self.cursor(head).to_string() });
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
        for line in lines {
            use std::io::Write as _;
            let line = serde_json::to_string(&line).expect("JSON");
            writeln!(encoder, "{line}").expect("memory takes it");
            // So that what was sent can be read, wherever it is cut.
            encoder.flush().expect("memory takes it");
        }
        encoder.finish().expect("memory takes it")
    }
}
