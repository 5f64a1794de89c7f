//! `comptoir admin`: tenants, sites, nodes, keys and readers, on the machine of the central node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comptoir_central::database::Database;
use comptoir_central::identity::{self, IdentityError, NewTenant};
use comptoir_central::restore_window::{self, AwaitedNode};
use comptoir_central::{Central, Clock, restore};
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use serde::Serialize;
use uuid::Uuid;

use crate::central::{self, DatabaseArgs, rulebook_of};
use crate::failure::Failure;
use crate::output::{Output, Shown};

/// What to administer, and in which database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir admin tenant create --name 'Les Halles' --zone Europe/Paris --currency EUR
  comptoir admin site create --tenant TENANT --code PARIS1 --name 'Rue de Rivoli'
  comptoir admin node create --tenant TENANT --site SITE --name till-1
  comptoir admin node ingest-file shop.bundle
  comptoir admin key revoke --tenant TENANT --key KEY_ID
  comptoir admin reader allow --tenant TENANT --role bi_tool
  comptoir admin restored open --reason 'disk of Monday, copy of Sunday night'
  comptoir admin check

Keys and tokens are shown once, and kept nowhere in clear.")]
pub struct AdminArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: AdminCommand,
}

/// What to administer.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Companies or schools
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Shops
    #[command(subcommand)]
    Site(SiteCommand),
    /// Writers of logs
    #[command(subcommand)]
    Node(NodeCommand),
    /// Credentials
    #[command(subcommand)]
    Key(KeyCommand),
    /// Database logins that read reports
    #[command(subcommand)]
    Reader(ReaderCommand),
    /// After a restore: wait for what the nodes were told
    #[command(subcommand)]
    Restored(RestoredCommand),
    /// Check that the stored log has no gap and links up to its heads
    #[command(after_help = "\
Example:
  comptoir admin check --json

Ends with 0 when every log is intact, 1 when one is damaged, 4 when the database is not reached, 5 for a tenant that is not there.")]
    Check {
        /// Whose; every tenant's otherwise
        #[arg(long)]
        tenant: Option<Uuid>,
    },
}

/// Tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Make one; prints its id and an administrator's token
    Create {
        /// As people call it
        #[arg(long)]
        name: String,
        /// IANA time zone: days and invoice years are counted in it
        #[arg(long)]
        zone: String,
        /// ISO 4217 code of its stock's value
        #[arg(long)]
        currency: String,
        /// The rulebook it begins with; the built-in one otherwise
        #[arg(long, env = "RULEBOOK_FILE")]
        rulebook: Option<PathBuf>,
    },
    /// List them
    List,
}

/// Sites.
#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    /// Make one
    Create {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
        /// 1 to 12 capital letters or digits, printed in invoice references
        #[arg(long)]
        code: String,
        /// As people call it
        #[arg(long)]
        name: String,
    },
    /// List a tenant's
    List {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
    },
}

/// Nodes.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Make one; prints its id and its API key
    Create {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
        /// In which shop
        #[arg(long)]
        site: Uuid,
        /// As people call it
        #[arg(long)]
        name: String,
    },
    /// List a tenant's
    List {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
    },
    /// Take a node's exported log, as a push would bring it: the way out when synchronisation itself fails
    IngestFile {
        /// What `comptoir events export` wrote at the node; it is checked whole before anything is taken
        file: PathBuf,
    },
}

/// Keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Issue another key for a node, or an administrator's token where no node is named
    Create {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
        /// For which node
        #[arg(long)]
        node: Option<Uuid>,
        /// What it is for, as it is listed
        #[arg(long, default_value = "")]
        label: String,
    },
    /// End a key at once
    Revoke {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
        /// The part between the two underscores
        #[arg(long)]
        key: String,
    },
}

/// Readers.
#[derive(Debug, Subcommand)]
pub enum ReaderCommand {
    /// Let a database role read a tenant's reports, and no other's
    Allow {
        /// Whose
        #[arg(long)]
        tenant: Uuid,
        /// `comptoir_readonly`, or a login that is a member of it
        #[arg(long)]
        role: String,
    },
}

/// After a restore. Each lists the nodes that are waited for, one a line.
#[derive(Debug, Subcommand)]
pub enum RestoredCommand {
    /// Number no new invoice and decide no new validation until every node has handed back what it was told
    Open {
        /// Whose; every tenant's otherwise
        #[arg(long)]
        tenant: Option<Uuid>,
        /// Why central was restored, for the record in the log; at most 500 characters
        #[arg(long)]
        reason: Option<String>,
    },
    /// Show which nodes have not handed back yet
    Show {
        /// Whose; every tenant's otherwise
        #[arg(long)]
        tenant: Option<Uuid>,
    },
    /// Wait no longer; lists those that have not handed back
    Close {
        /// Whose; every tenant's otherwise
        #[arg(long)]
        tenant: Option<Uuid>,
    },
}

/// What was made or found: names and values, in order.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Facts(serde_json::Map<String, serde_json::Value>);

impl Facts {
    fn of<const N: usize>(facts: [(&str, String); N]) -> Facts {
        Facts(facts.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
}

impl Shown for Facts {
    fn text(&self) -> String {
        let line = |(name, value): (&String, &serde_json::Value)| {
            format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The same on one line, for lists.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct FactsRow(Facts);

impl Shown for FactsRow {
    fn text(&self) -> String {
        self.0.text().replace('\n', "  ")
    }
}

/// Runs one of them.
pub async fn run_admin(args: AdminArgs, output: Output) -> Result<(), Failure> {
    let central = central::beside(&args.database).await?;
    let done = administer(&central, args.command, output).await;
    central.shutdown().await;
    done
}

async fn administer(central: &Central, command: AdminCommand, output: Output) -> Result<(), Failure> {
    let db = central.database();
    match command {
        AdminCommand::Tenant(TenantCommand::Create { name, zone, currency, rulebook }) => {
            let new = NewTenant {
                name,
                zone,
                currency: currency_of(&currency)?,
                rulebook: rulebook_of(rulebook.as_deref())?,
            };
            let tenant = central.create_tenant(&new).await.map_err(|error| Failure::Refused(error.to_string()))?;
            let token = identity::issue_admin_token(db, tenant, "first token").await.map_err(refused)?;
            output.print(&Facts::of([("tenant_id", tenant.to_string()), ("admin_token", token.text)]))
        }
        AdminCommand::Tenant(TenantCommand::List) => {
            for row in identity::tenants(db).await.map_err(unavailable)? {
                output.print(&Facts::of([
                    ("tenant_id", row.tenant.to_string()),
                    ("name", row.name),
                    ("zone", row.zone),
                ]))?;
            }
            Ok(())
        }
        AdminCommand::Site(SiteCommand::Create { tenant, code, name }) => {
            let site = identity::create_site(db, TenantId::new(tenant), &code, &name).await.map_err(refused)?;
            output.print(&Facts::of([("site_id", site.to_string()), ("code", code)]))
        }
        AdminCommand::Site(SiteCommand::List { tenant }) => {
            for row in identity::sites(db, known(db, tenant).await?).await.map_err(unavailable)? {
                output.print(&Facts::of([
                    ("site_id", row.site.to_string()),
                    ("code", row.code),
                    ("name", row.name),
                ]))?;
            }
            Ok(())
        }
        AdminCommand::Node(NodeCommand::Create { tenant, site, name }) => {
            let id = TenantId::new(tenant);
            let node = identity::create_node(db, id, SiteId::new(site), &name).await.map_err(refused)?;
            let key = identity::issue_node_key(db, id, node, &name).await.map_err(refused)?;
            output.print(&Facts::of([
                ("TENANT_ID", tenant.to_string()),
                ("SITE_ID", site.to_string()),
                ("NODE_ID", node.to_string()),
                ("SYNC_API_KEY", key.text),
            ]))
        }
        AdminCommand::Node(NodeCommand::List { tenant }) => {
            for row in identity::nodes(db, known(db, tenant).await?).await.map_err(unavailable)? {
                let site = row.site.map(|site| site.to_string()).unwrap_or_default();
                output.print(&Facts::of([("node_id", row.node.to_string()), ("site_id", site), ("name", row.name)]))?;
            }
            Ok(())
        }
        AdminCommand::Node(NodeCommand::IngestFile { file }) => {
            super::ingest_file::ingest_file(central, &file, output).await
        }
        AdminCommand::Key(KeyCommand::Create { tenant, node, label }) => {
            let tenant = TenantId::new(tenant);
            let issued = match node {
                Some(node) => identity::issue_node_key(db, tenant, NodeId::new(node), &label).await,
                None => identity::issue_admin_token(db, tenant, &label).await,
            };
            let issued = issued.map_err(refused)?;
            output.print(&Facts::of([("key_id", issued.key_id), ("key", issued.text)]))
        }
        AdminCommand::Reader(ReaderCommand::Allow { tenant, role }) => {
            identity::allow_reader(db, TenantId::new(tenant), &role).await.map_err(refused)?;
            output.print(&Facts::of([("tenant_id", tenant.to_string()), ("role", role)]))
        }
        AdminCommand::Restored(command) => restored(central, &command, output).await,
        AdminCommand::Check { tenant } => {
            super::store_check::run_store_check(db, &one_or_all(db, tenant).await?, output).await
        }
        AdminCommand::Key(KeyCommand::Revoke { tenant, key }) => {
            if identity::revoke_key(db, TenantId::new(tenant), &key).await.map_err(refused)? {
                return output.print(&Facts::of([("revoked", key)]));
            }
            Err(Failure::Refused(format!("{key}: no key of that name is in force")))
        }
    }
}

async fn restored(central: &Central, command: &RestoredCommand, output: Output) -> Result<(), Failure> {
    let db = central.database();
    let (RestoredCommand::Open { tenant, .. } | RestoredCommand::Show { tenant } | RestoredCommand::Close { tenant }) =
        command;
    for tenant in one_or_all(db, *tenant).await? {
        let awaited = match command {
            RestoredCommand::Open { reason, .. } => {
                restore::open(db, &Clock::system(), tenant, reason.as_deref()).await.map_err(refused)?
            }
            RestoredCommand::Show { .. } => restore_window::awaited(db, tenant).await.map_err(unavailable)?,
            RestoredCommand::Close { .. } => restore_window::close(db, tenant).await.map_err(refused)?,
        };
        for AwaitedNode { node, name } in awaited {
            // The name last: it may have blanks in it.
            output.print(&FactsRow(Facts::of([
                ("tenant_id", tenant.to_string()),
                ("node_id", node.to_string()),
                ("name", name),
            ])))?;
        }
    }
    Ok(())
}

async fn one_or_all(db: &Database, tenant: Option<Uuid>) -> Result<Vec<TenantId>, Failure> {
    match tenant {
        Some(tenant) => Ok(vec![known(db, tenant).await?]),
        None => Ok(identity::tenants(db).await.map_err(unavailable)?.into_iter().map(|row| row.tenant).collect()),
    }
}

/// A tenant of this central: nothing is not the same as nobody.
async fn known(db: &Database, tenant: Uuid) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(tenant);
    let tenants = identity::tenants(db).await.map_err(unavailable)?;
    let unknown =
        || Failure::Refused(format!("tenant {tenant} is not here: `comptoir admin tenant list` shows who is"));
    tenants.iter().any(|row| row.tenant == tenant).then_some(tenant).ok_or_else(unknown)
}

fn currency_of(text: &str) -> Result<Currency, Failure> {
    Currency::parse(text)
        .ok_or_else(|| Failure::Usage(format!("{text:?} is no currency: three capital letters, such as EUR")))
}

fn refused(error: IdentityError) -> Failure {
    match error {
        IdentityError::Store(error) => unavailable(error),
        other => Failure::Refused(other.to_string()),
    }
}

fn unavailable(error: comptoir_central::database::StoreError) -> Failure {
    Failure::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_waited_for_is_one_line() {
        let row = [("tenant_id", "t".to_owned()), ("node_id", "n".to_owned()), ("name", "till 1".to_owned())];
        assert_eq!(FactsRow(Facts::of(row.clone())).text(), "name=till 1  node_id=n  tenant_id=t");
        assert_eq!(
            Facts::of(row).text(),
            "name=till 1\nnode_id=n\ntenant_id=t",
            "what is made stays a line for each value"
        );
    }
}
