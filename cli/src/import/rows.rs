//! Rows of the imported file, one by one, each with the columns of the joined file. An unreadable row is reported and skipped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use comptoir_core::money::{PRICE_SCALE_MAX, parse_decimal};
use csv::{ByteRecord, StringRecord};
use flate2::bufread::MultiGzDecoder;
use rust_decimal::Decimal;

use super::mapping::{Mapping, MappingError, SortKey, meaningless};

#[derive(Clone, Debug)]
pub(super) struct SourceRow {
    /// Line of its beginning in the file, from 1.
    pub(super) line: u64,
    values: StringRecord,
    joined: Option<Arc<StringRecord>>,
    /// How far the file was read at this row: see [`SourceRows::length`].
    pub(super) done: u64,
}

impl SourceRow {
    /// The text of a column, by its number in [`Header`].
    pub(super) fn text(&self, column: usize) -> &str {
        let joined = || self.joined.as_ref()?.get(column - self.values.len());
        self.values.get(column).or_else(joined).unwrap_or_default()
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BadRow {
    pub(super) line: u64,
    /// The key of its event, if readable: the event must not be sent without this row.
    pub(super) key: Option<String>,
    pub(super) reason: String,
}

pub(super) type Item = Result<SourceRow, BadRow>;

/// The columns in the order of the file, followed by those of the joined file.
#[derive(Clone, Debug)]
pub(super) struct Header(Vec<String>);

impl Header {
    pub(super) fn column(&self, name: &str) -> Result<usize, MappingError> {
        let missing = || MappingError::NoColumn { column: name.to_owned(), columns: self.0.join(", ") };
        self.0.iter().position(|column| column == name).ok_or_else(missing)
    }
}

/// Why the file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read to its end.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// It does not fit its mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

pub(super) struct SourceRows {
    path: PathBuf,
    header: Header,
    csv: csv::Reader<Box<dyn Read + Send>>,
    read: Arc<AtomicU64>,
    bytes: u64,
    /// Columns of the file itself; the joined ones follow.
    width: usize,
    group_by: usize,
    join: Option<(usize, HashMap<String, Arc<StringRecord>>)>,
    sort: Vec<(usize, bool)>,
}

impl SourceRows {
    /// Opens a file, compressed or not, and the file that is joined to it.
    pub(super) fn open(path: &Path, mapping: &Mapping) -> Result<SourceRows, FileError> {
        let (mut csv, read, bytes) = open(path, mapping)?;
        let mut columns = header(path, &mut csv)?;
        let width = columns.len();
        let mut join = None;
        if let Some(spec) = &mapping.join {
            let (added, rows) = joined(&path.with_file_name(&spec.file), mapping, spec)?;
            if let Some(twice) = added.iter().find(|name| columns.contains(name)) {
                return Ok(meaningless(format!("both files have a column {twice:?}"))?);
            }
            let key = Header(columns.clone()).column(&spec.key)?;
            columns.extend(added);
            join = Some((key, rows));
        }
        let header = Header(columns);
        let sort = mapping.sort.iter().map(|SortKey { column, number }| Ok((header.column(column)?, *number)));
        let sort = sort.collect::<Result<_, MappingError>>()?;
        let group_by = header.column(&mapping.rows.group_by)?;
        Ok(SourceRows { path: path.to_owned(), header, csv, read, bytes, width, group_by, join, sort })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The final value of [`SourceRow::done`], in bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.bytes
    }

    /// Calls `each` for every row until it returns false.
    pub(super) fn for_each(mut self, mut each: impl FnMut(Item) -> bool) -> Result<(), FileError> {
        if self.sort.is_empty() {
            while let Some(item) = self.next()? {
                if !each(item) {
                    break;
                }
            }
            return Ok(());
        }
        let mut rows = Vec::new();
        while let Some(item) = self.next()? {
            match item.and_then(|row| Ok((self.sort_key(&row)?, row))) {
                Ok(row) => rows.push(row),
                Err(bad) if !each(Err(bad.clone())) => return Ok(()),
                Err(_) => {}
            }
        }
        // A stable sort: rows of one key keep the order of the file.
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (total, bytes) = (rows.len() as u64, self.bytes);
        for (index, (_, row)) in rows.into_iter().enumerate() {
            let done = bytes * (index as u64 + 1) / total;
            if !each(Ok(SourceRow { done, ..row })) {
                break;
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Item>, FileError> {
        let mut record = ByteRecord::new();
        let more = self.csv.read_byte_record(&mut record);
        if !more.map_err(|error| unreadable(&self.path, error))? {
            return Ok(None);
        }
        let line = record.position().map_or(0, csv::Position::line);
        Ok(Some(self.row(record, line)))
    }

    fn row(&self, record: ByteRecord, line: u64) -> Item {
        let key =
            record.get(self.group_by).and_then(|key| std::str::from_utf8(key).ok()).map(|key| key.trim().to_owned());
        let bad = |reason: String| BadRow { line, key: key.clone(), reason };
        if record.len() != self.width {
            return Err(bad(format!("the row has {} fields, the header {}", record.len(), self.width)));
        }
        let values = StringRecord::from_byte_record(record).map_err(|error| bad(format!("not UTF-8: {error}")))?;
        let joined = match &self.join {
            Some((column, rows)) => {
                let key = values.get(*column).unwrap_or_default();
                let missing = || bad(format!("the joined file has no row for {key:?}"));
                Some(rows.get(key).cloned().ok_or_else(missing)?)
            }
            None => None,
        };
        Ok(SourceRow { line, values, joined, done: self.read.load(Ordering::Relaxed) })
    }

    fn sort_key(&self, row: &SourceRow) -> Result<Vec<SortValue>, BadRow> {
        let value = |&(column, number): &(usize, bool)| {
            let text = row.text(column);
            if !number {
                return Ok(SortValue::Text(text.to_owned()));
            }
            let number = parse_decimal(text.trim(), PRICE_SCALE_MAX).map(SortValue::Number);
            number.ok_or_else(|| BadRow {
                line: row.line,
                key: Some(row.text(self.group_by).trim().to_owned()),
                reason: format!("{} {text:?} is not a number to sort by", self.header.0[column]),
            })
        };
        self.sort.iter().map(value).collect()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SortValue {
    Number(Decimal),
    Text(String),
}

type Csv = csv::Reader<Box<dyn Read + Send>>;

fn open(path: &Path, mapping: &Mapping) -> Result<(Csv, Arc<AtomicU64>, u64), FileError> {
    let io = |error| FileError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let mut file = BufReader::with_capacity(64 * 1024, Counted { file, read: Arc::clone(&read) });
    // The magic of gzip, which no text begins with.
    let packed = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
    let text: Box<dyn Read + Send> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    // Rows of another length are reported here, so the CSV reader must accept them.
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(mapping.rows.delimiter as u8).quoting(mapping.rows.quotes).flexible(true);
    Ok((builder.from_reader(text), read, bytes))
}

fn header(path: &Path, csv: &mut Csv) -> Result<Vec<String>, FileError> {
    let header = csv.headers().map_err(|error| unreadable(path, error))?;
    let mut columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    if let Some(first) = columns.first_mut() {
        // Spreadsheets write a byte order mark before the first column's name.
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    Ok(columns)
}

type Joined = (Vec<String>, HashMap<String, Arc<StringRecord>>);

fn joined(path: &Path, mapping: &Mapping, spec: &super::mapping::Join) -> Result<Joined, FileError> {
    let (mut csv, _, _) = open(path, mapping)?;
    let header = Header(header(path, &mut csv)?);
    let key = header.column(&spec.key)?;
    let wanted = spec.columns.iter().map(|name| header.column(name)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = HashMap::new();
    for record in csv.records() {
        let record = record.map_err(|error| unreadable(path, error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let key = record.get(key).unwrap_or_default().to_owned();
        let values: StringRecord = wanted.iter().map(|column| record.get(*column).unwrap_or_default()).collect();
        if rows.insert(key.clone(), Arc::new(values)).is_some() {
            return Ok(meaningless(format!("{}, line {line}: a second row for {key:?}", path.display()))?);
        }
    }
    Ok((spec.columns.clone(), rows))
}

fn unreadable(path: &Path, error: csv::Error) -> FileError {
    let error = match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    };
    FileError::Io { path: path.to_owned(), error }
}

/// Counts the bytes read from disk, for the progress bar.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
