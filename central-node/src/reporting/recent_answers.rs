//! The last answers of reports about the present, for requests whose new answer takes long.
//!
//! While nodes push, reading what changed can take a hundred times as long as when central is idle. A report then waits only a
//! short time for its new answer. After that it returns the last one, if that was complete at most [`RECENT`] ago: an older
//! answer is never returned. The new answer is still computed, for the next request.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use comptoir_core::position::Position;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout_at;

use super::error::ReportError;

/// The maximum age of an answer that replaces a new one.
const RECENT: Duration = Duration::from_secs(2);
/// Rows kept over all questions of one kind. They are usually the rows of the answer cache, shared.
const ROWS_MAX: usize = 100_000;

/// An answer that is complete up to a position. A clone is cheap.
pub(super) trait Answer: Clone + Send + 'static {
    fn complete_through(&self) -> Position;
    fn row_count(&self) -> usize;
}

/// The last answer to each question `Q`.
pub(super) struct RecentAnswers<Q, A> {
    questions: Arc<Mutex<HashMap<Q, Question<A>>>>,
}

struct Question<A> {
    /// Held by the request that computes a new answer.
    turn: Arc<tokio::sync::Mutex<()>>,
    last: Option<Recent<A>>,
}

#[derive(Clone)]
struct Recent<A> {
    answer: A,
    /// When its computation began.
    at: Instant,
}

impl<Q, A> Default for RecentAnswers<Q, A> {
    fn default() -> Self {
        RecentAnswers { questions: Arc::default() }
    }
}

impl<Q: Eq + Hash + Clone + Send + 'static, A: Answer> RecentAnswers<Q, A> {
    /// A new answer, or after `within` the last one, if it is recent and includes `position`.
    pub(super) async fn answer<F>(
        &self,
        question: Q,
        position: Position,
        within: Duration,
        compute: F,
    ) -> Result<A, ReportError>
    where
        F: Future<Output = Result<A, ReportError>> + Send + 'static,
    {
        let until = tokio::time::Instant::now() + within;
        let (turn, last) = self.question(&question, Instant::now());
        let last = last.filter(|last| last.complete_through() >= position);
        let turn = match &last {
            None => turn.lock_owned().await,
            Some(last) => match timeout_at(until, turn.lock_owned()).await {
                Ok(turn) => turn,
                Err(_) => return Ok(last.clone()),
            },
        };
        let computing = tokio::spawn(computed(Arc::clone(&self.questions), question, turn, compute));
        match last {
            None => computing.await?,
            Some(last) => match timeout_at(until, computing).await {
                Ok(answer) => answer?,
                Err(_) => Ok(last),
            },
        }
    }

    fn question(&self, question: &Q, now: Instant) -> (Arc<tokio::sync::Mutex<()>>, Option<A>) {
        let mut questions = lock(&self.questions);
        // Two references to a turn: a request computes or is about to.
        questions.retain(|_, question| {
            question.last = question.last.take().filter(|last| now.duration_since(last.at) <= RECENT);
            question.last.is_some() || Arc::strong_count(&question.turn) > 1
        });
        let entry = questions.entry(question.clone()).or_insert_with(|| Question { turn: Arc::default(), last: None });
        (Arc::clone(&entry.turn), entry.last.as_ref().map(|last| last.answer.clone()))
    }
}

async fn computed<Q: Eq + Hash + Clone, A: Answer>(
    questions: Arc<Mutex<HashMap<Q, Question<A>>>>,
    question: Q,
    turn: OwnedMutexGuard<()>,
    compute: impl Future<Output = Result<A, ReportError>>,
) -> Result<A, ReportError> {
    let at = Instant::now();
    let answer = compute.await?;
    let mut questions = lock(&questions);
    if let Some(entry) = questions.get_mut(&question) {
        entry.last = Some(Recent { answer: answer.clone(), at });
    }
    // An answer without rows takes memory too.
    let weight = |question: &Question<A>| question.last.as_ref().map_or(0, |last| last.answer.row_count() + 1);
    while questions.values().map(weight).sum::<usize>() > ROWS_MAX {
        let oldest = questions.values_mut().filter(|entry| entry.last.is_some());
        let Some(oldest) = oldest.min_by_key(|entry| entry.last.as_ref().map(|last| last.at)) else { break };
        oldest.last = None;
    }
    drop(turn);
    Ok(answer)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[derive(Clone, Debug, PartialEq)]
    struct Figures {
        position: u64,
        rows: usize,
    }

    impl Answer for Figures {
        fn complete_through(&self) -> Position {
            Position(self.position)
        }

        fn row_count(&self) -> usize {
            self.rows
        }
    }

    fn figures(position: u64) -> Figures {
        Figures { position, rows: 1 }
    }

    async fn given_an_answer(answers: &RecentAnswers<&'static str, Figures>, question: &'static str, answer: Figures) {
        let expected = answer.clone();
        let fresh = answers.answer(question, Position::ZERO, LONG, async move { Ok(answer) }).await.unwrap();
        assert_eq!(fresh, expected);
    }

    #[tokio::test]
    async fn a_slow_computation_is_replaced_by_the_last_answer_and_serves_the_next_request() {
        let answers = RecentAnswers::default();
        given_an_answer(&answers, "q", figures(5)).await;
        let (release, released) = tokio::sync::oneshot::channel();
        let slow = async move {
            released.await.unwrap();
            Ok(figures(9))
        };

        let meanwhile = answers.answer("q", Position(5), Duration::ZERO, slow).await.unwrap();
        let joined = answers.answer("q", Position(5), Duration::ZERO, async { Ok(figures(99)) }).await.unwrap();
        release.send(()).unwrap();
        let after = answers.answer("q", Position(6), LONG, async { Ok(figures(10)) }).await.unwrap();

        assert_eq!(meanwhile, figures(5));
        assert_eq!(joined, figures(5), "one computation per question at a time");
        assert_eq!(after, figures(10));
    }

    #[tokio::test]
    async fn an_answer_that_lacks_the_requested_position_is_not_returned() {
        let answers = RecentAnswers::default();
        given_an_answer(&answers, "q", figures(5)).await;
        let slow = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(figures(6))
        };
        assert_eq!(answers.answer("q", Position(6), Duration::ZERO, slow).await.unwrap(), figures(6));
    }

    #[tokio::test]
    async fn an_old_answer_is_forgotten() {
        let answers = RecentAnswers::default();
        given_an_answer(&answers, "q", figures(5)).await;
        let soon = Instant::now() + RECENT;
        assert!(answers.question(&"q", soon + Duration::from_secs(1)).1.is_none());
    }

    #[tokio::test]
    async fn a_failed_computation_is_reported_and_the_next_one_runs() {
        let answers = RecentAnswers::<_, Figures>::default();
        let failed = async { Err(ReportError::Cursor("x".to_owned())) };
        assert!(answers.answer("q", Position::ZERO, LONG, failed).await.is_err());
        given_an_answer(&answers, "q", figures(1)).await;
    }

    #[tokio::test]
    async fn the_rows_of_all_questions_are_limited() {
        let answers = RecentAnswers::default();
        for question in ["1", "2", "3"] {
            given_an_answer(&answers, question, Figures { position: 1, rows: ROWS_MAX / 2 - 1 }).await;
        }
        let is_kept = |question| answers.question(&question, Instant::now()).1.is_some();
        assert_eq!(["1", "2", "3"].map(is_kept), [false, true, true]);
    }
}
