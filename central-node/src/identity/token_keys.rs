//! The keys that sign access tokens. The newest signs. A replaced key stays published until its last token and the copies of the
//! key set on devices have expired.

use comptoir_core::time::Timestamp;
use ed25519_dalek::SigningKey;

use super::registry::IdentityError;
use crate::database::{Database, Micros, StoreError};

/// How long a replaced key is still accepted: as long as a refresh token, after which every client has contacted central.
const OVERLAP_MICROS: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// A key that signs.
pub(crate) struct TokenKey {
    pub(crate) kid: String,
    pub(crate) key: SigningKey,
}

/// A published key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedKey {
    /// Named in the header of its tokens.
    pub kid: String,
    /// The Ed25519 public key.
    pub public_key: [u8; 32],
    /// Until when its tokens are accepted; `None` for the key that signs.
    pub retires_at: Option<Timestamp>,
}

/// The key that signs now. The first use creates one; if two processes create one each, both are valid.
pub(crate) async fn signing_key(db: &Database) -> Result<TokenKey, IdentityError> {
    let connection = db.service().await?;
    let newest = "select kid, seed from token_key where retires_at is null order by created_at desc, kid limit 1";
    let row = connection.query_opt(newest, &[]).await.map_err(StoreError::from)?;
    drop(connection);
    let row = match row {
        Some(row) => row,
        None => {
            add_key(db, Timestamp(0)).await?;
            db.service().await?.query_one(newest, &[]).await.map_err(StoreError::from)?
        }
    };
    let seed: Vec<u8> = row.try_get(1).map_err(StoreError::from)?;
    Ok(TokenKey { kid: row.try_get(0).map_err(StoreError::from)?, key: key_of(&seed)? })
}

/// The public key of that id, if its tokens are accepted now.
pub(crate) async fn public_key(db: &Database, kid: &str, now: Timestamp) -> Result<Option<[u8; 32]>, StoreError> {
    let connection = db.service().await?;
    let statement = connection
        .prepare_cached("select seed from token_key where kid = $1 and (retires_at is null or retires_at > $2)")
        .await?;
    let row = connection.query_opt(&statement, &[&kid, &Micros(now)]).await?;
    row.map(|row| Ok(key_of(row.try_get(0)?)?.verifying_key().to_bytes())).transpose()
}

/// The keys whose tokens are accepted now, the newest first.
pub(crate) async fn published_keys(db: &Database, now: Timestamp) -> Result<Vec<PublishedKey>, StoreError> {
    let sql = "select kid, seed, retires_at from token_key where retires_at is null or retires_at > $1
               order by created_at desc, kid";
    let rows = db.service().await?.query(sql, &[&Micros(now)]).await?;
    rows.iter()
        .map(|row| {
            Ok(PublishedKey {
                kid: row.try_get(0)?,
                public_key: key_of(row.try_get(1)?)?.verifying_key().to_bytes(),
                retires_at: row.try_get::<_, Option<Micros>>(2)?.map(|Micros(at)| at),
            })
        })
        .collect()
}

/// Adds a key, which signs from now on, and retires the others: after the overlap, or at once if a key was stolen. Returns the
/// new key's id, and the ids of the retired ones.
pub(crate) async fn rotate(
    db: &Database,
    now: Timestamp,
    at_once: bool,
) -> Result<(String, Vec<String>, Timestamp), IdentityError> {
    let until = if at_once { now } else { now.shifted(OVERLAP_MICROS) };
    let added = add_key(db, now).await?;
    let connection = db.service().await?;
    let sql = "update token_key set retires_at = $2
               where kid <> $1 and (retires_at is null or retires_at > $2) returning kid";
    let rows = connection.query(sql, &[&added, &Micros(until)]).await.map_err(StoreError::from)?;
    let retired = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(StoreError::from)?;
    // The private half of a key that nobody accepts is no use to anybody.
    let expired = "delete from token_key where retires_at <= $1";
    connection.execute(expired, &[&Micros(now)]).await.map_err(StoreError::from)?;
    Ok((added, retired, until))
}

async fn add_key(db: &Database, now: Timestamp) -> Result<String, IdentityError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|error| IdentityError::NoRandomness(error.to_string()))?;
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = blake3::hash(&public).to_hex()[..16].to_owned();
    let sql = "insert into token_key (kid, seed, created_at) values ($1, $2, $3)";
    let connection = db.service().await?;
    connection.execute(sql, &[&kid, &seed.as_slice(), &Micros(now)]).await.map_err(StoreError::from)?;
    Ok(kid)
}

fn key_of(seed: &[u8]) -> Result<SigningKey, StoreError> {
    let seed =
        <[u8; 32]>::try_from(seed).map_err(|_| StoreError::Damaged("a token key has not 32 bytes".to_owned()))?;
    Ok(SigningKey::from_bytes(&seed))
}
