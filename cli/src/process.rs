//! A serving process: its log lines, its listener and its stop signal.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use comptoir_http_edge::tls::{ServedCertificate, TlsFiles, server_config};
use comptoir_http_edge::{CertificateNames, ServerMetrics};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::port_holder::{Holder, holder_of};
use crate::server::{self, Limits, Listeners};
use crate::settings::{Http, Logs};

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

/// Allows as many open files as the system does: each connection is one, and a shell allows 1,024.
pub fn raise_open_files_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!("The limit of open files stays: {error}");
    }
}

/// How often a changed certificate is looked for.
const LOOK_AT_CERTIFICATE_EVERY: Duration = Duration::from_secs(2);

/// A server's listeners, limits and counters.
pub struct Entrance {
    listeners: Listeners,
    limits: Limits,
    metrics: Arc<ServerMetrics>,
}

impl From<TcpListener> for Entrance {
    /// Plain HTTP with the default limits.
    fn from(plain: TcpListener) -> Entrance {
        Entrance { listeners: plain.into(), limits: Limits::default(), metrics: Arc::default() }
    }
}

impl Entrance {
    /// Binds the addresses of the settings and opens the certificate. `issued` is where a node keeps the one from central.
    /// `names` gets the names of the certificate that is shown.
    pub async fn open(http: &Http, issued: Option<TlsFiles>, names: CertificateNames) -> Result<Entrance, Failure> {
        let metrics = Arc::<ServerMetrics>::default();
        let tls = match &http.tls {
            None => None,
            Some(tls) => {
                let certificate = certificate(tls.files.clone(), issued, &metrics, names)?;
                let config = server_config(Arc::clone(&certificate));
                let config = config.map_err(|error| Failure::Internal(format!("TLS cannot be configured: {error}")))?;
                let listener = listen(tls.listen, "TLS_LISTEN_ADDR").await?;
                tracing::info!(address = %tls.listen, "TLS is answered");
                tokio::spawn(certificate.follow(LOOK_AT_CERTIFICATE_EVERY));
                Some((listener, config))
            }
        };
        // The last one, so that a supervisor that finds it open finds all.
        let plain = listen(http.listen, "LISTEN_ADDR").await?;
        if !http.listen.ip().to_canonical().is_loopback() {
            tracing::warn!("Plain HTTP is answered at {}: everyone on the way can read keys and events", http.listen);
        }
        Ok(Entrance { listeners: Listeners { plain, tls }, limits: http.limits.clone(), metrics })
    }
}

fn certificate(
    given: Option<TlsFiles>,
    issued: Option<TlsFiles>,
    metrics: &Arc<ServerMetrics>,
    names: CertificateNames,
) -> Result<Arc<ServedCertificate>, Failure> {
    match (given, issued) {
        (Some(files), _) => ServedCertificate::open(files, Arc::clone(metrics), names)
            .map_err(|error| Failure::Usage(format!("TLS_CERT_FILE, TLS_KEY_FILE: {error}"))),
        (None, Some(files)) => {
            let served = ServedCertificate::awaited(files, Arc::clone(metrics), names);
            if let Err(error) = served.look() {
                tracing::warn!("TLS is not answered until central has issued a certificate: {error}");
            }
            Ok(served)
        }
        (None, None) => Err(Failure::Usage("TLS_CERT_FILE: missing, TLS_LISTEN_ADDR needs a certificate".to_owned())),
    }
}

/// Serves until the stop signal, then lets requests in flight end. `end_waits` ends long polls and streams.
pub async fn serve(entrance: impl Into<Entrance>, app: Router, stop: watch::Receiver<bool>, end_waits: impl FnOnce()) {
    let Entrance { listeners, limits, metrics } = entrance.into();
    let stopping = async {
        stopped(stop).await;
        end_waits();
    };
    server::serve(listeners, app, limits, metrics, stopping).await;
}
