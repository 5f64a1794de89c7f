//! What was found, for people and for programs: one line that says whether all is well, then the place.

use serde_json::{Value, json};

use crate::compare::{Comparison, Restore, UnmatchedReason, UnmatchedRecords};
use crate::finding::{Break, Defect, FindingLocation, Report, Summary};
use crate::replay::{DecisionDifference, Replay};

/// The language of the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Where `LANG` says so.
    French,
    /// Everywhere else.
    English,
}

impl Language {
    /// The system's, as its environment says: the first of these that is set decides.
    pub fn of_the_system() -> Language {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let value = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        if value.is_some_and(|value| value.starts_with("fr")) { Language::French } else { Language::English }
    }

    fn say<T>(self, french: T, english: T) -> T {
        match self {
            Language::French => french,
            Language::English => english,
        }
    }
}

impl Defect {
    /// The word that JSON has for it.
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

    /// One sentence.
    pub fn sentence(self, language: Language) -> &'static str {
        let (french, english) = match self {
            Defect::Form => ("le fichier est coupé ou abîmé", "the file is cut or damaged"),
            Defect::Digest => (
                "un octet du fichier, hors des chaînes, a changé",
                "a byte of the file, outside the chains, was changed",
            ),
            Defect::Count => ("la fin du fichier compte autrement", "the file's end counts otherwise"),
            Defect::Part => {
                ("cette partie ne continue pas la précédente", "this part does not continue the one before")
            }
            Defect::Epoch => ("l'époque ne commence pas où elle doit", "the epoch does not begin where it must"),
            Defect::Missing => (
                "des enregistrements manquent jusqu'à la fin que le fichier annonce",
                "records are missing up to the head that the file names",
            ),
            Defect::Seq => {
                ("un enregistrement manque, est en double ou déplacé", "a record is missing, doubled or out of order")
            }
            Defect::Header => {
                ("l'en-tête de l'enregistrement nomme une autre place", "the record's header names another place")
            }
            Defect::Chain => {
                ("l'enregistrement, ou un lien avant lui, a changé", "the record, or a link before it, was changed")
            }
            Defect::EpochOpened => {
                ("le premier enregistrement n'ouvre pas l'époque", "the first record does not open the epoch")
            }
            Defect::PreviousHead => (
                "l'époque précédente a fini autrement qu'il n'est dit",
                "the epoch before ended otherwise than is said",
            ),
            Defect::EventId => ("un événement compte deux fois", "an event counts twice"),
            Defect::Position => {
                ("une entrée manque, est en double ou déplacée", "an entry is missing, doubled or out of order")
            }
            Defect::DecisionChain => {
                ("la décision, ou un lien avant elle, a changé", "the decision, or a link before it, was changed")
            }
            Defect::DecisionBinding => {
                ("la décision parle d'un autre enregistrement", "the decision speaks of another record")
            }
            Defect::Decision => ("la décision ne se lit pas", "the decision does not read"),
            Defect::Verdict => {
                ("un tel enregistrement ne peut pas avoir ce verdict", "such a record cannot get this verdict")
            }
            Defect::ReceivedAt => ("l'ordre de réception est rompu", "the order of receipt is broken"),
            Defect::Duplicate => {
                ("ce n'est pas le doublon qui est dit", "this is not the duplicate that it is said to be")
            }
            Defect::Record => ("l'enregistrement ne se lit pas", "the record does not read"),
            Defect::Payload => (
                "le contenu ne suit pas son schéma, sans objection",
                "the payload does not fit its schema, and nobody objected",
            ),
            Defect::Answer => (
                "la réponse gardée parle d'un autre enregistrement",
                "the answer that is kept speaks of another record",
            ),
            Defect::KnownHead => (
                "une empreinte notée ailleurs n'est plus dans le journal",
                "a chain that was written down elsewhere is not in the log",
            ),
        };
        language.say(french, english)
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
        let place = &found.place;
        json!({
            "defect": found.defect.as_str(),
            "file": self.files.get(place.file),
            "byte": place.offset,
            "node": place.node.map(|node| node.to_string()),
            "epoch": place.epoch,
            "seq": place.seq,
            "position": place.position,
            "expected": found.expected,
            "found": found.found,
        })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let mut lines = Vec::new();
        match &self.first_break {
            None => lines.push(format!("{}{}", language.say("Intact : ", "Intact: "), held(&self.summary, language))),
            Some(found) => {
                let sentence = found.defect.sentence(language);
                let title = language.say("Rupture", "Break");
                lines.push(format!("{title} {} : {sentence}.", found.defect.as_str()));
                if language == Language::English {
                    lines[0] = lines[0].replacen(" : ", ": ", 1);
                }
                lines.push(format!("  {}", place(&found.place, &self.files, language)));
                lines.push(format!("  {} {}", language.say("attendu", "expected"), found.expected));
                lines.push(format!("  {} {}", language.say("trouvé ", "found   "), found.found));
                lines.push(format!(
                    "  {}{}",
                    language.say("Lu en tout : ", "Read in all: "),
                    held(&self.summary, language)
                ));
            }
        }
        lines.extend(heads(&self.summary, language));
        lines.extend(notes(&self.summary, language));
        lines.join("\n")
    }
}

fn held(summary: &Summary, language: Language) -> String {
    let (records, decisions) = (grouped(summary.records, language), grouped(summary.decisions, language));
    language.say(
        format!("{records} enregistrements, {decisions} décisions."),
        format!("{records} records, {decisions} decisions."),
    )
}

fn place(place: &FindingLocation, files: &[String], language: Language) -> String {
    let node = place.node.map(|node| format!("{} {node}", language.say("nœud", "node")));
    let epoch = place.epoch.map(|epoch| format!("{} {epoch}", language.say("époque", "epoch")));
    let seq = place.seq.map(|seq| format!("seq {seq}"));
    let position = place.position.map(|position| format!("position {position}"));
    let byte = format!("{} {}", language.say("octet", "byte"), place.offset);
    let file = files.get(place.file).filter(|_| files.len() > 1).cloned();
    [position, node, epoch, seq, Some(byte), file].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn heads(summary: &Summary, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(position), Some(chain)) = (summary.position, &summary.decision_chain) {
        let title = language.say("chaîne des décisions", "decision chain");
        lines.push(format!("  position {}, {title} {chain}", grouped(position, language)));
    }
    let title = language.say(("nœud", "époque"), ("node", "epoch"));
    lines.extend(summary.heads.iter().map(|head| {
        format!(
            "  {} {}, {} {}, seq {}, {}",
            title.0,
            head.node,
            title.1,
            head.epoch,
            grouped(head.seq, language),
            head.chain
        )
    }));
    lines
}

fn notes(summary: &Summary, language: Language) -> Vec<String> {
    let notes = &summary.notes;
    let note = |count: u64, french: &str, english: &str| {
        (count > 0).then(|| format!("  {} : {}", grouped(count, language), language.say(french, english)))
    };
    let lines = [
        note(
            notes.unlinked_beginnings,
            "débuts de journaux avant ces fichiers, donc non reliés ; donnez aussi la partie précédente",
            "logs that begin before these files, so not linked; give the earlier part too",
        ),
        note(
            notes.unknown_previous_heads,
            "époques dont la fin de la précédente est hors de ces fichiers",
            "epochs whose previous head lies outside these files",
        ),
        note(
            notes.unknown_originals,
            "doublons dont l'original est avant ces fichiers",
            "duplicates whose original is before these files",
        ),
        note(
            notes.unknown_schemas,
            "contenus dont ce programme n'a pas le schéma",
            "payloads whose schema this program does not have",
        ),
    ];
    lines.into_iter().flatten().collect()
}

impl Comparison {
    /// For programs. The keys never change their meaning.
    pub fn to_json(&self) -> Value {
        json!({ "agree": !self.contradicts(), "comparison": self })
    }

    /// For people, without a line end after the last.
    pub fn to_text(&self, language: Language) -> String {
        let same = grouped(self.same, language);
        let answers = grouped(self.same_answers, language);
        let title = match self.contradicts() {
            false => language.say("D'accord", "They agree"),
            true => language.say("Contradiction", "They contradict each other"),
        };
        let mut lines = vec![language.say(
            format!("{title} : {same} enregistrements identiques, {answers} décisions identiques."),
            format!("{title}: {same} records the same, {answers} decisions the same."),
        )];
        if let Some(found) = &self.difference {
            lines.push(language.say(
                format!(
                    "  Premier enregistrement différent : époque {}, seq {}, position {}",
                    found.epoch, found.seq, found.position
                ),
                format!(
                    "  First record that differs: epoch {}, seq {}, position {}",
                    found.epoch, found.seq, found.position
                ),
            ));
            lines.push(format!("    {} {}", language.say("nœud   ", "node   "), found.node_chain));
            lines.push(format!("    central {}", found.central_chain));
        }
        if let Some(found) = &self.answer_difference {
            lines.push(language.say(
                format!("  Première décision gardée autrement : époque {}, seq {}", found.epoch, found.seq),
                format!("  First decision that is kept otherwise: epoch {}, seq {}", found.epoch, found.seq),
            ));
            lines.push(format!("    {} {}", language.say("nœud   ", "node   "), found.node));
            lines.push(format!("    central {}", found.central));
        }
        lines.extend(self.restores.iter().map(|restore| restore_text(restore, language)));
        lines.extend(self.alone.iter().map(|alone| alone_text(alone, language)));
        lines.join("\n")
    }
}

fn restore_text(restore: &Restore, language: Language) -> String {
    let Restore { position, head, at, reason, moved, told_below_head, first } = restore;
    let (position, head) = (grouped(*position, language), grouped(*head, language));
    let (moved, below) = (grouped(*moved, language), grouped(*told_below_head, language));
    let reason = reason.as_ref().map(|reason| format!(", {}", shortened(reason))).unwrap_or_default();
    let mut lines = vec![language.say(
        format!("  Restauration du central inscrite à la position {position}, le {at}, tête {head}{reason} :"),
        format!("  Restore of central recorded at position {position}, {at}, head {head}{reason}:"),
    )];
    lines.push(language.say(
        format!("    {moved} décisions ont été inscrites de nouveau, identiques, à une autre position"),
        format!("    {moved} decisions were stored again, the same, at another position"),
    ));
    lines.push(language.say(
        format!(
            "    la première : époque {}, seq {} : {} au nœud, {} au central",
            first.epoch, first.seq, first.node, first.central
        ),
        format!(
            "    the first: epoch {}, seq {}: {} at the node, {} at central",
            first.epoch, first.seq, first.node, first.central
        ),
    ));
    if *told_below_head > 0 {
        lines.push(language.say(
            format!("    dont {below} annoncées à la position {head} ou avant : le central avait écrit avant d'inscrire la restauration"),
            format!("    {below} of them were told at position {head} or below: central had written before the restore was recorded"),
        ));
    }
    lines.join("\n")
}

fn alone_text(alone: &UnmatchedRecords, language: Language) -> String {
    let why = match alone.why {
        UnmatchedReason::Waiting => {
            language.say("au nœud seul, en attente d'envoi", "at the node alone, waiting to be sent")
        }
        UnmatchedReason::SealedAgain => language.say(
            "au nœud seul, scellés de nouveau dans une époque suivante",
            "at the node alone, sealed again in a later epoch",
        ),
        UnmatchedReason::BeforeTheFile => {
            language.say("au nœud, avant le début du fichier de central", "at the node, before central's file begins")
        }
        UnmatchedReason::Missing => {
            language.say("au nœud seul : ils manquent à central", "at the node alone: central is short of them")
        }
        UnmatchedReason::Lost => language.say(
            "à central seul : le journal du nœud a été raccourci",
            "at central alone: the node's log was shortened",
        ),
    };
    let epoch = language.say("époque", "epoch");
    format!(
        "  {epoch} {}, seq {} .. {}: {why}",
        alone.epoch,
        grouped(alone.from, language),
        grouped(alone.to, language)
    )
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
        let position = grouped(self.position, language);
        let mut lines = vec![language.say(
            format!("Différence à la position {position} : événement {}", self.event),
            format!("Difference at position {position}: event {}", self.event),
        )];
        if let (Some(action), Some(entity)) = (&self.action, &self.entity) {
            lines.push(format!("  {action}, {entity}"));
        }
        let (node, epoch) = language.say(("nœud", "époque"), ("node", "epoch"));
        lines.push(format!("  {node} {}, {epoch} {}, seq {}", self.node, self.epoch, grouped(self.seq, language)));
        for found in &self.fields {
            lines.push(format!("  {}", found.field));
            lines.push(format!("    {} {}", language.say("enregistré", "stored       "), shortened(&found.stored)));
            lines.push(format!("    {} {}", language.say("redécidé  ", "decided again"), shortened(&found.decided)));
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
        let (records, different) = (grouped(self.records, language), grouped(self.different, language));
        let title = match (self.redecided, self.different) {
            (true, 0) => language.say(
                format!("Aucune différence : {records} enregistrements redécidés comme ils l'avaient été."),
                format!("No difference: {records} records decided again as they had been."),
            ),
            (true, _) => language.say(
                format!("Différences : {different} décisions sur {records} ne sont pas celles des règles."),
                format!("Differences: {different} of {records} decisions are not what the rules say."),
            ),
            (false, 0) => language.say(
                format!("Rejoué : {records} enregistrements, tels qu'ils ont été décidés."),
                format!("Replayed: {records} records, as they were decided."),
            ),
            (false, _) => language.say(
                format!(
                    "Illisibles : {different} enregistrements sur {records} ont pris effet et ne se lisent pas ici."
                ),
                format!("Unread: {different} of {records} records took effect and do not read here."),
            ),
        };
        let mut lines = vec![title];
        if self.by_other_rules > 0 {
            let count = grouped(self.by_other_rules, language);
            lines.push(language.say(
                format!("  {count} décisions ont été prises par une autre version des règles"),
                format!("  {count} decisions were made by another version of the rules"),
            ));
        }
        if self.promised > 0 {
            let count = grouped(self.promised, language);
            lines.push(language.say(
                format!("  {count} décisions sont telles que le central les avait annoncées avant sa restauration"),
                format!("  {count} decisions are as central had told them before it was put back"),
            ));
        }
        let chain = language.say("chaîne des décisions", "decision chain");
        lines.push(format!("  position {}, {chain} {}", grouped(self.position, language), self.decision_chain));
        let verdicts = self.verdicts.iter().map(|(verdict, count)| format!("{} {verdict}", grouped(*count, language)));
        lines.push(format!("  {}", verdicts.collect::<Vec<_>>().join(", ")));
        let rows = language.say("lignes", "rows");
        lines.extend(self.models.iter().map(|model| {
            format!("  {:<11} {:>9} {rows}  {}", model.model, grouped(model.rows, language), model.digest)
        }));
        let title = language.say("Empreinte de l'ensemble", "Digest of all");
        lines.push(language.say(format!("{title} : {}", self.digest), format!("{title}: {}", self.digest)));
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
    let separator = language.say('\u{202f}', ',');
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
