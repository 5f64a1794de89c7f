use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use comptoir_central::accounts::{ChangedBy, NodeRevocation};
use comptoir_central::certificates::{self, SiteNameError};
use comptoir_central::database::Database;
use comptoir_central::identity::{self, KeyRow, NewTenant};
use comptoir_central::key_changes::{self, RotatedKey};
use comptoir_central::{Central, Clock};
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_proto::instant;
use uuid::Uuid;

use super::facts::{Facts, FactsRow};
use super::{known, refused, unavailable};
use crate::central::rulebook_of;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum TenantCommand {
    /// Create a tenant; prints its id and an administrator's token
    Create {
        /// Display name
        #[arg(long)]
        name: String,
        /// IANA time zone in which days and invoice years are counted
        #[arg(long)]
        zone: String,
        /// ISO 4217 code of the currency in which stock is valued
        #[arg(long)]
        currency: String,
        /// Rulebook file; the built-in rulebook when absent
        #[arg(long, env = "RULEBOOK_FILE")]
        rulebook: Option<PathBuf>,
    },
    /// List all tenants, one a line
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum SiteCommand {
    /// Create a site
    Create {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// 1 to 12 capital letters or digits, printed in invoice references
        #[arg(long)]
        code: String,
        /// Display name
        #[arg(long)]
        name: String,
    },
    /// Let the nodes of a site have a name or an address in their certificates
    #[command(after_help = "\
Example:
  comptoir admin site allow-name --tenant TENANT --site SITE --name rivoli.local
  comptoir admin site allow-name --tenant TENANT --site SITE --name 192.168.1.10")]
    AllowName {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Site id
        #[arg(long)]
        site: Uuid,
        /// A name under .local, .lan, .internal or .home.arpa, or a private address
        #[arg(long)]
        name: String,
    },
    /// Take a name from a site; certificates that have it stay valid until they expire
    ForbidName {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Site id
        #[arg(long)]
        site: Uuid,
        /// The name or address
        #[arg(long)]
        name: String,
    },
    /// List the names that a site's certificates may have, one a line
    Names {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Site id
        #[arg(long)]
        site: Uuid,
    },
    /// List a tenant's sites, one a line
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum NodeCommand {
    /// Create a node; prints its id and its API key
    Create {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Site id
        #[arg(long)]
        site: Uuid,
        /// Display name
        #[arg(long)]
        name: String,
    },
    /// Revoke a node: what it sends from now on is quarantined, and it destroys its data
    #[command(after_help = "\
Example:
  comptoir admin node revoke --tenant TENANT --node NODE --reason 'stolen on Monday'")]
    Revoke {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Node id
        #[arg(long)]
        node: Uuid,
        /// Why, for the log
        #[arg(long)]
        reason: Option<String>,
    },
    /// List a tenant's nodes, central's own among them, one a line
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
    },
    /// Ingest a node's exported log as if the node had pushed it, when the network cannot be used
    IngestFile {
        /// Bundle from `comptoir events export` at the node; the whole file is checked before anything is ingested
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Issue an API key for a node, or an administrator's token when --node is absent
    Create {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Node id
        #[arg(long)]
        node: Option<Uuid>,
        /// Note shown by `key list`
        #[arg(long, default_value = "")]
        label: String,
    },
    /// List a tenant's keys, one a line: never their secrets
    #[command(after_help = "Example:\n  comptoir admin key list --tenant TENANT --json")]
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
    },
    /// Issue the key that takes a key's place; the old one stays valid for a while
    #[command(after_help = "\
Example:
  comptoir admin key rotate --tenant TENANT --key KEY

Prints the new key. Give it to its holder before `old_valid_until`: a node reads SYNC_API_KEY_FILE again before each request, \
and SYNC_API_KEY at its next start.")]
    Rotate {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Key id: the part of the key between its two underscores
        #[arg(long)]
        key: String,
        /// How many days the old key stays valid; 0 ends it at once
        #[arg(long, default_value_t = 7)]
        overlap_days: u32,
    },
    /// Revoke a key at once
    Revoke {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Key id: the part of the key between its two underscores
        #[arg(long)]
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ReaderCommand {
    /// Let a database role read one tenant's reports
    Grant {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// `comptoir_readonly`, or a login that is a member of it
        #[arg(long)]
        role: String,
    },
}

pub(super) async fn manage_tenants(central: &Central, command: TenantCommand, output: Output) -> Result<(), Failure> {
    let db = central.database();
    match command {
        TenantCommand::Create { name, zone, currency, rulebook } => {
            let currency = currency_of(&currency)?;
            let new = NewTenant { name, zone, currency, rulebook: rulebook_of(rulebook.as_deref())? };
            let tenant = central.create_tenant(&new).await.map_err(|error| Failure::Refused(error.to_string()))?;
            let token = identity::issue_admin_token(db, tenant, "first token").await.map_err(refused)?;
            output.print(&Facts::new([("tenant_id", tenant.to_string()), ("admin_token", token.text)]))
        }
        TenantCommand::List => identity::tenants(db).await.map_err(unavailable)?.into_iter().try_for_each(|row| {
            output.print(&FactsRow(Facts::new([
                ("tenant_id", row.tenant.to_string()),
                ("zone", row.zone),
                ("name", row.name),
            ])))
        }),
    }
}

pub(super) async fn manage_sites(db: &Database, command: SiteCommand, output: Output) -> Result<(), Failure> {
    match command {
        SiteCommand::Create { tenant, code, name } => {
            let site = identity::create_site(db, TenantId::new(tenant), &code, &name).await.map_err(refused)?;
            output.print(&Facts::new([("site_id", site.to_string()), ("code", code)]))
        }
        SiteCommand::AllowName { tenant, site, name } => {
            let tenant = known(db, tenant).await?;
            let name = certificates::allow_name(db, tenant, SiteId::new(site), &name).await.map_err(name_refused)?;
            output.print(&Facts::new([("site_id", site.to_string()), ("name", name.to_string())]))
        }
        SiteCommand::ForbidName { tenant, site, name } => {
            let tenant = known(db, tenant).await?;
            if certificates::forbid_name(db, tenant, SiteId::new(site), &name).await.map_err(name_refused)? {
                return output.print(&Facts::new([("site_id", site.to_string()), ("forbidden", name)]));
            }
            Err(Failure::Refused(format!("{name}: site {site} does not have this name")))
        }
        SiteCommand::Names { tenant, site } => {
            let tenant = known(db, tenant).await?;
            let names = certificates::allowed_names(db, tenant, SiteId::new(site)).await.map_err(unavailable)?;
            names.into_iter().try_for_each(|name| output.print(&FactsRow(Facts::new([("name", name.to_string())]))))
        }
        SiteCommand::List { tenant } => {
            let rows = identity::sites(db, known(db, tenant).await?).await.map_err(unavailable)?;
            rows.into_iter().try_for_each(|row| {
                output.print(&FactsRow(Facts::new([
                    ("site_id", row.site.to_string()),
                    ("code", row.code),
                    ("name", row.name),
                ])))
            })
        }
    }
}

fn name_refused(error: SiteNameError) -> Failure {
    match error {
        SiteNameError::Store(error) => unavailable(error),
        other => Failure::Refused(other.to_string()),
    }
}

pub(super) async fn create_node(
    central: &Central,
    (tenant, site): (Uuid, Uuid),
    name: &str,
    output: Output,
) -> Result<(), Failure> {
    let (db, id) = (central.database(), known(central.database(), tenant).await?);
    let created = central.accounts().create_node(id, SiteId::new(site), name, &ChangedBy::Console).await;
    let node = created.map_err(|error| refused(error.into()))?;
    let key = identity::issue_node_key(db, id, node, name).await.map_err(refused)?;
    output.print(&Facts::new([
        ("TENANT_ID", tenant.to_string()),
        ("SITE_ID", site.to_string()),
        ("NODE_ID", node.to_string()),
        ("SYNC_API_KEY", key.text),
    ]))
}

pub(super) async fn revoke_node(
    central: &Central,
    (tenant, node): (Uuid, Uuid),
    reason: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let tenant = known(central.database(), tenant).await?;
    let revoked = central.accounts().revoke_node(tenant, NodeId::new(node), reason, &ChangedBy::Console).await;
    let NodeRevocation { node, at, position } = revoked.map_err(|error| refused(error.into()))?;
    output.print(&Facts::new([
        ("node_id", node.to_string()),
        ("revoked_at", instant::format(at)),
        ("revoked_position", position.to_string()),
    ]))
}

pub(super) async fn list_nodes(db: &Database, tenant: Uuid, output: Output) -> Result<(), Failure> {
    let rows = identity::nodes(db, known(db, tenant).await?).await.map_err(unavailable)?;
    rows.into_iter().try_for_each(|row| {
        let site = row.site.map(|site| site.to_string()).unwrap_or_default();
        output.print(&FactsRow(Facts::new([("node_id", row.node.to_string()), ("site_id", site), ("name", row.name)])))
    })
}

pub(super) async fn manage_keys(db: &Database, command: KeyCommand, output: Output) -> Result<(), Failure> {
    match command {
        KeyCommand::Create { tenant, node, label } => {
            let (tenant, node) = (TenantId::new(tenant), node.map(NodeId::new));
            let issued = key_changes::create_key(db, &Clock::system(), tenant, node, &label).await.map_err(refused)?;
            output.print(&Facts::new([("key_id", issued.key_id), ("key", issued.text)]))
        }
        KeyCommand::List { tenant } => {
            let rows = identity::keys(db, known(db, tenant).await?).await.map_err(unavailable)?;
            rows.into_iter().try_for_each(|row| output.print(&FactsRow(key_facts(row))))
        }
        KeyCommand::Rotate { tenant, key, overlap_days } => {
            let overlap = Duration::from_secs(u64::from(overlap_days) * 86_400);
            let rotated = key_changes::rotate_key(db, &Clock::system(), TenantId::new(tenant), &key, overlap).await;
            let RotatedKey { new, old_valid_until } = rotated.map_err(refused)?;
            output.print(&Facts::new([
                ("key_id", new.key_id),
                ("key", new.text),
                ("replaces", key),
                ("old_valid_until", instant::format(old_valid_until)),
            ]))
        }
        KeyCommand::Revoke { tenant, key } => {
            let tenant = TenantId::new(tenant);
            key_changes::revoke_key(db, &Clock::system(), tenant, &key).await.map_err(refused)?;
            output.print(&Facts::new([("revoked", key)]))
        }
    }
}

fn key_facts(row: KeyRow) -> Facts {
    let kind = if row.node.is_some() { "node" } else { "admin" };
    // The label is last because it may contain blanks.
    Facts::new([("key_id", row.key_id), ("kind", kind.to_owned())])
        .with("node_id", row.node.map(|node| node.to_string()))
        .with("site_id", row.site.map(|site| site.to_string()))
        .with("created_at", Some(instant::format(row.created_at)))
        .with("last_used_at", row.last_used_at.map(instant::format))
        .with("valid_until", row.expires_at.map(instant::format))
        .with("replaced_by", row.replaced_by)
        .with("revoked_at", row.revoked_at.map(instant::format))
        .with("label", Some(row.label))
}

pub(super) async fn manage_readers(db: &Database, command: ReaderCommand, output: Output) -> Result<(), Failure> {
    let ReaderCommand::Grant { tenant, role } = command;
    identity::allow_reader(db, TenantId::new(tenant), &role).await.map_err(refused)?;
    output.print(&Facts::new([("tenant_id", tenant.to_string()), ("role", role)]))
}

fn currency_of(text: &str) -> Result<Currency, Failure> {
    Currency::parse(text)
        .ok_or_else(|| Failure::Usage(format!("{text:?} is not a currency: three capital letters, such as EUR")))
}
