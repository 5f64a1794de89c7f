//! An auditor takes central's log home and decides it again, with no server.

use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes;
use serde_json::Value;

/// What central decided is what the rules decide from its export, record by record. Answers what the replay came to.
pub(crate) fn decided_again(company: &RunningTenant) -> Value {
    let bundle = company.path("decided-again").with_extension("bundle");
    let bundle = bundle.to_str().unwrap();
    let export = ["events", "export", "--url", &company.central.url, "--token", &company.token, "--out", bundle];
    let must = |args: &[&str]| {
        processes::run_comptoir(args, &[]).unwrap_or_else(|(code, words)| panic!("exit {code}: {words}"))
    };
    must(&export);
    let found = must(&["audit", "replay", bundle, "--redecide"]);
    let replay = &found["replay"];
    assert_eq!((&replay["redecided"], &replay["different"]), (&true.into(), &0.into()), "{found}");
    assert!(replay["records"].as_u64().is_some_and(|records| records > 0), "{found}");
    replay.clone()
}
