use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes::KilledOnDrop;
use comptoir_tests::compiled;
use serde_json::{Value, json};

/// Runs a scenario in its own tenants on a central that other scenarios share.
pub(crate) fn run_client(client: &str, scenario: &str) {
    let company = shared();
    let asks = drive(client, scenario, &setting(&company), |what| {
        panic!("{scenario} shares its central and asks for {what:?}")
    });
    assert_eq!(asks, 0);
}

/// Runs a scenario on its own central, which the scenario may kill and restart.
pub(crate) fn run_with_kills(client: &str, scenario: &str) {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let setting = setting(&company);
    let asks = drive(client, scenario, &setting, |what| match what {
        "kill central" => company.central.kill(),
        "start central" => company.central.start_again(),
        _ => panic!("{scenario} asks for {what:?}"),
    });
    assert!(asks >= 2, "{scenario} had central killed and started");
}

/// Lives as long as a test uses it.
pub(crate) fn shared() -> Arc<RunningTenant> {
    static SHARED: Mutex<Weak<RunningTenant>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let company = Arc::new(RunningTenant::new("Europe/Paris", "EUR"));
        *shared = Arc::downgrade(&company);
        company
    })
}

/// The input of a scenario: its own tenant, a shop's key, and a second tenant.
pub(crate) fn setting(company: &RunningTenant) -> Value {
    let (tenant, token) = company.make_tenant("Europe/Paris", "EUR", None);
    let site = company.admin(&["site", "create", "--tenant", &tenant, "--code", "LYO", "--name", "Lyon"]);
    let site = site["site_id"].as_str().expect("an id");
    let issued = company.admin(&["node", "create", "--tenant", &tenant, "--site", site, "--name", "phones"]);
    let (other, other_token) = company.make_tenant("Europe/Paris", "EUR", None);
    json!({
        "url": company.central.url, "tenant": tenant, "token": token, "site": site, "key": issued["SYNC_API_KEY"],
        "other": { "tenant": other, "token": other_token },
    })
}

/// Runs the client to its end and handles its requests. Returns how many there were.
fn drive(client: &str, scenario: &str, setting: &Value, mut handle: impl FnMut(&str)) -> usize {
    let module = compiled::test_module(&format!("{client}_scenarios"));
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto-schemas/vectors/mobile-checksums.json");
    let mut command = Command::new("node");
    command.arg(module).arg(scenario).arg(setting.to_string()).env("CHECKSUM_VECTORS", vectors);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = KilledOnDrop(command.spawn().expect("node runs: scripts/bootstrap.sh installs it"));
    let mut answers = child.0.stdin.take().expect("stdin is piped");
    let mut errors = child.0.stderr.take().expect("stderr is piped");
    let errors = std::thread::spawn(move || {
        let mut output = String::new();
        errors.read_to_string(&mut output).map(|_| output).unwrap_or_default()
    });
    let (mut asks, mut printed) = (0, String::new());
    for line in BufReader::new(child.0.stdout.take().expect("stdout is piped")).lines() {
        let line = line.expect("the client writes text");
        if let Some(what) = line.strip_prefix("ask: ") {
            asks += 1;
            handle(what);
            answers.write_all(b"done\n").expect("the client waits for it");
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    let status = child.0.wait().expect("a child can be waited for");
    let output = errors.join().expect("its errors were read");
    assert!(status.success(), "{client} {scenario}: {status}\n{printed}{output}");
    assert!(printed.contains(&format!("ok - {scenario}\n")), "{printed}{output}");
    asks
}
