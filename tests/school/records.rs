//! Pupils and students from real data sets, and the edits of a registrar and a teacher during a term.

use std::collections::BTreeMap;
use std::fs::File;

use comptoir_tests::known_good::data_path;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::model::{Edit, Fields, Model};

pub(crate) type Key = (String, String);

/// The edits of one desktop in one round.
pub(crate) type Edits = BTreeMap<Key, Vec<Edit>>;

/// 383 students of a course (`STUDENT`) and 395 pupils of two schools (`PUPIL`).
pub(crate) fn load() -> Vec<(Key, Fields)> {
    let students = table("oulad-2013/studentInfo-AAA-2013J.csv.gz", b',').into_iter().map(|fields| {
        let id = fields["id_student"].as_str().expect("an id").to_owned();
        (("STUDENT".to_owned(), id), fields)
    });
    let pupils = table("uci-student/student-mat.csv.gz", b';').into_iter().enumerate();
    let pupils = pupils.map(|(number, fields)| (("PUPIL".to_owned(), format!("{:03}", number + 1)), fields));
    let records: Vec<_> = students.chain(pupils).collect();
    assert_eq!(records.len(), 383 + 395, "the files are whole");
    records
}

fn table(file: &str, delimiter: u8) -> Vec<Fields> {
    let file = File::open(data_path(file)).expect("a file of the repository");
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(GzDecoder::new(file));
    let names = reader.headers().expect("a header line").clone();
    let row = |row: csv::StringRecord| names.iter().zip(&row).map(|(n, v)| (n.to_owned(), Value::from(v))).collect();
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// The registrar maintains addresses and absences, deletes leavers in the second round, and enrols late arrivals.
pub(crate) fn registrar(round: usize, now: &Model, late: &[(Key, Fields)]) -> Edits {
    let mut edits = Edits::new();
    for key in now.keys().filter(|key| takes("office", round, key) < 64) {
        let withdrawn = now.get(key).is_some_and(|fields| fields.get("final_result") == Some(&"Withdrawn".into()));
        let edit = match round == 2 && withdrawn {
            true => Edit::Delete,
            false => update([("absences", format!("{}", 4 * round)), ("remark", format!("registrar, round {round}"))]),
        };
        let mut made = vec![edit];
        if takes("office again", round, key) < 64 && !matches!(made[0], Edit::Delete) {
            made.push(update([("address", format!("{round} rue de l'École"))]));
        }
        edits.insert(key.clone(), made);
    }
    edits.extend(enrolled(round, &late[..8], "registrar"));
    edits
}

/// The teacher gives marks, those of the data sets where present, and enrols late arrivals.
pub(crate) fn teacher(round: usize, now: &Model, late: &[(Key, Fields)]) -> Edits {
    let mut edits = Edits::new();
    for key in now.keys().filter(|key| takes("teacher", round, key) < 64) {
        let period = format!("G{round}");
        let mark = now.get(key).and_then(|fields| fields.get(&period)?.as_str()).unwrap_or("10").to_owned();
        let mut made = vec![update([(period.as_str(), format!("{mark}/20"))])];
        if takes("teacher again", round, key) < 128 {
            made.push(update([("remark", format!("teacher, round {round}"))]));
        }
        edits.insert(key.clone(), made);
    }
    edits.extend(enrolled(round, &late[4..], "teacher"));
    edits
}

/// Late arrivals come in the first round. Both sides enrol four of them.
fn enrolled(round: usize, late: &[(Key, Fields)], by: &str) -> Edits {
    let with_remark = |fields: &Fields| {
        let mut fields = fields.clone();
        fields.insert("remark".to_owned(), format!("enrolled by the {by}").into());
        vec![Edit::Create(fields)]
    };
    let late = late.iter().filter(|_| round == 1);
    late.map(|(key, fields)| (key.clone(), with_remark(fields))).collect()
}

fn update<const N: usize>(fields: [(&str, String); N]) -> Edit {
    Edit::Update(fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// A number from 0 to 255 that is the same in every run. It selects who edits which record when.
fn takes(who: &str, round: usize, key: &Key) -> u8 {
    blake3::hash(format!("{who}/{round}/{}/{}", key.0, key.1).as_bytes()).as_bytes()[0]
}
