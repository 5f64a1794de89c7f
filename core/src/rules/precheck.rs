//! What is settled before any rule is asked: a fact that counts already, a record that does not read, a defect of ours.

use crate::decision::{Code, Judgement, Verdict};
use crate::event::Event;
use crate::position::Position;
use crate::rulebook::Rulebook;
use crate::rules::with_detail;

/// Why no rule is asked. Nothing follows from such a record, except that after a defect it is remembered as set apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precheck<'a> {
    /// The same fact counts already, at that position.
    Duplicate(Position),
    /// Its id counts already with other content, at that position.
    Reused(Position),
    /// It could not be read whole.
    Unfit {
        /// Why.
        code: Code,
        /// With the values.
        detail: &'a str,
    },
    /// Deciding failed.
    Failed,
}

impl Precheck<'_> {
    /// The judgement; `event` as far as the record reads.
    pub fn judgement(&self, rulebook: &Rulebook, event: Option<&Event>) -> Judgement {
        let rule = event.map_or(rulebook.default, |event| rulebook.rule_for(&event.content.entity_type));
        let stands = |position: &Position| match event {
            Some(event) => format!("event {} stands at position {position}", event.id),
            None => format!("it stands at position {position}"),
        };
        let refused = |verdict, code, detail| with_detail(Judgement::refused(verdict, code, rule), detail);
        match self {
            Precheck::Duplicate(position) => {
                with_detail(Judgement { verdict: Verdict::Duplicate, ..Judgement::accepted(rule) }, stands(position))
            }
            Precheck::Reused(position) => {
                let detail = format!("{} with other content", stands(position));
                refused(Verdict::Rejected, Code::EventIdReused, detail)
            }
            Precheck::Unfit { code, detail } => refused(Verdict::Quarantined, *code, (*detail).to_owned()),
            Precheck::Failed => refused(Verdict::Quarantined, Code::DecisionFailed, "deciding failed".to_owned()),
        }
    }
}
