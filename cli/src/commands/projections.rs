//! `comptoir projections`: shows, rebuilds, compares and switches versions of read models.

use clap::{Args, Subcommand};
use comptoir_central::database::Database;
use comptoir_central::identity;
use comptoir_central::projections::compare::{TableComparison, VersionComparison, compare};
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::status::{State, Status, VersionStatus, parked, status};
use comptoir_central::projections::switch::{drop_version, switch};
use comptoir_central::projections::{PageSize, Projection, ProjectionError, Version};
use comptoir_core::id::TenantId;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use uuid::Uuid;

use crate::causes::with_causes;
use crate::central::{self, DatabaseArgs};
use crate::failure::Failure;
use crate::output::{Output, Shown};

/// Parked events shown at most.
const PARKED_SHOWN_MAX: u32 = 100;

/// Arguments of `projections`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir projections status
  comptoir projections rebuild                    # rebuild all as new versions, and compare
  comptoir projections rebuild stock --switch     # and read the new version if both are equal
  comptoir projections switch stock 1             # back to version 1

An interrupted rebuild resumes when the same command is run again.
Ends with 1 if a rebuilt version differs from the active one.")]
pub struct ProjectionsArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Tenant id; may be absent if there is only one tenant
    #[arg(long, global = true)]
    tenant: Option<Uuid>,
    #[command(subcommand)]
    command: ProjectionsCommand,
}

/// The commands of `projections`.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// Show every version, its position, and events that it could not apply
    Status,
    /// Build new versions from the log, and compare them with the active ones
    Rebuild {
        /// Projections; all when absent
        #[arg(value_parser = projection)]
        projections: Vec<Projection>,
        /// Activate the new versions if they are equal to the old ones
        #[arg(long)]
        switch: bool,
    },
    /// Compare two versions of one projection, row by row
    Compare {
        /// Projection
        #[arg(value_parser = projection)]
        projection: Projection,
        /// First version
        left: i32,
        /// Second version
        right: i32,
    },
    /// Activate a version
    Switch {
        /// Projection
        #[arg(value_parser = projection)]
        projection: Projection,
        /// Version number, as `status` shows it
        number: i32,
    },
    /// Delete a version that is not active
    Drop {
        /// Projection
        #[arg(value_parser = projection)]
        projection: Projection,
        /// Version number, as `status` shows it
        number: i32,
    },
}

fn projection(text: &str) -> Result<Projection, String> {
    let names = || Projection::ALL.map(Projection::name).join(", ");
    Projection::parse(text).ok_or_else(|| format!("known projections are {}", names()))
}

/// Runs a command on the projections of one tenant.
pub async fn manage_projections(args: ProjectionsArgs, output: Output) -> Result<(), Failure> {
    let central = central::open_for_command(&args.database).await?;
    let db = central.database();
    let done = match tenant(db, args.tenant).await {
        Ok(tenant) => dispatch(db, tenant, args.command, output).await,
        Err(failure) => Err(failure),
    };
    central.shutdown().await;
    done
}

async fn tenant(db: &Database, named: Option<Uuid>) -> Result<TenantId, Failure> {
    if let Some(id) = named {
        return Ok(TenantId::new(id));
    }
    let tenants = identity::tenants(db).await.map_err(|error| Failure::Unavailable(with_causes(&error)))?;
    match &tenants[..] {
        [one] => Ok(one.tenant),
        several => {
            let count = several.len();
            Err(Failure::Usage(format!("there are {count} tenants: name one with --tenant")))
        }
    }
}

async fn dispatch(db: &Database, tenant: TenantId, command: ProjectionsCommand, output: Output) -> Result<(), Failure> {
    match command {
        ProjectionsCommand::Status => {
            output.print(&ProjectionStatus::of(status(db, tenant).await.map_err(failure)?))?;
            let waiting = parked(db, tenant, PARKED_SHOWN_MAX).await.map_err(failure)?;
            waiting.iter().try_for_each(|event| {
                output.print(&Parked {
                    projection: event.of.projection.name(),
                    version: event.of.number,
                    position: event.position.0,
                    entity_type: &event.entity_type,
                    entity_id: &event.entity_id,
                    reason: &event.reason,
                })
            })
        }
        ProjectionsCommand::Rebuild { projections, switch } => {
            let projections = if projections.is_empty() { Projection::ALL.to_vec() } else { projections };
            rebuild_and_compare(db, tenant, &projections, switch, output).await
        }
        ProjectionsCommand::Compare { projection, left, right } => {
            let compared = compare(db, tenant, projection, (left, right)).await.map_err(failure)?;
            let comparison = Comparison::of(projection, (left, right), &compared);
            output.print(&comparison)?;
            if compared.is_equal() { Ok(()) } else { Err(differs(&comparison)) }
        }
        ProjectionsCommand::Switch { projection, number } => {
            switch_to(db, tenant, Version { projection, number }, output).await
        }
        ProjectionsCommand::Drop { projection, number } => {
            drop_version(db, tenant, Version { projection, number }).await.map_err(failure)?;
            output.print(&Dropped { projection: projection.name(), version: number })
        }
    }
}

/// Nothing is switched unless all rebuilt versions are equal: a person has to examine a difference first.
async fn rebuild_and_compare(
    db: &Database,
    tenant: TenantId,
    projections: &[Projection],
    switching: bool,
    output: Output,
) -> Result<(), Failure> {
    let bar = bar(output);
    let built = rebuild(db, tenant, projections, PageSize::REBUILT, |reached| {
        bar.set_length(reached.head.0);
        bar.set_position(reached.position.0);
    });
    let built = built.await.map_err(failure)?;
    bar.finish_and_clear();
    let current = status(db, tenant).await.map_err(failure)?;
    let mut different = None;
    for version in &built {
        let Some(active) = active(&current, version.projection) else { continue };
        let numbers = (active, version.number);
        let compared = compare(db, tenant, version.projection, numbers).await.map_err(failure)?;
        let comparison = Comparison::of(version.projection, numbers, &compared);
        output.print(&comparison)?;
        if !compared.is_equal() && different.is_none() {
            different = Some(differs(&comparison));
        }
    }
    if let Some(failure) = different {
        return Err(failure);
    }
    if switching {
        for version in built {
            switch_to(db, tenant, version, output).await?;
        }
    }
    Ok(())
}

fn bar(output: Output) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {pos}/{len}  {elapsed}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn active(status: &Status, projection: Projection) -> Option<i32> {
    let active = |version: &&VersionStatus| version.of.projection == projection && version.state == State::Active;
    status.versions.iter().find(active).map(|version| version.of.number)
}

async fn switch_to(db: &Database, tenant: TenantId, to: Version, output: Output) -> Result<(), Failure> {
    let switched = switch(db, tenant, to).await.map_err(failure)?;
    output.print(&Switched {
        projection: to.projection.name(),
        from: switched.from.map(|version| version.number),
        to: to.number,
        position: switched.position.0,
    })
}

fn failure(error: ProjectionError) -> Failure {
    let text = with_causes(&error);
    match error {
        ProjectionError::Store(_) => Failure::Unavailable(text),
        ProjectionError::Fenced { .. }
        | ProjectionError::NoVersion { .. }
        | ProjectionError::Active { .. }
        | ProjectionError::NoTenant(_) => Failure::Refused(text),
        ProjectionError::Damaged(_) => Failure::Found(text),
        ProjectionError::Task(_) => Failure::Internal(text),
    }
}

fn differs(comparison: &Comparison) -> Failure {
    let Comparison { projection, left, right, .. } = comparison;
    Failure::Found(format!("{projection}: versions {left} and {right} differ"))
}

#[derive(Serialize)]
struct ProjectionStatus {
    head: u64,
    versions: Vec<VersionRow>,
}

#[derive(Serialize)]
struct VersionRow {
    projection: &'static str,
    version: i32,
    state: &'static str,
    position: u64,
    parked: u64,
}

impl ProjectionStatus {
    fn of(status: Status) -> ProjectionStatus {
        let row = |version: VersionStatus| VersionRow {
            projection: version.of.projection.name(),
            version: version.of.number,
            state: version.state.as_str(),
            position: version.position.0,
            parked: version.parked,
        };
        ProjectionStatus { head: status.head.0, versions: status.versions.into_iter().map(row).collect() }
    }
}

impl Shown for ProjectionStatus {
    fn text(&self) -> String {
        let head = format!("Head: {}", self.head);
        let row = |row: &VersionRow| {
            let VersionRow { projection, version, state, position, parked } = row;
            let waiting = match parked {
                0 => String::new(),
                n => format!(", {n} events parked"),
            };
            format!("{projection:<11} {version:>3}  {state:<8} {position}{waiting}")
        };
        std::iter::once(head).chain(self.versions.iter().map(row)).collect::<Vec<_>>().join("\n")
    }
}

/// An event that a version could not apply.
#[derive(Serialize)]
struct Parked<'a> {
    projection: &'static str,
    version: i32,
    position: u64,
    entity_type: &'a str,
    entity_id: &'a str,
    reason: &'a str,
}

impl Shown for Parked<'_> {
    fn text(&self) -> String {
        let Parked { projection, version, position, entity_type, entity_id, reason } = self;
        format!("  {projection} {version}, {position}: {entity_type} {entity_id}: {reason}")
    }
}

#[derive(Serialize)]
struct Comparison {
    projection: &'static str,
    left: i32,
    right: i32,
    position: u64,
    equal: bool,
    tables: Vec<TableRow>,
}

#[derive(Serialize)]
struct TableRow {
    table: &'static str,
    left_rows: u64,
    right_rows: u64,
    left_digest: String,
    right_digest: String,
    /// The first row that differs, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_difference: Option<FirstDifference>,
}

#[derive(Serialize)]
struct FirstDifference {
    row: u64,
    left: Option<String>,
    right: Option<String>,
}

impl Comparison {
    fn of(projection: Projection, (left, right): (i32, i32), compared: &VersionComparison) -> Comparison {
        let table = |table: &TableComparison| TableRow {
            table: table.table,
            left_rows: table.left.rows,
            right_rows: table.right.rows,
            left_digest: table.left.digest.to_hex().to_string(),
            right_digest: table.right.digest.to_hex().to_string(),
            first_difference: table.difference.as_ref().map(|difference| FirstDifference {
                row: difference.row,
                left: difference.left.clone(),
                right: difference.right.clone(),
            }),
        };
        Comparison {
            projection: projection.name(),
            left,
            right,
            position: compared.position.0,
            equal: compared.is_equal(),
            tables: compared.tables.iter().map(table).collect(),
        }
    }
}

impl Shown for Comparison {
    fn text(&self) -> String {
        let table = |table: &TableRow| {
            let TableRow { table: name, left_rows, right_rows, left_digest, first_difference, .. } = table;
            match first_difference {
                None => {
                    let digest = left_digest.chars().take(16).collect::<String>();
                    format!("  {name}: equal, {left_rows} rows, {digest}")
                }
                Some(FirstDifference { row, left, right }) => {
                    let nothing = "(nothing)";
                    let (left, right) = (left.as_deref().unwrap_or(nothing), right.as_deref().unwrap_or(nothing));
                    let rows = format!("{left_rows} and {right_rows} rows");
                    format!("  {name}: {rows}, {row}\n    - {left}\n    + {right}")
                }
            }
        };
        let Comparison { projection, left, right, position, .. } = self;
        let first = format!("{projection}, versions {left} and {right}, at position {position}:");
        std::iter::once(first).chain(self.tables.iter().map(table)).collect::<Vec<_>>().join("\n")
    }
}

#[derive(Serialize)]
struct Switched {
    projection: &'static str,
    from: Option<i32>,
    to: i32,
    position: u64,
}

impl Shown for Switched {
    fn text(&self) -> String {
        let Switched { projection, to, position, .. } = self;
        format!("{projection}: version {to} is active from position {position}")
    }
}

#[derive(Serialize)]
struct Dropped {
    projection: &'static str,
    version: i32,
}

impl Shown for Dropped {
    fn text(&self) -> String {
        let Dropped { projection, version } = self;
        format!("{projection}: version {version} deleted")
    }
}
