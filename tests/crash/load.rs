//! Load next to the writer: threads that compute, append and sync, and replace files on the file system whose power is cut.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::ensure;

/// Number of files that are appended to and synced.
const APPENDED: usize = 4;
/// Number of files that are replaced by a synced one of the same name, which keeps the journal busy.
const REPLACED: usize = 2;
/// An appended file is truncated at this length.
const FILE_BYTES_MAX: u64 = 8 << 20;
const WRITE_BYTES: usize = 32 << 10;

/// Threads that work until they are dropped or the disk fails.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the threads and waits for each one's first sync.
    pub(crate) fn start(disk: &Path) -> anyhow::Result<Load> {
        let folder = disk.join("load");
        fs::create_dir_all(&folder)?;
        let mut load = Load { stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        let cores = std::thread::available_parallelism()?.get();
        for _ in 0..cores {
            let stop = Arc::clone(&load.stop);
            load.threads.push(std::thread::spawn(move || compute(&stop)));
        }
        let mut counts = Vec::new();
        for nth in 0..APPENDED + REPLACED {
            let (stop, synced, path) =
                (Arc::clone(&load.stop), Arc::new(AtomicU64::new(0)), folder.join(nth.to_string()));
            counts.push(Arc::clone(&synced));
            let writer = if nth < APPENDED { append } else { replace };
            // The power cut causes an error. An earlier error is detected below.
            load.threads.push(std::thread::spawn(move || drop(writer(&path, &stop, &synced))));
        }
        while counts.iter().any(|synced| synced.load(Ordering::Relaxed) == 0) {
            ensure!(load.threads.iter().all(|thread| !thread.is_finished()), "the load cannot write to the disk");
            std::thread::yield_now();
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // The panic of a load thread has already been printed.
            let _ = thread.join();
        }
    }
}

fn compute(stop: &AtomicBool) {
    let mut hash = [0; 32];
    while !stop.load(Ordering::Relaxed) {
        hash = *blake3::hash(&hash).as_bytes();
    }
}

fn append(path: &Path, stop: &AtomicBool, synced: &AtomicU64) -> io::Result<()> {
    let mut file = File::create(path)?;
    while !stop.load(Ordering::Relaxed) {
        if file.stream_position()? > FILE_BYTES_MAX {
            file.set_len(0)?;
            file.rewind()?;
        }
        file.write_all(&[7; WRITE_BYTES])?;
        file.sync_data()?;
        synced.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn replace(path: &Path, stop: &AtomicBool, synced: &AtomicU64) -> io::Result<()> {
    let new = path.with_extension("new");
    while !stop.load(Ordering::Relaxed) {
        let mut file = File::create(&new)?;
        file.write_all(&[8; WRITE_BYTES])?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        synced.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
