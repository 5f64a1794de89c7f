//! `comptoir demo`: disconnects the shop of a running `comptoir up` from central, and connects it again.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::paths;
use serde::Serialize;

use crate::demo::control::{self, Reply, Request};
use crate::failure::Failure;
use crate::output::{Output, Shown, counted};
use crate::remote::{Remote, RemoteArgs};

/// How long `online` waits for the queue to empty. A node that was refused for long retries within 16 seconds.
const EMPTY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir demo offline
  comptoir demo online
  comptoir demo status --json

`comptoir up` must be running on the same data directory. Ends with 4 if it is not.")]
pub struct DemoArgs {
    /// The data directory of `comptoir up`
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data", global = true)]
    data_dir: PathBuf,
    #[command(subcommand)]
    command: DemoCommand,
}

/// The commands of `demo`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum DemoCommand {
    /// Disconnect the shop from central: every connection between them is refused
    Offline,
    /// Connect the shop to central again, and wait until its queue is empty
    Online,
    /// Show whether the shop reaches central, and how many events are waiting
    Status,
}

/// Switches the connection between the shop and central, and prints its state.
pub async fn set_connection(args: &DemoArgs, output: Output) -> Result<(), Failure> {
    let request = match args.command {
        DemoCommand::Offline => Request::Offline,
        DemoCommand::Online => Request::Online,
        DemoCommand::Status => Request::Status,
    };
    let reply = control::ask(&args.data_dir, request).await;
    let Reply { online, local_url, error } = reply.map_err(|error| not_served(&args.data_dir, &error))?;
    if let Some(error) = error {
        return Err(Failure::Unavailable(error));
    }
    let shop = Remote::new(&RemoteArgs::of_node(local_url, &args.data_dir))?;
    let began = Instant::now();
    let mut pending = pending(&shop).await?;
    while request == Request::Online && pending > 0 && began.elapsed() < EMPTY_WITHIN {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        pending = self::pending(&shop).await?;
    }
    output.print(&Connection { online, pending })
}

async fn pending(shop: &Remote) -> Result<u64, Failure> {
    let queue: QueueDto = shop.get(paths::QUEUE, &[]).await?;
    Ok(queue.pending)
}

fn not_served(data_dir: &Path, error: &io::Error) -> Failure {
    let shown = data_dir.display();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::Unavailable(format!(
            "no `comptoir up` serves {shown}: start it, or name its folder with --data-dir"
        )),
        io::ErrorKind::PermissionDenied => Failure::Refused(format!(
            "{shown}/{} belongs to another user: the one who started `comptoir up`",
            control::NAME
        )),
        _ => Failure::Unavailable(format!("{shown}/{}: {error}", control::NAME)),
    }
}

#[derive(Serialize)]
struct Connection {
    online: bool,
    pending: u64,
}

impl Shown for Connection {
    fn text(&self) -> String {
        let pending = self.pending;
        let waits = counted(pending, "event is waiting", "events are waiting");
        match self.online {
            true => format!("Online: {waits} to be sent."),
            false => format!("Offline: the shop continues to work; {waits} to be sent."),
        }
    }
}
