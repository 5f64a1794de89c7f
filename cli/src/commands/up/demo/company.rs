use std::path::Path;

use comptoir_central::Central;
use comptoir_central::accounts::{AccountError, ChangedBy, NewUser};
use comptoir_central::identity::{self, SiteRow};
use comptoir_core::access::{Role, RoleAt};
use comptoir_core::id::{SiteId, TenantId};
use uuid::Uuid;

use super::{PLACES, PlannedSite, SCHOOL};
use crate::commands::up::first_start::{refused, unavailable};
use crate::failure::Failure;
use crate::up_file::{Demo, DemoSite, DemoUser, UpFile};

/// Login, name, role, and the code of the site; the first shop's is empty.
const PEOPLE: [(&str, &str, &str, Option<&str>); 9] = [
    ("claire", "Claire Martin", "cashier", Some("")),
    ("karim", "Karim Benali", "cashier", Some("")),
    ("samira", "Samira Haddad", "warehouse", Some("")),
    ("nina", "Nina Rossi", "seller", Some("")),
    ("david", "David Lopez", "driver", Some("")),
    ("hugo", "Hugo Bernard", "cashier", Some("S2")),
    ("sofia", "Sofia Petit", "secretary", Some(SCHOOL)),
    ("marc", "Marc Dubois", "manager", None),
    ("odile", "Odile Leroy", "auditor", None),
];

/// Creates what is missing of the sites, nodes, keys and users, and names them in `file`. A user whom somebody else created
/// under one of the logins keeps the password.
pub(in crate::commands::up) async fn create(
    data_dir: &Path,
    central: &Central,
    file: &mut UpFile,
) -> Result<(), Failure> {
    let tenant = TenantId::new(file.tenant_id);
    let mut demo = file.demo.clone().unwrap_or_else(|| Demo { password: drawn_password(), ..Demo::default() });
    // A start that is interrupted later finds the same password again.
    file.demo = Some(demo.clone());
    file.write(data_dir)?;
    let sites = identity::sites(central.database(), tenant).await.map_err(unavailable)?;
    for place in &PLACES {
        if !demo.sites.iter().any(|site| site.code == place.code) {
            demo.sites.push(site(central, tenant, place, &sites).await?);
        }
    }
    for (login, name, role, at) in PEOPLE {
        if demo.users.iter().any(|user| user.login == login) {
            continue;
        }
        let (site, place) = match at {
            None => (None, None),
            Some("") => (Some(file.site_id), Some(name_of(&sites, file.site_id))),
            Some(code) => {
                let site = demo.sites.iter().find(|site| site.code == code);
                let site = site.ok_or_else(|| Failure::Internal(format!("the demonstration has no site {code}")))?;
                (Some(site.site), Some(site.name.clone()))
            }
        };
        if let Some(user) = user(central, tenant, (login, name, role), site, &demo.password).await? {
            demo.users.push(DemoUser { login: login.to_owned(), user, role: role.to_owned(), place });
            file.demo = Some(demo.clone());
            file.write(data_dir)?;
        }
    }
    file.demo = Some(demo);
    Ok(())
}

/// 60 bits that nobody can guess, in a form that can be typed.
fn drawn_password() -> String {
    let drawn = Uuid::new_v4().simple().to_string();
    // Without the digits that a UUID always has in its middle.
    format!("{}-{}-{}", &drawn[..5], &drawn[17..22], &drawn[22..27])
}

fn name_of(sites: &[SiteRow], site: Uuid) -> String {
    sites.iter().find(|row| row.site.uuid() == site).map(|row| row.name.clone()).unwrap_or_default()
}

async fn site(
    central: &Central,
    tenant: TenantId,
    place: &PlannedSite,
    known: &[SiteRow],
) -> Result<DemoSite, Failure> {
    let db = central.database();
    let site = match known.iter().find(|row| row.code == place.code) {
        Some(row) => row.site,
        None => identity::create_site(db, tenant, place.code, place.name).await.map_err(refused)?,
    };
    let nodes = identity::nodes(db, tenant).await.map_err(unavailable)?;
    let node = match nodes.iter().find(|row| row.site == Some(site)) {
        Some(row) => row.node,
        None => {
            let created = central.accounts().create_node(tenant, site, place.node, &ChangedBy::Console).await;
            created.map_err(|error| refused(error.into()))?
        }
    };
    let key = identity::issue_node_key(db, tenant, node, place.node).await.map_err(refused)?;
    Ok(DemoSite {
        code: place.code.to_owned(),
        name: place.name.to_owned(),
        url: String::new(),
        site: site.uuid(),
        node: node.uuid(),
        central_key: key.text,
        till_key: String::new(),
    })
}

/// Creates a user with the demonstration's password, or completes one without a password. `None` if the user has one already.
async fn user(
    central: &Central,
    tenant: TenantId,
    (login, name, role): (&str, &str, &str),
    site: Option<Uuid>,
    password: &str,
) -> Result<Option<Uuid>, Failure> {
    let (accounts, by) = (central.accounts(), ChangedBy::Console);
    let failed = |error: AccountError| Failure::Refused(format!("user {login}: {error}"));
    let (user, link) = match accounts.find_user(tenant, login).await {
        Ok(known) if known.has_password || known.disabled_at.is_some() => return Ok(None),
        Ok(known) => (known.user, accounts.reset_user(tenant, known.user, &by).await.map_err(failed)?),
        Err(AccountError::NoUser { .. }) => {
            let role = Role::new(role).map_err(|error| Failure::Internal(error.to_string()))?;
            let roles = vec![RoleAt { role, site: site.map(SiteId::new) }];
            let new = NewUser { login: login.to_owned(), name: name.to_owned(), roles };
            let created = accounts.create_user(tenant, &new, &by).await.map_err(failed)?;
            (created.user, created.link)
        }
        Err(error) => return Err(failed(error)),
    };
    accounts.set_password(&link.code, password).await.map_err(failed)?;
    Ok(Some(user.uuid()))
}
