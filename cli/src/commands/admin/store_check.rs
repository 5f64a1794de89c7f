//! `comptoir admin check`: checks the stored log of each tenant against its heads and chains.

use std::io::Write as _;

use comptoir_central::database::Database;
use comptoir_central::store_check;
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::store_check_v1::StoreFinding;
use serde::Serialize;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::{Output, Shown};

#[derive(Serialize)]
struct CheckedLog {
    tenant_id: Uuid,
    /// The position up to which it was checked.
    head: u64,
    intact: bool,
    findings: Vec<StoreFinding>,
    /// Findings that are not listed.
    more_findings: u64,
}

impl Shown for CheckedLog {
    fn text(&self) -> String {
        let state = if self.intact { "intact" } else { "damaged" };
        let mut lines = vec![format!("tenant_id={}  head={}  {state}", self.tenant_id, self.head)];
        lines.extend(self.findings.iter().map(|finding| format!("  {finding}")));
        if self.more_findings > 0 {
            lines.push(format!("  ... and {} more findings", self.more_findings));
        }
        lines.join("\n")
    }
}

/// Checks the logs one by one, and fails if one is damaged.
pub(super) async fn check_stores(db: &Database, tenants: &[TenantId], output: Output) -> Result<(), Failure> {
    let mut damaged = 0;
    for tenant in tenants {
        let mut shown = None;
        let mut progress = |at: Position, head: Position| {
            let percent = (u128::from(at.0) * 100).checked_div(u128::from(head.0)).unwrap_or(100);
            if output.shows_progress() && shown.replace(percent) != Some(percent) {
                // Progress is a courtesy: an error on the way to the terminal changes no finding.
                let _ = write!(std::io::stderr().lock(), "\r{tenant}: {percent:3} %");
            }
        };
        let checked = store_check::check(db, *tenant, &mut progress).await;
        if output.shows_progress() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
        let checked = checked.map_err(|error| Failure::Unavailable(error.to_string()))?;
        damaged += usize::from(!checked.findings.is_empty());
        output.print(&CheckedLog {
            tenant_id: tenant.uuid(),
            head: checked.head.0,
            intact: checked.findings.is_empty(),
            findings: checked.findings,
            more_findings: checked.more_findings,
        })?;
    }
    if damaged == 0 {
        return Ok(());
    }
    let all = tenants.len();
    Err(Failure::Found(format!("{damaged} of {all} logs are damaged: docs/operating/central.md says what to do")))
}
