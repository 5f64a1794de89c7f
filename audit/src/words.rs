use comptoir_messages::{Language, Message};
use serde_json::{Value, json};

use crate::compare::{Comparison, Restore, UnmatchedReason, UnmatchedRecords};
use crate::finding::{Break, Defect, FindingLocation, Report, Summary};
use crate::replay::{DecisionDifference, Replay};

impl Defect {
    /// The code in JSON. Codes never change their meaning.
    pub fn as_str(self) -> &'static str {
        match self {
            Defect::Form => "FORM",
            Defect::Digest => "DIGEST",
            Defect::Count => "COUNT",
            Defect::Part => "PART",
            Defect::Epoch => "EPOCH",
            Defect::Missing => "MISSING",
            Defect::Seq => "SEQ",
            Defect::Header => "HEADER",
            Defect::Chain => "CHAIN",
            Defect::EpochOpened => "EPOCH_OPENED",
            Defect::PreviousHead => "PREVIOUS_HEAD",
            Defect::EventId => "EVENT_ID",
            Defect::Position => "POSITION",
            Defect::DecisionChain => "DECISION_CHAIN",
            Defect::DecisionBinding => "DECISION_BINDING",
            Defect::Decision => "DECISION",
            Defect::Verdict => "VERDICT",
            Defect::ReceivedAt => "RECEIVED_AT",
            Defect::Duplicate => "DUPLICATE",
            Defect::Record => "RECORD",
            Defect::Payload => "PAYLOAD",
            Defect::Answer => "ANSWER",
            Defect::KnownHead => "KNOWN_HEAD",
        }
    }

    /// What does not hold, in one sentence without its full stop.
    pub fn sentence(self, language: Language) -> String {
        let message = match self {
            Defect::Form => Message::new("audit-defect-form"),
            Defect::Digest => Message::new("audit-defect-digest"),
            Defect::Count => Message::new("audit-defect-count"),
            Defect::Part => Message::new("audit-defect-part"),
            Defect::Epoch => Message::new("audit-defect-epoch"),
            Defect::Missing => Message::new("audit-defect-missing"),
            Defect::Seq => Message::new("audit-defect-seq"),
            Defect::Header => Message::new("audit-defect-header"),
            Defect::Chain => Message::new("audit-defect-chain"),
            Defect::EpochOpened => Message::new("audit-defect-epoch-opened"),
            Defect::PreviousHead => Message::new("audit-defect-previous-head"),
            Defect::EventId => Message::new("audit-defect-event-id"),
            Defect::Position => Message::new("audit-defect-position"),
            Defect::DecisionChain => Message::new("audit-defect-decision-chain"),
            Defect::DecisionBinding => Message::new("audit-defect-decision-binding"),
            Defect::Decision => Message::new("audit-defect-decision"),
            Defect::Verdict => Message::new("audit-defect-verdict"),
            Defect::ReceivedAt => Message::new("audit-defect-received-at"),
            Defect::Duplicate => Message::new("audit-defect-duplicate"),
            Defect::Record => Message::new("audit-defect-record"),
            Defect::Payload => Message::new("audit-defect-payload"),
            Defect::Answer => Message::new("audit-defect-answer"),
            Defect::KnownHead => Message::new("audit-defect-known-head"),
        };
        message.text(language)
    }
}

impl Report {
    /// For programs. The keys never change their meaning.
    pub fn to_json(&self) -> Value {
        json!({
            "intact": self.first_break.is_none(),
            "level": self.level,
            "files": self.files,
            "first_break": self.first_break.as_ref().map(|found| self.break_json(found)),
            "summary": self.summary,
        })
    }

    fn break_json(&self, found: &Break) -> Value {
        let location = &found.location;
        json!({
            "defect": found.defect.as_str(),
            "file": self.files.get(location.file),
            "byte": location.offset,
            "node": location.node.map(|node| node.to_string()),
            "epoch": location.epoch,
            "seq": location.seq,
            "position": location.position,
            "expected": found.expected,
            "found": found.found,
        })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let held = held(&self.summary, language);
        let mut lines = match &self.first_break {
            None => vec![Message::new("audit-intact").with("held", held).text(language)],
            Some(found) => {
                let title = Message::new("audit-break")
                    .with("code", found.defect.as_str())
                    .with("sentence", found.defect.sentence(language));
                let mut lines = vec![title.text(language)];
                lines.push(format!("  {}", location(&found.location, &self.files, language)));
                let labels = (Message::new("audit-expected"), Message::new("audit-found"));
                lines.extend(labelled("  ", language, [(labels.0, &found.expected), (labels.1, &found.found)]));
                lines.push(format!("  {}", Message::new("audit-read-in-all").with("held", held).text(language)));
                lines
            }
        };
        lines.extend(heads(&self.summary, language));
        lines.extend(notes(&self.summary, language));
        lines.join("\n")
    }
}

fn held(summary: &Summary, language: Language) -> String {
    Message::new("audit-held")
        .with("record_count", summary.records)
        .with("records", grouped(summary.records, language))
        .with("decision_count", summary.decisions)
        .with("decisions", grouped(summary.decisions, language))
        .text(language)
}

/// One line for each value, behind labels of one width.
fn labelled<'a>(
    indent: &'a str,
    language: Language,
    values: [(Message<'static>, &'a str); 2],
) -> impl Iterator<Item = String> {
    let values = values.map(|(label, value)| (label.text(language), value));
    let width = values.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    values.into_iter().map(move |(label, value)| format!("{indent}{label:width$} {value}"))
}

fn location(location: &FindingLocation, files: &[String], language: Language) -> String {
    let node = location.node.map(|node| format!("{} {node}", Message::new("audit-node").text(language)));
    let epoch = location.epoch.map(|epoch| format!("{} {epoch}", Message::new("audit-epoch").text(language)));
    let seq = location.seq.map(|seq| format!("seq {seq}"));
    let position = location.position.map(|position| format!("position {position}"));
    let byte = format!("{} {}", Message::new("audit-byte").text(language), location.offset);
    let file = files.get(location.file).filter(|_| files.len() > 1).cloned();
    [position, node, epoch, seq, Some(byte), file].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn decision_chain(position: u64, chain: &str, language: Language) -> String {
    let message = Message::new("audit-decision-chain");
    format!("  {}", message.with("position", grouped(position, language)).with("chain", chain).text(language))
}

fn heads(summary: &Summary, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(position), Some(chain)) = (summary.position, &summary.decision_chain) {
        lines.push(decision_chain(position, chain, language));
    }
    let [node, epoch] = [Message::new("audit-node"), Message::new("audit-epoch")].map(|word| word.text(language));
    lines.extend(summary.heads.iter().map(|head| {
        let seq = grouped(head.seq, language);
        format!("  {node} {}, {epoch} {}, seq {seq}, {}", head.node, head.epoch, head.chain)
    }));
    lines
}

fn notes(summary: &Summary, language: Language) -> Vec<String> {
    let notes = &summary.notes;
    let lines = [
        (notes.unlinked_beginnings, Message::new("audit-unlinked-beginnings")),
        (notes.unknown_previous_heads, Message::new("audit-unknown-previous-heads")),
        (notes.unknown_originals, Message::new("audit-unknown-originals")),
        (notes.unknown_schemas, Message::new("audit-unknown-schemas")),
    ];
    let shown = lines.into_iter().filter(|(number, _)| *number > 0);
    shown
        .map(|(number, message)| format!("  {}", message.with("number", grouped(number, language)).text(language)))
        .collect()
}

impl Comparison {
    /// For programs. The keys never change their meaning.
    pub fn to_json(&self) -> Value {
        json!({ "agree": !self.contradicts(), "comparison": self })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let title = match self.contradicts() {
            false => Message::new("audit-agree"),
            true => Message::new("audit-contradict"),
        };
        let title =
            title.with("records", grouped(self.same, language)).with("decisions", grouped(self.same_answers, language));
        let mut lines = vec![title.text(language)];
        let sides = |node: &str, central: &str| {
            let node_label = Message::new("audit-node").text(language);
            [format!("    {node_label:<7} {node}"), format!("    {:<7} {central}", "central")]
        };
        if let Some(found) = &self.difference {
            let message = Message::new("audit-first-record")
                .with("epoch", found.epoch.to_string())
                .with("seq", found.seq.to_string())
                .with("position", found.position.to_string());
            lines.push(format!("  {}", message.text(language)));
            lines.extend(sides(&found.node_chain, &found.central_chain));
        }
        if let Some(found) = &self.answer_difference {
            let message = Message::new("audit-first-answer")
                .with("epoch", found.epoch.to_string())
                .with("seq", found.seq.to_string());
            lines.push(format!("  {}", message.text(language)));
            lines.extend(sides(&found.node, &found.central));
        }
        lines.extend(self.restores.iter().map(|restore| restore_text(restore, language)));
        lines.extend(self.alone.iter().map(|alone| alone_text(alone, language)));
        lines.join("\n")
    }
}

fn restore_text(restore: &Restore, language: Language) -> String {
    let Restore { position, head, at, reason, moved, answered_below_head, first } = restore;
    let head = grouped(*head, language);
    let reason = reason.as_ref().map(|reason| format!(", {}", shortened(reason))).unwrap_or_default();
    let title = Message::new("audit-restore")
        .with("position", grouped(*position, language))
        .with("at", at.as_str())
        .with("head", head.clone())
        .with("reason", reason);
    let moved = Message::new("audit-restore-moved").with("moved", grouped(*moved, language));
    let first = Message::new("audit-restore-first")
        .with("epoch", first.epoch.to_string())
        .with("seq", first.seq.to_string())
        .with("node", first.node.as_str())
        .with("central", first.central.as_str());
    let mut lines = vec![format!("  {}", title.text(language))];
    lines.extend([moved, first].map(|message| format!("    {}", message.text(language))));
    if *answered_below_head > 0 {
        let below = grouped(*answered_below_head, language);
        let message = Message::new("audit-restore-below").with("below", below).with("head", head);
        lines.push(format!("    {}", message.text(language)));
    }
    lines.join("\n")
}

fn alone_text(alone: &UnmatchedRecords, language: Language) -> String {
    let why = match alone.why {
        UnmatchedReason::Waiting => Message::new("audit-alone-waiting"),
        UnmatchedReason::SealedAgain => Message::new("audit-alone-sealed-again"),
        UnmatchedReason::BeforeTheFile => Message::new("audit-alone-before-the-file"),
        UnmatchedReason::Missing => Message::new("audit-alone-missing"),
        UnmatchedReason::Lost => Message::new("audit-alone-lost"),
    };
    let message = Message::new("audit-alone")
        .with("epoch", alone.epoch.to_string())
        .with("from", grouped(alone.from, language))
        .with("to", grouped(alone.to, language))
        .with("why", why.text(language));
    format!("  {}", message.text(language))
}

/// Characters of a value shown to people; programs get it whole.
const VALUE_CHARS_MAX: usize = 200;

impl DecisionDifference {
    /// For programs. The keys never change their meaning.
    pub fn to_json(&self) -> Value {
        json!({ "difference": self })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let title = Message::new("audit-difference")
            .with("position", grouped(self.position, language))
            .with("event", self.event.to_string());
        let mut lines = vec![title.text(language)];
        if let (Some(action), Some(entity)) = (&self.action, &self.entity) {
            lines.push(format!("  {action}, {entity}"));
        }
        let [node, epoch] = [Message::new("audit-node"), Message::new("audit-epoch")].map(|word| word.text(language));
        lines.push(format!("  {node} {}, {epoch} {}, seq {}", self.node, self.epoch, grouped(self.seq, language)));
        for found in &self.fields {
            lines.push(format!("  {}", found.field));
            let labels = (Message::new("audit-stored"), Message::new("audit-decided-again"));
            let values = [shortened(&found.stored), shortened(&found.decided)];
            lines.extend(labelled("    ", language, [(labels.0, &values[0]), (labels.1, &values[1])]));
        }
        lines.join("\n")
    }
}

impl Replay {
    /// For programs. The keys never change their meaning.
    pub fn to_json(&self) -> Value {
        json!({ "replay": self })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let title = match (self.redecided, self.differences) {
            (true, 0) => Message::new("audit-replay-same"),
            (true, _) => Message::new("audit-replay-differences"),
            (false, 0) => Message::new("audit-replay-applied"),
            (false, _) => Message::new("audit-replay-unread"),
        };
        let title = title
            .with("records", grouped(self.records, language))
            .with("differences", grouped(self.differences, language));
        let mut lines = vec![title.text(language)];
        let counts = [
            (self.by_newer_rules, Message::new("audit-replay-newer-rules")),
            (self.restored, Message::new("audit-replay-restored")),
        ];
        for (number, message) in counts.into_iter().filter(|(number, _)| *number > 0) {
            lines.push(format!("  {}", message.with("number", grouped(number, language)).text(language)));
        }
        lines.push(decision_chain(self.position, &self.decision_chain, language));
        let verdicts = self.verdicts.iter().map(|(verdict, count)| format!("{} {verdict}", grouped(*count, language)));
        lines.push(format!("  {}", verdicts.collect::<Vec<_>>().join(", ")));
        let rows = Message::new("audit-rows").text(language);
        lines.extend(self.models.iter().map(|model| {
            format!("  {:<11} {:>9} {rows}  {}", model.model, grouped(model.rows, language), model.digest)
        }));
        lines.push(Message::new("audit-digest").with("digest", self.digest.as_str()).text(language));
        lines.join("\n")
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Thousands apart, as each language writes them.
fn grouped(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let separator = match language {
        Language::French => '\u{202f}',
        Language::English => ',',
    };
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
