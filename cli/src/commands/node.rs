//! `comptoir node`: what is done to the folder of a stopped node.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comptoir_local::NodeConfig;
use comptoir_local::event_log::{
    Environment, Log, LogConfig, OpenError, SECRET_KEY_FILE, identity_at, rotate_secret_key,
};
use comptoir_local::retirement::{Tombstone, continue_destruction, destroy_data, unsent_records};
use comptoir_proto::node_users_v1::WipeProof;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, Shown};

/// The subcommands of `node`.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Destroy the data of a stopped node, also what central does not have yet
    Wipe(WipeArgs),
    /// Replace the key that seals the node's secrets; the node must be stopped
    RotateSecret(RotateSecretArgs),
}

/// Arguments of `node rotate-secret`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  comptoir node rotate-secret --data-dir /var/lib/comptoir

The node's signing key, its users, their PINs and sessions are sealed with the new key, and local keys stay valid. If it is
interrupted, repeat it or start the node: both go on where it stopped.")]
pub struct RotateSecretArgs {
    /// Data directory of the node
    #[arg(long)]
    data_dir: PathBuf,
}

/// Arguments of `node wipe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  comptoir node wipe --data-dir /var/lib/comptoir

It deletes log, files, keys and certificates of the node, and leaves TOMBSTONE.json, the proof. `comptoir serve` delivers the
proof to central at its next start, and starts nothing there any more.")]
pub struct WipeArgs {
    /// Data directory of the node
    #[arg(long)]
    data_dir: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs a subcommand.
pub async fn change_node(command: NodeCommand, output: Output) -> Result<(), Failure> {
    match command {
        NodeCommand::Wipe(args) => wipe(args, output).await,
        NodeCommand::RotateSecret(args) => rotate_secret(args.data_dir, output).await,
    }
}

async fn wipe(args: WipeArgs, output: Output) -> Result<(), Failure> {
    let WipeArgs { data_dir, yes } = args;
    let unavailable = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
    if let Some(tombstone) = Tombstone::read(&data_dir).map_err(|error| unavailable(&error))? {
        continue_destruction(&data_dir).map_err(|error| unavailable(&error))?;
        return output.print(&Wiped { tombstone: tombstone.path, proof: tombstone.proof });
    }
    let log = open(&data_dir).await?;
    let unsent = unsent_records(&log);
    if !yes && !confirmed(&data_dir, unsent, output)? {
        return Err(Failure::Refused("nothing was changed".to_owned()));
    }
    let destroyed = tokio::task::spawn_blocking(move || destroy_data(&data_dir, &log)).await;
    let tombstone = destroyed.map_err(|error| unavailable(&error))?.map_err(|error| {
        Failure::Unavailable(format!("{error}; repeat the command, or start the node: it goes on where this stopped"))
    })?;
    output.print(&Wiped { tombstone: tombstone.path, proof: tombstone.proof })
}

async fn rotate_secret(data_dir: PathBuf, output: Output) -> Result<(), Failure> {
    let unavailable = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
    let folder = NodeConfig::log_dir(&data_dir);
    let identity = identity_at(&folder).map_err(|error| unavailable(&error))?;
    let identity = identity.ok_or_else(|| {
        let shown = data_dir.display();
        Failure::Usage(format!("{shown} has no node that was ever started; name its folder with --data-dir"))
    })?;
    let file = folder.join(SECRET_KEY_FILE);
    let config = LogConfig::new(folder, identity);
    let rotated = tokio::task::spawn_blocking(move || rotate_secret_key(&config, &Environment::system())).await;
    rotated.map_err(|error| unavailable(&error))?.map_err(|error| match error {
        OpenError::Locked { .. } => {
            Failure::Refused("the node is running: stop it first, then rotate its key".to_owned())
        }
        error => unavailable(&error),
    })?;
    output.print(&RotatedSecret { file: file.display().to_string() })
}

#[derive(Serialize)]
struct RotatedSecret {
    file: String,
}

impl Shown for RotatedSecret {
    fn text(&self) -> String {
        format!(
            "{} is new, and everything that the old one sealed is sealed with it. Copies of the folder from before need the old one; put \
             the new one into the next backup.",
            self.file
        )
    }
}

async fn open(data_dir: &Path) -> Result<Log, Failure> {
    let unavailable = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
    let log_dir = NodeConfig::log_dir(data_dir);
    let identity = identity_at(&log_dir).map_err(|error| unavailable(&error))?;
    let folder = data_dir.display();
    let identity = identity
        .ok_or_else(|| Failure::Usage(format!("{folder} has no node that was ever started; nothing was changed")))?;
    let opened =
        tokio::task::spawn_blocking(move || Log::open(LogConfig::new(log_dir, identity), Environment::system())).await;
    match opened.map_err(|error| unavailable(&error))? {
        Ok(log) => Ok(log),
        Err(OpenError::Locked { .. }) => {
            Err(Failure::Refused(format!("the node in {folder} is running; stop it first")))
        }
        Err(error) => Err(Failure::Unavailable(format!(
            "{error}. Without its log the node cannot sign a proof: if its data is to be destroyed all the same, delete {folder} by hand"
        ))),
    }
}

fn confirmed(data_dir: &Path, unsent: u64, output: Output) -> Result<bool, Failure> {
    let question = question(data_dir, unsent);
    if output.is_json() || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("{question} Say --yes")));
    }
    let mut stderr = std::io::stderr();
    let failed = |error: std::io::Error| Failure::Unavailable(error.to_string());
    write!(stderr, "{question} Type the word destroy: ").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim() == "destroy")
}

fn question(data_dir: &Path, unsent: u64) -> String {
    let lost = match unsent {
        0 => "central has every event of it".to_owned(),
        1 => "1 record that central does not have is lost".to_owned(),
        lost => format!("{lost} records that central does not have are lost"),
    };
    format!("This destroys the node in {}; {lost}.", data_dir.display())
}

#[derive(Serialize)]
struct Wiped {
    tombstone: PathBuf,
    #[serde(flatten)]
    proof: WipeProof,
}

impl Shown for Wiped {
    fn text(&self) -> String {
        let lost = match self.proof.unsent {
            0 => "Central has every event of it.".to_owned(),
            lost => format!("{lost} records are lost that central does not have."),
        };
        format!("The node {} is destroyed. {lost}\n{} is the proof.", self.proof.node, self.tombstone.display())
    }
}
