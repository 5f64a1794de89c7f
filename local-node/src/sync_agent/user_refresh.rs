//! Keeps the users of this node's site as central knows them: fetched at the first contact, and whenever a pull names another
//! position of users and rights than the node has.

use std::sync::Arc;

use comptoir_proto::node_users_v1::NodeUsers;
use tokio::sync::watch;
use tokio::time::sleep;

use super::backoff::Backoff;
use super::push::PushFailure;
use super::reaction;
use super::state::SyncState;
use super::transport::Transport;
use crate::event_log::Environment;
use crate::users::Users;

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
        loop {
            let (answers, position) = {
                let state = self.state.borrow_and_update();
                let is_active = state.pull.device.is_none_or(|device| device.is_active);
                (state.pull.answers, state.pull.identity_position.filter(|_| is_active))
            };
            let is_known = match position {
                Some(position) => self.users.note_contact(position).await,
                None => self.users.identity_position().is_some(),
            };
            if !is_known && let Err(failure) = self.fetch().await {
                let (code, detail) = failure;
                if self.backoff.failures() == 0 {
                    tracing::warn!(%code, "The users of this site could not be read: {detail}");
                }
                let chance = self.environment.random_bytes().map_or(0, u16::from_le_bytes);
                sleep(self.backoff.failed(None, chance)).await;
                continue;
            }
            self.backoff.reset();
            // The sender lives as long as the agent that runs this.
            if self.state.wait_for(|state| state.pull.answers != answers).await.is_err() {
                return std::future::pending().await;
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
