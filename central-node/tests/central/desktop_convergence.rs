//! D5: whatever the document's own code has written into a desktop's table, after the next `down` its rows are central's.

use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::conflicts::ask;
use crate::literal_desktop::{Fate, Habits, Key, LiteralDesktop, TestClock, UserChoice, key, list, server_rows, text};

/// Two desktops that hold the pupil `s` since a minute; B's edit of it is or will be in conflict with A's.
struct Classroom<'a> {
    company: &'a TestTenant<'a>,
    clock: TestClock,
    pupil: Key,
    a: LiteralDesktop<'a>,
    b: LiteralDesktop<'a>,
}

impl<'a> Classroom<'a> {
    async fn new(company: &'a TestTenant<'a>, clock: &TestClock) -> Classroom<'a> {
        let pupil = key("STUDENT", "s");
        let mut a = LiteralDesktop::new(company, clock, "a", Habits::default());
        let mut b = LiteralDesktop::new(company, clock, "b", Habits::default());
        a.edit("CREATE", &pupil, json!({ "a": 1, "b": 1 }));
        a.up(Fate::Answered).await;
        b.down_all(100).await;
        clock.pass(20);
        Classroom { company, clock: clock.clone(), pupil, a, b }
    }

    async fn a_does(&mut self, operation: &str, fields: Value) {
        self.clock.pass(20);
        self.a.edit(operation, &self.pupil, fields);
        let answer = self.a.up(Fate::Answered).await;
        assert_eq!(list(&answer["acknowledged"]).len(), 1, "{answer}");
        self.clock.pass(20);
    }

    /// B edits, and sends it.
    async fn b_edits(&mut self, operation: &str, fields: Value) -> String {
        let id = self.b.edit(operation, &self.pupil, fields);
        self.clock.pass(20);
        self.b.up(Fate::Answered).await;
        self.clock.pass(20);
        id
    }

    async fn b_chooses(&mut self, event: &str, choice: UserChoice) {
        self.b.resolve(event, choice, Fate::Answered).await.assert_ok();
        self.clock.pass(20);
    }

    async fn assert_equal(&mut self, case: &str) {
        self.b.down_all(100).await;
        self.a.down_all(100).await;
        let server = server_rows(self.company).await;
        assert_eq!(self.b.fields(), server, "{case}: B");
        assert_eq!(self.a.fields(), server, "{case}: A");
        self.clock.pass(20);
        assert_eq!(self.b.down_all(100).await + self.a.down_all(100).await, 0, "{case}: nothing comes twice");
    }
}

/// R1: the conflict showed an older version than what came down since.
#[tokio::test]
async fn data_of_a_conflict_that_are_older_than_the_row_do_not_stay() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for choice in [UserChoice::Accept, UserChoice::Reject] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock).await;
        room.a_does("UPDATE", json!({ "a": 6 })).await;
        let edit = room.b_edits("UPDATE", json!({ "a": 99 })).await;
        room.a_does("UPDATE", json!({ "a": 8, "b": 8 })).await;
        // The second time central knows that it arrived: a choice that overwrites needs that.
        room.b.down_all(100).await;
        room.b.down_all(100).await;
        room.b_chooses(&edit, choice).await;
        room.assert_equal(&format!("R1 {choice:?}")).await;
    }
}

/// R2, R3b and R3c: the user deleted or edited the row. The choice comes before the next `down`, after it, or the `down` came
/// before the edit was sent.
#[tokio::test]
async fn a_row_that_a_desktop_changed_in_vain_is_central_s_after_the_choice() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for (operation, fields) in [("DELETE", json!({})), ("UPDATE", json!({ "b": 99, "own": true }))] {
        for down in ["never", "before the up", "before the choice"] {
            for choice in [UserChoice::Accept, UserChoice::Reject] {
                let case = format!("{operation}, down {down}, {choice:?}");
                let company = scene.company().await;
                let mut room = Classroom::new(&company, &clock).await;
                let edit = room.b.edit(operation, &room.pupil.clone(), fields.clone());
                room.a_does("UPDATE", json!({ "a": 6 })).await;
                if down == "before the up" {
                    room.b.down_all(100).await;
                }
                let answer = room.b.up(Fate::Answered).await;
                assert_eq!(list(&answer["conflicts"]).len(), 1, "{case}: {answer}");
                if down == "before the choice" {
                    room.b.down_all(100).await;
                }
                room.b_chooses(&edit, choice).await;
                room.assert_equal(&case).await;
            }
        }
    }
}

/// R4b: the other's deletion came down, and then the user kept the local version.
#[tokio::test]
async fn a_row_that_a_choice_restores_after_its_deletion_came_down_is_there_again() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for down_first in [false, true] {
        for choice in [UserChoice::Accept, UserChoice::Reject] {
            let company = scene.company().await;
            let mut room = Classroom::new(&company, &clock).await;
            let edit = room.b.edit("UPDATE", &room.pupil.clone(), json!({ "a": 99 }));
            room.a_does("DELETE", json!({})).await;
            if down_first {
                room.b.down_all(100).await;
            }
            let answer = room.b.up(Fate::Answered).await;
            assert_eq!(answer["conflicts"][0]["code"], "ENTITY_DELETED", "{answer}");
            room.b_chooses(&edit, choice).await;
            room.assert_equal(&format!("R4b down first: {down_first}, {choice:?}")).await;
        }
    }
}

/// R6: an edit waits in the outbox while an older state is written over it. It is then acknowledged.
#[tokio::test]
async fn an_edit_that_a_row_was_written_over_shows_again_once_it_is_acknowledged() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for (writes_answers, choice) in
        [(false, UserChoice::Accept), (false, UserChoice::Reject), (true, UserChoice::Reject)]
    {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock).await;
        room.b.habits.writes_answers = writes_answers;
        room.a_does("UPDATE", json!({ "a": 6 })).await;
        let first = room.b_edits("UPDATE", json!({ "a": 99 })).await;
        if choice == UserChoice::Accept {
            // The server's row, which the next edit is made on.
            room.b.down_all(100).await;
            clock.pass(20);
            room.b.edit("UPDATE", &room.pupil.clone(), json!({ "b": 7 }));
            clock.pass(20);
            // `update` with the conflict's data writes over it.
            room.b_chooses(&first, choice).await;
        } else {
            room.b_chooses(&first, choice).await;
            room.b.edit("UPDATE", &room.pupil.clone(), json!({ "a": 7 }));
            clock.pass(20);
            // The page with the own choice writes over it.
            room.b.down_all(100).await;
        }
        clock.pass(20);
        let answer = room.b.up(Fate::Answered).await;
        assert_eq!(list(&answer["acknowledged"]).len(), 1, "{choice:?} {answer}");
        room.assert_equal(&format!("R6 {choice:?}")).await;
        let (field, value) = if choice == UserChoice::Accept { ("b", json!(7)) } else { ("a", json!(7)) };
        assert_eq!(room.b.rows[&room.pupil][field], value, "{choice:?}");
    }
}

/// The desktop created the pupil and never pulled since. Another deleted it, and head office kept a third one's edit.
#[tokio::test]
async fn a_row_that_a_choice_created_again_replaces_the_one_of_its_first_creator() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock).await;
    let mut c = LiteralDesktop::new(&company, &clock, "c", Habits::default());
    c.down_all(100).await;
    let edit = c.edit("UPDATE", &room.pupil, json!({ "a": 7 }));
    room.b_edits("DELETE", json!({})).await;
    c.up(Fate::Answered).await;
    c.resolve(&edit, UserChoice::Reject, Fate::Answered).await.assert_ok();
    room.assert_equal("created again").await;
}

/// The answer to the choice was lost, and the row came down. The user chooses again, and the document's code writes the data
/// of the conflict over it.
#[tokio::test]
async fn a_repeated_choice_leaves_no_old_data() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock).await;
    room.a_does("UPDATE", json!({ "a": 6 })).await;
    let edit = room.b_edits("UPDATE", json!({ "a": 99 })).await;
    room.a_does("UPDATE", json!({ "a": 8 })).await;
    room.b.resolve(&edit, UserChoice::Accept, Fate::AnswerLost).await.assert_ok();
    // Central knows that the row was received after the choice.
    room.b.down_all(100).await;
    room.b.down_all(100).await;
    room.b_chooses(&edit, UserChoice::Accept).await;
    assert_eq!(room.b.rows[&room.pupil]["a"], 6, "the document's code");
    // What is made from that is not based on the row that had come down.
    room.b.edit("UPDATE", &room.pupil.clone(), json!({ "b": 5 }));
    let answer = room.b.up(Fate::Answered).await;
    let second = text(&answer["conflicts"][0]["outboxEventId"]).to_owned();
    assert!(room.b.down_all(100).await > 0);
    assert_eq!(room.b.rows[&room.pupil]["a"], 8);
    room.b_chooses(&second, UserChoice::Accept).await;
    room.assert_equal("repeated").await;
}

/// An edit that nothing was written over does not come back.
#[tokio::test]
async fn an_acknowledged_edit_of_a_shared_row_is_not_sent_back() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock).await;
    room.b_edits("UPDATE", json!({ "a": 99 })).await;
    assert_eq!(room.b.down_all(100).await, 0);
    room.assert_equal("own edit").await;
}

/// Head office decides, and the desktop has not asked for it.
#[tokio::test]
async fn a_desktop_receives_the_row_after_somebody_else_s_choice() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for choice in ["server", "local"] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock).await;
        room.a_does("UPDATE", json!({ "a": 6 })).await;
        let edit = room.b_edits("UPDATE", json!({ "a": 99, "own": true })).await;
        room.b.down_all(100).await;
        let path = format!("/api/v1/conflicts/{edit}");
        let conflict = company.get(&path).await.assert_ok();
        let to = format!("{path}/resolve");
        let body = json!({ "choice": choice });
        ask(&scene, &company.token, ("POST", &to), conflict["etag"].as_str(), &body).await.assert_ok();
        room.assert_equal(choice).await;
    }
}

/// The rows count towards the page's size, and come again if the answer is lost.
#[tokio::test]
async fn rows_that_are_due_again_come_page_by_page_and_survive_a_lost_answer() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut a = LiteralDesktop::new(&company, &clock, "a", Habits::default());
    let mut b = LiteralDesktop::new(&company, &clock, "b", Habits::default());
    let pupils: Vec<Key> = (0..7).map(|number| key("STUDENT", &format!("s-{number}"))).collect();
    pupils.iter().for_each(|pupil| drop(a.edit("CREATE", pupil, json!({ "a": 1 }))));
    a.up(Fate::Answered).await;
    b.down_all(100).await;
    clock.pass(20);
    let edits: Vec<String> = pupils.iter().map(|pupil| b.edit("UPDATE", pupil, json!({ "a": 2 }))).collect();
    pupils.iter().for_each(|pupil| drop(a.edit("UPDATE", pupil, json!({ "a": 3 }))));
    clock.pass(20);
    a.up(Fate::Answered).await;
    b.up(Fate::Answered).await;
    b.down_all(100).await;
    for edit in &edits {
        clock.pass(1);
        b.resolve(edit, UserChoice::Accept, Fate::Answered).await.assert_ok();
    }
    pupils.iter().for_each(|pupil| drop(b.rows.get_mut(pupil).expect("a row").insert("a".to_owned(), json!("stale"))));
    let lost = b.down(3, Fate::AnswerLost).await;
    let mut sizes = Vec::new();
    loop {
        let page = b.down(3, Fate::Answered).await;
        let words: Vec<&str> = list(&page["changes"]).iter().map(|change| text(&change["operation"])).collect();
        assert!(words.chunks(2).all(|two| two == ["DELETE", "CREATE"]), "{page}");
        sizes.push(words.len() / 2);
        if sizes.len() == 1 {
            assert_eq!(page, lost, "the same page again");
        }
        if page["hasMore"] == json!(false) {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(b.fields(), server_rows(&company).await);
    b.down_all(100).await;
    assert_eq!(company.count("select count(*) from device_resend where tenant_id = $1").await, 0, "confirmed");
}

/// A conflict about an entity that nobody had created: the server's version is that there is none.
#[tokio::test]
async fn a_row_that_only_the_desktop_has_is_deleted_by_accepting_the_server_s_version() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock).await;
    let unknown = key("STUDENT", "unknown");
    room.b.rows.insert(unknown.clone(), json!({ "a": 0 }).as_object().expect("fields").clone());
    let edit = room.b.edit("UPDATE", &unknown, json!({ "a": 1 }));
    let answer = room.b.up(Fate::Answered).await;
    assert_eq!(answer["conflicts"][0]["code"], "UNKNOWN_ENTITY", "{answer}");
    room.b_chooses(&edit, UserChoice::Accept).await;
    room.assert_equal("unknown").await;
}

/// D6: a row of another desktop came down over one of the same id that was still in the outbox. At the acknowledgement the
/// document's code gives the new id to the row that it holds, the other's.
#[tokio::test]
async fn a_row_that_took_the_place_of_an_unsent_one_of_its_id_does_not_keep_the_other_s_new_id() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for edits_before_down in [false, true] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock).await;
        room.a_does("DELETE", json!({})).await;
        room.b.down_all(100).await;
        clock.pass(20);
        room.b.edit("CREATE", &room.pupil.clone(), json!({ "a": "B's" }));
        room.a_does("CREATE", json!({ "a": "A's" })).await;
        room.b.down_all(100).await;
        clock.pass(20);
        let answer = room.b.up(Fate::Answered).await;
        let given = text(&answer["acknowledged"][0]["entityId"]).to_owned();
        assert_ne!(given, room.pupil.1, "{answer}");
        clock.pass(20);
        if edits_before_down {
            // The edit waits while the row comes down once more.
            room.b.edit("UPDATE", &key("STUDENT", &given), json!({ "b": 2 }));
            room.b.down_all(100).await;
            clock.pass(20);
            room.b.up(Fate::Answered).await;
            clock.pass(20);
        }
        room.assert_equal(&format!("D6 {edits_before_down}")).await;
    }
}
