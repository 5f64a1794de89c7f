//! A process that serves: its log lines, its listener, and when it is to stop.

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

/// Says what happens, from here on, on stderr.
pub fn start_logging(logs: &Logs) {
    let builder = tracing_subscriber::fmt().with_max_level(logs.level).with_writer(std::io::stderr).with_target(false);
    // Colours are for a screen: in a file, or a journal, they are noise between the words.
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // A line that cannot be written, where stderr is a file on a full disk, would be complained of on stderr: that panics, wherever it is.
    let builder = builder.log_internal_errors(false);
    if logs.json {
        builder.json().init();
    } else {
        builder.compact().init();
    }
}

/// Takes an address, or says why not. `setting` is what changes the address.
pub async fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Failure::Unavailable(format!(
                "{address} cannot be listened on: {error}; {setting} names another address"
            ));
        }
        let holder = match holder_of(address) {
            Some(Holder { pid, name }) => format!("by {name} (pid {pid})"),
            None => "by another program".to_owned(),
        };
        Failure::Unavailable(format!("{address} is taken {holder}: stop it, or give another address with {setting}"))
    })
}

/// Turns true once the process is asked to stop, by Ctrl-C or SIGTERM.
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

/// From here on a write past a limit on the size of files fails, as one on a full disk does, instead of ending the process.
pub fn outlive_file_limits() -> Result<(), Failure> {
    const SIGXFSZ: i32 = 25;
    // Whoever listens to it once is not ended by it any more.
    signal(SignalKind::from_raw(SIGXFSZ))
        .map(drop)
        .map_err(|error| Failure::Internal(format!("SIGXFSZ cannot be received: {error}")))
}

/// Waits until the process is asked to stop.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that nobody can ask any more, which is as good as being asked.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until the process is asked to stop, then lets what is under way end; `end_waits` ends what would wait or stream on.
pub async fn serve(listener: TcpListener, app: Router, stop: watch::Receiver<bool>, end_waits: impl FnOnce()) {
    let stopping = async {
        stopped(stop).await;
        end_waits();
    };
    server::serve(listener, app, Limits::default(), stopping).await;
}
