use clap::Subcommand;
use comptoir_central::database::Database;
use comptoir_central::restore_window::{self, AwaitedNode};
use comptoir_central::{Clock, restore};
use uuid::Uuid;

use super::facts::{Facts, FactsRow};
use super::{one_or_all, refused, unavailable};
use crate::failure::Failure;
use crate::output::Output;

/// Each command lists the nodes that central still waits for, one a line.
#[derive(Debug, Subcommand)]
pub(super) enum RestoreWindowCommand {
    /// Number no new invoice and decide no new validation until every node has resent the decisions it received
    Open {
        /// Tenant id; all tenants when absent
        #[arg(long)]
        tenant: Option<Uuid>,
        /// Why central was restored, recorded in the log; at most 500 characters
        #[arg(long)]
        reason: Option<String>,
    },
    /// List the nodes that have not resent their decisions yet
    Status {
        /// Tenant id; all tenants when absent
        #[arg(long)]
        tenant: Option<Uuid>,
    },
    /// Stop waiting; lists the nodes that have not resent their decisions
    Close {
        /// Tenant id; all tenants when absent
        #[arg(long)]
        tenant: Option<Uuid>,
    },
}

pub(super) async fn manage_window(
    db: &Database,
    command: &RestoreWindowCommand,
    output: Output,
) -> Result<(), Failure> {
    let (RestoreWindowCommand::Open { tenant, .. }
    | RestoreWindowCommand::Status { tenant }
    | RestoreWindowCommand::Close { tenant }) = command;
    for tenant in one_or_all(db, *tenant).await? {
        let awaited = match command {
            RestoreWindowCommand::Open { reason, .. } => {
                restore::open(db, &Clock::system(), tenant, reason.as_deref()).await.map_err(refused)?
            }
            RestoreWindowCommand::Status { .. } => restore_window::awaited(db, tenant).await.map_err(unavailable)?,
            RestoreWindowCommand::Close { .. } => restore_window::close(db, tenant).await.map_err(refused)?,
        };
        for AwaitedNode { node, name } in awaited {
            // The name is last because it may contain blanks.
            output.print(&FactsRow(Facts::new([
                ("tenant_id", tenant.to_string()),
                ("node_id", node.to_string()),
                ("name", name),
            ])))?;
        }
    }
    Ok(())
}
