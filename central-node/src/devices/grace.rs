//! What a device may not have recorded: anything beyond its user's offline grace. Such events happened, so they are quarantined
//! and not refused.

use std::time::Duration;

use comptoir_core::decision::Code;
use comptoir_core::fact::Objection;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;

use super::device::{Device, Devices};
use crate::database::{self, Micros, StoreError};
use crate::identity::user_device::end_of_grace;

/// Silences that are looked at, the newest first. Each is longer than the grace, so these are months.
const GAPS: i64 = 100;

/// When a device was allowed to record.
pub(super) struct Grace {
    /// The parts of its silences that were beyond the grace: after the first time, until before the second.
    beyond: Vec<(Timestamp, Timestamp)>,
}

impl Grace {
    /// Of a device with its user's token. For one that a program speaks for, no contact is known to be its user's.
    pub(super) async fn load(devices: &Devices, device: &Device) -> Result<Grace, StoreError> {
        let mut grace = Grace { beyond: Vec::new() };
        if device.session.is_none() || device.is_revoked {
            return Ok(grace);
        }
        let mut connection = devices.database.service().await?;
        let tx = database::begin(&mut connection, device.tenant).await?;
        let sql = "select started_at, ended_at from device_gap where tenant_id = $1 and node_id = $2
                   order by started_at desc limit $3";
        let statement = tx.prepare_cached(sql).await?;
        for row in tx.query(&statement, &[&device.tenant.uuid(), &device.node.uuid(), &GAPS]).await? {
            let (Micros(started_at), Micros(ended_at)) = (row.try_get(0)?, row.try_get(1)?);
            grace.beyond.extend(beyond((started_at, ended_at), devices.offline_grace));
        }
        Ok(grace)
    }

    /// Why an event of that time, corrected for the device's clock, is quarantined.
    pub(super) fn objection(&self, occurred_at: Timestamp) -> Option<Objection> {
        let (end, contact) = self.beyond.iter().find(|(end, contact)| *end < occurred_at && occurred_at < *contact)?;
        let (end, contact) = (instant::format(*end), instant::format(*contact));
        let detail = format!(
            "recorded without contact after {end}, when the user had to log in; the next contact was at {contact}"
        );
        Some(Objection { code: Code::GraceExceeded, detail })
    }
}

/// The part of a silence that is beyond the grace.
fn beyond((started_at, ended_at): (Timestamp, Timestamp), grace: Duration) -> Option<(Timestamp, Timestamp)> {
    let end = end_of_grace(started_at, grace);
    (end < ended_at).then_some((end, ended_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600 * 1_000_000;

    /// 003, section 10: "Grace period 72h respectée".
    #[test]
    fn what_was_recorded_after_72_hours_without_contact_and_before_the_next_one_is_objectionable() {
        let grace = Duration::from_secs(72 * 3_600);
        let silence = (Timestamp(0), Timestamp(100 * HOUR));
        let grace = Grace { beyond: beyond(silence, grace).into_iter().collect() };
        let code = |hours: i64| grace.objection(Timestamp(hours * HOUR)).map(|objection| objection.code);
        assert_eq!(
            [10, 72, 73, 99, 100, 101].map(code),
            [None, None, Some(Code::GraceExceeded), Some(Code::GraceExceeded), None, None,]
        );
        assert_eq!(beyond((Timestamp(0), Timestamp(72 * HOUR)), Duration::from_secs(72 * 3_600)), None);
    }
}
