use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes;
use serde_json::Value;

/// An auditor replays central's exported log offline: the rules give every decision that central made. Returns the replay's
/// report.
pub(crate) fn assert_decided_again(company: &RunningTenant) -> Value {
    let bundle = company.path("decided-again").with_extension("bundle");
    let bundle = bundle.to_str().unwrap();
    let export = ["events", "export", "--url", &company.central.url, "--token", &company.token, "--out", bundle];
    let must = |args: &[&str]| {
        processes::run_comptoir(args, &[]).unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"))
    };
    must(&export);
    let found = must(&["audit", "replay", bundle, "--redecide"]);
    let replay = &found["replay"];
    assert_eq!((&replay["redecided"], &replay["differences"]), (&true.into(), &0.into()), "{found}");
    assert!(replay["records"].as_u64().is_some_and(|records| records > 0), "{found}");
    replay.clone()
}
