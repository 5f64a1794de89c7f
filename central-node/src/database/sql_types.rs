//! Comptoir's types as Postgres types.

use bytes::{BufMut as _, BytesMut};
use comptoir_core::chain::ChainHash;
use comptoir_core::time::Timestamp;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::StoreError;

/// Microseconds from 1970 to 2000, the epoch of Postgres timestamps.
const EPOCH_SHIFT: i64 = 946_684_800_000_000;

type Failure = Box<dyn std::error::Error + Sync + Send>;

/// An instant as `timestamptz`, exact to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Micros(pub(crate) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        out.put_i64(self.0.0.saturating_sub(EPOCH_SHIFT));
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl FromSql<'_> for Micros {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Failure> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Micros(Timestamp(micros.saturating_add(EPOCH_SHIFT))))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// A number as a Postgres bigint. Positions and sequence numbers never approach 2^63.
pub(crate) fn as_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An unsigned number from a Postgres bigint.
pub(crate) fn natural(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is negative")))
}

pub(crate) fn hash_of(bytes: &[u8]) -> Result<ChainHash, StoreError> {
    let bytes =
        bytes.try_into().map_err(|_| StoreError::Damaged(format!("{} bytes are no chain hash", bytes.len())))?;
    Ok(ChainHash(bytes))
}
