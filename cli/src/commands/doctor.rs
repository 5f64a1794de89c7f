//! `comptoir doctor`: checks this machine, and says how to correct what is wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use comptoir_central::private_postgres;
use comptoir_local::NodeConfig;
use comptoir_local::event_log::SECRET_KEY_FILE;
use comptoir_local::local_keys::ADMIN_HEADER_FILE;
use comptoir_proto::paths;
use comptoir_proto::status_v1::NodeStatus;
use serde::Serialize;

use super::status::known_users;
use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::remote::{Remote, RemoteArgs};
use crate::up_file::{TILL_HEADER_FILE, UpFile};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comptoir doctor\n  comptoir doctor --data-dir ./comptoir-data --url http://127.0.0.1:7401"
)]
pub struct DoctorArgs {
    /// The data directory to check
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data")]
    data_dir: PathBuf,
    /// Address of a node that should be running
    #[arg(long)]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    fine: bool,
    detail: String,
}

#[derive(Debug, Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

/// Checks everything, prints the findings, and fails if something is wrong.
pub async fn check_machine(args: &DoctorArgs, output: Output) -> Result<(), Failure> {
    let mut findings = vec![postgres(), setpriv(), data_dir(&args.data_dir)];
    findings.extend(secrets(&args.data_dir));
    if let Some(url) = &args.url {
        findings.push(node(url, &args.data_dir).await);
    }
    let wrong = findings.iter().filter(|finding| !finding.fine).count();
    output.print(&Findings { findings })?;
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::Found("1 thing is wrong".to_owned())),
        n => Err(Failure::Found(format!("{n} things are wrong"))),
    }
}

fn finding(what: String, looked: Result<String, String>) -> Finding {
    let fine = looked.is_ok();
    Finding { what, fine, detail: looked.unwrap_or_else(|wrong| wrong) }
}

fn postgres() -> Finding {
    let what = "Postgres on this machine".to_owned();
    let found = private_postgres::find_binaries();
    finding(what, found.map(|folder| folder.display().to_string()).map_err(|error| error.to_string()))
}

fn setpriv() -> Finding {
    let found = std::process::Command::new("setpriv").arg("--version").output();
    let needed = "setpriv is missing, which stops Postgres together with comptoir: apt-get install util-linux";
    let version = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    finding("setpriv".to_owned(), version.map_err(|_| needed.to_owned()))
}

fn data_dir(path: &Path) -> Finding {
    let what = format!("Folder {}", path.display());
    let nearest = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    // Only writing a file shows for certain that files can be written.
    let written = tempfile_in(nearest);
    finding(what, written.map_err(|error| format!("{} cannot be written to: {error}", nearest.display())))
}

fn tempfile_in(folder: &Path) -> std::io::Result<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let probe = folder.join(format!(".comptoir-doctor-{}", std::process::id()));
    std::fs::write(&probe, "probe")?;
    std::fs::remove_file(&probe)?;
    Ok("can be written to".to_owned())
}

/// The files whose readers can act as this node. Those that are not there are not needed.
fn secrets(data_dir: &Path) -> Vec<Finding> {
    let files = [
        (
            NodeConfig::log_dir(data_dir).join(SECRET_KEY_FILE),
            "unseals the node's signing key; keep it in each copy of the folder",
        ),
        (
            NodeConfig::certificate_file(data_dir),
            "the private key of the node's certificate; in clear, since it is replaced with each certificate and names this shop's \
             network alone",
        ),
        (data_dir.join(ADMIN_HEADER_FILE), "the administrator's key of the node"),
        (data_dir.join(TILL_HEADER_FILE), "the till program's key"),
        (UpFile::path(data_dir), "every credential of `comptoir up`"),
    ];
    let look = |(path, what): (PathBuf, &str)| {
        let mode = std::fs::metadata(&path).ok()?.permissions().mode() & 0o777;
        let shown = path.display();
        let private = match mode & 0o077 {
            0 => Ok(format!("{what}; only its owner may read it")),
            _ => Err(format!("{what}, and its mode is {mode:o}: chmod 600 {shown}")),
        };
        Some(finding(format!("Secret {shown}"), private))
    };
    files.into_iter().filter_map(look).collect()
}

async fn node(url: &str, data_dir: &Path) -> Finding {
    let what = format!("Node {url}");
    let asked = async {
        let remote = Remote::new(&RemoteArgs::of_node(url.to_owned(), data_dir))?;
        remote.get::<NodeStatus>(paths::STATUS, &[]).await
    };
    let looked = match asked.await {
        Ok(status) if status.log.state != "open" => {
            Err(format!("log {}: {}", status.log.state, status.log.reason.unwrap_or_default()))
        }
        Ok(status) if status.log.disk_low => Err("INSUFFICIENT_STORAGE".to_owned()),
        Ok(status) => match status.sync.alert {
            Some(problem) => Err(format!("{}: {}", problem.code, problem.detail)),
            None => {
                let users = status.users.as_ref().map(|users| format!(", {}", known_users(users))).unwrap_or_default();
                Ok(format!("log {}, sync {}{users}", status.log.state, status.sync.phase))
            }
        },
        Err(failure) => Err(failure.to_string()),
    };
    finding(what, looked)
}

impl Shown for Findings {
    fn text(&self) -> String {
        let line = |Finding { what, fine, detail }: &Finding| {
            let mark = if *fine { "ok     " } else { "WRONG  " };
            format!("{mark}{what}: {detail}")
        };
        self.findings.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
