//! The bundles among the golden vectors verify in every later version.

use std::path::Path;

use comptoir_audit::{Level, Options, compare, verify};
use serde_json::Value;

fn bundle(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto-schemas/vectors").join(name);
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    hex::decode(vector["bundle"].as_str().unwrap()).unwrap()
}

#[test]
fn the_vectors_are_intact_and_agree() {
    let (node, central) = (bundle("bundle-node.json"), bundle("bundle-central.json"));
    for bundle in [&node, &central] {
        let report = verify(&[bundle], &Options::from(Level::Content), &mut |_| ()).unwrap();
        assert_eq!((report.first_break, report.summary.records), (None, 2));
    }
    let found = compare(&node, &central).unwrap();
    assert!(!found.contradicts());
    assert_eq!((found.same, found.same_answers), (2, 1));
}
