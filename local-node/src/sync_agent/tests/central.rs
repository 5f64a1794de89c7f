//! A central in memory that keeps the protocol and follows a script of failures.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use comptoir_core::chain::{ChainHash, link};
use comptoir_core::id::EventId;
use comptoir_core::time::Timestamp;
use comptoir_proto::certificates_v1::CertificateRequest;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::node_users_v1::{NodeUsers, WipeProof};
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::{
    EpochDto, HeadDto, PriorResult, PushRequest, PushResponse, RecordResult, SignedHead, SyncStatus, signed_head_text,
};
use comptoir_proto::{instant, stored_v1};
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::transport::{Acked, BootstrapAnswer, HttpAnswer, PullParams, Transport, Unanswered};
use super::down::Down;
use super::identity;

/// What happens to one push.
pub(super) enum Fault {
    NotConnected,
    /// No answer comes in time, and nothing was stored.
    Timeout,
    /// It is stored, and the answer is lost.
    LostAnswer,
    /// Refused with a code and what the problem carries.
    Refuse(ErrorCode, fn(Problem) -> Problem),
    /// Answered by something that is not central.
    Proxy(u16, &'static str),
    /// Only that many of its records are stored.
    Partly(usize),
    /// It is stored, and the answer says something else.
    Lie(fn(&mut PushResponse)),
    /// The batch is stored, and the node is killed before it reads the answer.
    Kill(tokio::task::AbortHandle),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Call {
    pub(super) at: Instant,
    /// `None` for a status request.
    pub(super) pushed: Option<(u64, usize)>,
}

struct Held {
    record: Vec<u8>,
    chain: ChainHash,
    result: RecordResult,
}

#[derive(Default)]
struct Inner {
    epoch: Option<EpochDto>,
    held: Vec<Held>,
    /// Every event that was ever taken, in order.
    events: Vec<Uuid>,
    /// What a node says that was decided before, by seq.
    prior_decisions: Vec<(u64, PriorResult)>,
    position: u64,
    incarnation: Uuid,
    poison: HashSet<Uuid>,
    records_max: Option<usize>,
    faults: VecDeque<Fault>,
    /// How long the next push waits before anything is done about it.
    silence: Option<Duration>,
    calls: Vec<Call>,
    pushed: watch::Sender<usize>,
    /// Files, and how many records it held when each came.
    blobs: Vec<(String, usize)>,
    blob_faults: VecDeque<Result<HttpAnswer, Unanswered>>,
    /// How many records it held at each request for a load.
    loads: Vec<usize>,
    down: Down,
    signs: Option<Signing>,
    users: Option<NodeUsers>,
    users_asked: usize,
    proofs: Vec<WipeProof>,
    refuses_proofs: bool,
    certificate_requests: Vec<CertificateRequest>,
}

/// Answers a request for a certificate.
type Signing = Box<dyn Fn(&CertificateRequest) -> HttpAnswer + Send>;

/// Clones are the same central.
#[derive(Clone, Default)]
pub(super) struct Central(Arc<Mutex<Inner>>);

pub(super) const SERVER_TIME: Timestamp = Timestamp(1_800_000_000_000_000);

impl Central {
    pub(super) fn will(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// Hangs for so long at the next push, then does as ever.
    pub(super) fn hangs(&self, silence: Duration) {
        self.lock().silence = Some(silence);
    }

    /// From now on answers 413 to more records than that.
    pub(super) fn takes_at_most(&self, records: usize) {
        self.lock().records_max = Some(records);
    }

    pub(super) fn quarantines(&self, event: EventId) {
        self.lock().poison.insert(event.uuid());
    }

    /// Restores a copy from when it held that many records.
    pub(super) fn restore(&self, records: usize, incarnation: Uuid) {
        let mut central = self.lock();
        central.held.truncate(records);
        central.events.truncate(records);
        central.incarnation = incarnation;
        central.pushed.send_replace(records);
    }

    /// Holds one record more than the node, as after a restore of the node.
    pub(super) fn holds_one_more(&self) {
        let mut central = self.lock();
        let last = central.held.last().expect("something is held");
        let (mut record, chain) = (last.record.clone(), last.chain);
        record.push(0);
        let result = RecordResult { seq: last.result.seq + 1, event_id: Uuid::from_u128(99), ..last.result.clone() };
        let chain = link(chain, &record);
        central.held.push(Held { record, chain, result });
    }

    /// Every event it took, each time it was taken.
    pub(super) fn events(&self) -> Vec<Uuid> {
        self.lock().events.clone()
    }

    /// The prior decisions it received.
    pub(super) fn prior_decisions(&self) -> Vec<(u64, PriorResult)> {
        self.lock().prior_decisions.clone()
    }

    /// Seqs of the open epoch, without a hole by construction.
    pub(super) fn held(&self) -> usize {
        self.lock().held.len()
    }

    /// How many records it held at each request for a load.
    pub(super) fn loads(&self) -> Vec<usize> {
        self.lock().loads.clone()
    }

    /// Waits until that many records are held.
    pub(super) async fn holds(&self, records: usize) {
        let mut pushed = self.lock().pushed.subscribe();
        pushed.wait_for(|held| *held == records).await.expect("central lives as long as the test");
    }

    /// First seq and length of each push.
    pub(super) fn pushes(&self) -> Vec<(u64, usize)> {
        self.lock().calls.iter().filter_map(|call| call.pushed).collect()
    }

    /// Times between the pushes, in seconds.
    pub(super) fn pauses(&self) -> Vec<u64> {
        let central = self.lock();
        let pushes: Vec<_> = central.calls.iter().filter(|call| call.pushed.is_some()).collect();
        pushes.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect()
    }

    /// Number of status requests.
    pub(super) fn asked(&self) -> usize {
        self.lock().calls.iter().filter(|call| call.pushed.is_none()).count()
    }

    pub(super) fn answers_files_with(&self, answers: impl IntoIterator<Item = Result<HttpAnswer, Unanswered>>) {
        self.lock().blob_faults.extend(answers);
    }

    /// Each file it took, with how many records it held then.
    pub(super) fn files(&self) -> Vec<(String, usize)> {
        self.lock().blobs.clone()
    }

    /// What it gives, to look at and to change.
    pub(super) fn down(&self) -> Down {
        self.lock().down.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panics while it holds central")
    }
}

impl Central {
    fn pushed(&self, body: &[u8]) -> Result<HttpAnswer, Unanswered> {
        let request: PushRequest = serde_json::from_slice(body).expect("the agent sends a push request");
        let mut central = self.lock();
        let pushed = Some((request.first_seq, request.records.len()));
        central.calls.push(Call { at: Instant::now(), pushed });
        match central.faults.pop_front() {
            None => Ok(central.take(&request, usize::MAX, |_| {})),
            Some(Fault::NotConnected) => Err(Unanswered::NotConnected("connection refused".to_owned())),
            Some(Fault::Timeout) => Err(Unanswered::Timeout),
            Some(Fault::LostAnswer) => {
                central.take(&request, usize::MAX, |_| {});
                Err(Unanswered::Broken("connection reset".to_owned()))
            }
            Some(Fault::Refuse(code, with)) => Ok(refused(with(Problem::new(code, "as scripted")))),
            Some(Fault::Proxy(status, text)) => Ok(HttpAnswer { status, retry_after: None, body: text.into() }),
            Some(Fault::Partly(records)) => Ok(central.take(&request, records, |_| {})),
            Some(Fault::Lie(lie)) => Ok(central.take(&request, usize::MAX, lie)),
            Some(Fault::Kill(agent)) => {
                let answer = central.take(&request, usize::MAX, |_| {});
                agent.abort();
                Ok(answer)
            }
        }
    }
}

impl Central {
    /// How it answers requests for certificates from now on.
    pub(super) fn signs(&self, signs: impl Fn(&CertificateRequest) -> HttpAnswer + Send + 'static) {
        self.lock().signs = Some(Box::new(signs));
    }

    /// The users of the site from now on.
    pub(super) fn has_users(&self, users: NodeUsers) {
        self.down().is_at(users.identity_position);
        self.lock().users = Some(users);
    }

    /// The same, and no pull says so yet.
    pub(super) fn has_new_users(&self, users: NodeUsers) {
        self.lock().users = Some(users);
    }

    /// It refuses to send its users from now on.
    pub(super) fn forgets_users(&self) {
        self.lock().users = None;
    }

    /// How often it was asked for them.
    pub(super) fn users_asked(&self) -> usize {
        self.lock().users_asked
    }

    /// Whether it refuses proofs that a node destroyed its data.
    pub(super) fn refuses_proofs(&self, refuses: bool) {
        self.lock().refuses_proofs = refuses;
    }

    /// The proofs that it took.
    pub(super) fn proofs(&self) -> Vec<WipeProof> {
        self.lock().proofs.clone()
    }

    /// The requests for certificates so far.
    pub(super) fn certificate_requests(&self) -> Vec<CertificateRequest> {
        self.lock().certificate_requests.clone()
    }
}

impl Transport for Central {
    async fn push(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        let silence = self.lock().silence.take();
        if let Some(silence) = silence {
            tokio::time::sleep(silence).await;
        }
        let answer = self.pushed(&body);
        // An agent that was killed meanwhile ends here, before it looks at the answer.
        tokio::task::yield_now().await;
        answer
    }

    async fn status(&self, _: Acked) -> Result<HttpAnswer, Unanswered> {
        let mut central = self.lock();
        central.calls.push(Call { at: Instant::now(), pushed: None });
        let status = SyncStatus {
            head: central.epoch.map(|epoch| central.head(epoch)),
            server_time: instant::format(SERVER_TIME),
            incarnation: central.incarnation,
        };
        Ok(ok(&status))
    }

    async fn put_blob(&self, hash: String, bytes: Bytes) -> Result<HttpAnswer, Unanswered> {
        let mut central = self.lock();
        if let Some(fault) = central.blob_faults.pop_front() {
            return fault;
        }
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash);
        let at = central.held.len();
        central.blobs.push((hash, at));
        Ok(HttpAnswer { status: 201, retry_after: None, body: Bytes::new() })
    }

    async fn pull(&self, query: PullParams) -> Result<HttpAnswer, Unanswered> {
        self.down().pull(query).await
    }

    async fn bootstrap(&self, after: Option<String>) -> Result<BootstrapAnswer, Unanswered> {
        {
            let mut central = self.lock();
            let held = central.held.len();
            central.loads.push(held);
        }
        self.down().bootstrap(after)
    }

    async fn certificate(&self, _: Uuid, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        let request: CertificateRequest = serde_json::from_slice(&body).expect("the node writes JSON");
        let mut central = self.lock();
        central.certificate_requests.push(request.clone());
        let missing = || refused(Problem::new(ErrorCode::CaMissing, "this central has no certificate authority"));
        Ok(central.signs.as_ref().map_or_else(missing, |sign| sign(&request)))
    }

    async fn users(&self) -> Result<HttpAnswer, Unanswered> {
        let mut central = self.lock();
        central.users_asked += 1;
        let missing = || refused(Problem::new(ErrorCode::NotFound, "a central without users"));
        Ok(central.users.as_ref().map_or_else(missing, ok))
    }

    async fn wiped(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        let mut central = self.lock();
        if central.refuses_proofs {
            return Err(Unanswered::NotConnected("connection refused".to_owned()));
        }
        central.proofs.push(serde_json::from_slice(&body).expect("the node writes JSON"));
        Ok(HttpAnswer { status: 204, retry_after: None, body: Bytes::new() })
    }
}

impl Inner {
    /// Stores the records that fit, up to a number, and answers from what it holds.
    fn take(&mut self, request: &PushRequest, records: usize, lie: impl FnOnce(&mut PushResponse)) -> HttpAnswer {
        if self.records_max.is_some_and(|max| request.records.len() > max) {
            return refused(Problem::new(ErrorCode::TooLarge, "too many"));
        }
        if self.epoch != Some(request.epoch) {
            assert_eq!(request.first_seq, 1, "an epoch begins with its first record");
            assert!(self.epoch.is_none_or(|known| known.number < request.epoch.number));
            self.epoch = Some(request.epoch);
            self.held.clear();
        }
        let expected = self.held.len() as u64 + 1;
        if request.first_seq > expected {
            return refused(Problem::new(ErrorCode::SeqGap, "records are missing").with("expected_seq", expected));
        }
        let mut results = Vec::new();
        for (sealed, seq) in request.records.iter().zip(request.first_seq..).take(records) {
            self.prior_decisions.extend(sealed.prior_decision.clone().map(|decided| (seq, decided)));
            let (record, chain) = sealed.bytes().expect("the agent writes base64 and hex");
            match self.held.get(seq as usize - 1) {
                Some(held) if held.record != record => return refused(Problem::new(ErrorCode::Fork, "other bytes")),
                Some(held) => results.push(held.result.clone()),
                None => results.push(self.hold(record, chain, seq)),
            }
        }
        self.pushed.send_replace(self.held.len());
        let head = self.head(request.epoch);
        let text = signed_head_text(identity().tenant.uuid(), request.node, &head, self.incarnation);
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut response = PushResponse {
            results,
            head,
            signed_head: SignedHead {
                signature: BASE64.encode(key.sign(text.as_bytes()).to_bytes()),
                public_key: hex::encode(key.verifying_key().to_bytes()),
                text,
            },
            server_time: instant::format(SERVER_TIME),
            incarnation: self.incarnation,
        };
        lie(&mut response);
        ok(&response)
    }

    fn hold(&mut self, record: Vec<u8>, chain: ChainHash, seq: u64) -> RecordResult {
        if let Some(before) = self.held.last() {
            assert_eq!(link(before.chain, &record), chain, "the records come with their chain");
        }
        let event_id = stored_v1::header(&record).expect("a record has a header").event_id.uuid();
        self.position += 1;
        let known = self.events.contains(&event_id);
        let poisoned = self.poison.contains(&event_id);
        let result = RecordResult {
            event_id,
            seq,
            verdict: if poisoned {
                "QUARANTINED"
            } else if known {
                "DUPLICATE"
            } else {
                "ACCEPTED"
            }
            .to_owned(),
            code: poisoned.then(|| "TOTAL_MISMATCH".to_owned()),
            flags: Vec::new(),
            position: self.position,
            reference: None,
            resolution: None,
            detail: None,
            // Not everything is decided by the order of arrival.
            attestation: seq.is_multiple_of(2).then(|| format!("{:032x}", self.position)),
        };
        self.events.push(event_id);
        self.held.push(Held { record, chain, result: result.clone() });
        result
    }

    fn head(&self, epoch: EpochDto) -> HeadDto {
        let chain = self.held.last().map_or(ChainHash([0; 32]), |held| held.chain);
        HeadDto { epoch, seq: self.held.len() as u64, chain: chain.to_string() }
    }
}

pub(super) fn ok(answer: &impl serde::Serialize) -> HttpAnswer {
    let body = serde_json::to_vec(answer).expect("an answer encodes");
    HttpAnswer { status: 200, retry_after: None, body: body.into() }
}

pub(super) fn refused(problem: Problem) -> HttpAnswer {
    let retry_after = problem.retry_after.map(Duration::from_secs);
    let body = serde_json::to_vec(&problem).expect("a problem encodes");
    HttpAnswer { status: problem.status, retry_after, body: body.into() }
}
