//! `comptoir admin device`.

use clap::{Args, Subcommand};
use comptoir_central::Central;
use comptoir_central::Clock;
use comptoir_central::accounts::{AccountError, Enrolment};
use comptoir_central::devices::{self, DeviceRow};
use comptoir_central::identity::{self, SiteRow};
use comptoir_core::access::Role;
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_proto::instant;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use uuid::Uuid;

use super::accounts::{BY, failed};
use super::facts::{Facts, FactsRow};
use super::{known, refused, unavailable};
use crate::failure::Failure;
use crate::output::Output;

/// A device of a tenant.
#[derive(Debug, Args)]
pub(super) struct OneDevice {
    /// Tenant id
    #[arg(long)]
    tenant: Uuid,
    /// The device's id or its own name: `device_id` of a phone, `clientId` of a desktop
    #[arg(long)]
    device: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Let a user enrol one device; prints a one-time code, and shows it as a QR code
    #[command(after_help = "\
Example:
  comptoir admin device enrol --tenant TENANT --user amelie --site S1 --role driver --url https://central.example.org

The code is valid for 48 hours. The app on the device scans it, makes its key pair and enrols itself.")]
    Enrol {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// The user's login or id
        #[arg(long)]
        user: String,
        /// Code or id of the device's site
        #[arg(long)]
        site: String,
        /// The role that the user has there; the device has no other
        #[arg(long)]
        role: String,
        /// Where the device reaches central; part of the QR code
        #[arg(long, default_value = "http://127.0.0.1:7400")]
        url: String,
    },
    /// List a tenant's phones and desktops, one a line
    #[command(after_help = "Example:\n  comptoir admin device list --tenant TENANT --json")]
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// Only those that are enrolled to this user: login or id
        #[arg(long)]
        user: Option<String>,
    },
    /// Change what people call a device
    Rename {
        #[command(flatten)]
        device: OneDevice,
        /// The new label
        #[arg(long)]
        label: String,
    },
    /// Revoke a device at once: its logins end, what it still sends is quarantined, and it destroys its data
    #[command(after_help = "Example:\n  comptoir admin device revoke --tenant TENANT --device phone-1")]
    Revoke {
        #[command(flatten)]
        device: OneDevice,
    },
    /// Give a phone or a desktop to a shop, such as one that first came with an administrator's token
    #[command(after_help = "\
Example:
  comptoir admin device move --tenant TENANT --device phone-1 --site SITE

From then on the shop's keys speak for the device and its events are the shop's. A phone gets the rows of the shop with its next
pull; a desktop asks for them with `reload: true`. What it recorded before stays as it was, and so do the rows of another shop that it has.")]
    Move {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// The device's own name: `device_id` of a phone, `clientId` of a desktop
        #[arg(long)]
        device: String,
        /// Site id
        #[arg(long)]
        site: Uuid,
    },
}

pub(super) async fn manage_devices(central: &Central, command: DeviceCommand, output: Output) -> Result<(), Failure> {
    let (db, accounts) = (central.database(), central.accounts());
    match command {
        DeviceCommand::Enrol { tenant, user, site, role, url } => {
            let tenant = known(db, tenant).await?;
            let user = accounts.find_user(tenant, &user).await.map_err(failed)?.user;
            let site = site_of(central, tenant, &site).await?;
            let role = Role::new(&role).map_err(|error| Failure::Usage(error.to_string()))?;
            let enrolment = accounts.issue_enrolment(tenant, user, (site, &role), &BY).await.map_err(failed)?;
            let link = enrolment_link(&url, &enrolment);
            output.print(&Facts::new([
                ("user_id", user.to_string()),
                ("enrolment_code", enrolment.code.clone()),
                ("enrolment_link", link.clone()),
                ("expires_at", instant::format(enrolment.expires_at)),
            ]))?;
            output.note(&qr_code(&link)?);
            Ok(())
        }
        DeviceCommand::List { tenant, user } => {
            let tenant = known(db, tenant).await?;
            let only = match user {
                Some(user) => Some(accounts.find_user(tenant, &user).await.map_err(failed)?.user),
                None => None,
            };
            let of_user = |row: &DeviceRow| only.is_none() || row.enrolment.as_ref().map(|of| of.user) == only;
            let rows = devices::devices(db, tenant).await.map_err(unavailable)?;
            let mut wanted = rows.into_iter().filter(of_user);
            wanted.try_for_each(|row| output.print(&FactsRow(device_facts(row))))
        }
        DeviceCommand::Rename { device, label } => {
            let (tenant, node) = found(central, &device).await?;
            accounts.rename_device(tenant, node, &label, &BY).await.map_err(failed)?;
            shown(central, (tenant, node), output).await
        }
        DeviceCommand::Revoke { device } => {
            let (tenant, node) = found(central, &device).await?;
            accounts.revoke_device(tenant, node, &BY).await.map_err(failed)?;
            shown(central, (tenant, node), output).await
        }
        DeviceCommand::Move { tenant, device, site } => {
            let tenant = known(db, tenant).await?;
            let moved = devices::move_device((db, &Clock::system()), tenant, &device, SiteId::new(site))
                .await
                .map_err(refused)?;
            output.print(&device_facts(moved))
        }
    }
}

async fn found(central: &Central, wanted: &OneDevice) -> Result<(TenantId, NodeId), Failure> {
    let tenant = known(central.database(), wanted.tenant).await?;
    let row = devices::find_device(central.database(), tenant, &wanted.device).await.map_err(unavailable)?;
    let unknown = || failed(AccountError::NoDevice { tenant, device: wanted.device.clone() });
    Ok((tenant, row.ok_or_else(unknown)?.node))
}

async fn shown(central: &Central, (tenant, node): (TenantId, NodeId), output: Output) -> Result<(), Failure> {
    let row = devices::find_device(central.database(), tenant, &node.to_string()).await.map_err(unavailable)?;
    let unknown = || failed(AccountError::NoDevice { tenant, device: node.to_string() });
    output.print(&device_facts(row.ok_or_else(unknown)?))
}

async fn site_of(central: &Central, tenant: TenantId, wanted: &str) -> Result<SiteId, Failure> {
    let sites = identity::sites(central.database(), tenant).await.map_err(unavailable)?;
    let is_wanted = |row: &SiteRow| row.code == wanted || row.site.to_string() == wanted;
    let unknown = || Failure::Refused(format!("tenant {tenant} has no site {wanted}"));
    sites.into_iter().find(is_wanted).map(|row| row.site).ok_or_else(unknown)
}

/// What the QR code says.
fn enrolment_link(url: &str, enrolment: &Enrolment) -> String {
    format!("comptoir:enrol?url={}&code={}", percent_encoded(url), enrolment.code)
}

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// Two modules a character, so that the code fits a terminal.
fn qr_code(text: &str) -> Result<String, Failure> {
    let code =
        QrCode::new(text).map_err(|error| Failure::Usage(format!("--url is too long for a QR code: {error}")))?;
    Ok(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn device_facts(row: DeviceRow) -> Facts {
    let of = row.enrolment.as_ref();
    // The label is last because it may contain blanks.
    Facts::new([("node_id", row.node.to_string())])
        .with("contract", row.contract)
        .with("site_id", row.site.map(|site| site.to_string()))
        .with("user_id", of.map(|of| of.user.to_string()))
        .with("role", of.map(|of| of.role.clone()))
        .with("enrolled_at", of.map(|of| instant::format(of.enrolled_at)))
        .with("last_contact_at", Some(instant::format(row.last_contact_at)))
        .with("revoked_at", row.revoked_at.map(instant::format))
        .with("wiped_at", row.wiped_at.map(instant::format))
        .with("unsent", row.unsent.map(|unsent| unsent.to_string()))
        .with("device", Some(row.name))
        .with("label", row.label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_the_address_and_the_code_and_fits_a_terminal() {
        let enrolment = Enrolment {
            code: format!("cpe_{}_{}", "0a".repeat(16), "0b".repeat(32)),
            expires_at: comptoir_core::time::Timestamp(0),
        };
        let link = enrolment_link("https://central.example.org:7400", &enrolment);
        assert_eq!(
            link,
            format!("comptoir:enrol?url=https%3A%2F%2Fcentral.example.org%3A7400&code={}", enrolment.code)
        );
        let shown = qr_code(&link).expect("it fits");
        let lines: Vec<usize> = shown.lines().map(|line| line.chars().count()).collect();
        assert!(
            lines.len() < 40 && lines.iter().all(|width| *width <= 80),
            "{} lines of {:?}",
            lines.len(),
            lines.first()
        );
        assert!(qr_code(&"x".repeat(4_000)).is_err());
    }
}
