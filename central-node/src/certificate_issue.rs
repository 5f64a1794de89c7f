//! The event of an issued certificate, so that an auditor sees which keys a device may have trusted, and until when.

use comptoir_core::event::Content;
use comptoir_core::fact::Fact;
use comptoir_core::id::{Name, NameError, NodeId};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::payload::IDENTITY_CHANGED;
use serde_json::json;

use crate::certificates::{Issued, PrivateName};
use crate::database::{self, Database, StoreError, TxPhase};
use crate::identity::{Credential, lock_valid_key};
use crate::ingest::write_central_event;

/// Records a certificate that was signed for a node, before the node gets it. False if the node's key was revoked meanwhile:
/// then nobody gets it.
pub(crate) async fn record_issue(
    db: &Database,
    credential: &Credential,
    node: NodeId,
    (issued, names): (&Issued, &[PrivateName]),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    if !lock_valid_key(&tx, credential.tenant, &credential.key_id).await? {
        return Ok(false);
    }
    let payload = json!({
        "change": "certificate_issued",
        "by": credential.key_id,
        "node": node.uuid(),
        "names": names.iter().map(PrivateName::as_str).collect::<Vec<_>>(),
        "until": instant::format(issued.not_after),
    });
    let refused = |error: NameError| StoreError::Refused(error.to_string());
    let name = |text: &str| Name::new(text).map_err(refused);
    let content = Content::new(
        name("CERTIFICATE")?,
        name(&issued.serial)?,
        name(IDENTITY_CHANGED)?,
        payload.to_string().into_bytes(),
    );
    write_central_event(&tx, credential.tenant, content, Fact::IdentityChanged, now).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(true)
}
