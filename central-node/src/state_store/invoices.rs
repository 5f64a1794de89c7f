//! The rows of the projection `invoices`: invoices, and the numbers assigned in each series.

use std::collections::BTreeSet;

use comptoir_core::id::{EventId, Name};
use comptoir_core::money::Currency;
use comptoir_core::state::{DecisionState, Document, Invoice, Series, SeriesKey};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{VersionedTable, name_of, position_of, site_column, site_of};
use crate::database::{StoreError, as_bigint, natural};

pub(super) async fn load(table: VersionedTable<'_>, keys: &BTreeSet<Name>) -> Result<Vec<(Name, Invoice)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = keys.iter().map(Name::as_str).collect();
    let rows = table.query(include_str!("invoices_load.sql"), &[&ids]).await?;
    rows.iter().map(|row| Ok((name_of(row.try_get("invoice_id")?)?, invoice(row)?))).collect()
}

fn invoice(row: &Row) -> Result<Invoice, StoreError> {
    let currency: &str = row.try_get("currency")?;
    let no_currency = || StoreError::Damaged(format!("{currency:?} is no currency"));
    Ok(Invoice {
        event: EventId::new(row.try_get("event_id")?),
        site: site_of(row.try_get("site_id")?),
        client: name_of(row.try_get("client")?)?,
        currency: Currency::parse(currency).ok_or_else(no_currency)?,
        total_minor: row.try_get("total_minor")?,
        due_on: row.try_get("due_on")?,
        reference: row.try_get("reference")?,
        provisional_reference: row.try_get("provisional_reference")?,
        credit_note: row.try_get("credit_note")?,
        position: position_of(row.try_get("position")?)?,
    })
}

pub(super) async fn save(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<Name>,
) -> Result<(), StoreError> {
    let rows: Vec<(&Name, &Invoice)> =
        keys.iter().filter_map(|key| Some((key, decision_state.invoices.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let positions: Vec<i64> = rows.iter().map(|(_, invoice)| as_bigint(invoice.position.0)).collect();
    let events: Vec<Uuid> = rows.iter().map(|(_, invoice)| invoice.event.uuid()).collect();
    let sites: Vec<Uuid> = rows.iter().map(|(_, invoice)| site_column(invoice.site)).collect();
    let clients: Vec<&str> = rows.iter().map(|(_, invoice)| invoice.client.as_str()).collect();
    let currencies: Vec<&str> = rows.iter().map(|(_, invoice)| invoice.currency.as_str()).collect();
    let totals: Vec<i64> = rows.iter().map(|(_, invoice)| invoice.total_minor).collect();
    let due: Vec<Option<&str>> = rows.iter().map(|(_, invoice)| invoice.due_on.as_deref()).collect();
    let references: Vec<&str> = rows.iter().map(|(_, invoice)| invoice.reference.as_str()).collect();
    let provisional: Vec<Option<&str>> =
        rows.iter().map(|(_, invoice)| invoice.provisional_reference.as_deref()).collect();
    let credit_notes: Vec<Option<&str>> = rows.iter().map(|(_, invoice)| invoice.credit_note.as_deref()).collect();
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
        &ids,
        &positions,
        &events,
        &sites,
        &clients,
        &currencies,
        &totals,
        &due,
        &references,
        &provisional,
        &credit_notes,
    ];
    table.write(include_str!("invoices_save.sql"), rows.len(), &columns).await
}

pub(super) async fn load_series(
    table: VersionedTable<'_>,
    keys: &BTreeSet<SeriesKey>,
) -> Result<Vec<(SeriesKey, Series)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (documents, sites, years) = series_columns(keys.iter());
    let rows = table.query(include_str!("invoice_series_load.sql"), &[&documents, &sites, &years]).await?;
    rows.iter()
        .map(|row| {
            let key = SeriesKey {
                document: document_of(row.try_get("document")?)?,
                site: site_of(row.try_get("site_id")?),
                year: row.try_get("year")?,
            };
            let skipped: Vec<i64> = row.try_get("skipped")?;
            let skipped = skipped.into_iter().map(natural).collect::<Result<_, _>>()?;
            Ok((key, Series { last: natural(row.try_get("last_number")?)?, skipped }))
        })
        .collect()
}

pub(super) async fn save_series(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<SeriesKey>,
) -> Result<(), StoreError> {
    let rows: Vec<(&SeriesKey, &Series)> =
        keys.iter().filter_map(|key| Some((key, decision_state.series.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (documents, sites, years) = series_columns(rows.iter().map(|(key, _)| *key));
    let last: Vec<i64> = rows.iter().map(|(_, series)| as_bigint(series.last)).collect();
    let skipped: Vec<String> = rows.iter().map(|(_, series)| array(&series.skipped)).collect();
    let sql = include_str!("invoice_series_save.sql");
    table.write(sql, rows.len(), &[&documents, &sites, &years, &last, &skipped]).await
}

/// An array in Postgres's text format. Unnesting an array of arrays would flatten it, so a list of lists is passed as texts.
fn array(numbers: &BTreeSet<u64>) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

fn series_columns<'a>(keys: impl Iterator<Item = &'a SeriesKey>) -> (Vec<&'static str>, Vec<Uuid>, Vec<i16>) {
    let (mut documents, mut sites, mut years) = (Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        documents.push(document_column(key.document));
        sites.push(site_column(key.site));
        years.push(key.year);
    }
    (documents, sites, years)
}

fn document_column(document: Document) -> &'static str {
    match document {
        Document::Invoice => "invoice",
        Document::CreditNote => "credit_note",
    }
}

fn document_of(column: &str) -> Result<Document, StoreError> {
    match column {
        "invoice" => Ok(Document::Invoice),
        "credit_note" => Ok(Document::CreditNote),
        other => Err(StoreError::Damaged(format!("{other:?} is no document"))),
    }
}
