//! The rulebook in force at central, from pull or bootstrap. The overlay decides pending events by it, and the local API refuses
//! what central would refuse. Until it is known, the overlay uses the defaults and the API refuses nothing.

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::rulebook::{Rule, Rulebook};
use comptoir_core::rules::has_own_actions;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::RulebookInForce;
use comptoir_proto::rulebook_file;

use crate::event_log::{KeyChange, KeySpace, Log, ReadError};

/// The rulebook in force, if central has sent it.
pub(crate) fn read(log: &Log) -> Result<Option<Rulebook>, ReadError> {
    let Some(bytes) = log.get(KeySpace::Rulebook, &[])? else { return Ok(None) };
    let read = std::str::from_utf8(&bytes).map_err(|error| error.to_string()).and_then(rulebook_file::from_payload);
    Ok(read.inspect_err(|error| tracing::error!("The rulebook that central gave does not read: {error}")).ok())
}

/// The change that stores it. An unknown rule is stored too: a later version will read it.
pub(crate) fn change(given: &RulebookInForce) -> KeyChange {
    KeyChange::set(KeySpace::Rulebook, Vec::new(), given.book.to_string().into_bytes())
}

/// Refuses at once what central would refuse hours later: fields of a type that only central writes, or that has no fields.
pub(crate) fn check(log: &Log, draft: &Draft, fact: &Fact) -> Result<(), Problem> {
    if !matches!(fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted) {
        return Ok(());
    }
    let unreadable = |error: ReadError| error.problem();
    let entity_type = &draft.content.entity_type;
    let rule = read(log).map_err(unreadable)?.map(|rulebook| rulebook.rule_for(entity_type));
    let problem = match rule {
        _ if has_own_actions(entity_type) => no_fields(draft),
        Some(Rule::AcceptAssign) => no_fields(draft),
        Some(rule @ (Rule::CentralOnly | Rule::ServerWins)) => {
            let detail = format!("{entity_type} is under the rule {}: only central writes it", rule.as_str());
            Problem::new(ErrorCode::CentralOnly, detail).at("/entity_type")
        }
        _ => return Ok(()),
    };
    // An event sealed before the rules changed is answered as before.
    if log.find(draft.id).map_err(unreadable)?.is_some() { Ok(()) } else { Err(problem) }
}

fn no_fields(draft: &Draft) -> Problem {
    let content = &draft.content;
    let detail = format!("{} does not change by {}: it has actions of its own", content.entity_type, content.action);
    Problem::new(ErrorCode::InvalidPayload, detail).at("/action")
}
