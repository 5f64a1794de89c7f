//! A serving process: its log lines, its listener and its stop signal.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::port_holder::{Holder, holder_of};
use crate::server::{self, Limits};
use crate::settings::Logs;

/// Starts logging to stderr.
pub fn start_logging(logs: &Logs) {
    let builder = tracing_subscriber::fmt().with_max_level(logs.level).with_writer(std::io::stderr).with_target(false);
    // Colours are for a terminal; in a file or a journal they are noise.
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // If stderr is a file on a full disk, a line that cannot be written would be reported on stderr, which panics.
    let builder = builder.log_internal_errors(false);
    if logs.json {
        builder.json().init();
    } else {
        builder.compact().init();
    }
}

/// Binds an address. The error names `setting`, which changes the address.
pub async fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Failure::Unavailable(format!(
                "cannot listen on {address}: {error}; give another address with {setting}"
            ));
        }
        let holder = match holder_of(address) {
            Some(Holder { pid, name }) => format!("by {name} (pid {pid})"),
            None => "by another program".to_owned(),
        };
        Failure::Unavailable(format!("{address} is in use {holder}: stop it, or give another address with {setting}"))
    })
}

/// A receiver that becomes true on Ctrl-C or SIGTERM.
pub fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let no_signal = |error: std::io::Error| Failure::Internal(format!("signals cannot be received: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signal)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signal)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
    });
    Ok(receiver)
}

/// Makes a write past the file size limit fail like a write to a full disk, instead of ending the process.
pub fn outlive_file_limits() -> Result<(), Failure> {
    const SIGXFSZ: i32 = 25;
    // A process that listens for the signal once is no longer ended by it.
    signal(SignalKind::from_raw(SIGXFSZ))
        .map(drop)
        .map_err(|error| Failure::Internal(format!("SIGXFSZ cannot be received: {error}")))
}

/// Waits for the stop signal.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which also means to stop.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until the stop signal, then lets requests in flight end. `end_waits` ends long polls and streams.
pub async fn serve(listener: TcpListener, app: Router, stop: watch::Receiver<bool>, end_waits: impl FnOnce()) {
    let stopping = async {
        stopped(stop).await;
        end_waits();
    };
    server::serve(listener, app, Limits::default(), stopping).await;
}
