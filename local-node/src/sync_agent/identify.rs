//! Who this node is. The settings need not say it: the log knows it since the first start, and central knows whose the key is.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::SyncIdentity;

use super::transport::{HttpAnswer, HttpTransport, TransportError, Unanswered};
use crate::config::{NodeConfig, NodeSettings};
use crate::event_log::{Identity, OpenError, identity_at};

/// Why it is not known who this node is.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The settings do not say it, and central is not to be asked.
    #[error(
        "{} missing, and with SYNC_ENABLED=false central is not asked: set what `comptoir admin node create` printed, \
         or start once with sync",
        listed(.missing)
    )]
    Unknown {
        /// The absent settings.
        missing: Vec<&'static str>,
    },
    /// Central did not answer, at the first start of this node.
    #[error(
        "{error}, and this node has to ask it who it is before its first start: start it again when {url} can be reached, \
         or set TENANT_ID, SITE_ID and NODE_ID as `comptoir admin node create` printed them"
    )]
    Unreachable {
        /// Central's address.
        url: String,
        /// What happened.
        error: Unanswered,
    },
    /// Central refused the key, or answered something else.
    #[error("central does not say who this node is: {detail}")]
    Refused {
        /// Central's reason.
        detail: String,
    },
    /// The settings contradict the key.
    #[error("{setting} is {given}, and SYNC_API_KEY belongs to {of_key}: one of the two is another node's")]
    Contradiction {
        /// The setting.
        setting: &'static str,
        /// Its value.
        given: uuid::Uuid,
        /// What central says.
        of_key: uuid::Uuid,
    },
    /// The stored identity cannot be read.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// No request can be made.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

fn listed(missing: &[&'static str]) -> String {
    format!("{} {}", missing.join(", "), if missing.len() == 1 { "is" } else { "are" })
}

/// Completes the settings: from the log, else from central. Nothing is stored here; the log stores the identity when it is
/// created.
pub async fn identify(settings: NodeSettings) -> Result<NodeConfig, IdentifyError> {
    let given = settings.given;
    if let Some(identity) = given.complete() {
        return Ok(settings.with_identity(identity));
    }
    let log = NodeConfig::log_dir(&settings.data_dir);
    if let Some(registered) = identity_at(&log)? {
        return Ok(settings.with_identity(given.or(registered)));
    }
    if !settings.sync.enabled {
        return Err(IdentifyError::Unknown { missing: given.missing() });
    }
    let of_key = ask(&settings).await?;
    let parts = [
        ("TENANT_ID", given.tenant.map(TenantId::uuid), of_key.tenant.uuid()),
        ("SITE_ID", given.site.map(SiteId::uuid), of_key.site.uuid()),
        ("NODE_ID", given.node.map(NodeId::uuid), of_key.node.uuid()),
    ];
    let other = parts
        .into_iter()
        .find_map(|(setting, given, of_key)| Some((setting, given?, of_key)).filter(|(_, given, _)| *given != of_key));
    match other {
        Some((setting, given, of_key)) => Err(IdentifyError::Contradiction { setting, given, of_key }),
        None => Ok(settings.with_identity(of_key)),
    }
}

async fn ask(settings: &NodeSettings) -> Result<Identity, IdentifyError> {
    let url = settings.sync.central_url.as_ref().map(ToString::to_string).unwrap_or_default();
    let answer = HttpTransport::new(&settings.sync)?.identity().await;
    let HttpAnswer { status, body, .. } = answer.map_err(|error| IdentifyError::Unreachable { url, error })?;
    if status != 200 {
        let problem = serde_json::from_slice::<Problem>(&body).ok();
        let detail = problem.map_or_else(|| format!("HTTP {status}"), |problem| problem.detail);
        return Err(IdentifyError::Refused { detail });
    }
    let identity: SyncIdentity =
        serde_json::from_slice(&body).map_err(|error| IdentifyError::Refused { detail: error.to_string() })?;
    tracing::info!(node.id = %identity.node, "central says who this node is");
    Ok(Identity {
        tenant: TenantId::new(identity.tenant),
        site: SiteId::new(identity.site),
        node: NodeId::new(identity.node),
    })
}
