//! Roles, database, migrations.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

/// The name of the private database.
pub const NAME: &str = "comptoir";
/// Owns the database and every table.
const OWNER: &str = "comptoir_owner";
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
    /// A role, the database or a membership is missing: this server has not been prepared yet.
    #[error(
        "the database server is not prepared for comptoir ({0}). Make the roles and the database once, as its superuser: \
         comptoir migrate --create-roles --admin-url postgres://postgres@HOST/postgres --database-url YOUR_DATABASE_URL"
    )]
    NotPrepared(String),
    /// The connection string names no login, or names a database that belongs to the server itself.
    #[error("{0}")]
    Refused(String),
}

/// Creates the missing roles and the database. `admin` is a superuser's connection string for any database.
pub async fn make_roles_and_database(admin: &str) -> Result<(), BootstrapError> {
    let client = connect(admin).await?;
    client.batch_execute(include_str!("roles.sql")).await?;
    make_database(&client, NAME).await
}

/// Prepares an external server: creates the roles and the database that `url` names, and lets the login of `url` become each
/// role. The server's administrator creates the login and its password. Safe to repeat.
pub async fn prepare_server(admin: &str, url: &str) -> Result<(), BootstrapError> {
    let config: Config = url.parse().map_err(|error| BootstrapError::Settings(format!("{error}")))?;
    let login = config.get_user().unwrap_or_default();
    // As in libpq, the database's name defaults to the login's.
    let database = config.get_dbname().unwrap_or(login);
    let client = connect(admin).await?;
    if client.query_opt("select from pg_roles where rolname = $1", &[&login]).await?.is_none() {
        let make = format!("create role {} login password '...'", quoted(login));
        return Err(BootstrapError::Refused(format!(
            "the database server has no login {login:?}, which DATABASE_URL names; make it first: {make}"
        )));
    }
    if ["postgres", "template0", "template1"].contains(&database) {
        return Err(BootstrapError::Refused(format!(
            "{database:?} is a database of the server itself; name one of its own in DATABASE_URL, such as {NAME}"
        )));
    }
    client.batch_execute(include_str!("roles.sql")).await?;
    make_database(&client, database).await?;
    for role in ["comptoir_migrator", "comptoir_service", "comptoir_watcher", "comptoir_readonly"] {
        client.batch_execute(&format!("grant {role} to {}", quoted(login))).await?;
    }
    Ok(())
}

/// Settings of every session in the database. They are stored with the database instead of being set per session, so that
/// they also apply on the other servers of a distributed database and to a login that becomes one of comptoir's roles.
const SETTINGS: [(&str, &str); 4] =
    [("synchronous_commit", "on"), ("lock_timeout", "10s"), ("jit", "off"), ("timezone", "UTC")];

/// Creates a database owned by `OWNER`, with its settings. An existing one changes owner.
async fn make_database(client: &Client, name: &str) -> Result<(), BootstrapError> {
    let owner =
        client.query_opt("select pg_get_userbyid(datdba)::text from pg_database where datname = $1", &[&name]).await?;
    let name = quoted(name);
    match owner.map(|row| row.try_get::<_, String>(0)).transpose()?.as_deref() {
        Some(OWNER) => {}
        Some(_) => client.batch_execute(&format!("alter database {name} owner to {OWNER}")).await?,
        None => client.batch_execute(&format!("create database {name} owner {OWNER}")).await?,
    }
    let settings = SETTINGS.map(|(setting, value)| format!("alter database {name} set {setting} = '{value}'"));
    Ok(client.batch_execute(&settings.join("; ")).await?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Migrates the schema to the version that this program expects. `migrator` must be able to become `comptoir_owner`.
pub async fn migrate(migrator: &str) -> Result<(), BootstrapError> {
    let mut client = connect(migrator).await.map_err(if_not_prepared)?;
    // Another process may migrate for longer than the database's lock_timeout.
    client.batch_execute("set lock_timeout = 0").await?;
    client.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    let become_owner = client.batch_execute(&format!("set role {OWNER}")).await;
    become_owner.map_err(|error| if_not_prepared(error.into()))?;
    embedded::migrations::runner().run_async(&mut client).await?;
    Ok(())
}

/// Recognises the errors of a server without comptoir's roles or database, or whose login may not become one of the roles.
fn if_not_prepared(error: BootstrapError) -> BootstrapError {
    let BootstrapError::Database(driver) = &error else { return error };
    let Some(db) = driver.as_db_error() else { return error };
    let missing = [
        &SqlState::UNDEFINED_OBJECT,
        &SqlState::INVALID_PARAMETER_VALUE,
        &SqlState::INVALID_CATALOG_NAME,
        &SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    match missing.contains(&db.code()) {
        true => BootstrapError::NotPrepared(db.message().to_owned()),
        false => error,
    }
}

/// Connects once, without retries; the connection is driven until the client is dropped.
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
