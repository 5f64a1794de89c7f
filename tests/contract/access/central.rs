//! Every caller asks central for every operation, about each place.

use comptoir_central::CentralConfig;
use comptoir_central::certificates::Authority;
use comptoir_test_support::{TestCentral, temp_folder};
use comptoir_tests::contract::Reply;
use futures_util::future::join_all;

use super::answer::{Names, code, shown, text, word};
use super::callers::{Caller, callers};
use super::places::{FOREIGN, OTHER, OWN, Place, place};
use super::request::{Operation, operations};
use super::table::Row;

pub(super) async fn rows() -> Vec<Row> {
    let folder = temp_folder();
    let config = TestCentral::config(folder.path());
    let now = config.clock.now();
    Authority::create(&CentralConfig::ca_folder_in(folder.path()), "Test", now).expect("an authority");
    let server = TestCentral::start(config, folder).await;
    let (company, others) = (server.tenant("Épicerie").await, server.tenant("Another").await);
    let places = [place(&company, OWN).await, place(&company, OTHER).await, place(&others, FOREIGN).await];
    let callers = callers(&company, &places[0], &places[1]).await;
    let operations = operations(&callers[0].endpoint).await;
    assert!(operations.len() > 70, "{}", operations.len());
    let mut rows = Vec::new();
    // What is written is not read by others: a caller may give an entity of its own any id.
    for operation in operations.iter().filter(|one| one.reads()).chain(operations.iter().filter(|one| !one.reads())) {
        let is_of_devices = operation.names() == Names::ByDevice;
        let callers: Vec<&Caller> = callers.iter().filter(|one| is_of_devices || !one.is_about_devices).collect();
        let answers = join_all(callers.iter().map(|caller| answers(operation, caller, &places))).await;
        let row = |(caller, answers): (&Caller, _)| Row { operation: operation.name(), caller: caller.name, answers };
        rows.extend(callers.into_iter().zip(answers).map(row));
    }
    rows.sort_by(|one, other| one.operation.split(' ').rev().cmp(other.operation.split(' ').rev()));
    rows
}

/// What a caller gets about each place.
async fn answers(operation: &Operation, caller: &Caller, places: &[Place; 3]) -> [&'static str; 3] {
    if operation.names() == Names::Nothing {
        return answer_about_all(operation, caller, places).await;
    }
    // A program acts for its node or for central, wherever a header may point.
    let points = caller.is_person || !operation.records();
    let mut answers = ["-"; 3];
    for (answer, place) in answers.iter_mut().zip(places) {
        let is_asked = place.name != FOREIGN || operation.can_name_a_tenant();
        if place.name == OWN || points && is_asked {
            *answer = answer_about(operation, caller, place, &places[2]).await;
        }
    }
    answers
}

/// One answer that names no place shows what the caller sees of each.
async fn answer_about_all(operation: &Operation, caller: &Caller, places: &[Place; 3]) -> [&'static str; 3] {
    let [own, other, foreign] = places;
    let reply = operation.about(own, caller, false).send(&caller.endpoint).await;
    let said = word(&reply, operation.reads(), Names::Nothing, own);
    if said != "allowed" || !operation.reads() {
        return [said, "-", "-"];
    }
    assert_nothing_foreign(operation, &reply, own, foreign);
    let text = text(&reply);
    let of_own = shown(&text, own);
    let of = |place| shown(&text, place).unwrap_or(if of_own.is_some() { "nothing" } else { "-" });
    [of_own.unwrap_or("allowed"), of(other), of(foreign)]
}

async fn answer_about(operation: &Operation, caller: &Caller, place: &Place, foreign: &Place) -> &'static str {
    let request = operation.about(place, caller, false);
    let reply = request.send(&caller.endpoint).await;
    let names = operation.names();
    let said = word(&reply, operation.reads(), names, place);
    assert_nothing_foreign(operation, &reply, place, foreign);
    if let Some(request) = request.without_site() {
        let reply = request.send(&caller.endpoint).await;
        assert_nothing_foreign(operation, &reply, place, foreign);
        // Who is refused a site must not see it without asking.
        let alone = word(&reply, operation.reads(), names, place);
        if place.name != OWN && matches!(alone, "allowed" | "shared") {
            return alone;
        }
    }
    if place.name == FOREIGN && names == Names::BySite && reply.status >= 400 && said == "allowed" {
        return "refused";
    }
    let reached = place.name == FOREIGN && matches!(said, "allowed" | "shared");
    if reached && matches!(names, Names::BySiteId | Names::BySharedId) {
        // Ids are a tenant's own: of another tenant's the server must know as little as of one that nobody has.
        let unknown = operation.about(place, caller, true).send(&caller.endpoint).await;
        if outcome(&unknown) == outcome(&reply) {
            return "unknown";
        }
    }
    said
}

/// What a caller learns. Whether a file is new in the own tenant (201 or 200) says nothing of another.
fn outcome(reply: &Reply) -> (u16, String) {
    let is_done = (200..300).contains(&reply.status);
    (if is_done { 200 } else { reply.status }, code(reply))
}

/// Nothing that another tenant has is in any answer about one's own.
fn assert_nothing_foreign(operation: &Operation, reply: &Reply, place: &Place, foreign: &Place) {
    let text = text(reply);
    let shows = text.contains(&foreign.bound("")) || text.contains(&foreign.shared(""));
    // A refusal repeats what was asked for, and so does the answer to a write.
    let repeats = place.name == FOREIGN && (reply.status >= 300 || !operation.reads());
    assert!(!shows || repeats, "{}: {text}", operation.name());
}
