//! Checks central and a node, as real processes, against their own `/openapi.json` with schemathesis: no request causes a
//! server error or an undocumented answer, and each operation succeeds at least once. `COMPTOIR_API_EXAMPLES` sets the number
//! of requests per operation; without it the run is short.

mod devices;
mod seed;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use comptoir_test_support::SealedLog;
use comptoir_test_support::processes::{self, RunningServer};
use comptoir_test_support::temp_folder;
use serde_json::Value;

/// schemathesis waits for the end of an answer, and a stream has none: `local-node` tests it. schemathesis reads the document
/// itself first. Which files the screens have depends on whether they were built: their own tests read them.
const NOT_ASKED: [&str; 9] = [
    "get /api/v1/stream",
    "get /openapi.json",
    "get /assets/{name}",
    "get /driver/",
    "get /driver",
    "get /driver/sw.js",
    "get /driver/manifest.webmanifest",
    "get /office/",
    "get /office",
];

/// These succeed for a browser's page and for the person who is logged in there: `central-node` tests them.
const OF_BROWSERS: [&str; 4] =
    ["get /api/v1/me", "post /api/v1/office/login", "delete /api/v1/office/login", "post /api/v1/office/refresh"];

/// These succeed for a user whom central sent to the node, and the requests here have a local key: `local-node` tests them.
const OF_USERS: [&str; 4] =
    ["post /api/v1/session", "put /api/v1/session/pin", "post /api/v1/session/lock", "post /api/v1/session/unlock"];

/// These succeed with a printer: `local-node` tests them with one.
const PRINT: [&str; 2] = ["post /api/v1/events/{id}/print", "post /api/v1/till/print"];

/// These succeed at a demonstration's node: `cli/tests/demonstration.rs`.
const DEMONSTRATION: [&str; 2] = ["get /api/v1/demo/link", "put /api/v1/demo/link"];

/// Counts of each status, by operation.
type Statuses = BTreeMap<String, BTreeMap<String, u64>>;

struct Held {
    name: &'static str,
    output: Output,
    statuses: Statuses,
}

fn hold(name: &'static str, folder: &Path, known: &Value) -> Held {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let (known_file, statuses) = (folder.join(format!("{name}.known")), folder.join(format!("{name}.statuses")));
    std::fs::write(&known_file, known.to_string()).expect("the folder can be written to");
    // The coverage phase sends one request per limit and takes most of the time.
    let (examples, phases) = match std::env::var("COMPTOIR_API_EXAMPLES") {
        Ok(examples) => (examples, "examples,coverage,fuzzing"),
        Err(_) => ("8".to_owned(), "examples,fuzzing"),
    };
    let mut script = Command::new(here.join("run.sh"));
    script
        .arg(processes::binary().with_file_name("api-venv"))
        .arg(known["url"].as_str().expect("a text"))
        .arg(examples)
        .arg(phases);
    script.env("COMPTOIR_API_KNOWN", known_file).env("COMPTOIR_API_STATUSES", &statuses);
    let output = script.output().expect("the script starts: scripts/bootstrap.sh installs python3 and its venv");
    let statuses = std::fs::read(statuses).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    Held { name, output, statuses }
}

/// The operations of a document, as `get /path`.
async fn operations(url: &str) -> Vec<String> {
    let reply = comptoir_tests::contract::Endpoint::address(url, None).send("GET", "/openapi.json", &[], "").await;
    let document: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let paths = document["paths"].as_object().expect("an object").iter();
    paths
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| format!("{method} {path}"))
        })
        .collect()
}

impl Held {
    /// A description of what failed, if anything did.
    fn complaint(&self, operations: &[String], server: &RunningServer) -> Option<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let printed = format!("{}{}", text(&self.output.stdout), text(&self.output.stderr));
        let did = |operation: &&String| {
            let statuses = self.statuses.get(*operation).into_iter().flatten();
            statuses.into_iter().any(|(status, _)| status.starts_with('2'))
        };
        let is_exempt = |operation: &str| {
            [&NOT_ASKED[..], &OF_USERS, &PRINT, &OF_BROWSERS, &DEMONSTRATION]
                .iter()
                .any(|exempt| exempt.contains(&operation))
        };
        let asked: Vec<&String> = operations.iter().filter(|operation| !is_exempt(operation)).collect();
        let never = asked.iter().filter(|operation| !did(operation));
        let never: Vec<String> =
            never.map(|operation| format!("{operation}: {:?}", self.statuses.get(*operation))).collect();
        let requests: u64 = self.statuses.values().flat_map(BTreeMap::values).sum();
        let did = asked.len() - never.len();
        println!("{}: {requests} requests; {did} of {} operations answered 2xx", self.name, asked.len());
        match (self.output.status.success(), never.is_empty()) {
            (true, true) => None,
            (false, _) => Some(format!("{}: {}\n{printed}\n{}", self.name, self.output.status, server.words())),
            (true, false) => {
                Some(format!("{}: these operations never succeeded:\n{}\n{printed}", self.name, never.join("\n")))
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn central_and_a_node_answer_as_their_openapi_documents_say() {
    let folder = temp_folder();
    let path = folder.path().join("central");
    let central = RunningServer::central(&path);
    let data_dir = path.display().to_string();
    let admin = |args: &[&str]| {
        let args: Vec<&str> = std::iter::once("admin").chain(args.iter().copied()).collect();
        processes::run_comptoir(&args, &[("DATA_DIR", &data_dir)])
            .unwrap_or_else(|(code, printed)| panic!("exit {code}: {printed}"))
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let made = admin(&["tenant", "create", "--name", "Test", "--zone", "Europe/Paris", "--currency", "EUR"]);
    let (tenant, token) = (text(&made["tenant_id"]), text(&made["admin_token"]));
    let site = text(&admin(&["site", "create", "--tenant", &tenant, "--code", "S1", "--name", "S1"])["site_id"]);
    let issue = |name: &str| admin(&["node", "create", "--tenant", &tenant, "--site", &site, "--name", name]);
    let (till, shop, spare) = (issue("till"), issue("shop"), text(&issue("spare")["NODE_ID"]));
    let key = text(&till["SYNC_API_KEY"]);
    let of_central = seed::central(&central.url, &token, &key, SealedLog::issued(&till), &spare).await;
    let authority = text(&admin(&["ca", "create"])["certificate"]);
    // As if central had issued the node a certificate.
    let tls = folder.path().join("node/tls");
    std::fs::create_dir_all(&tls).and_then(|()| std::fs::write(tls.join("ca.crt"), authority)).expect("a folder");
    let node = RunningServer::node(&folder.path().join("node"), &shop, &central.url);
    let of_node = seed::node(&node.url).await;
    let (at_central, at_node) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| hold("central", folder.path(), &of_central));
        let at_node = hold("the node", folder.path(), &of_node);
        (asked.join().expect("the thread does not panic"), at_node)
    });
    let complaints = [
        at_central.complaint(&operations(&central.url).await, &central),
        at_node.complaint(&operations(&node.url).await, &node),
    ];
    let complaints: Vec<String> = complaints.into_iter().flatten().collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
