//! Keeps the users of this node's site as central knows them: fetched at the first contact, and whenever a pull names another
//! position of users and rights than the node has. The keys of access tokens come with them, so they are also fetched once an
//! hour, and when a token names a key that the node does not know. A failed login asks for them too.

use std::sync::Arc;
use std::time::Duration;

use comptoir_proto::node_users_v1::NodeUsers;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::push::PushFailure;
use super::reaction;
use super::state::SyncState;
use super::transport::Transport;
use crate::event_log::Environment;
use crate::users::Users;

/// Keys of tokens may change without a user; so long a retired one may still be accepted.
const FETCH_EVERY: Duration = Duration::from_secs(3_600);
/// Earlier than this after the last time, an unknown key is not asked for.
const FETCH_FOR_A_KEY_AFTER: Duration = Duration::from_secs(60);

pub(crate) struct UserRefresh<T> {
    users: Arc<Users>,
    transport: T,
    environment: Environment,
    state: watch::Receiver<SyncState>,
    backoff: Backoff,
}

impl<T: Transport> UserRefresh<T> {
    pub(crate) fn new(
        users: Arc<Users>,
        transport: T,
        environment: Environment,
        state: watch::Receiver<SyncState>,
    ) -> UserRefresh<T> {
        UserRefresh { users, transport, environment, state, backoff: Backoff::default() }
    }

    /// Runs until it is dropped. Dropping it at any await is harmless: users are stored whole or not at all.
    pub(crate) async fn run(mut self) {
        let (mut fetched_at, mut is_wanted, mut noted) = (Instant::now(), false, 0);
        let (mut requests, mut answered) = (self.users.refresh_requests(), 0);
        loop {
            let (answers, position) = {
                let state = self.state.borrow_and_update();
                let is_active = state.pull.device.is_none_or(|device| device.is_active);
                (state.pull.answers, state.pull.identity_position.filter(|_| is_active))
            };
            let is_known = match position {
                // An answer is one contact, however often this wakes for other reasons.
                Some(position) if answers != noted => {
                    noted = answers;
                    self.users.note_contact(position).await
                }
                Some(position) => self.users.identity_position() == Some(position),
                None => self.users.identity_position().is_some(),
            };
            let requested = *requests.borrow_and_update();
            if !is_known || is_wanted || requested > answered || fetched_at.elapsed() >= FETCH_EVERY {
                let fetched = self.fetch().await;
                answered = requested;
                self.users.refresh_answered(answered);
                if let Err((code, detail)) = fetched {
                    if self.backoff.failures() == 0 {
                        tracing::warn!(%code, "The users of this site could not be read: {detail}");
                    }
                    let chance = self.environment.random_bytes().map_or(0, u16::from_le_bytes);
                    tokio::select! {
                        () = sleep(self.backoff.failed(None, chance)) => {}
                        Ok(()) = requests.changed() => {}
                    }
                    continue;
                }
                (fetched_at, is_wanted) = (Instant::now(), false);
            }
            self.backoff.reset();
            let (state, users) = (&mut self.state, &self.users);
            let is_closed = async { state.wait_for(|state| state.pull.answers != answers).await.is_err() };
            tokio::select! {
                // The sender lives as long as the agent that runs this.
                is_closed = is_closed => if is_closed { return std::future::pending().await },
                // Anybody can invent a key: central is not asked for each.
                () = users.unknown_key() => is_wanted = fetched_at.elapsed() >= FETCH_FOR_A_KEY_AFTER,
                Ok(()) = requests.changed() => {}
            }
        }
    }

    async fn fetch(&self) -> Result<(), (String, String)> {
        let failed = |failure: PushFailure| (reaction::word(&failure), failure.to_string());
        let answer = self.transport.users().await.map_err(|error| failed(error.into()))?;
        if answer.status != 200 {
            return Err(failed(PushFailure::refused(&answer)));
        }
        let sent: NodeUsers = serde_json::from_slice(&answer.body)
            .map_err(|error| failed(PushFailure::Misfit(format!("the users do not read: {error}"))))?;
        self.users.receive(sent).await.map_err(|error| ("USERS_NOT_STORED".to_owned(), error.to_string()))
    }
}
