//! The node's background task: it runs the parts of the sync agent, starts them again after a defect, and ends with the node that
//! central took out of use.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::time::{Duration, sleep};

use crate::blobs::Blobs;
use crate::config::CertificateConfig;
use crate::event_log::{Environment, Log};
use crate::retirement::Retirement;
use crate::sync_agent::transport::Transport;
use crate::sync_agent::{
    Agent, CertificateRenewal, CertificateStore, Puller, SyncIssue, SyncState, UserRefresh, recount,
};
use crate::users::Users;

/// Pause before an agent that failed by a defect is restarted.
const RESTART_AFTER: Duration = Duration::from_secs(16);

/// What the task works with.
pub(crate) struct SyncWorker {
    pub(crate) log: Log,
    pub(crate) environment: Environment,
    pub(crate) blobs: Blobs,
    pub(crate) interval: Duration,
    pub(crate) notes_path: PathBuf,
    pub(crate) state: watch::Sender<SyncState>,
    pub(crate) certificate: Option<CertificateConfig>,
    pub(crate) certificates: CertificateStore,
    pub(crate) users: Arc<Users>,
    pub(crate) retry: Arc<Notify>,
    pub(crate) retirement: Retirement,
}

impl SyncWorker {
    /// Runs until it is aborted, or until a revoked node has destroyed its data.
    pub(crate) async fn run<T: Transport>(self, transport: Option<T>) {
        let Some(transport) = transport.map(Arc::new) else {
            return recount(&self.log, &self.state).await;
        };
        loop {
            let (log, environment) = (self.log.clone(), self.environment.clone());
            let (state, notes_path) = (self.state.clone(), self.notes_path.clone());
            let renewal = self.certificate.clone().map(|config| CertificateRenewal {
                log: log.clone(),
                transport: transport.clone(),
                config,
                store: self.certificates.clone(),
                state: state.clone(),
            });
            let puller = Puller::new(log.clone(), transport.clone(), environment.clone(), self.interval, state.clone());
            let agent =
                Agent::new(log, transport.clone(), environment, self.blobs.clone(), self.interval, notes_path, state)
                    .with_retry(self.retry.clone());
            let users = UserRefresh::new(
                self.users.clone(),
                transport.clone(),
                self.environment.clone(),
                self.state.subscribe(),
            );
            // In tasks of their own, which end with this one: a defect must not end sending for good.
            let mut tasks = tokio::task::JoinSet::new();
            tasks.spawn(agent.run());
            tasks.spawn(puller.run());
            if let Some(renewal) = renewal {
                tasks.spawn(renewal.run());
            }
            tasks.spawn(users.run());
            let ended = tokio::select! {
                ended = tasks.join_next() => ended,
                () = self.retirement.nothing_left_to_send() => {
                    tasks.shutdown().await;
                    return self.retirement.destroy(&*transport).await;
                }
            };
            let detail = ended.and_then(Result::err).map_or_else(String::new, |error| error.to_string());
            tracing::error!("The sync agent ended and is started again: {detail}");
            let alert = SyncIssue { code: "INTERNAL".to_owned(), detail, at: self.log.now() };
            self.state.send_modify(|state| state.alert = Some(alert));
            sleep(RESTART_AFTER).await;
        }
    }
}
