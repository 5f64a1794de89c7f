//! Turns the rows of one key into a draft: its event type, its payload, and an id that the same rows always give.

use std::collections::BTreeMap;

use comptoir_core::fact::{PriceBasis, SaleLine, total_minor};
use comptoir_core::id::Name;
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::money::{Currency, PRICE_SCALE_MAX, parse_decimal};
use comptoir_proto::api_v1::DraftDto;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::field::{Condition, Field};
use super::group::Group;
use super::mapping::{AmountSpec, EventSpec, Mapping, MappingError};
use super::rows::{Header, SourceRow};

/// Ids of imported events are UUID v5 of `mapping name/key` in this namespace: the same row has the same id on any machine, so
/// a repeated import never records a second sale.
const NAMESPACE: Uuid = Uuid::from_u128(0x9d0e_6b1a_52f4_5c0e_8f37_6d2b_41c8_a7e3);

/// A draft, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Prepared {
    pub(super) id: Uuid,
    pub(super) key: String,
    pub(super) first_line: u64,
    pub(super) last_line: u64,
    pub(super) rows: u64,
    /// One line of NDJSON, without its end.
    pub(super) json: String,
    /// Progress in the file: see [`SourceRow::done`].
    pub(super) done: u64,
}

/// The result for the rows of one key.
#[derive(Debug)]
pub(super) enum GroupOutcome {
    Draft(Prepared),
    /// The mapping leaves all of them out.
    Skipped(Note),
    /// Some row is bad, so the event is not sent.
    Bad(Vec<Note>),
}

/// A note about a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Note {
    pub(super) line: u64,
    pub(super) key: String,
    pub(super) reason: String,
}

/// The mapping with its columns resolved against a header.
#[derive(Debug)]
pub(super) struct MappedColumns {
    name: String,
    pub(super) group_by: usize,
    pub(super) within: u64,
    leave_out: Vec<(Condition, String)>,
    events: Vec<EventPlan>,
}

#[derive(Debug)]
struct EventPlan {
    when: Vec<Condition>,
    spec: EventSpec,
    fields: BTreeMap<String, Field>,
}

impl MappedColumns {
    pub(super) fn new(mapping: &Mapping, header: &Header) -> Result<MappedColumns, MappingError> {
        let conditions = |specs: &[super::mapping::ConditionSpec]| {
            specs.iter().map(|spec| Condition::new(spec, header)).collect::<Result<Vec<_>, _>>()
        };
        let leave_out = mapping.leave_out.iter();
        let leave_out = leave_out.map(|left| Ok((Condition::new(&left.when, header)?, left.reason.clone())));
        let event = |spec: &EventSpec| {
            let fields = spec.field_names().filter_map(|name| mapping.fields.get_key_value(name));
            let fields = fields.map(|(name, field)| Ok((name.clone(), Field::new(field, header)?)));
            let fields = fields.collect::<Result<_, MappingError>>()?;
            Ok(EventPlan { when: conditions(&spec.when)?, spec: spec.clone(), fields })
        };
        Ok(MappedColumns {
            name: mapping.name.clone(),
            group_by: header.column(&mapping.rows.group_by)?,
            within: mapping.rows.within,
            leave_out: leave_out.collect::<Result<_, MappingError>>()?,
            events: mapping.events.iter().map(event).collect::<Result<_, MappingError>>()?,
        })
    }

    /// The result for a group, with notes on rows that were left out.
    pub(super) fn outcome(&self, group: Group) -> (GroupOutcome, Vec<Note>) {
        let Group { key, rows, bad, .. } = group;
        let note = |line: u64, reason: &str| Note { line, key: key.clone(), reason: reason.to_owned() };
        let mut wrong: Vec<Note> = bad.iter().map(|bad| note(bad.line, &bad.reason)).collect();
        let (mut kept, mut left) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match self.left_out(&row) {
                Ok(Some(reason)) => left.push(note(row.line, reason)),
                Ok(None) => kept.push(row),
                Err(reason) => wrong.push(note(row.line, &reason)),
            }
        }
        if wrong.is_empty() && kept.is_empty() {
            let skipped = left.first().cloned().unwrap_or_else(|| note(0, "no row"));
            return (GroupOutcome::Skipped(skipped), left);
        }
        let draft = if wrong.is_empty() { self.draft(&key, &kept) } else { Err(Vec::new()) };
        match draft {
            Ok(draft) => (GroupOutcome::Draft(draft), left),
            Err(notes) => {
                wrong.extend(notes);
                (GroupOutcome::Bad(wrong), left)
            }
        }
    }

    fn left_out(&self, row: &SourceRow) -> Result<Option<&str>, String> {
        for (condition, reason) in &self.leave_out {
            if condition.holds(row)? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    fn draft(&self, key: &str, rows: &[SourceRow]) -> Result<Prepared, Vec<Note>> {
        let first = &rows[0];
        let wrong = |line: u64, reason: String| vec![Note { line, key: key.to_owned(), reason }];
        let in_first = |reason: String| wrong(first.line, reason);
        let event = self.event(rows).map_err(|(line, reason)| wrong(line, reason))?;
        let Some(event) = event else {
            return Err(in_first("no event of the mapping matches its conditions".to_owned()));
        };
        let payload = event.payload(rows).map_err(|(line, reason)| wrong(line, reason))?;
        let payload = serde_json::to_string(&payload).map_err(|error| in_first(error.to_string()))?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let size = payload.len();
            return Err(in_first(format!("its payload has {size} bytes, at most {PAYLOAD_BYTES_MAX} are allowed")));
        }
        let id = Uuid::new_v5(&NAMESPACE, format!("{}/{key}", self.name).as_bytes());
        let spec = &event.spec;
        let dto = DraftDto {
            id: Some(id),
            entity_type: spec.entity_type.clone(),
            entity_id: event.name(&spec.entity_id, first).map_err(in_first)?,
            action: spec.action.clone(),
            occurred_at: event.optional(spec.occurred_at.as_deref(), first).map_err(in_first)?,
            user: event.optional(spec.user.as_deref(), first).map_err(in_first)?,
            if_match: None,
            base_version: None,
            causation: None,
            correlation: None,
            schema_version: None,
            payload: RawValue::from_string(payload).map_err(|error| in_first(error.to_string()))?,
        };
        Ok(Prepared {
            id,
            key: key.to_owned(),
            first_line: first.line,
            last_line: rows.last().map_or(first.line, |row| row.line),
            rows: rows.len() as u64,
            json: serde_json::to_string(&dto).map_err(|error| in_first(error.to_string()))?,
            done: rows.last().map_or(first.done, |row| row.done),
        })
    }

    fn event(&self, rows: &[SourceRow]) -> Result<Option<&EventPlan>, Wrong> {
        'events: for event in &self.events {
            for condition in &event.when {
                for row in rows {
                    if !condition.holds(row).map_err(|reason| (row.line, reason))? {
                        continue 'events;
                    }
                }
            }
            return Ok(Some(event));
        }
        Ok(None)
    }
}

/// The line of a bad row, and the reason.
type Wrong = (u64, String);

impl EventPlan {
    fn payload(&self, rows: &[SourceRow]) -> Result<Map<String, Value>, Wrong> {
        let first = &rows[0];
        let in_row = |row: &SourceRow| {
            let line = row.line;
            move |reason| (line, reason)
        };
        let mut payload = self.values(&self.spec.payload, first).map_err(in_row(first))?;
        if let Some(names) = &self.spec.lines {
            let line = |row| Ok(Value::Object(self.values(names, row).map_err(in_row(row))?));
            payload.insert("lines".to_owned(), rows.iter().map(line).collect::<Result<Vec<_>, Wrong>>()?.into());
        }
        for (name, spec) in &self.spec.amounts {
            payload.insert(name.clone(), self.amount(spec, rows)?.into());
        }
        Ok(payload)
    }

    fn values(&self, names: &BTreeMap<String, String>, row: &SourceRow) -> Result<Map<String, Value>, String> {
        let value =
            |(name, field): (&String, &String)| Ok(self.field(field, row)?.map(|value| (name.clone(), value.into())));
        names.iter().filter_map(|entry| value(entry).transpose()).collect()
    }

    fn amount(&self, spec: &AmountSpec, rows: &[SourceRow]) -> Result<i64, Wrong> {
        let first = &rows[0];
        let currency = self.needed(&spec.currency, first).and_then(|text| {
            Currency::parse(&text).ok_or_else(|| format!("{text:?} is not a currency: three capital letters"))
        });
        let currency = currency.map_err(|reason| (first.line, reason))?;
        let line = |row: &SourceRow| self.priced(spec, row).map_err(|reason| (row.line, reason));
        let lines = rows.iter().map(line).collect::<Result<Vec<_>, Wrong>>()?;
        let too_much = || (first.line, "its amount does not fit 64 bits".to_owned());
        total_minor(&lines, PriceBasis::Gross, currency).ok_or_else(too_much)
    }

    fn priced(&self, spec: &AmountSpec, row: &SourceRow) -> Result<SaleLine, String> {
        let decimal = |field: &str| {
            let text = self.needed(field, row)?;
            parse_decimal(&text, PRICE_SCALE_MAX).ok_or_else(|| format!("{field} {text:?} is not a decimal"))
        };
        Ok(SaleLine {
            // An amount does not depend on the product.
            product: Name::new("any").map_err(|error| error.to_string())?,
            quantity: decimal(&spec.quantity)?,
            unit_price: decimal(&spec.unit_price)?,
            vat_rate: None,
            discount_minor: 0,
            description: None,
            price_reason: None,
        })
    }

    fn name(&self, field: &str, row: &SourceRow) -> Result<String, String> {
        let text = self.needed(field, row)?;
        Name::new(text).map(|name| name.to_string()).map_err(|error| error.to_string())
    }

    fn needed(&self, field: &str, row: &SourceRow) -> Result<String, String> {
        self.field(field, row)?.ok_or_else(|| format!("{field} is absent"))
    }

    fn optional(&self, field: Option<&str>, row: &SourceRow) -> Result<Option<String>, String> {
        field.map_or(Ok(None), |field| self.field(field, row))
    }

    fn field(&self, name: &str, row: &SourceRow) -> Result<Option<String>, String> {
        let field = self.fields.get(name).ok_or_else(|| format!("the mapping has no field {name:?}"))?;
        field.value(row)
    }
}
