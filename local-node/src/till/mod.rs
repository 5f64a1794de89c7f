//! The till of this node: its sessions, each from an opening float to a counted closing.
//!
//! Everything is read from the log. Sessions and their Z reports are numbered from 1 without gaps, because the ids of their
//! events follow from node and number: of two closings of one session the log takes one. A session's sums are those of the
//! sales that the log has between its opening and its closing. A sale holds [`Till::selling`] until it is durable and a closing
//! waits for that, so no sale lands between the count and the report. Never here: amounts that a caller added up.

mod session;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name};
use comptoir_core::money::Currency;
use comptoir_proto::stored_v1;
use comptoir_proto::till_v1::{
    CashMoved, CloseTill, CountedCash, MoveCash, OpenTill, TillClosed, TillOpened, TillSession, counted_minor,
};
use serde::Serialize;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use uuid::Uuid;

use crate::blocking::blocking;
use crate::event_log::{AppendError, Appended, Found, Log, ReadError};
use session::OpenSession;
pub(crate) use session::{Closing, payments};

/// The largest amount that every JSON reader keeps exactly.
const AMOUNT_MAX: i64 = 9_007_199_254_740_991;

/// Why a session was not opened or closed, or no cash moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TillError {
    #[error("session {0} is open: count the drawer and close it first")]
    AlreadyOpen(u64),
    #[error("the till is closed; open it with the cash that is in the drawer")]
    NotOpen,
    #[error("session {asked} is not open, session {open} is: read the till again")]
    OtherSession { asked: u64, open: u64 },
    #[error("counted {counted_minor}, expected {expected_minor}: say why they differ")]
    ReasonRequired { counted_minor: i64, expected_minor: i64 },
    #[error("{detail}")]
    Invalid { pointer: &'static str, detail: String },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Who acts, as the API has checked.
pub(crate) struct TillAuthor {
    pub(crate) user: Option<Name>,
    pub(crate) identity_position: u64,
}

/// Held by a sale until it is durable.
pub(crate) struct Selling {
    _open: OwnedRwLockReadGuard<Option<Uuid>>,
}

#[derive(Clone)]
pub(crate) struct Till {
    log: Log,
    /// The event that opened the session which is open.
    open: Arc<RwLock<Option<Uuid>>>,
    /// Whether this node ever had a session. Without one a sale costs nothing more.
    is_used: Arc<AtomicBool>,
    session: Arc<std::sync::Mutex<Option<OpenSession>>>,
}

impl Till {
    /// Reads whether a session is open. Blocks.
    pub(crate) fn new(log: Log) -> Till {
        let till = Till { log, open: Arc::default(), is_used: Arc::default(), session: Arc::default() };
        let read = || Ok::<_, ReadError>((last_closed(&till.log)?, till.current()?));
        match read() {
            Ok((closed, session)) => {
                till.is_used.store(closed > 0 || session.is_some(), Ordering::Relaxed);
                if let Ok(mut open) = till.open.try_write() {
                    *open = session.map(|session| session.id);
                }
            }
            Err(error) => tracing::warn!(%error, "Whether a session of the till is open cannot be read: {error}"),
        }
        till
    }

    /// The session that is open, with its sums up to now. Blocks.
    pub(crate) fn current(&self) -> Result<Option<TillSession>, ReadError> {
        let mut kept = self.session.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = last_closed(&self.log)? + 1;
        let Some(found) = find(&self.log, opening_id(&self.log, number), "TILL_OPENED")? else {
            *kept = None;
            return Ok(None);
        };
        let known = kept.take().filter(|session| session.is_of(&self.log, number));
        let mut session = match known {
            Some(session) => session,
            None => match OpenSession::begin(number, &found) {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        session.follow(&self.log)?;
        let shown = session.shown();
        *kept = Some(session);
        Ok(Some(shown))
    }

    /// Lets sales name the session that is open, and holds its closing back until they are durable. A sale that the log has
    /// already keeps what it named.
    pub(crate) async fn selling(&self, drafts: &mut [Draft]) -> Result<Option<Selling>, AppendError> {
        let is_sale =
            |draft: &Draft| draft.content.entity_type.as_str() == "SALE" && draft.content.correlation.is_none();
        if !self.is_used.load(Ordering::Relaxed) || !drafts.iter().any(is_sale) {
            return Ok(None);
        }
        let open = self.open.clone().read_owned().await;
        let ids: Vec<EventId> = drafts.iter().filter(|draft| is_sale(draft)).map(|draft| draft.id).collect();
        let log = self.log.clone();
        let named = blocking(move || ids.into_iter().map(|id| named_before(&log, id)).collect::<Result<Vec<_>, _>>());
        let named = named.await.map_err(unreadable)?;
        for (draft, named) in drafts.iter_mut().filter(|draft| is_sale(draft)).zip(named) {
            draft.content.correlation = named.unwrap_or(*open);
        }
        Ok(Some(Selling { _open: open }))
    }

    pub(crate) async fn open(
        &self,
        currency: Currency,
        asked: OpenTill,
        author: TillAuthor,
    ) -> Result<Appended, TillError> {
        check_amount("/float_minor", asked.float_minor)?;
        check_count(&asked.counted, asked.float_minor, "/counted")?;
        let mut open = self.open.write().await;
        let number = self.closed().await? + 1;
        let id = opening_id(&self.log, number);
        let reader = self.log.clone();
        if blocking(move || find(&reader, id, "TILL_OPENED")).await?.is_some() {
            return Err(TillError::AlreadyOpen(number));
        }
        let payload = TillOpened {
            number,
            currency: currency.as_str().to_owned(),
            float_minor: asked.float_minor,
            counted: asked.counted,
        };
        let appended = self.append(id, id.uuid(), "TILL_OPENED", &payload, author).await?;
        self.is_used.store(true, Ordering::Relaxed);
        *open = Some(id.uuid());
        Ok(appended)
    }

    pub(crate) async fn move_cash(
        &self,
        id: EventId,
        asked: MoveCash,
        author: TillAuthor,
    ) -> Result<Appended, TillError> {
        let MoveCash { amount_minor, reason, .. } = asked;
        if amount_minor == 0 || amount_minor.checked_abs().is_none_or(|amount| amount > AMOUNT_MAX) {
            let detail =
                format!("{amount_minor} moves no cash: an amount other than zero is needed, at most {AMOUNT_MAX}");
            return Err(TillError::Invalid { pointer: "/amount_minor", detail });
        }
        check_reason(&reason)?;
        // Held as by a sale: the closing counts it or comes before it.
        let open = self.open.clone().read_owned().await;
        let reader = self.log.clone();
        if let Some(found) = blocking(move || find(&reader, id, "CASH_MOVED")).await? {
            return self.moved_before(id, &found, (amount_minor, reason), author).await;
        }
        let session = (*open).ok_or(TillError::NotOpen)?;
        let till = self.clone();
        let shown = blocking(move || till.current()).await?.ok_or(TillError::NotOpen)?;
        let payload = CashMoved { number: shown.number, currency: shown.currency, amount_minor, reason };
        let appended = self.append(id, session, "CASH_MOVED", &payload, author).await?;
        drop(open);
        Ok(appended)
    }

    /// A retry, after the session may have been closed: it is compared with what it recorded then.
    async fn moved_before(
        &self,
        id: EventId,
        found: &Found,
        (amount_minor, reason): (i64, String),
        author: TillAuthor,
    ) -> Result<Appended, TillError> {
        let Ok(event) = stored_v1::decode(&found.sealed.record) else { return Err(TillError::NotOpen) };
        let Ok(moved) = serde_json::from_slice::<CashMoved>(&event.content.payload) else {
            return Err(TillError::NotOpen);
        };
        let session = event.content.correlation.unwrap_or_default();
        let payload = CashMoved { amount_minor, reason, ..moved };
        Ok(self.append(id, session, "CASH_MOVED", &payload, author).await?)
    }

    /// Closes the session: seals the count with the sums of its sales.
    pub(crate) async fn close(&self, asked: CloseTill, author: TillAuthor) -> Result<Appended, TillError> {
        check_amount("/counted_minor", asked.counted_minor)?;
        check_count(&asked.counted, asked.counted_minor, "/counted")?;
        let reason = asked.reason.filter(|reason| !reason.trim().is_empty());
        reason.as_deref().map_or(Ok(()), check_reason)?;
        let mut open = self.open.write().await;
        let till = self.clone();
        let session = blocking(move || till.current()).await?.ok_or(TillError::NotOpen)?;
        if session.number != asked.number {
            return Err(TillError::OtherSession { asked: asked.number, open: session.number });
        }
        let (expected_minor, counted_minor) = (session.expected_minor, asked.counted_minor);
        if counted_minor != expected_minor && reason.is_none() {
            return Err(TillError::ReasonRequired { counted_minor, expected_minor });
        }
        let log = self.log.clone();
        let (before, unsent) = blocking(move || {
            let before = closing(&log, session.number - 1)?.map(|closing| closing.report);
            Ok::<_, ReadError>((before, log.pending()?.count))
        })
        .await?;
        let grand_total = before.filter(|before| before.currency == session.currency);
        let net = session.sums.sales_minor.saturating_sub(session.sums.refunds_minor);
        let payload = TillClosed {
            number: session.number,
            currency: session.currency,
            opened_at: session.opened_at,
            float_minor: session.float_minor,
            sums: session.sums,
            expected_minor,
            counted_minor,
            difference_minor: counted_minor.saturating_sub(expected_minor),
            counted: asked.counted,
            reason,
            grand_total_minor: grand_total.map_or(0, |before| before.grand_total_minor).saturating_add(net),
            unsent,
        };
        let id = closing_id(&self.log, session.number);
        let appended = self.append(id, session.id, "TILL_CLOSED", &payload, author).await?;
        *open = None;
        Ok(appended)
    }

    /// Number of the last session that was closed.
    pub(crate) async fn closed(&self) -> Result<u64, ReadError> {
        let log = self.log.clone();
        blocking(move || last_closed(&log)).await
    }

    async fn append(
        &self,
        id: EventId,
        session: Uuid,
        action: &str,
        payload: &impl Serialize,
        author: TillAuthor,
    ) -> Result<Appended, AppendError> {
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a name");
        let payload = serde_json::to_vec(payload).expect("a report has texts and integers");
        let content = Content {
            site: Some(self.log.identity().site),
            user: author.user,
            correlation: Some(session),
            ..Content::new(name("TILL_SESSION"), name(&session.to_string()), name(action), payload)
        };
        let draft = Draft { id, occurred_at: None, content };
        let mut appended = self.log.append_of_user(vec![draft], author.identity_position).await?;
        Ok(appended.remove(0))
    }
}

/// A sale is not recorded by a log that does not read.
fn unreadable(error: ReadError) -> AppendError {
    AppendError::ReadOnly { reason: error.to_string() }
}

/// The session that a sale of the log names; `None` if the log does not have it.
fn named_before(log: &Log, id: EventId) -> Result<Option<Option<Uuid>>, ReadError> {
    let found = log.find(id)?;
    Ok(found.and_then(|found| stored_v1::decode(&found.sealed.record).ok()).map(|event| event.content.correlation))
}

/// A Z report of this node; `None` if no session of this number was closed.
pub(crate) fn closing(log: &Log, number: u64) -> Result<Option<Closing>, ReadError> {
    if number == 0 {
        return Ok(None);
    }
    Ok(find(log, closing_id(log, number), "TILL_CLOSED")?.and_then(Closing::read))
}

/// Closings have no gap, so the last one is found by doubling and then halving.
pub(crate) fn last_closed(log: &Log) -> Result<u64, ReadError> {
    let is_closed = |number: u64| Ok::<_, ReadError>(find(log, closing_id(log, number), "TILL_CLOSED")?.is_some());
    if !is_closed(1)? {
        return Ok(0);
    }
    let (mut closed, mut open) = (1, 2);
    while is_closed(open)? {
        (closed, open) = (open, open * 2);
    }
    while open - closed > 1 {
        let middle = closed + (open - closed) / 2;
        if is_closed(middle)? { closed = middle } else { open = middle }
    }
    Ok(closed)
}

fn find(log: &Log, id: EventId, action: &str) -> Result<Option<Found>, ReadError> {
    let is_it = |found: &Found| {
        stored_v1::decode(&found.sealed.record).is_ok_and(|event| event.content.action.as_str() == action)
    };
    Ok(log.find(id)?.filter(is_it))
}

fn opening_id(log: &Log, number: u64) -> EventId {
    EventId::new(log.identity().node.uuid()).derived(&format!("TILL_OPENED/{number}"))
}

fn closing_id(log: &Log, number: u64) -> EventId {
    EventId::new(log.identity().node.uuid()).derived(&format!("TILL_CLOSED/{number}"))
}

fn check_amount(pointer: &'static str, amount: i64) -> Result<(), TillError> {
    if (0..=AMOUNT_MAX).contains(&amount) {
        return Ok(());
    }
    Err(TillError::Invalid { pointer, detail: format!("{amount} is no amount of cash: 0 to {AMOUNT_MAX} is needed") })
}

fn check_count(counted: &[CountedCash], said: i64, pointer: &'static str) -> Result<(), TillError> {
    let wrong = |detail: String| Err(TillError::Invalid { pointer, detail });
    if counted.len() > comptoir_proto::till_v1::COUNTED_MAX {
        return wrong(format!("{} kinds of notes and coins, at most 40 are taken", counted.len()));
    }
    let is_cash = |cash: &CountedCash| (1..=AMOUNT_MAX).contains(&cash.value_minor) && cash.count <= 1_000_000;
    if let Some(other) = counted.iter().find(|cash| !is_cash(cash)) {
        return wrong(format!("{} x {} is no count of notes or coins", other.count, other.value_minor));
    }
    match counted_minor(counted) {
        _ if counted.is_empty() => Ok(()),
        Some(sum) if sum == said => Ok(()),
        Some(sum) => wrong(format!("the notes and coins come to {sum}, the request says {said}")),
        None => wrong("the notes and coins come to more than an amount can hold".to_owned()),
    }
}

fn check_reason(reason: &str) -> Result<(), TillError> {
    let length = reason.chars().count();
    if (1..=500).contains(&length) && !reason.trim().is_empty() && !reason.contains('\0') {
        return Ok(());
    }
    let detail = format!("{length} characters: a reason of 1 to 500 is needed");
    Err(TillError::Invalid { pointer: "/reason", detail })
}
