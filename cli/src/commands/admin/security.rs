use clap::Subcommand;
use comptoir_central::database::Database;
use comptoir_central::{SecurityQuestion, security_events};
use comptoir_core::id::NodeId;
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_core::position::Position;
use comptoir_proto::security_v1::SecurityKind;
use uuid::Uuid;

use super::facts::{Facts, FactsRow};
use super::{known, unavailable};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum SecurityCommand {
    /// List security events in the order in which they were recorded, one a line
    #[command(after_help = "\
Examples:
  comptoir admin security list --tenant TENANT
  comptoir admin security list --tenant TENANT --kind FOREIGN_QR --after 4711 --json

A page has at most --limit events; --after takes the position of the last one. docs/operating/security.md says what each kind means.")]
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Only this kind, such as KEY_USED_TWICE
        #[arg(long, value_parser = kind)]
        kind: Option<SecurityKind>,
        /// Only those that concern this node
        #[arg(long)]
        node: Option<Uuid>,
        /// Only those after this position
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Events of the page
        #[arg(long, default_value_t = 100)]
        limit: u16,
    },
}

fn kind(text: &str) -> Result<SecurityKind, String> {
    let words = || SecurityKind::ALL.map(SecurityKind::as_str).join(", ");
    SecurityKind::parse(text).ok_or_else(|| format!("expected one of {}", words()))
}

pub(super) async fn manage_security(db: &Database, command: SecurityCommand, output: Output) -> Result<(), Failure> {
    let SecurityCommand::List { tenant, kind, node, after, limit } = command;
    let tenant = known(db, tenant).await?;
    let limit = usize::from(limit).clamp(1, PAGE_ROWS_MAX);
    let question =
        SecurityQuestion { kind, node: node.map(NodeId::new), after: Position(after.min(i64::MAX as u64)), limit };
    let page = security_events(db, tenant, &question).await.map_err(unavailable)?;
    for event in page.events {
        // The details are last because they contain blanks.
        let facts = Facts::new([
            ("position", event.position.to_string()),
            ("recorded_at", event.recorded_at),
            ("kind", event.kind.as_str().to_owned()),
            ("subject", format!("{}/{}", event.subject.entity_type, event.subject.entity_id)),
        ]);
        let facts = facts
            .with("node_id", event.node.map(|node| node.to_string()))
            .with("device", event.device)
            .with("user", event.user)
            .with("event_id", event.cause.map(|cause| cause.to_string()))
            .with("details", Some(event.details.get().to_owned()));
        output.print(&FactsRow(facts))?;
    }
    if page.more {
        output.note(&format!("More follow: --after {}", page.next));
    }
    Ok(())
}
