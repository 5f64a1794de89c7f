//! A device at central: a node whose log central writes. It is created at its first contact, with a credential of its tenant.

use std::fmt;
use std::time::Duration;

use comptoir_core::access::RoleAt;
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::money::Currency;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{self, Database, StoreError, as_bigint, natural};
use crate::identity::user_device::{device_node, note_contact};
use crate::identity::{Access, Credential, UserAccess};
use crate::ingest::IngestQueue;
use crate::tenant;

/// Characters of a device's name.
const NAME_CHARS_MAX: usize = 128;

/// The customer document that a device implements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Contract {
    Mobile,
    Desktop,
}

impl Contract {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Contract::Mobile => "mobile",
            Contract::Desktop => "desktop",
        }
    }

    /// The name of the field in which requests contain the device's name.
    pub(crate) fn name_field(self) -> &'static str {
        match self {
            Contract::Mobile => "device_id",
            Contract::Desktop => "clientId",
        }
    }

    /// The name of the field in which an answer contains the time for the next request.
    pub(crate) fn cursor_field(self) -> &'static str {
        match self {
            Contract::Mobile => "server_time",
            Contract::Desktop => "syncTimestamp",
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A device that has contacted central.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) tenant: TenantId,
    /// Derived from the tenant and the device's name: the same at every contact.
    pub(crate) node: NodeId,
    /// The device's name, chosen by itself.
    pub(crate) name: String,
    pub(crate) contract: Contract,
    /// The site of the credential of the first contact.
    pub(crate) site: Option<SiteId>,
    /// The position up to which the device confirmed everything; `None` before its first pull.
    pub(crate) pulled_to: Option<Position>,
    /// The last position that the device was given, confirmed or not; `None` before its first pull and after a restore.
    pub(crate) given_to: Option<Position>,
    /// The position up to which the device also receives its own changes: it was wiped and reloads.
    pub(crate) reload_to: Position,
    /// The head at its first pull.
    pub(crate) first_load_to: Position,
    /// Whether it was revoked: it gets nothing, and what it sends is quarantined.
    pub(crate) is_revoked: bool,
    /// Of a request with its user's access token.
    pub(crate) session: Option<DeviceSession>,
}

/// What an access token says about the device that sends it.
#[derive(Clone, Debug)]
pub(crate) struct DeviceSession {
    /// Who acts, whatever the events say.
    pub(crate) user: UserId,
    /// What the user is on this device.
    pub(crate) role: RoleAt,
    /// Whether the user has to log in again soon.
    pub(crate) needs_login: bool,
}

impl Device {
    /// The author of its events, if an access token says who that is.
    pub(crate) fn author(&self) -> Option<UserId> {
        self.session.as_ref().map(|session| session.user)
    }
}

/// Access to the logs of devices.
#[derive(Clone)]
pub(crate) struct Devices {
    pub(crate) database: Database,
    pub(crate) queue: IngestQueue,
    pub(crate) clock: Clock,
    /// Central seals for devices, so their logs are pinned to central's key.
    pub(crate) public_key: [u8; 32],
    /// How long a device's user may work offline after a contact.
    pub(crate) offline_grace: Duration,
}

/// Why a device cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    #[error("a device has a name of 1 to {NAME_CHARS_MAX} characters without control characters")]
    Name { contract: Contract },
    /// The credential has no device, or several.
    #[error("name the device: `{}=...`; the credential has not exactly one {contract} device", .contract.name_field())]
    Unnamed { contract: Contract },
    #[error("device {name:?} belongs to another site than the credential")]
    OtherSite { name: String },
    #[error("the access token was issued to device {own:?}, the request names {name:?}")]
    OtherDevice { name: String, own: String },
    #[error("device {name:?} is enrolled to a user: only its user's access token speaks for it")]
    Enrolled { name: String },
    #[error("device {name:?} was revoked: send what it recorded, then destroy its data")]
    Revoked { name: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Devices {
    /// The currency of invoices that name none.
    pub(crate) async fn currency(&self, tenant: TenantId) -> Result<Currency, StoreError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        tenant::currency(&tx, tenant).await
    }

    /// Finds the only device of a contract that a credential may speak for: a shop's key for its shop, an administrator for
    /// the tenant.
    pub(crate) async fn only(&self, credential: &Credential, contract: Contract) -> Result<Device, ContactError> {
        let name = self.only_name(credential, contract).await?;
        self.contact(credential, &name.ok_or(ContactError::Unnamed { contract })?, contract).await
    }

    async fn only_name(&self, credential: &Credential, contract: Contract) -> Result<Option<String>, StoreError> {
        if let Some(device) = credential.user().and_then(|user| user.device.as_ref()) {
            return Ok(Some(device.name.clone()));
        }
        let shop = shop_of(credential);
        let (of_site, site) = (shop.is_some(), shop.flatten().map(SiteId::uuid));
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, credential.tenant).await?;
        let sql = "select d.device
                   from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
                   where d.tenant_id = $1 and d.contract = $2 and d.user_id is null and (not $3::boolean or n.site_id is not distinct from $4::uuid)
                   limit 2";
        let statement = tx.prepare_cached(sql).await?;
        let rows = tx.query(&statement, &[&credential.tenant.uuid(), &contract.as_str(), &of_site, &site]).await?;
        match rows.as_slice() {
            [only] => Ok(Some(only.try_get(0)?)),
            _ => Ok(None),
        }
    }

    /// Finds the device of that name, or creates it at its first contact.
    pub(crate) async fn contact(
        &self,
        credential: &Credential,
        name: &str,
        contract: Contract,
    ) -> Result<Device, ContactError> {
        let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !fits {
            return Err(ContactError::Name { contract });
        }
        if let Some(user) = credential.user() {
            return self.contact_of_user(credential.tenant, user, name, contract).await;
        }
        let (device, is_enrolled) = self.find_or_make(credential, name, contract).await?;
        match shop_of(credential) {
            _ if is_enrolled => Err(ContactError::Enrolled { name: name.to_owned() }),
            Some(site) if site != device.site => Err(ContactError::OtherSite { name: name.to_owned() }),
            _ => Ok(device),
        }
    }

    /// As [`Devices::contact`], for what a revoked device does not get.
    pub(crate) async fn contact_of_active(
        &self,
        credential: &Credential,
        name: &str,
        contract: Contract,
    ) -> Result<Device, ContactError> {
        let device = self.contact(credential, name, contract).await?;
        if device.is_revoked {
            return Err(ContactError::Revoked { name: name.to_owned() });
        }
        Ok(device)
    }

    /// The device of an access token, which was enrolled before.
    async fn contact_of_user(
        &self,
        tenant: TenantId,
        user: &UserAccess,
        name: &str,
        contract: Contract,
    ) -> Result<Device, ContactError> {
        let other = |own: &str| ContactError::OtherDevice { name: name.to_owned(), own: own.to_owned() };
        // The check of permissions lets only tokens of devices through.
        let own = user.device.as_ref().ok_or_else(|| other("none"))?;
        if own.name != name {
            return Err(other(&own.name));
        }
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let found = find(&tx, tenant, own.node, name, contract).await?;
        let (device, _) = found.ok_or_else(|| StoreError::Damaged(format!("device {} has no row", own.node)))?;
        if !own.is_revoked {
            note_contact(&tx, tenant, own.node, self.clock.now(), self.offline_grace).await?;
        }
        let sql = "update device set contract = $3 where tenant_id = $1 and node_id = $2 and contract is null";
        let statement = tx.prepare_cached(sql).await.map_err(StoreError::from)?;
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&tenant.uuid(), &own.node.uuid(), &contract.as_str()];
        tx.execute(&statement, &columns).await.map_err(StoreError::from)?;
        tx.commit().await.map_err(StoreError::from)?;
        let session = DeviceSession { user: user.user, role: own.role.clone(), needs_login: own.needs_login };
        Ok(Device { session: Some(session), ..device })
    }

    async fn find_or_make(
        &self,
        credential: &Credential,
        name: &str,
        contract: Contract,
    ) -> Result<(Device, bool), StoreError> {
        let tenant = credential.tenant;
        let node = device_node(tenant, name);
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        if let Some(device) = find(&tx, tenant, node, name, contract).await? {
            return Ok(device);
        }
        let site = shop_of(credential).flatten();
        let sql = "insert into node (tenant_id, node_id, site_id, name, public_key) values ($1, $2, $3, $4, $5)
                   on conflict (tenant_id, node_id) do nothing";
        let key = self.public_key.as_slice();
        tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &site.map(SiteId::uuid), &name, &key]).await?;
        let sql = "insert into device (tenant_id, node_id, device, contract) values ($1, $2, $3, $4)
                   on conflict (tenant_id, node_id) do nothing";
        tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &name, &contract.as_str()]).await?;
        // Of two concurrent first contacts, both find the row that was inserted first.
        let made = find(&tx, tenant, node, name, contract).await?;
        tx.commit().await?;
        tracing::info!(tenant.id = %tenant, node.id = %node, "central keeps a log for the {contract} device {name:?}");
        made.ok_or_else(|| StoreError::Damaged(format!("device {node} was made and is not there")))
    }
}

/// The device of a name, and whether it is enrolled to a user.
async fn find(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    name: &str,
    contract: Contract,
) -> Result<Option<(Device, bool)>, StoreError> {
    let sql = "select n.site_id, d.pulled_to, d.reload_to, d.given_to, d.first_load_to, d.revoked_at is not null, d.user_id is not null
               from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
               where d.tenant_id = $1 and d.node_id = $2";
    let statement = tx.prepare_cached(sql).await?;
    let Some(row) = tx.query_opt(&statement, &[&tenant.uuid(), &node.uuid()]).await? else { return Ok(None) };
    let site: Option<Uuid> = row.try_get(0)?;
    let position = |column: usize| row.try_get::<_, Option<i64>>(column)?.map(natural).transpose();
    let device = Device {
        tenant,
        node,
        name: name.to_owned(),
        contract,
        site: site.map(SiteId::new),
        pulled_to: position(1)?.map(Position),
        given_to: position(3)?.map(Position),
        reload_to: Position(natural(row.try_get(2)?)?),
        first_load_to: Position(natural(row.try_get(4)?)?),
        is_revoked: row.try_get(5)?,
        session: None,
    };
    Ok(Some((device, row.try_get(6)?)))
}

/// Records what the device confirmed and what it is given now. A device that reloads also receives its own changes, up to the
/// head. A device that begins again has nothing of what it was given before.
pub(crate) async fn keep_pulled_to(
    tx: &Transaction<'_>,
    device: &Device,
    (from, given, head): (Position, Position, Position),
    begins_again: bool,
) -> Result<(), StoreError> {
    let sql = "update device
               set reload_to = case when $5 then $4::bigint else reload_to end,
                   given_to = case when $3::bigint = 0 then $6::bigint else greatest(given_to, $6::bigint) end,
                   first_load_to = case when pulled_to is null then $4::bigint else first_load_to end,
                   pulled_to = $3::bigint, last_contact_at = now()
               where tenant_id = $1 and node_id = $2";
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, node) = (device.tenant.uuid(), device.node.uuid());
    let [from, given, head] = [from, given, head].map(|position| as_bigint(position.0));
    tx.execute(&statement, &[&tenant, &node, &from, &head, &begins_again, &given]).await?;
    Ok(())
}

/// The shop that a credential speaks for, which may be none; `None` if it speaks for the tenant.
fn shop_of(credential: &Credential) -> Option<Option<SiteId>> {
    match &credential.access {
        Access::Node { site, .. } => Some(*site),
        // A user's device belongs to the site of its own row.
        Access::Admin | Access::User(_) => None,
    }
}
