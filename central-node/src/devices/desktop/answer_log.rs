//! What a desktop was answered and when, as far as the base of its later edits follows from it.
//!
//! A client holds a page of `down` if a later request has the time that the page had for it, to the millisecond. The fate of any
//! other answer is unknown, and such an answer counts as not received; rows in it count as possibly written into the client's
//! table. What is dropped, because the log is bounded, makes a base older. An older base costs at most a needless conflict; a
//! newer one would lose another client's change.

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use serde::{Deserialize, Serialize};

use super::client_clock::ClockReading;
use crate::clock::Clock;
use crate::database::{self, Database, StoreError};
use crate::devices::device::Device;
use crate::devices::time_cursor::{PageEnd, Since, same_millisecond};

/// Pages in the log. When there are more, the one is dropped whose neighbours are closest together for their age, so the log
/// reaches far back.
const PAGES_MAX: usize = 64;

/// The newest pages are never dropped.
const PAGES_KEPT: usize = 16;

/// Choices in the log. A choice matters until the client has received the row again.
const CHOICES_MAX: usize = 64;

/// Bytes of the types that a page was restricted to. A page with more is not logged.
const TYPES_BYTES_MAX: usize = 1_024;

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AnswerLog {
    /// Oldest first.
    #[serde(default)]
    pages: Vec<GivenPage>,
    /// Oldest first.
    #[serde(default)]
    choices: Vec<AnsweredChoice>,
    /// The last answer that contained rows, whatever its fate; in microseconds by central's clock, as all times here.
    #[serde(default)]
    rows_given_at: Option<i64>,
    #[serde(default)]
    clock: ClockReading,
}

/// A page of `down`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct GivenPage {
    at: i64,
    /// A client that has the page holds everything up to this position.
    to: u64,
    /// The time in the page for the client's next request.
    time: i64,
    /// Whether a later `down` showed that the client has it.
    held: bool,
    /// Only of these types; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    types: Option<Vec<String>>,
}

impl GivenPage {
    /// Whether a request has the time that this page had for it.
    fn is_named_by(&self, since: Since) -> bool {
        self.to == since.from.0 && !since.is_ahead && same_millisecond(Timestamp(self.time), since.time)
    }
}

/// A choice of `/resolve` that was answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct AnsweredChoice {
    at: i64,
    #[serde(flatten)]
    made: ChoiceMade,
    /// What the client held of everything else.
    pulled_to: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ChoiceMade {
    pub(crate) entity_type: String,
    pub(crate) entity_id: String,
    /// The position at which the client receives the row again.
    pub(crate) position: u64,
    /// The version that the client's table has after it.
    pub(crate) held: HeldAfter,
}

/// What a client holds of an entity after its user's choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldAfter {
    /// The server's version was accepted. The document's client then writes the row that the conflict had shown, of this version,
    /// over any newer one. If the answer was lost, it wrote nothing.
    AtMost(u64),
    /// The client's own fields were kept, and the entity has this version by it.
    AtLeast(u64),
}

impl AnswerLog {
    /// Reads the log of a device and locks it until the transaction ends.
    pub(crate) async fn lock(tx: &Transaction<'_>, device: &Device) -> Result<AnswerLog, StoreError> {
        let sql = "select answers from device where tenant_id = $1 and node_id = $2 for no key update";
        let statement = tx.prepare_cached(sql).await?;
        let row = tx.query_one(&statement, &[&device.tenant.uuid(), &device.node.uuid()]).await?;
        serde_json::from_str(row.try_get(0)?).map_err(|error| StoreError::Damaged(format!("answers: {error}")))
    }

    pub(crate) async fn save(&self, tx: &Transaction<'_>, device: &Device) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let sql = "update device set answers = $3 where tenant_id = $1 and node_id = $2";
        let statement = tx.prepare_cached(sql).await?;
        tx.execute(&statement, &[&device.tenant.uuid(), &device.node.uuid(), &text]).await?;
        Ok(())
    }

    /// Notes what a request shows of the client's clock, and returns what is known of it then.
    pub(crate) fn note_clock(&mut self, now: Timestamp, seen: ClockReading) -> ClockReading {
        self.clock = self.clock.followed_by(seen, now);
        self.clock
    }

    /// Notes that the client asks for what follows a time: it holds the pages up to there, and not those behind. A time that
    /// central never gave to it, such as that of its own clock, shows nothing about the pages up to there.
    pub(crate) fn asked_since(&mut self, since: Since, types: Option<&[String]>) {
        let from = since.from;
        self.pages.retain(|page| page.to <= from.0 || page.types.as_deref() != types);
        let of_types = |page: &GivenPage| page.types.as_deref() == types;
        if self.pages.iter().any(|page| of_types(page) && page.is_named_by(since)) {
            self.pages.iter_mut().filter(|page| of_types(page)).for_each(|page| page.held = true);
        }
        // A client that asks for older rows than it had when its user chose was restored from a copy.
        self.choices.retain(|choice| choice.pulled_to <= from.0);
    }

    /// Notes a page that is about to be sent.
    pub(crate) fn page_given(&mut self, at: Timestamp, end: PageEnd, types: Option<&[String]>, has_rows: bool) {
        if has_rows {
            self.rows_given_at = Some(at.0);
        }
        let last = self.pages.iter().rev().find(|page| page.types.as_deref() == types);
        let adds_nothing = last.map_or(0, |page| page.to) >= end.position.0;
        if adds_nothing || types.iter().copied().flatten().map(String::len).sum::<usize>() > TYPES_BYTES_MAX {
            return;
        }
        let types = types.map(<[String]>::to_vec);
        self.pages.push(GivenPage { at: at.0, to: end.position.0, time: end.time.0, held: false, types });
        if self.pages.len() > PAGES_MAX {
            self.drop_page(at.0);
        }
    }

    fn drop_page(&mut self, now: i64) {
        let gap_by_age = |index: &usize| {
            let (before, after) = (self.pages[index - 1].at, self.pages[index + 1].at);
            i128::from(after.saturating_sub(before)) * 1_000_000 / i128::from(now.saturating_sub(before).max(1))
        };
        let dropped = (1..self.pages.len() - PAGES_KEPT).min_by_key(gap_by_age);
        dropped.into_iter().for_each(|index| drop(self.pages.remove(index)));
    }

    fn choice_made(&mut self, (at, pulled_to): (Timestamp, Position), made: ChoiceMade) {
        self.rows_given_at = Some(at.0);
        self.choices.push(AnsweredChoice { at: at.0, made, pulled_to: pulled_to.0 });
        let excess = self.choices.len().saturating_sub(CHOICES_MAX);
        self.choices.drain(..excess);
    }

    /// Up to which position the client held everything of a type at a time, if it names the time `synced` now. If the time is
    /// not known, nothing.
    pub(crate) fn held_at(&self, made_at: Option<Timestamp>, entity_type: &str, synced: Since) -> Position {
        let Some(made_at) = made_at else { return Position::ZERO };
        let covers =
            |page: &&GivenPage| page.types.as_ref().is_none_or(|types| types.iter().any(|of| of == entity_type));
        let received = |page: &&GivenPage| page.to <= synced.from.0 && (page.held || page.is_named_by(synced));
        let before = |page: &&GivenPage| is_by(page.at, made_at);
        let pages = self.pages.iter().filter(covers).filter(received).filter(before);
        Position(pages.map(|page| page.to).max().unwrap_or_default())
    }

    /// The version that an edit of an entity is based on.
    pub(crate) fn base(
        &self,
        made_at: Option<Timestamp>,
        (entity_type, entity_id): (&str, &str),
        synced: Since,
    ) -> Position {
        let held = self.held_at(made_at, entity_type, synced).0;
        let made_by = |choice: &&AnsweredChoice| made_at.is_some_and(|made_at| is_by(choice.at, made_at));
        let choices = self.choices.iter().filter(made_by).map(|choice| &choice.made);
        let about = |choice: &&ChoiceMade| choice.entity_type == entity_type && choice.entity_id == entity_id;
        // Once a page covers a choice, the client has the row again.
        let choices = choices.filter(about).filter(|choice| choice.position > held);
        Position(choices.fold(held, |base, choice| match choice.held {
            HeldAfter::AtMost(version) => base.min(version),
            HeldAfter::AtLeast(version) => base.max(version),
        }))
    }

    /// Whether a row may have been given since a time.
    pub(crate) fn gave_rows_since(&self, made_at: Option<Timestamp>) -> bool {
        match (self.rows_given_at, made_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(given_at), Some(made_at)) => in_milliseconds(given_at) >= in_milliseconds(made_at.0),
        }
    }
}

/// Notes a choice that is about to be answered.
pub(crate) async fn note_choice(
    (database, clock): (&Database, &Clock),
    device: &Device,
    made: ChoiceMade,
) -> Result<(), StoreError> {
    let at = (clock.now(), device.pulled_to.unwrap_or_default());
    change(database, device, |answers| answers.choice_made(at, made)).await
}

/// Notes that another answer is about to contain a row.
pub(crate) async fn note_rows_given((database, clock): (&Database, &Clock), device: &Device) -> Result<(), StoreError> {
    let at = clock.now();
    change(database, device, |answers| answers.rows_given_at = Some(at.0)).await
}

async fn change(database: &Database, device: &Device, note: impl FnOnce(&mut AnswerLog)) -> Result<(), StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let mut answers = AnswerLog::lock(&tx, device).await?;
    note(&mut answers);
    answers.save(&tx, device).await?;
    Ok(tx.commit().await?)
}

/// Whether an answer was there when an edit was made. A client's times have milliseconds, and an answer needs longer to arrive.
fn is_by(answered_at: i64, made_at: Timestamp) -> bool {
    in_milliseconds(answered_at) <= in_milliseconds(made_at.0)
}

fn in_milliseconds(at: i64) -> i64 {
    at.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDENT: (&str, &str) = ("STUDENT", "s-1");

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn since(position: u64) -> Since {
        Since { time: at(position as i64), from: Position(position), is_ahead: false }
    }

    fn end(position: u64) -> PageEnd {
        PageEnd { time: at(position as i64), position: Position(position) }
    }

    fn choice(position: u64, held: HeldAfter) -> ChoiceMade {
        let (entity_type, entity_id) = (STUDENT.0.to_owned(), STUDENT.1.to_owned());
        ChoiceMade { entity_type, entity_id, position, held }
    }

    /// A client that took each of these pages, given at a time up to a position.
    fn log(pages: &[(i64, u64)]) -> AnswerLog {
        let mut log = AnswerLog::default();
        for (seconds, to) in pages {
            log.page_given(at(*seconds), end(*to), None, true);
            log.asked_since(since(*to), None);
        }
        log
    }

    /// D1.
    #[test]
    fn an_edit_is_based_on_the_last_page_before_it() {
        let log = log(&[(10, 5), (20, 9)]);
        for (made_at, synced, base) in [
            (Some(at(9)), 9, 0),
            (Some(at(15)), 9, 5),
            (Some(at(25)), 9, 9),
            // The outbox was sent by a client with an older timestamp.
            (Some(at(25)), 7, 5),
            (None, 9, 0),
        ] {
            assert_eq!(log.base(made_at, STUDENT, since(synced)), Position(base), "{made_at:?} {synced}");
        }
    }

    /// D1.
    #[test]
    fn a_page_of_unknown_fate_was_not_received() {
        let mut log = log(&[(10, 5)]);
        log.page_given(at(20), end(9), None, true);
        let base = |log: &AnswerLog, synced| log.base(Some(at(25)), STUDENT, since(synced)).0;
        assert_eq!(base(&log, 9), 9, "the outbox names its end");
        assert_eq!(base(&log, 12), 5, "a time that central did not give");
        let own_clock = Since { time: at(11), ..since(9) };
        assert_eq!(
            log.base(Some(at(25)), STUDENT, own_clock).0,
            5,
            "a time after the page that central did not give either"
        );
        log.asked_since(own_clock, None);
        assert_eq!(log.base(Some(at(25)), STUDENT, own_clock).0, 5);
        log.asked_since(since(5), None);
        log.page_given(at(30), end(12), None, true);
        assert_eq!(base(&log, 12), 5, "it was lost, and what came instead is later than the edit");
        assert_eq!(log.base(Some(at(35)), STUDENT, since(12)).0, 12);
    }

    #[test]
    fn a_page_of_some_types_says_nothing_about_others() {
        let mut log = log(&[(10, 5)]);
        let grades = ["GRADE".to_owned()];
        log.page_given(at(20), end(9), Some(&grades), true);
        log.asked_since(since(9), Some(&grades));
        assert_eq!(log.base(Some(at(25)), STUDENT, since(9)).0, 5);
        assert_eq!(log.base(Some(at(25)), ("GRADE", "g-1"), since(9)).0, 9);
        log.asked_since(since(5), None);
        assert_eq!(log.base(Some(at(25)), ("GRADE", "g-1"), since(9)).0, 9, "each set has its own timestamp");
        let many: Vec<String> = (0..40).map(|number| format!("{number:030}")).collect();
        log.page_given(at(30), end(12), Some(&many), true);
        assert_eq!(log.pages.len(), 2, "too many types to remember");
    }

    #[test]
    fn a_choice_counts_until_the_row_was_received_again() {
        for (held, before, after) in [(HeldAfter::AtMost(3), 3, 9), (HeldAfter::AtLeast(7), 7, 9)] {
            let mut log = log(&[(10, 5)]);
            log.choice_made((at(15), Position(5)), choice(7, held));
            let base = |log: &AnswerLog, seconds| log.base(Some(at(seconds)), STUDENT, since(9)).0;
            assert_eq!(base(&log, 14), 5, "before the choice");
            assert_eq!(base(&log, 16), before, "{held:?}");
            assert_eq!(log.base(Some(at(16)), ("STUDENT", "s-2"), since(9)).0, 5, "another entity");
            log.page_given(at(20), end(9), None, true);
            log.asked_since(since(9), None);
            assert_eq!(base(&log, 21), after, "{held:?}");
            assert_eq!(base(&log, 16), before, "{held:?}");
            log.asked_since(since(4), None);
            assert_eq!(log.choices, [], "a client that was restored");
        }
    }

    /// D5.
    #[test]
    fn a_row_that_was_given_since_an_edit_may_have_replaced_it() {
        assert!(!AnswerLog::default().gave_rows_since(None));
        let mut log = log(&[(10, 5)]);
        assert!(log.gave_rows_since(Some(at(9))) && log.gave_rows_since(None));
        assert!(!log.gave_rows_since(Some(at(11))));
        log.page_given(at(20), end(9), None, false);
        assert!(!log.gave_rows_since(Some(at(11))), "a page without rows");
        log.choice_made((at(30), Position(5)), choice(7, HeldAfter::AtMost(3)));
        assert!(log.gave_rows_since(Some(at(11))));
    }

    #[test]
    fn the_log_is_bounded_and_reaches_far_back() {
        let mut log = log(&(1..=1_000).map(|number| (number, number as u64)).collect::<Vec<_>>());
        assert!(log.pages.len() <= PAGES_MAX);
        let base = |made_at: i64| log.base(Some(at(made_at)), STUDENT, since(1_000)).0;
        assert_eq!(base(1_000), 1_000);
        assert_eq!(base(985), 985);
        for made_at in 1..=1_000 {
            assert!((1..=made_at as u64).contains(&base(made_at)), "{made_at}: {}", base(made_at));
        }
        for made_at in [900, 500, 100] {
            assert!(base(made_at) > made_at as u64 / 2, "{made_at}: {}", base(made_at));
        }
        for number in 0..100 {
            log.choice_made((at(2_000), Position(9)), choice(2_000 + number, HeldAfter::AtMost(1)));
        }
        assert_eq!(log.choices.len(), CHOICES_MAX);
    }
}
