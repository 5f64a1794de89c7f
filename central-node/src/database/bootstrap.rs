//! Roles, database, migrations.

use tokio_postgres::{Client, Config, NoTls};

/// The name of the database.
pub const NAME: &str = "comptoir";
/// Held while migrating, so that two processes that start together migrate one after the other.
const MIGRATION_LOCK: i64 = 0x636f_6d70_746f_6972;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Why the database could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// No connection, or a statement was refused.
    #[error("preparing the database: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// A migration failed; it was rolled back whole.
    #[error("migrating the database: {0}")]
    Migration(#[from] refinery::Error),
    /// A connection string does not read.
    #[error("the migrator's connection string cannot be used: {0}")]
    Settings(String),
}

/// Makes the roles and the database, where they are missing. `admin` is a superuser's connection string for any database.
pub async fn make_roles_and_database(admin: &str) -> Result<(), BootstrapError> {
    let client = connect(admin).await?;
    client.batch_execute(include_str!("roles.sql")).await?;
    let exists = client.query_opt("select from pg_database where datname = $1", &[&NAME]).await?;
    if exists.is_none() {
        client.batch_execute(&format!("create database {NAME} owner comptoir_owner")).await?;
    }
    Ok(())
}

/// Brings the schema to what this program expects. `migrator` may become `comptoir_owner`.
pub async fn migrate(migrator: &str) -> Result<(), BootstrapError> {
    let mut client = connect(migrator).await?;
    client.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    client.batch_execute("set role comptoir_owner").await?;
    embedded::migrations::runner().run_async(&mut client).await?;
    Ok(())
}

/// Connects with retries left to the caller; the connection is driven until the client is dropped.
async fn connect(url: &str) -> Result<Client, BootstrapError> {
    let config: Config = url.parse().map_err(|error| BootstrapError::Settings(format!("{error}")))?;
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection that prepares the database ended");
        }
    });
    Ok(client)
}
