//! A node's users from central, and the end of a node that central took out of use.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use comptoir_credentials::password;
use comptoir_proto::node_users_v1::WipeProof;
use comptoir_proto::pull_v1::DeviceStatus;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Duration, sleep};
use tower::ServiceExt as _;

use super::super::transport::Unanswered;
use super::central::{Central, Fault};
use super::{draft, environment, identity};
use crate::blocking::blocking;
use crate::config::{NodeConfig, SyncConfig};
use crate::event_log::memory::MemDisk;
use crate::event_log::{Backend, Environment};
use crate::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use crate::node::{Node, StartError};
use crate::retirement::TOMBSTONE_FILE;
use crate::users::{LoginError, LoginSecret, sample};

const REVOKED: DeviceStatus = DeviceStatus { is_active: false, requires_reauth: false };

struct Shop {
    dir: TempDir,
    disk: MemDisk,
    central: Central,
}

impl Shop {
    fn new() -> Shop {
        Shop { dir: TempDir::new().unwrap(), disk: MemDisk::default(), central: Central::default() }
    }

    async fn start(&self) -> Result<Arc<Node>, StartError> {
        let mut config = NodeConfig::new(self.dir.path(), identity(), SyncConfig::disabled());
        config.log.backend = Backend::Memory(self.disk.clone());
        Node::start_with(config, environment(), Some(self.central.clone())).await
    }

    fn entries(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn administrator(&self) -> String {
        let key = key_in_header_file(&self.dir.path().join(ADMIN_HEADER_FILE)).unwrap();
        format!("Bearer {}", key.expect("the node made a key"))
    }
}

/// Time passes. The log's writer is a thread of its own, which the paused clock would outrun.
async fn passes(seconds: u64) {
    for _ in 0..seconds.div_ceil(5) {
        blocking(|| std::thread::sleep(Duration::from_millis(1))).await;
        sleep(Duration::from_secs(5)).await;
    }
}

async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        passes(5).await;
    }
    panic!("never: {what}");
}

async fn ask(node: &Arc<Node>, bearer: &str, path: &str) -> (u16, String) {
    let request = Request::get(path).header("authorization", bearer).body(Body::empty()).unwrap();
    let response = crate::router(node.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let code = serde_json::from_slice::<Value>(&body).ok().and_then(|body| body["code"].as_str().map(str::to_owned));
    (status, code.unwrap_or_default())
}

/// Point 5: at first contact, and again whenever central names another position; each answered pull is a contact.
#[tokio::test(start_paused = true)]
async fn a_node_reads_its_users_at_first_contact_and_after_each_change() {
    let shop = Shop::new();
    shop.central.has_users(sample::users(identity().site, 7).await);
    let node = shop.start().await.unwrap();
    eventually("the users are known", || node.users().identity_position() == Some(7)).await;
    passes(600).await;
    assert_eq!(shop.central.users_asked(), 1, "they did not change");
    shop.central.has_users(sample::users(identity().site, 9).await);
    eventually("the change is known", || node.users().identity_position() == Some(9)).await;
    assert_eq!(shop.central.users_asked(), 2);
    node.shutdown().await;
    drop(node);
    let node = shop.start().await.unwrap();
    assert_eq!(node.users().identity_position(), Some(9), "they are stored");
    passes(600).await;
    assert_eq!(shop.central.users_asked(), 2);
    node.shutdown().await;
}

/// Right after a password was set at central: the node does not wait for its next pull, and guessing does not make it ask for
/// each guess.
#[tokio::test(start_paused = true)]
async fn a_login_that_fails_makes_the_node_ask_central_for_the_newest_password() {
    const NEW: &str = "la riviere sous le pont";
    let shop = Shop::new();
    let mut users = sample::users(identity().site, 7).await;
    let verifier = users.users[0].verifier.take();
    shop.central.has_users(users.clone());
    let node = shop.start().await.unwrap();
    eventually("the users are known", || node.users().identity_position() == Some(7)).await;
    let log_in = async |login: &str, password: &str| {
        node.users().log_in(login, LoginSecret::Password(password), None).await.map(|proven| proven.id)
    };
    // The paused clock may end a wait before the log's own thread has stored the answer.
    let logs_in = async |login: &str, password: &str| {
        for _ in 0..4 {
            if let Ok(id) = log_in(login, password).await {
                return Ok(id);
            }
            passes(5).await;
        }
        log_in(login, password).await
    };
    let amelie = UserId::new(sample::AMELIE);
    assert_eq!(log_in("amelie", sample::PASSWORD).await, Err(LoginError::Failed), "she has no password anywhere");
    passes(60).await;
    users.users[0].verifier = verifier;
    shop.central.has_new_users(users.clone());
    assert_eq!(logs_in("amelie", sample::PASSWORD).await, Ok(amelie), "her first one");
    passes(60).await;
    users.users[0].verifier = Some(password::verifier_of(NEW).await.unwrap());
    shop.central.has_new_users(users.clone());
    assert_eq!(logs_in("amelie", NEW).await, Ok(amelie), "and another one");
    assert_eq!(log_in("amelie", sample::PASSWORD).await, Err(LoginError::Failed));
    passes(60).await;
    users.users[0].login = "amelie.poulain".to_owned();
    shop.central.has_new_users(users);
    assert_eq!(logs_in("amelie.poulain", NEW).await, Ok(amelie), "and another login");
    passes(60).await;
    let before = shop.central.users_asked();
    let guesses = async |login: &'static str| assert!(log_in(login, "a guess that is wrong").await.is_err());
    tokio::join!(guesses("amelie.poulain"), guesses("bruno"), guesses("nobody"), guesses("somebody"));
    assert!(shop.central.users_asked() < before + 4, "guesses at a time share a request");
    node.shutdown().await;
}

/// Central signs with another key: a token that names it makes the node ask, and not more than once a minute.
#[tokio::test(start_paused = true)]
async fn a_token_with_an_unknown_key_makes_the_node_read_central_s_keys_again() {
    let shop = Shop::new();
    let mut users = sample::users(identity().site, 7).await;
    let key = std::mem::take(&mut users.token_keys.keys);
    shop.central.has_users(users.clone());
    let node = shop.start().await.unwrap();
    eventually("the users are known", || node.users().identity_position() == Some(7)).await;
    users.token_keys.keys = key;
    shop.central.has_users(users);
    let token = sample::token(&sample::claims(identity().tenant.uuid(), 1_800_000_000));
    let is_accepted = || node.users().caller_of_token(&token).is_ok();
    for _ in 0..20 {
        assert!(!is_accepted());
        passes(1).await;
        if shop.central.users_asked() > 1 {
            break;
        }
    }
    eventually("the key is known", is_accepted).await;
    assert_eq!(shop.central.users_asked(), 2, "once, however many tokens name it");
    passes(3_700).await;
    eventually("the keys are read once an hour", || shop.central.users_asked() == 3).await;
    node.shutdown().await;
}

/// Point 5: requests with invented tokens make no contact of a central that is silent.
#[tokio::test(start_paused = true)]
async fn only_an_answer_of_central_is_a_contact() {
    const HOUR: i64 = 3_600_000_000;
    let shop = Shop::new();
    shop.central.has_users(sample::users(identity().site, 7).await);
    let mut config = NodeConfig::new(shop.dir.path(), identity(), SyncConfig::disabled());
    config.log.backend = Backend::Memory(shop.disk.clone());
    let wall = Arc::new(AtomicI64::new(1_800_000_000_000_000));
    let clock = wall.clone();
    let environment =
        Environment { clock: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))), ..environment() };
    let node = Node::start_with(config, environment, Some(shop.central.clone())).await.unwrap();
    eventually("the users are known", || node.users().identity_position() == Some(7)).await;
    let age = || node.users().status().unwrap().contact_age_seconds;
    wall.fetch_add(HOUR, Ordering::Relaxed);
    eventually("central answers again", || age() == 0).await;
    shop.central.forgets_users();
    shop.central.down().will_fail((0..10_000).map(|_| Unanswered::Timeout));
    // The request that is being held may still be answered.
    passes(120).await;
    eventually("the line is down", || node.sync().borrow().pull.last_error.is_some()).await;
    for _ in 0..80 {
        wall.fetch_add(HOUR, Ordering::Relaxed);
        let claims = sample::claims(identity().tenant.uuid(), 1_800_000_000);
        let unknown = comptoir_credentials::access_token::sign(&claims, "k2", &sample::token_key()).unwrap();
        assert!(node.users().caller_of_token(&unknown).is_err());
        passes(90).await;
    }
    assert!(age() >= 80 * 3_600, "{}", age());
    assert!(node.users().status().unwrap().password_required);
    node.shutdown().await;
}

/// A central of an older version: the node works, and asks again now and then.
#[tokio::test(start_paused = true)]
async fn a_central_without_users_stops_nothing() {
    let shop = Shop::new();
    let node = shop.start().await.unwrap();
    let began = tokio::time::Instant::now();
    node.log().append(vec![draft(0)]).await.unwrap();
    passes(600).await;
    assert_eq!((node.log().pending().unwrap().count, node.users().identity_position()), (0, None));
    let asked = shop.central.users_asked();
    // The paused clock runs ahead of a busy machine, so the bound follows it.
    let bound = began.elapsed().as_secs() / 5 + 2;
    assert!(asked >= 2 && asked as u64 <= bound, "{asked} of at most {bound}");
    node.shutdown().await;
}

fn assert_proven(proof: &WipeProof, public_key: &[u8; 32], last_seq: u64) {
    assert_eq!((proof.node, proof.last_seq, proof.unsent), (identity().node.uuid(), last_seq, 0));
    let signature: [u8; 64] = hex::decode(&proof.signature).unwrap().try_into().unwrap();
    let key = VerifyingKey::from_bytes(public_key).unwrap();
    key.verify(proof.signed_text().as_bytes(), &Signature::from_bytes(&signature)).unwrap();
}

/// 003 §6 "Wipe: Révocation = effacement données locales", and "Révocation: Admin peut révoquer à distance".
#[tokio::test(start_paused = true)]
async fn s6_a_revoked_node_hands_over_what_is_unsent_destroys_its_data_and_proves_it() {
    let shop = Shop::new();
    let node = shop.start().await.unwrap();
    let (bearer, public_key) = (shop.administrator(), node.log().public_key());
    node.log().append(vec![draft(0)]).await.unwrap();
    shop.central.holds(2).await;
    // The line is down for pushes while two more are sold; then central takes the node out of use.
    shop.central.will((0..3).map(|_| Fault::NotConnected));
    node.log().append(vec![draft(1), draft(2)]).await.unwrap();
    shop.central.refuses_proofs(true);
    shop.central.down().says(REVOKED);
    eventually("the node knows", || node.is_revoked()).await;
    // The reason depends on how far the node has come: out of use, or destroyed.
    node.log().append(vec![draft(3)]).await.unwrap_err();
    for path in ["/api/v1/queue", "/api/v1/products", "/", "/readyz", "/api/v1/session"] {
        assert_eq!(ask(&node, &bearer, path).await, (403, "DEVICE_REVOKED".to_owned()), "{path}");
    }
    assert_eq!(ask(&node, &bearer, "/healthz").await.0, 200);
    eventually("everything is handed over", || shop.central.events().len() == 4).await;
    eventually("the data is destroyed", || shop.entries() == [TOMBSTONE_FILE]).await;
    node.shutdown().await;
    drop(node);

    // Central does not have the proof yet: each start tries to deliver it, and starts nothing.
    let Err(StartError::Destroyed(tombstone)) = shop.start().await else { panic!("it started") };
    assert!(!tombstone.is_acknowledged);
    assert_proven(&tombstone.proof, &public_key, 4);
    shop.central.refuses_proofs(false);
    let Err(error) = shop.start().await else { panic!("it started") };
    assert!(error.to_string().contains("destroyed its data") && error.to_string().contains("central has"), "{error}");
    assert_eq!(shop.central.proofs(), [tombstone.proof]);
    assert!(matches!(shop.start().await, Err(StartError::Destroyed(_))));
    assert_eq!(shop.central.proofs().len(), 1, "it is delivered once");
}

/// The same without a restart in between, and with the key's file in the data directory.
#[tokio::test(start_paused = true)]
async fn a_running_node_delivers_its_proof_and_removes_the_last_key() {
    let shop = Shop::new();
    let key_file = shop.dir.path().join("sync.key");
    std::fs::write(&key_file, "k-1").unwrap();
    let mut config = NodeConfig::new(shop.dir.path(), identity(), SyncConfig::disabled());
    config.log.backend = Backend::Memory(shop.disk.clone());
    config.sync.api_key_file = Some(key_file.clone());
    shop.central.refuses_proofs(true);
    shop.central.down().says(REVOKED);
    let node = Node::start_with(config, environment(), Some(shop.central.clone())).await.unwrap();
    eventually("the data is destroyed", || shop.entries() == [TOMBSTONE_FILE, "sync.key"]).await;
    assert_eq!(std::fs::read_to_string(&key_file).unwrap(), "k-1", "it is needed once more");
    shop.central.refuses_proofs(false);
    eventually("the proof is delivered", || !key_file.exists()).await;
    assert_eq!((shop.central.proofs().len(), shop.entries().len()), (1, 2), "{:?}", shop.entries());
    node.shutdown().await;
}

/// A node that was killed after it knew and before it had sent everything stays out of use without central.
#[tokio::test(start_paused = true)]
async fn a_revoked_node_that_is_restarted_without_central_stays_out_of_use() {
    let shop = Shop::new();
    let node = shop.start().await.unwrap();
    let bearer = shop.administrator();
    shop.central.holds(1).await;
    shop.central.will((0..1_000).map(|_| Fault::NotConnected));
    node.log().append(vec![draft(1)]).await.unwrap();
    shop.central.down().says(REVOKED);
    eventually("the node knows", || node.is_revoked() && shop.dir.path().join("REVOKED.json").exists()).await;
    node.shutdown().await;
    drop(node);
    let mut config = NodeConfig::new(shop.dir.path(), identity(), SyncConfig::disabled());
    config.log.backend = Backend::Memory(shop.disk.clone());
    let node = Node::start_with(config, environment(), None::<Central>).await.unwrap();
    assert_eq!(ask(&node, &bearer, "/api/v1/queue").await, (403, "DEVICE_REVOKED".to_owned()));
    assert!(node.log().append(vec![draft(2)]).await.is_err());
    assert!(Path::new(&shop.dir.path().join("node")).exists(), "what is unsent is kept");
    node.shutdown().await;
}
