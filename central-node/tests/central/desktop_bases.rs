//! What a desktop's edit is based on when its `localVersion` is a clock, and edits made while a conflict is open.

use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::literal_desktop::{Fate, Habits, LiteralDesktop, TestClock, UserChoice, key, list, text};

/// Two desktops that hold the pupil `s` since a minute.
struct Classroom<'a> {
    company: &'a TestTenant<'a>,
    clock: TestClock,
    a: LiteralDesktop<'a>,
    b: LiteralDesktop<'a>,
}

impl<'a> Classroom<'a> {
    async fn new(company: &'a TestTenant<'a>, clock: &TestClock, habits: Habits) -> Classroom<'a> {
        let clock = clock.clone();
        let mut a = LiteralDesktop::new(company, &clock, "a", Habits::default());
        let mut b = LiteralDesktop::new(company, &clock, "b", habits);
        a.edit("CREATE", &key("STUDENT", "s"), json!({ "a": 1, "b": 1 }));
        a.up(Fate::Answered).await;
        b.down_all(100).await;
        let mut classroom = Classroom { company, clock, a, b };
        classroom.pass();
        classroom
    }

    fn pass(&mut self) {
        self.clock.pass(20);
    }

    async fn pupil(&self) -> Value {
        self.company.get("/api/v1/entities/STUDENT/s").await.assert_ok()
    }

    /// A changes the pupil, and central takes it.
    async fn a_changes(&mut self, fields: Value) -> u64 {
        self.a.edit("UPDATE", &key("STUDENT", "s"), fields);
        self.pass();
        let answer = self.a.up(Fate::Answered).await;
        self.pass();
        answer["acknowledged"][0]["serverVersion"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// B sends its outbox; each event's verdict, in the order of the outbox.
    async fn b_sends(&mut self) -> (Vec<&'static str>, Value) {
        let sent: Vec<String> = self.b.outbox.iter().map(|row| row.id.clone()).collect();
        let answer = self.b.up(Fate::Answered).await;
        let is_in = |name: &str, id: &String| list(&answer[name]).iter().any(|one| text(&one["outboxEventId"]) == id);
        let verdict = |id| match (is_in("acknowledged", id), is_in("conflicts", id)) {
            (true, false) => "acknowledged",
            (false, true) => "conflict",
            other => panic!("{other:?} {answer}"),
        };
        let verdicts = sent.iter().map(verdict).collect();
        self.pass();
        (verdicts, answer)
    }
}

const DATED: Habits =
    Habits { names_versions: false, writes_answers: false, sends_date: true, notes_attempts: false, clock_offset: 0 };

/// D1: the edit waits in the outbox while another's change comes down.
#[tokio::test]
async fn an_edit_made_before_a_page_arrived_is_in_conflict_with_what_the_page_brought() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for (operation, payload) in [("UPDATE", json!({ "a": 1, "b": 99 })), ("DELETE", json!({}))] {
        for habits in [
            Habits::default(),
            DATED,
            Habits { clock_offset: 7_200, ..DATED },
            Habits { clock_offset: -7_200, ..DATED },
            Habits { clock_offset: 7_200, ..Habits::default() },
            Habits { clock_offset: 7_200, notes_attempts: true, ..Habits::default() },
            Habits { names_versions: true, ..Habits::default() },
        ] {
            let company = scene.company().await;
            let mut room = Classroom::new(&company, &clock, habits).await;
            room.b.edit(operation, &key("STUDENT", "s"), payload.clone());
            room.pass();
            room.a_changes(json!({ "a": 500, "b": 1 })).await;
            room.b.up(Fate::Lost).await;
            assert_eq!(room.b.down_all(100).await, 1, "{habits:?}");
            room.pass();
            let (verdicts, answer) = room.b_sends().await;
            assert_eq!(verdicts, ["conflict"], "{operation} {habits:?}");
            assert_eq!(answer["conflicts"][0]["code"], "VERSION_CONFLICT");
            assert_eq!(room.pupil().await["fields"], json!({ "a": 500, "b": 1 }), "{operation} {habits:?}");
        }
    }
}

/// D1.
#[tokio::test]
async fn a_chain_of_own_edits_and_an_edit_after_the_page_are_no_conflict() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for habits in [
        Habits::default(),
        DATED,
        Habits { clock_offset: 7_200, ..DATED },
        Habits { clock_offset: -7_200, ..DATED },
        Habits { notes_attempts: true, ..Habits::default() },
        Habits { names_versions: true, clock_offset: 7_200, ..Habits::default() },
    ] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock, habits).await;
        let pupil = key("STUDENT", "s");
        room.b.edit("UPDATE", &pupil, json!({ "b": 2 }));
        room.pass();
        room.b.edit("UPDATE", &pupil, json!({ "b": 3 }));
        // Central takes them, and the answer is lost.
        room.b.up(Fate::AnswerLost).await;
        room.pass();
        room.b.down_all(100).await;
        room.b.edit("UPDATE", &pupil, json!({ "b": 4 }));
        assert_eq!(room.b_sends().await.0, ["acknowledged"; 3], "a chain of its own: {habits:?}");

        room.a.down_all(100).await;
        room.pass();
        room.a_changes(json!({ "a": 500 })).await;
        room.b.down_all(100).await;
        room.pass();
        room.b.edit("UPDATE", &pupil, json!({ "a": 501 }));
        assert_eq!(room.b_sends().await.0, ["acknowledged"], "made after the page: {habits:?}");
        assert_eq!(room.pupil().await["fields"], json!({ "a": 501, "b": 4 }));
    }
}

/// D1: the client never received the page that central sent before the edit.
#[tokio::test]
async fn an_edit_made_after_a_page_that_was_lost_is_not_based_on_it() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock, Habits::default()).await;
    room.a_changes(json!({ "a": 500 })).await;
    room.b.down(100, Fate::AnswerLost).await;
    room.pass();
    room.b.edit("UPDATE", &key("STUDENT", "s"), json!({ "a": 7 }));
    room.pass();
    room.b.down_all(100).await;
    assert_eq!(room.b_sends().await.0, ["conflict"]);
}

/// D1: the client sends its own clock as `lastSyncTimestamp`, which shows nothing about the page that was lost.
#[tokio::test]
async fn a_time_that_central_never_gave_confirms_no_page() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for asks_again in [false, true] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock, Habits::default()).await;
        room.a_changes(json!({ "a": 500 })).await;
        room.b.down(100, Fate::AnswerLost).await;
        room.pass();
        room.b.edit("UPDATE", &key("STUDENT", "s"), json!({ "a": 7 }));
        room.b.since = json!("2099-01-01T00:00:00.000Z");
        if asks_again {
            room.b.down(100, Fate::AnswerLost).await;
        }
        assert_eq!(room.b_sends().await.0, ["conflict"], "asks again: {asks_again}");
        assert_eq!(room.pupil().await["fields"], json!({ "a": 500, "b": 1 }));
    }
}

/// D1: a client that is two hours ahead cannot be distinguished from one whose edit is two hours old.
#[tokio::test]
async fn an_edit_by_an_unknown_clock_has_the_oldest_base() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for habits in [Habits { clock_offset: 7_200, ..Habits::default() }, Habits::default()] {
        let company = scene.company().await;
        let mut room = Classroom::new(&company, &clock, habits).await;
        room.b.edit("UPDATE", &key("STUDENT", "s"), json!({ "a": 7 }));
        // Without an attempt, a `Date` or a fresh edit nothing shows the clock.
        room.clock.pass(3_600);
        assert_eq!(room.b_sends().await.0, ["conflict"], "{habits:?}");
    }
    let company = scene.company().await;
    let habits = Habits { notes_attempts: true, ..Habits::default() };
    let mut room = Classroom::new(&company, &clock, habits).await;
    room.b.edit("UPDATE", &key("STUDENT", "s"), json!({ "a": 7 }));
    room.clock.pass(7_200);
    assert_eq!(room.b_sends().await.0, ["acknowledged"], "the attempt shows a right clock");
}

/// D4.
#[tokio::test]
async fn an_edit_of_the_version_that_a_conflict_shows_is_decided_by_itself() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    for names_versions in [true, false] {
        let company = scene.company().await;
        let habits = Habits { names_versions, ..Habits::default() };
        let mut room = Classroom::new(&company, &clock, habits).await;
        let pupil = key("STUDENT", "s");
        let first = room.b.edit("UPDATE", &pupil, json!({ "a": 7 }));
        let version = room.a_changes(json!({ "a": 500 })).await;
        let stale = room.b.edit("UPDATE", &pupil, json!({ "b": 8 }));
        let (verdicts, answer) = room.b_sends().await;
        assert_eq!(verdicts, ["conflict", "conflict"], "{answer}");
        for conflict in list(&answer["conflicts"]) {
            let reason = text(&conflict["reason"]);
            let numbers: Vec<&str> = reason.split(['(', ')']).skip(1).step_by(2).collect();
            assert_eq!(numbers[1], version.to_string(), "{reason}");
            assert_ne!(numbers[0], numbers[1], "{reason}");
        }
        // The user sees the server's row, and edits that.
        room.b.down_all(100).await;
        room.pass();
        let second = room.b.edit("UPDATE", &pupil, json!({ "b": 99 }));
        let (verdicts, answer) = room.b_sends().await;
        assert_eq!(verdicts, ["acknowledged"], "names versions: {names_versions}: {answer}");

        room.b.resolve(&first, UserChoice::Accept, Fate::Answered).await.assert_ok();
        room.b.resolve(&stale, UserChoice::Accept, Fate::Answered).await.assert_ok();
        let again = json!({ "clientId": "b", "outboxEventId": second, "acceptServerVersion": false });
        company.post("/api/sync/resolve", again).await.assert_problem(404, "NOT_FOUND");
        assert_eq!(room.pupil().await["fields"], json!({ "a": 500, "b": 99 }), "the second edit stays");
    }
}

/// D1, for references: the client's own class got another id, and the other's class came down after the edit.
#[tokio::test]
async fn a_reference_made_before_the_other_s_row_arrived_means_the_client_s_own() {
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let company = scene.company().await;
    let mut room = Classroom::new(&company, &clock, Habits::default()).await;
    let class = key("CLASS", "6A");
    room.a.edit("CREATE", &class, json!({ "name": "A" }));
    room.a.up(Fate::Answered).await;
    room.pass();
    room.b.edit("CREATE", &class, json!({ "name": "B" }));
    let answer = room.b.up(Fate::AnswerLost).await;
    let own = answer["acknowledged"][0]["entityId"].clone();
    assert_ne!(own, json!("6A"));
    room.pass();
    // Made after central assigned the id, and before this client knows of it or of the other's class.
    room.b.edit("CREATE", &key("STUDENT", "t"), json!({ "classId": "6A" }));
    room.b.edit("UPDATE", &class, json!({ "room": "12" }));
    room.pass();
    room.b.up(Fate::Lost).await;
    // A client that renames its own row when the answer comes, and pulls before.
    let row = room.b.rows.remove(&class).expect("its own class");
    room.b.down_all(100).await;
    room.b.rows.insert(key("CLASS", "own"), row);
    room.pass();
    let answer = room.b.up(Fate::AnswerLost).await;
    assert_eq!(answer["conflicts"], json!([]), "{answer}");
    let fields =
        async |path: &str| company.get(&format!("/api/v1/entities/{path}")).await.assert_ok()["fields"].clone();
    assert_eq!(fields("STUDENT/t").await, json!({ "classId": own }));
    assert_eq!(fields("CLASS/6A").await, json!({ "name": "A" }), "the other's class is untouched");
    assert_eq!(fields(&format!("CLASS/{}", text(&own))).await["room"], "12");
}
