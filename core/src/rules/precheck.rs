//! Outcomes that need no rule: duplicates, unreadable records, and internal errors.

use crate::decision::{Code, Judgement, Verdict};
use crate::event::Event;
use crate::position::Position;
use crate::rulebook::Rulebook;
use crate::rules::with_detail;

/// Why no rule is applied. Such a record has no effects, except that an internal error quarantines it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precheck<'a> {
    /// The same fact is already recorded at this position.
    Duplicate(Position),
    /// The id is already recorded with other content at this position.
    Reused(Position),
    /// It cannot be read completely.
    Unreadable {
        /// The defect.
        code: Code,
        /// Explanation with the values.
        detail: &'a str,
    },
    /// An internal error.
    Failed,
}

impl Precheck<'_> {
    /// The decision; `event` if the record reads.
    pub fn judgement(&self, rulebook: &Rulebook, event: Option<&Event>) -> Judgement {
        let rule = event.map_or(rulebook.default, |event| rulebook.rule_for(&event.content.entity_type));
        let at_position = |position: &Position| match event {
            Some(event) => format!("event {} is at position {position}", event.id),
            None => format!("it is at position {position}"),
        };
        let refused = |verdict, code, detail| with_detail(Judgement::refused(verdict, code, rule), detail);
        match self {
            Precheck::Duplicate(position) => with_detail(
                Judgement { verdict: Verdict::Duplicate, ..Judgement::accepted(rule) },
                at_position(position),
            ),
            Precheck::Reused(position) => {
                let detail = format!("{} with other content", at_position(position));
                refused(Verdict::Rejected, Code::EventIdReused, detail)
            }
            Precheck::Unreadable { code, detail } => {
                let never = *code == Code::InvalidPayload && event.is_some_and(is_edit_of_fields);
                let verdict = if never { Verdict::Rejected } else { Verdict::Quarantined };
                refused(verdict, *code, (*detail).to_owned())
            }
            Precheck::Failed => refused(Verdict::Quarantined, Code::DecisionFailed, "deciding failed".to_owned()),
        }
    }
}

/// An edit whose payload is no set of fields can never take effect, and nothing happened that a person could look into. Sales,
/// receptions, validations and invoices did happen, whatever is wrong with their record.
fn is_edit_of_fields(event: &Event) -> bool {
    matches!(event.content.action.as_str(), "CREATE" | "UPDATE" | "DELETE")
}
