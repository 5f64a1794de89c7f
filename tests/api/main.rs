//! Central and a node, as real processes, held to their own `/openapi.json` by schemathesis: whatever comes in, no server error, no answer
//! that the document doesn't have. `COMPTOIR_API_EXAMPLES` says how many requests for each operation.

use std::path::Path;
use std::process::{Command, Output};

use comptoir_tests::processes::{self, Server};

fn holds(url: &str, token: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("api/run.sh");
    let binary = processes::binary();
    let venv = binary.with_file_name("api-venv");
    let examples = std::env::var("COMPTOIR_API_EXAMPLES").unwrap_or_else(|_| "3".to_owned());
    let output = Command::new(script).arg(venv).arg(url).arg(examples).arg(token).output();
    output.expect("the script starts: scripts/bootstrap.sh installs python3 and its venv")
}

#[test]
fn central_and_a_node_answer_as_their_documents_say() {
    let folder = processes::folder();
    let path = folder.path().join("central");
    let central = Server::central(&path);
    let data_dir = path.display().to_string();
    let admin = |args: &[&str]| {
        let args: Vec<&str> = std::iter::once("admin").chain(args.iter().copied()).collect();
        processes::run(&args, &[("DATA_DIR", &data_dir)]).unwrap_or_else(|(code, words)| panic!("exit {code}: {words}"))
    };
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let made = admin(&["tenant", "create", "--name", "Test", "--zone", "Europe/Paris", "--currency", "EUR"]);
    let (tenant, token) = (text(&made["tenant_id"]), text(&made["admin_token"]));
    let site = text(&admin(&["site", "create", "--tenant", &tenant, "--code", "S1", "--name", "S1"])["site_id"]);
    let issued = admin(&["node", "create", "--tenant", &tenant, "--site", &site, "--name", "till"]);
    let node = Server::node(&folder.path().join("node"), &issued, &central.url);
    let (central_said, node_said) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| holds(&central.url, &token));
        let node_said = holds(&node.url, "none");
        (asked.join().expect("the script is waited for"), node_said)
    });
    for (name, said, server) in [("central", central_said, &central), ("the node", node_said, &node)] {
        let words = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert!(said.status.success(), "{name}: {}\n{words}\n{}", said.status, server.words());
    }
}
