//! The company of `comptoir up`: a shop, its node and their credentials, created once and named in `up.json`. If `up.json` is
//! missing but the database has a company, that company is kept and gets new credentials; no second one is created.

use comptoir_central::Central;
use comptoir_central::accounts::ChangedBy;
use comptoir_central::database::{Database, StoreError};
use comptoir_central::identity::{self, IdentityError, NewTenant, NodeRow, TenantRow};
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_local::event_log::{Identity, identity_at};

use crate::central::rulebook_of;
use crate::commands::up::UpArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::up_file::UpFile;

const COMPANY: &str = "Comptoir";
const NODE: &str = "caisse-1";

/// The company of `up.json`, checked against the database. Without the file it is found or created.
pub(super) async fn company(
    args: &UpArgs,
    file: Option<UpFile>,
    central: &Central,
    output: Output,
) -> Result<UpFile, Failure> {
    let tenants = identity::tenants(central.database()).await.map_err(unavailable)?;
    if let Some(file) = file {
        let known = tenants.iter().any(|row| row.tenant.uuid() == file.tenant_id);
        return if known { Ok(file) } else { Err(unknown_company(args, &file)) };
    }
    let log = identity_at(&args.data_dir.join("node")).map_err(|error| Failure::Unavailable(error.to_string()))?;
    if tenants.is_empty() && log.is_none() {
        let tenant = create_tenant(args, central).await?;
        let identity = complete(central, tenant).await?.ok_or_else(|| no_owner(args, 1))?;
        return issue(central.database(), identity, false).await;
    }
    let db = central.database();
    let found = match (log, tenants.as_slice()) {
        (Some(log), _) => owner_of(db, log, &tenants).await?,
        // A first start that ended before `up.json` was written.
        (None, [only]) if only.name == COMPANY => complete(central, only.tenant).await?,
        (None, _) => None,
    };
    let identity = found.ok_or_else(|| no_owner(args, tenants.len()))?;
    let file = issue(db, identity, log.is_some()).await?;
    let (path, tenant) = (UpFile::path(&args.data_dir), identity.tenant);
    let path = path.display();
    output.note(&format!(
        "{path} was missing. Company {tenant} is kept, and a new key and token were issued for it. \
             The earlier ones stay valid until they are revoked (comptoir admin key revoke)."
    ));
    Ok(file)
}

async fn create_tenant(args: &UpArgs, central: &Central) -> Result<TenantId, Failure> {
    let currency = Currency::parse(&args.currency).ok_or_else(|| {
        Failure::Usage(format!("{:?} is not a currency: three capital letters, such as EUR", args.currency))
    })?;
    let new = NewTenant {
        name: COMPANY.to_owned(),
        zone: args.zone.clone(),
        currency,
        rulebook: rulebook_of(args.rulebook.as_deref())?,
    };
    central.create_tenant(&new).await.map_err(|error| Failure::Refused(error.to_string()))
}

/// The tenant's only shop and node, created if they are missing. `None` if there are several, or if the node has pushed
/// records: its log is elsewhere, and a second log of one node would be a fork.
async fn complete(central: &Central, tenant: TenantId) -> Result<Option<Identity>, Failure> {
    let db = central.database();
    let site = match identity::sites(db, tenant).await.map_err(unavailable)?.as_slice() {
        [] => identity::create_site(db, tenant, "S1", "Boutique 1").await.map_err(refused)?,
        [only] => only.site,
        _ => return Ok(None),
    };
    let nodes = shop_nodes(db, tenant).await?;
    let node = match nodes.as_slice() {
        [] => {
            let created = central.accounts().create_node(tenant, site, NODE, &ChangedBy::Console).await;
            created.map_err(|error| refused(error.into()))?
        }
        [only] if !identity::has_pushed(db, tenant, only.node).await.map_err(unavailable)? => only.node,
        _ => return Ok(None),
    };
    Ok(Some(Identity { tenant, site, node }))
}

/// The identity of the log in this folder, if the database knows its tenant and node.
async fn owner_of(db: &Database, log: Identity, tenants: &[TenantRow]) -> Result<Option<Identity>, Failure> {
    if !tenants.iter().any(|row| row.tenant == log.tenant) {
        return Ok(None);
    }
    let nodes = shop_nodes(db, log.tenant).await?;
    Ok(nodes.iter().any(|row| (row.node, row.site) == (log.node, Some(log.site))).then_some(log))
}

async fn shop_nodes(db: &Database, tenant: TenantId) -> Result<Vec<NodeRow>, Failure> {
    let nodes = identity::nodes(db, tenant).await.map_err(unavailable)?;
    Ok(nodes.into_iter().filter(|row| row.site.is_some()).collect())
}

async fn issue(db: &Database, identity: Identity, has_log: bool) -> Result<UpFile, Failure> {
    let Identity { tenant, site, node } = identity;
    let key = identity::issue_node_key(db, tenant, node, NODE).await.map_err(refused)?;
    let token = identity::issue_admin_token(db, tenant, "up").await.map_err(refused)?;
    Ok(UpFile {
        central_url: String::new(),
        local_url: String::new(),
        database_url: String::new(),
        tenant_id: tenant.uuid(),
        site_id: SiteId::uuid(site),
        node_id: NodeId::uuid(node),
        node_api_key: key.text,
        local_key: String::new(),
        admin_token: token.text,
        // An existing log has its sample already, or was started without one.
        sample_imported: has_log,
        demo: None,
    })
}

fn unknown_company(args: &UpArgs, file: &UpFile) -> Failure {
    let (path, tenant) = (UpFile::path(&args.data_dir), file.tenant_id);
    let path = path.display();
    Failure::Refused(format!(
        "{path} names company {tenant}, which the database in this folder does not have. Nothing was changed. \
             Restore all files from one backup, or choose another folder with --data-dir"
    ))
}

fn no_owner(args: &UpArgs, companies: usize) -> Failure {
    let (path, folder) = (UpFile::path(&args.data_dir), args.data_dir.display());
    let path = path.display();
    Failure::Refused(format!(
        "{path} is missing, and the company of folder {folder} cannot be determined (companies in its database: {companies}). Nothing was \
             changed. Restore up.json from a copy, or choose another folder with --data-dir; \
             `comptoir admin tenant list --data-dir {folder}` shows the companies"
    ))
}

pub(super) fn refused(error: IdentityError) -> Failure {
    match error {
        IdentityError::Store(error) => unavailable(error),
        other => Failure::Refused(other.to_string()),
    }
}

pub(super) fn unavailable(error: StoreError) -> Failure {
    Failure::Unavailable(error.to_string())
}
