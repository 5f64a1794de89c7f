//! Compares two versions of a projection at one position, row by row and byte by byte.
//!
//! Both are read in one snapshot. If one is behind the other, it is first caught up to exactly the other's position. Ingest
//! is not blocked.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio_postgres::Portal;

use super::rebuild::{BuildTarget, Builder};
use super::status::version_state;
use super::{Projection, ProjectionError, ProjectionTable, Version, position_sql};
use crate::database::{Database, begin_snapshot};

/// Rows fetched at a time from each side.
const ROWS: i32 = 2_000;

/// The result of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionComparison {
    /// The position of both versions.
    pub position: Position,
    /// One entry per table of the projection.
    pub tables: Vec<TableComparison>,
}

impl VersionComparison {
    /// Whether every table is equal.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(|table| table.difference.is_none())
    }
}

/// One table in both versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableComparison {
    /// The table's name.
    pub table: &'static str,
    /// The table's digest in the first version.
    pub left: TableDigest,
    /// The table's digest in the second version.
    pub right: TableDigest,
    /// The first row that differs.
    pub difference: Option<RowDifference>,
}

/// The content of a table, in short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableDigest {
    /// The number of rows.
    pub rows: u64,
    /// BLAKE3 over the rows' texts in key order, each preceded by its length in eight bytes.
    pub digest: blake3::Hash,
}

/// A row that differs between the versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowDifference {
    /// The number of the row in key order, from 1.
    pub row: u64,
    /// The row's text in the first version; `None` if that version has fewer rows.
    pub left: Option<String>,
    /// The row's text in the second version; `None` if that version has fewer rows.
    pub right: Option<String>,
}

/// Compares two versions of one projection, numbered as `projections status` shows them.
pub async fn compare(
    database: &Database,
    tenant: TenantId,
    projection: Projection,
    (left, right): (i32, i32),
) -> Result<VersionComparison, ProjectionError> {
    let (left, right) = (Version { projection, number: left }, Version { projection, number: right });
    let mut connection = database.service().await?;
    let snapshot = begin_snapshot(&mut connection, tenant).await?;
    let at_left = standing(&snapshot, tenant, left).await?;
    let at_right = standing(&snapshot, tenant, right).await?;
    if at_left == at_right || !projection.is_deciding() {
        // A reporting projection only adds rows, so both versions are comparable up to the lower position.
        let position = at_left.min(at_right);
        let tables = compare_tables(tenant, (&snapshot, left), (&snapshot, right), position).await?;
        return Ok(VersionComparison { position, tables });
    }
    let (behind, position) = if at_left < at_right { (left, at_right) } else { (right, at_left) };
    let mut builder = Builder::new(database, tenant, BuildTarget::This(behind)).await?;
    while builder.position() < position {
        builder.commit_page(database, position).await?;
    }
    let mut caught_up = database.service().await?;
    let caught_up = begin_snapshot(&mut caught_up, tenant).await?;
    if standing(&caught_up, tenant, behind).await? != position {
        return Err(ProjectionError::Fenced { of: behind, tenant });
    }
    let of = |version: Version| if version == behind { &caught_up } else { &snapshot };
    let tables = compare_tables(tenant, (of(left), left), (of(right), right), position).await?;
    Ok(VersionComparison { position, tables })
}

async fn standing(tx: &Transaction<'_>, tenant: TenantId, of: Version) -> Result<Position, ProjectionError> {
    let state = version_state(tx, tenant, of).await?;
    state.map(|(_, position)| position).ok_or(ProjectionError::NoVersion { of, tenant })
}

type Side<'a> = (&'a Transaction<'a>, Version);

async fn compare_tables(
    tenant: TenantId,
    left: Side<'_>,
    right: Side<'_>,
    position: Position,
) -> Result<Vec<TableComparison>, ProjectionError> {
    let mut compared = Vec::new();
    for table in left.1.projection.tables() {
        let mut rows = (
            RowCursor::of(left, tenant, *table, position).await?,
            RowCursor::of(right, tenant, *table, position).await?,
        );
        let mut difference = None;
        loop {
            let (left, right) = (rows.0.next().await?, rows.1.next().await?);
            if left.is_none() && right.is_none() {
                break;
            }
            if left != right && difference.is_none() {
                let row = rows.0.count.max(rows.1.count);
                difference = Some(RowDifference { row, left, right });
            }
        }
        let (left, right) = (rows.0.digest(), rows.1.digest());
        compared.push(TableComparison { table: table.name, left, right, difference });
    }
    Ok(compared)
}

/// Reads one table of one version as texts, a few rows at a time.
struct RowCursor<'a> {
    tx: &'a Transaction<'a>,
    portal: Portal,
    fetched: std::vec::IntoIter<String>,
    more: bool,
    count: u64,
    hasher: blake3::Hasher,
}

impl<'a> RowCursor<'a> {
    async fn of(
        (tx, of): Side<'a>,
        tenant: TenantId,
        table: ProjectionTable,
        position: Position,
    ) -> Result<RowCursor<'a>, ProjectionError> {
        let columns: String = tx
            .query_one(
                "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
                   and attname not in ('tenant_id', 'version')",
                &[&table.name],
            )
            .await?
            .try_get(0)?;
        let ProjectionTable { name, key } = table;
        let up_to = position_sql(position);
        // Rows of a reporting projection carry the position of their event; a deciding one has current rows only.
        let portal = if of.projection.is_deciding() {
            let sql =
                format!("select row({columns})::text from {name} where tenant_id = $1 and version = $2 order by {key}");
            tx.bind(&tx.prepare(&sql).await?, &[&tenant.uuid(), &of.number]).await?
        } else {
            let sql = format!(
                "select row({columns})::text from {name}
                 where tenant_id = $1 and version = $2 and position <= $3 order by {key}"
            );
            tx.bind(&tx.prepare(&sql).await?, &[&tenant.uuid(), &of.number, &up_to]).await?
        };
        let (fetched, hasher) = (Vec::new().into_iter(), blake3::Hasher::new());
        Ok(RowCursor { tx, portal, fetched, more: true, count: 0, hasher })
    }

    async fn next(&mut self) -> Result<Option<String>, ProjectionError> {
        if self.fetched.len() == 0 && self.more {
            let rows = self.tx.query_portal(&self.portal, ROWS).await?;
            self.more = !rows.is_empty();
            let texts = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
            self.fetched = texts.into_iter();
        }
        let Some(row) = self.fetched.next() else { return Ok(None) };
        self.count += 1;
        self.hasher.update(&(row.len() as u64).to_le_bytes());
        self.hasher.update(row.as_bytes());
        Ok(Some(row))
    }

    fn digest(&self) -> TableDigest {
        TableDigest { rows: self.count, digest: self.hasher.finalize() }
    }
}
