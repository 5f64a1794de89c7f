//! Sends drafts to a node as NDJSON, and retries until each is answered. A draft whose answer was lost is answered as a
//! duplicate, so a retry is always safe.

use std::time::Duration;

use comptoir_proto::api_v1::LineResult;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use reqwest::{Client, Response, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use super::draft::Prepared;
use crate::causes::with_causes;

/// The node's answer to one draft.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum DraftAnswer {
    Appended { duplicate: bool },
    Refused(Problem),
}

/// How long and how often to retry.
#[derive(Clone, Debug)]
pub(super) struct RetryPolicy {
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    /// Time without an answer to any draft.
    pub(super) give_up_after: Duration,
}

/// Why the import cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The node did not answer, or had no room, for too long.
    #[error(
        "{url}: {last}; gave up after {seconds} s without an answer. Start the same command again: it resumes where it stopped"
    )]
    Unavailable {
        /// The node's address.
        url: String,
        /// The last error.
        last: String,
        /// Seconds without an answer.
        seconds: u64,
    },
    /// The node refuses the request itself, so every other would be refused too.
    #[error("{url} answered {status}: {detail}")]
    Refused {
        /// The node's address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The node's explanation.
        detail: String,
    },
}

/// A node, or central, which accepts the same drafts.
#[derive(Clone, Debug)]
pub(super) struct ImportTarget {
    client: Client,
    url: String,
    token: Option<String>,
    patience: RetryPolicy,
}

/// The result of one request.
enum SendAttempt {
    Answers(Vec<LineResult>, Option<String>),
    Wait(String, Option<Duration>),
}

impl ImportTarget {
    pub(super) fn new(url: &str, token: Option<String>, patience: RetryPolicy) -> Result<ImportTarget, reqwest::Error> {
        let client = Client::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60));
        Ok(ImportTarget { client: client.build()?, url: url.trim_end_matches('/').to_owned(), token, patience })
    }

    /// Sends drafts until each has its answer, in their order.
    pub(super) async fn send(&self, drafts: &[Prepared]) -> Result<Vec<DraftAnswer>, SendError> {
        let mut answers: Vec<Option<DraftAnswer>> = vec![None; drafts.len()];
        let mut pause = self.patience.first_pause;
        let mut answered_at = Instant::now();
        loop {
            let waiting: Vec<usize> = (0..drafts.len()).filter(|index| answers[*index].is_none()).collect();
            if waiting.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let body: String = waiting.iter().flat_map(|index| [drafts[*index].json.as_str(), "\n"]).collect();
            let (last, ask_again_after) = match self.post(body).await? {
                SendAttempt::Wait(last, after) => (last, after),
                SendAttempt::Answers(results, cut) => {
                    let before = waiting.len();
                    let last = self.store_results(&mut answers, &waiting, results)?.or(cut);
                    let left = answers.iter().filter(|answer| answer.is_none()).count();
                    if left < before {
                        answered_at = Instant::now();
                        pause = self.patience.first_pause;
                    }
                    (last.unwrap_or_else(|| "not every draft was answered".to_owned()), None)
                }
            };
            if answers.iter().all(Option::is_some) {
                continue;
            }
            if answered_at.elapsed() >= self.patience.give_up_after {
                let seconds = self.patience.give_up_after.as_secs();
                return Err(SendError::Unavailable { url: self.url.clone(), last, seconds });
            }
            tokio::time::sleep(ask_again_after.unwrap_or(pause).min(self.patience.longest_pause)).await;
            pause = (pause * 2).min(self.patience.longest_pause);
        }
    }

    /// Whether the node still has an event. It does not if its data directory was replaced.
    pub(super) async fn holds(&self, id: Uuid) -> Result<bool, SendError> {
        let path = paths::EVENT.replace("{id}", &id.to_string());
        let started = Instant::now();
        loop {
            let last = match self.request(self.client.get(format!("{}{path}", self.url))).send().await {
                Ok(response) if response.status().is_success() => return Ok(true),
                Ok(response) if response.status() == StatusCode::NOT_FOUND => return Ok(false),
                Ok(response) => match self.refusal(response).await? {
                    SendAttempt::Wait(last, _) => last,
                    SendAttempt::Answers(..) => return Ok(false),
                },
                Err(error) => with_causes(&error),
            };
            if started.elapsed() >= self.patience.give_up_after {
                let seconds = self.patience.give_up_after.as_secs();
                return Err(SendError::Unavailable { url: self.url.clone(), last, seconds });
            }
            tokio::time::sleep(self.patience.first_pause).await;
        }
    }

    /// Stores each result with its draft. A draft with a retryable refusal is sent again; the last such refusal is returned. A
    /// refusal that is about the node, such as a read-only log, ends the import, because every draft would get it.
    fn store_results(
        &self,
        answers: &mut [Option<DraftAnswer>],
        waiting: &[usize],
        results: Vec<LineResult>,
    ) -> Result<Option<String>, SendError> {
        let mut retryable = None;
        for (index, result) in waiting.iter().zip(results) {
            answers[*index] = match result {
                LineResult::Appended(appended) => Some(DraftAnswer::Appended { duplicate: appended.duplicate }),
                LineResult::Refused { problem, .. } if problem.retryable => {
                    retryable = Some(format!("{}: {}", problem.code, problem.detail));
                    None
                }
                LineResult::Refused { problem, .. } if problem.status >= 500 => {
                    let detail = format!("{} {}: {}", problem.code, problem.title, problem.detail);
                    return Err(SendError::Refused { url: self.url.clone(), status: problem.status, detail });
                }
                LineResult::Refused { problem, .. } => Some(DraftAnswer::Refused(problem)),
            };
        }
        Ok(retryable)
    }

    async fn post(&self, body: String) -> Result<SendAttempt, SendError> {
        let request = self.client.post(format!("{}{}", self.url, paths::EVENTS));
        let request = self.request(request).header("content-type", "application/x-ndjson").body(body);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(SendAttempt::Wait(with_causes(&error), None)),
        };
        if !response.status().is_success() {
            return self.refusal(response).await;
        }
        let mut text = Vec::new();
        let cut = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => text.extend_from_slice(&bytes),
                Ok(None) => break None,
                // The results received until now are durable and count.
                Err(error) => break Some(with_causes(&error)),
            }
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(SendAttempt::Answers(lines.map_while(|line| serde_json::from_slice(line).ok()).collect(), cut))
    }

    fn request(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn refusal(&self, response: Response) -> Result<SendAttempt, SendError> {
        let status = response.status();
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.text().await.unwrap_or_default();
        let problem: Option<Problem> = serde_json::from_str(&text).ok();
        let detail = match &problem {
            Some(problem) => format!("{} {}: {}", problem.code, problem.title, problem.detail),
            None => text.chars().take(200).collect(),
        };
        let retryable = problem.map_or_else(|| is_retryable(status), |problem| problem.retryable);
        if retryable || status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(SendAttempt::Wait(format!("{status} {detail}"), after.map(Duration::from_secs)));
        }
        Err(SendError::Refused { url: self.url.clone(), status: status.as_u16(), detail })
    }
}

/// Without a problem document the answer is a proxy's.
fn is_retryable(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}
