//! Users without central, on a disk and clocks that the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use tempfile::TempDir;

use super::sample::{self, AMELIE, PASSWORD};
use super::trusted_time::TrustedTime;
use super::{LoginError, LoginSecret, Users};
use crate::config::OfflineConfig;
use crate::event_log::memory::MemDisk;
use crate::event_log::{
    Backend, Environment, FreeSpace, Identity, KeySpace, Log, LogConfig, Steady, rotate_secret_key,
};
use crate::sessions::Sessions;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const START: i64 = 1_800_000_000 * SECOND;

/// A machine with a node.
struct Machine {
    dir: TempDir,
    disk: MemDisk,
    wall: Arc<AtomicI64>,
    /// Boot number and microseconds since.
    steady: Arc<(AtomicU8, AtomicI64)>,
}

impl Machine {
    fn new() -> Machine {
        Machine {
            dir: TempDir::new().unwrap(),
            disk: MemDisk::default(),
            wall: Arc::new(AtomicI64::new(START)),
            steady: Arc::new((AtomicU8::new(1), AtomicI64::new(0))),
        }
    }

    fn environment(&self) -> Environment {
        let (wall, steady, drawn) = (self.wall.clone(), self.steady.clone(), AtomicU8::new(1));
        Environment {
            clock: Arc::new(move || Timestamp(wall.load(Ordering::Relaxed))),
            steady: Some(Arc::new(move || Steady {
                boot: [steady.0.load(Ordering::Relaxed); 16],
                micros: steady.1.load(Ordering::Relaxed),
            })),
            random: Arc::new(move |bytes| {
                bytes.fill(drawn.fetch_add(1, Ordering::Relaxed));
                Ok(())
            }),
            free_space: Arc::new(|_| Ok(FreeSpace { free_bytes: 900 << 30, total_bytes: 1 << 40 })),
        }
    }

    fn config(&self) -> LogConfig {
        let identity = Identity {
            tenant: TenantId::from_bytes([1; 16]),
            site: SiteId::from_bytes([2; 16]),
            node: NodeId::from_bytes([3; 16]),
        };
        let config = LogConfig::new(self.dir.path().join("node"), identity);
        LogConfig { backend: Backend::Memory(self.disk.clone()), ..config }
    }

    fn log(&self) -> Log {
        Log::open(self.config(), self.environment()).unwrap()
    }

    fn time(&self, log: &Log) -> TrustedTime {
        TrustedTime::open(log.clone(), self.environment())
    }

    fn users(&self, log: &Log) -> Users {
        Users::open(log.clone(), self.environment(), OfflineConfig::default())
    }

    /// Time passes.
    fn passes(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::Relaxed);
        self.steady.1.fetch_add(micros, Ordering::Relaxed);
    }

    /// Somebody sets the clock.
    fn clock_is_moved(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::Relaxed);
    }

    fn reboots(&self) {
        self.steady.0.fetch_add(1, Ordering::Relaxed);
        self.steady.1.store(0, Ordering::Relaxed);
    }
}

fn close(log: Log, disk: &MemDisk) {
    log.close();
    drop(log);
    disk.cut_power(0);
}

/// 003 §6, and point 5: moving the clock back extends nothing.
#[tokio::test]
async fn s6_a_clock_that_is_set_back_moves_no_time_back_and_time_goes_on() {
    let machine = Machine::new();
    let log = machine.log();
    let time = machine.time(&log);
    let begin = time.now();
    machine.passes(HOUR);
    assert_eq!(time.now().0 - begin.0, HOUR);
    machine.clock_is_moved(-1_000 * HOUR);
    assert_eq!(time.now().0 - begin.0, HOUR, "the clock was set back");
    machine.passes(2 * HOUR);
    assert_eq!(time.now().0 - begin.0, 3 * HOUR, "time goes on all the same");
    machine.clock_is_moved(1_010 * HOUR);
    assert_eq!(time.now().0 - begin.0, 13 * HOUR, "the highest time counts, also where the clock was wrong");
}

#[tokio::test]
async fn time_goes_on_over_restarts_of_the_process_and_of_the_machine() {
    let machine = Machine::new();
    let log = machine.log();
    let time = machine.time(&log);
    let begin = time.now();
    time.store().await.unwrap();
    drop(time);
    close(log, &machine.disk);
    machine.passes(5 * HOUR);
    machine.clock_is_moved(-1_000 * HOUR);
    let log = machine.log();
    let time = machine.time(&log);
    assert_eq!(time.now().0 - begin.0, 5 * HOUR, "the machine ran on");
    time.store().await.unwrap();
    drop(time);
    close(log, &machine.disk);
    machine.reboots();
    machine.passes(HOUR);
    let log = machine.log();
    let time = machine.time(&log);
    assert_eq!(time.now().0 - begin.0, 5 * HOUR, "from where it was, not from the clock");
    machine.passes(HOUR);
    assert_eq!(time.now().0 - begin.0, 6 * HOUR);
}

/// Even without a stored row, the records of the log show how late it was.
#[tokio::test]
async fn a_log_that_never_counted_time_begins_at_its_last_record() {
    let machine = Machine::new();
    let log = machine.log();
    machine.clock_is_moved(-HOUR);
    assert_eq!(machine.time(&log).now(), Timestamp(START));
}

/// Point 11: what central sends and what users set is on the disk only as the node's key sealed it.
#[tokio::test]
async fn users_pins_and_verifiers_are_sealed_on_the_disk() {
    let machine = Machine::new();
    let log = machine.log();
    let users = machine.users(&log);
    users.receive(sample::users(log.identity().site, 7).await).await.unwrap();
    let amelie = UserId::new(AMELIE);
    users.set_pin(amelie, PASSWORD, Some("4071"), None).await.unwrap();
    let mut stored = vec![log.get(KeySpace::Users, &[]).unwrap().unwrap()];
    stored.push(log.get(KeySpace::UserAtNode, amelie.as_bytes()).unwrap().unwrap());
    for bytes in &stored {
        let text = String::from_utf8_lossy(bytes);
        for secret in ["amelie", "argon2", "password_at", "cashier"] {
            assert!(!text.contains(secret), "{secret} stands in clear: {text}");
        }
    }
    let sealed_for_amelie = &stored[1];
    let of_bruno = log.unseal(KeySpace::UserAtNode, sample::BRUNO.as_bytes(), sealed_for_amelie);
    assert!(of_bruno.is_err(), "it is of one user");
    drop(users);
    close(log, &machine.disk);
    let log = machine.log();
    let users = machine.users(&log);
    assert_eq!(users.identity_position(), Some(7), "and it is read again");
    assert!(users.log_in("Amelie ", LoginSecret::Pin("4071"), None).await.is_ok());
}

/// A key that somebody saw is replaced: no user has to log in or choose a PIN again, and failed logins stay counted.
#[tokio::test]
async fn users_pins_and_sessions_survive_a_rotation_of_the_key_that_seals_them() {
    let machine = Machine::new();
    let log = machine.log();
    let users = machine.users(&log);
    users.receive(sample::users(log.identity().site, 7).await).await.unwrap();
    let amelie = UserId::new(AMELIE);
    users.set_pin(amelie, PASSWORD, Some("4071"), None).await.unwrap();
    let proven = users.log_in("amelie", LoginSecret::Pin("4071"), None).await.unwrap();
    let idle = Duration::from_secs(600);
    let sessions = Sessions::open(log.clone(), machine.environment(), idle);
    let token = sessions.begin_of_user(&proven, users.now()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(users.log_in("bruno", LoginSecret::Password("wrong"), None).await, Err(LoginError::Failed));
    }
    drop((users, sessions));
    close(log, &machine.disk);
    rotate_secret_key(&machine.config(), &machine.environment()).unwrap();
    let log = machine.log();
    let users = machine.users(&log);
    assert_eq!(users.identity_position(), Some(7), "central need not be asked");
    let by_pin = users.log_in("amelie", LoginSecret::Pin("4071"), None).await.unwrap();
    assert_eq!(by_pin.id, amelie);
    let sessions = Sessions::open(log.clone(), machine.environment(), idle);
    let session = sessions.find(&token, users.now()).expect("the session is open");
    assert!(session.is_locked && session.password_tag == by_pin.password_tag, "as after every restart");
    let locked = users.log_in("bruno", LoginSecret::Password(PASSWORD), None).await;
    assert!(matches!(locked, Err(LoginError::TooMany { .. })), "{locked:?}");
}

/// Point 3: counted before the comparison, durably, and an unknown login is counted alike.
#[tokio::test]
async fn failed_logins_lock_an_account_gently_and_a_restart_or_the_clock_help_nobody() {
    let machine = Machine::new();
    let mut log = machine.log();
    machine.users(&log).receive(sample::users(log.identity().site, 7).await).await.unwrap();
    for login in ["amelie", "nobody"] {
        for _ in 0..5 {
            // Each from a new process.
            close(log, &machine.disk);
            log = machine.log();
            let failed = machine.users(&log).log_in(login, LoginSecret::Password("wrong"), None).await;
            assert_eq!(failed, Err(LoginError::Failed), "{login}");
        }
        let users = machine.users(&log);
        let locked = |wait_seconds| Err(LoginError::TooMany { wait_seconds });
        let again = async || users.log_in(login, LoginSecret::Password(PASSWORD), None).await;
        assert_eq!(again().await, locked(30), "{login}");
        machine.passes(29 * SECOND);
        machine.clock_is_moved(-1_000 * HOUR);
        assert_eq!(again().await, locked(1), "{login}: the clock was set back");
        machine.clock_is_moved(1_000 * HOUR);
        machine.passes(SECOND);
        assert_eq!(again().await.is_ok(), login == "amelie", "{login}");
    }
}

#[tokio::test]
async fn failed_logins_from_one_address_lock_that_address_alone() {
    let machine = Machine::new();
    let log = machine.log();
    let users = machine.users(&log);
    users.receive(sample::users(log.identity().site, 7).await).await.unwrap();
    let (bad, good) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    for number in 0..50 {
        let login = format!("nobody-{number}");
        let failed = users.log_in(&login, LoginSecret::Pin("4071"), Some(bad)).await;
        assert_eq!(failed, Err(LoginError::Failed), "a PIN of nobody is answered as a wrong one");
    }
    let amelie = async |address| users.log_in("amelie", LoginSecret::Password(PASSWORD), Some(address)).await;
    assert_eq!(amelie(bad).await, Err(LoginError::TooMany { wait_seconds: 30 }));
    assert!(amelie(good).await.is_ok());
}

/// Point 5: freshness is counted from the last contact that confirmed the users.
#[tokio::test]
async fn a_contact_counts_only_if_central_confirms_the_users_that_are_known() {
    let machine = Machine::new();
    let log = machine.log();
    let users = machine.users(&log);
    assert!(!users.note_contact(7).await, "no users are known");
    users.receive(sample::users(log.identity().site, 7).await).await.unwrap();
    let age = |users: &Users| users.status().unwrap().contact_age_seconds;
    machine.passes(10 * HOUR);
    assert!(!users.note_contact(8).await, "others are known at central");
    assert_eq!(age(&users), 36_000);
    assert!(users.note_contact(7).await);
    assert_eq!(age(&users), 0);
    machine.passes(HOUR);
    drop(users);
    close(log, &machine.disk);
    let users = machine.users(&machine.log());
    assert_eq!(age(&users), 3_600, "it is durable");
    machine.passes(72 * HOUR);
    assert!(users.status().unwrap().password_required);
}
