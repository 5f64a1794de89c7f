//! Keeps the parts of a serving process running. A part that ends by itself is restarted after growing pauses. If it fails for
//! good, the process ends with exit code 70, so that its own supervisor acts.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use comptoir_central::Central;
use comptoir_central::restart::FailureCount;
use comptoir_local::event_log::State;
use comptoir_local::{Node, NodeConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::process;

/// How often a node's log is checked: a failed log refuses every append until it is opened again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a part ended.
#[derive(Debug)]
pub enum Ended {
    /// It was asked to stop.
    AsAsked,
    /// It failed, with the reason.
    ByItself(String),
}

/// A part that serves until it is stopped, and can be restarted.
pub trait Part: Send + 'static {
    /// Starts if needed, and serves until `stop` is true or it fails. Releases everything it holds before it returns.
    fn serve(&mut self, stop: watch::Receiver<bool>) -> impl Future<Output = Ended> + Send;
}

/// Ends the process: on its stop signal, or when a part fails for good.
pub struct Supervisor {
    stop: watch::Sender<bool>,
    given_up: Arc<Mutex<Option<String>>>,
}

impl Supervisor {
    /// Ends on the process's stop signal.
    pub fn new(signal: watch::Receiver<bool>) -> Supervisor {
        let stop = watch::Sender::new(false);
        let sender = stop.clone();
        tokio::spawn(async move {
            process::stopped(signal).await;
            sender.send_replace(true);
        });
        Supervisor { stop, given_up: Arc::default() }
    }

    /// True once the process should end.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Ends the process when central gives up restarting its private Postgres.
    pub fn end_with_store_of(&self, central: &Arc<Central>) {
        let (central, end) = (central.clone(), self.end());
        tokio::spawn(async move { end(central.store_given_up().await) });
    }

    /// Runs a part, and restarts it up to `restarts_max` times in a row.
    pub fn keep(
        &self,
        name: &'static str,
        restarts_max: u32,
        stop: watch::Receiver<bool>,
        mut part: impl Part,
    ) -> JoinHandle<()> {
        let end = self.end();
        tokio::spawn(async move {
            let mut failures = FailureCount::new(restarts_max);
            loop {
                let started = Instant::now();
                let Ended::ByItself(reason) = part.serve(stop.clone()).await else { return };
                let Some((attempt, pause)) = failures.failed_after(started.elapsed()) else {
                    return end(format!("{name} does not come back after {restarts_max} restarts: {reason}"));
                };
                let seconds = pause.as_secs();
                tracing::error!("{name} ended; restart {attempt} of {restarts_max} in {seconds} s: {reason}");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = process::stopped(stop.clone()) => return,
                }
            }
        })
    }

    /// The failure that ended the process, if it was not asked to stop.
    pub fn outcome(&self) -> Result<(), Failure> {
        match self.given_up.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(reason) => Err(Failure::Internal(reason)),
            None => Ok(()),
        }
    }

    fn end(&self) -> impl Fn(String) + Send + 'static {
        let (stop, given_up) = (self.stop.clone(), Arc::clone(&self.given_up));
        move |reason| {
            given_up.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
            stop.send_replace(true);
        }
    }
}

/// An address that can be bound again after its listener is gone.
struct Address {
    address: SocketAddr,
    first: Option<TcpListener>,
}

impl Address {
    fn of(listener: TcpListener) -> Result<Address, Failure> {
        let address = listener.local_addr().map_err(|error| Failure::Internal(format!("no address: {error}")))?;
        Ok(Address { address, first: Some(listener) })
    }

    async fn listen(&mut self) -> Result<TcpListener, Failure> {
        match self.first.take() {
            Some(listener) => Ok(listener),
            None => process::listen(self.address, "the option that names it").await,
        }
    }
}

/// Central's accept loop. Central itself supervises its Postgres.
pub struct CentralPart {
    central: Arc<Central>,
    address: Address,
}

impl CentralPart {
    /// A started central and its listener.
    pub fn new(central: Arc<Central>, listener: TcpListener) -> Result<CentralPart, Failure> {
        Ok(CentralPart { central, address: Address::of(listener)? })
    }
}

impl Part for CentralPart {
    async fn serve(&mut self, stop: watch::Receiver<bool>) -> Ended {
        let listener = match self.address.listen().await {
            Ok(listener) => listener,
            Err(failure) => return Ended::ByItself(failure.to_string()),
        };
        let (central, router) = (self.central.clone(), comptoir_central::router(self.central.clone()));
        let serving = tokio::spawn(process::serve(listener, router, stop, move || central.end_waits()));
        ended(serving).await
    }
}

/// A node and its accept loop.
pub struct NodePart {
    config: NodeConfig,
    first: Option<Arc<Node>>,
    address: Address,
}

impl NodePart {
    /// A node started with this configuration, and its listener.
    pub fn new(config: NodeConfig, node: Arc<Node>, listener: TcpListener) -> Result<NodePart, Failure> {
        Ok(NodePart { config, first: Some(node), address: Address::of(listener)? })
    }

    async fn start(&mut self) -> Result<(Arc<Node>, TcpListener), Failure> {
        let node = match self.first.take() {
            Some(node) => node,
            None => Node::start(self.config.clone()).await?,
        };
        match self.address.listen().await {
            Ok(listener) => Ok((node, listener)),
            Err(failure) => {
                node.shutdown().await;
                Err(failure)
            }
        }
    }
}

impl Part for NodePart {
    async fn serve(&mut self, stop: watch::Receiver<bool>) -> Ended {
        let (node, listener) = match self.start().await {
            Ok(started) => started,
            Err(failure) => return Ended::ByItself(failure.to_string()),
        };
        // The accept loop ends when the process stops, and when the log failed and has to be opened again.
        let ending = watch::Sender::new(false);
        let (of_loop, router) = (node.clone(), comptoir_local::router(node.clone()));
        let serving = process::serve(listener, router, ending.subscribe(), move || of_loop.end_waits());
        let mut serving = tokio::spawn(serving);
        let failed = tokio::select! {
            reason = log_failed(&node) => Some(reason),
            () = process::stopped(stop) => None,
            ended = ended_by_itself(&mut serving) => Some(ended),
        };
        ending.send_replace(true);
        if !serving.is_finished() {
            // It drains its requests. A panic has already been printed.
            drop(serving.await);
        }
        node.shutdown().await;
        failed.map_or(Ended::AsAsked, Ended::ByItself)
    }
}

async fn log_failed(node: &Node) -> String {
    loop {
        if let State::Failed { reason } = node.log().status().state {
            return format!("its log failed: {reason}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn ended(serving: JoinHandle<()>) -> Ended {
    match serving.await {
        Ok(()) => Ended::AsAsked,
        Err(error) => Ended::ByItself(error.to_string()),
    }
}

async fn ended_by_itself(serving: &mut JoinHandle<()>) -> String {
    match serving.await {
        Ok(()) => "its accept loop ended".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails this many times, then serves until it is stopped.
    struct Flaky {
        failures: u32,
        serving: watch::Sender<bool>,
    }

    impl Part for Flaky {
        async fn serve(&mut self, stop: watch::Receiver<bool>) -> Ended {
            if let Some(left) = self.failures.checked_sub(1) {
                self.failures = left;
                return Ended::ByItself("a fault".to_owned());
            }
            self.serving.send_replace(true);
            process::stopped(stop).await;
            Ended::AsAsked
        }
    }

    /// A supervisor that keeps a part which fails this many times, with a receiver of whether it serves and a sender that
    /// stops it.
    fn keep(
        failures: u32,
        restarts_max: u32,
    ) -> (Supervisor, JoinHandle<()>, watch::Receiver<bool>, watch::Sender<bool>) {
        let (signal, never) = watch::channel(false);
        let supervisor = Supervisor::new(never);
        let serving = watch::Sender::new(false);
        let serves = serving.subscribe();
        let kept = supervisor.keep("a part", restarts_max, signal.subscribe(), Flaky { failures, serving });
        (supervisor, kept, serves, signal)
    }

    #[tokio::test]
    async fn a_part_that_fails_no_more_than_allowed_serves_in_the_end() {
        let (supervisor, kept, mut serves, signal) = keep(1, 1);
        serves.wait_for(|serves| *serves).await.unwrap();
        assert!(!*supervisor.stop().borrow());
        signal.send_replace(true);
        kept.await.unwrap();
        assert!(supervisor.outcome().is_ok());
    }

    #[tokio::test]
    async fn a_part_that_fails_once_more_ends_the_process_with_exit_code_70() {
        let (supervisor, kept, _serves, _signal) = keep(2, 1);
        process::stopped(supervisor.stop()).await;
        kept.await.unwrap();
        let failure = supervisor.outcome().unwrap_err();
        assert_eq!(failure.exit_code(), 70);
        assert_eq!(failure.to_string(), "a part does not come back after 1 restarts: a fault");
    }
}
