//! The peer of P1: a plain file with write and fdatasync of the same bytes, one sync per group of waiting producers. Producers
//! wait on a bounded channel into one writer thread, as they do at the log, so the ratio compares the log and not the
//! scheduler.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::sync::oneshot;

/// One producer's bytes, and the channel for its answer.
type Waiting = (Vec<u8>, oneshot::Sender<()>);

/// A writer thread on one file: collects the waiting requests, writes them, syncs once and answers all.
pub(crate) struct PlainFile {
    sender: Sender<Waiting>,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
}

impl PlainFile {
    pub(crate) fn create(path: &Path) -> std::io::Result<PlainFile> {
        let file = File::create(path)?;
        let (sender, receiver) = bounded(1024);
        let thread = std::thread::Builder::new().name("plain-file".to_owned()).spawn(move || write(file, &receiver))?;
        Ok(PlainFile { sender, thread })
    }

    /// A handle for one producer.
    pub(crate) fn producer(&self) -> Sender<Waiting> {
        self.sender.clone()
    }

    /// Ends the thread once every producer was dropped.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        drop(self.sender);
        self.thread.join().map_err(|_| anyhow::anyhow!("the plain file's writer panicked"))??;
        Ok(())
    }
}

fn write(mut file: File, receiver: &Receiver<Waiting>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while let Ok(first) = receiver.recv() {
        let mut group = vec![first];
        group.extend(receiver.try_iter().take(255));
        bytes.clear();
        group.iter().for_each(|(record, _)| bytes.extend_from_slice(record));
        file.write_all(&bytes)?;
        file.sync_data()?;
        for (_, done) in group {
            // A dropped producer needs no answer.
            let _ = done.send(());
        }
    }
    Ok(())
}

/// Appends and waits until the bytes are on disk.
pub(crate) async fn append(producer: &Sender<Waiting>, bytes: Vec<u8>) -> anyhow::Result<()> {
    let (done, answer) = oneshot::channel();
    producer.try_send((bytes, done)).map_err(|error| anyhow::anyhow!("the plain file's channel: {error}"))?;
    Ok(answer.await?)
}
