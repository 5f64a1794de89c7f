//! Point 9: the certificate from central, over the months of its life.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::tls::CertificateFacts;
use comptoir_proto::certificates_v1::{CertificateRequest, IssuedCertificate};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tokio::sync::watch;

use super::super::certificate::{CertificateRenewal, CertificateStore};
use super::super::state::{Phase, SyncState};
use super::super::transport::HttpAnswer;
use super::central::Central;
use super::{environment, identity};
use crate::config::CertificateConfig;
use crate::event_log::memory::MemDisk;
use crate::event_log::{Backend, Environment, Log, LogConfig};

const DAY: i64 = 86_400_000_000;

/// A node whose clock the test sets, and an authority that signs for 90 days.
struct Shop {
    dir: TempDir,
    now: Arc<AtomicI64>,
    central: Central,
    renewal: CertificateRenewal<Central>,
    state: watch::Receiver<SyncState>,
}

/// 1 January 2026.
const BEGIN: i64 = 1_767_225_600_000_000;

impl Shop {
    fn open(names: &[&str]) -> Shop {
        let (dir, now) = (TempDir::new().unwrap(), Arc::new(AtomicI64::new(BEGIN)));
        let clock = Arc::clone(&now);
        let clock = Environment { clock: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))), ..environment() };
        let mut config = LogConfig::new(dir.path().join("node"), identity());
        config.backend = Backend::Memory(MemDisk::default());
        let (log, central) = (Log::open(config, clock).unwrap(), Central::default());
        let (sender, state) = watch::channel(SyncState::new(Phase::Idle));
        let store = CertificateStore::new(dir.path());
        let config = CertificateConfig { names: names.iter().map(|name| (*name).to_owned()).collect() };
        let renewal = CertificateRenewal { log, transport: central.clone(), config, store, state: sender };
        central.signs(signer(Arc::clone(&now)));
        Shop { dir, now, central, renewal, state }
    }

    async fn on_day(&self, day: i64) -> Option<CertificateFacts> {
        self.now.store(BEGIN + day * DAY, Ordering::Relaxed);
        self.renewal.look().await;
        self.state.borrow().certificate.clone().unwrap().facts
    }

    fn requests(&self) -> Vec<CertificateRequest> {
        self.central.certificate_requests()
    }

    fn error(&self) -> Option<String> {
        self.state.borrow().certificate.clone().unwrap().last_error.map(|error| error.code)
    }

    fn pem(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("tls/node.pem")).unwrap()
    }
}

fn signer(now: Arc<AtomicI64>) -> impl Fn(&CertificateRequest) -> HttpAnswer + Send + 'static {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    move |request| {
        let mut csr = CertificateSigningRequestParams::from_pem(&request.csr).unwrap();
        let begin = i32::try_from((now.load(Ordering::Relaxed) - BEGIN) / DAY).unwrap();
        let names = if request.names.is_empty() { vec!["shop.local".to_owned()] } else { request.names.clone() };
        csr.params = CertificateParams::new(names.clone()).unwrap();
        let day =
            |day: i32| date_time_ymd(2026, 1, 1) + std::time::Duration::from_secs(u64::try_from(day).unwrap() * 86_400);
        (csr.params.not_before, csr.params.not_after) = (day(begin), day(begin + 90));
        let certificate = csr.signed_by(&issuer).unwrap().pem();
        let issued = IssuedCertificate { certificate, ca: ca.clone(), names, not_after: String::new() };
        HttpAnswer { status: 200, retry_after: None, body: serde_json::to_vec(&issued).unwrap().into() }
    }
}

#[tokio::test]
async fn a_certificate_is_asked_for_once_and_again_when_two_thirds_of_its_life_are_gone() {
    let shop = Shop::open(&[]);
    let first = shop.on_day(0).await.unwrap();
    assert_eq!((first.names.as_slice(), first.not_after.0), (&["shop.local".to_owned()][..], BEGIN + 90 * DAY));
    let pem = shop.pem();
    let mode = std::fs::metadata(shop.dir.path().join("tls/node.pem")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, pem.contains("PRIVATE KEY")), (0o600, true));
    assert_eq!(shop.on_day(1).await, Some(first.clone()));
    assert_eq!((shop.on_day(59).await, shop.requests().len()), (Some(first), 1));
    let second = shop.on_day(60).await.unwrap();
    assert_eq!((second.not_after.0, shop.requests().len()), (BEGIN + 150 * DAY, 2));
    assert!(shop.requests()[0].csr != shop.requests()[1].csr && shop.pem() != pem, "each has a key of its own");
    assert!(!shop.requests().iter().any(|request| request.csr.contains("PRIVATE")));
    assert_eq!(shop.on_day(300).await.unwrap().not_after.0, BEGIN + 390 * DAY, "an expired one is replaced");
}

#[tokio::test]
async fn an_old_certificate_stays_while_central_issues_none() {
    let shop = Shop::open(&[]);
    let first = shop.on_day(0).await.unwrap();
    for (answer, code) in [
        (refusal(ErrorCode::CaMissing), "CA_MISSING"),
        (refusal(ErrorCode::NameNotAllowed), "NAME_NOT_ALLOWED"),
        (HttpAnswer { status: 200, retry_after: None, body: Bytes::from_static(b"{}") }, "UNEXPECTED_RESPONSE"),
    ] {
        shop.central.signs(move |_| answer.clone());
        assert_eq!((shop.on_day(70).await, shop.error().as_deref()), (Some(first.clone()), Some(code)));
    }
    // The certificate of another key would end TLS.
    let other = signer(Arc::clone(&shop.now));
    let csr = CertificateParams::default().serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
    shop.central.signs(move |_| other(&CertificateRequest { csr: csr.clone(), names: Vec::new() }));
    assert_eq!((shop.on_day(71).await, shop.error().as_deref()), (Some(first.clone()), Some("UNEXPECTED_RESPONSE")));
    shop.central.signs(signer(Arc::clone(&shop.now)));
    assert_eq!((shop.on_day(72).await.unwrap().not_after.0, shop.error()), (BEGIN + 162 * DAY, None));
}

#[tokio::test]
async fn a_setting_with_other_names_asks_for_another_certificate_at_once() {
    let shop = Shop::open(&["shop.local"]);
    shop.on_day(0).await.unwrap();
    let mut shop = shop;
    shop.renewal.config.names.push("192.168.1.10".to_owned());
    let names = shop.on_day(1).await.unwrap().names;
    assert_eq!((names, shop.requests().len()), (vec!["shop.local".to_owned(), "192.168.1.10".to_owned()], 2));
    shop.on_day(2).await;
    assert_eq!(shop.requests().len(), 2);
}

fn refusal(code: ErrorCode) -> HttpAnswer {
    let problem = Problem::new(code, "as scripted");
    HttpAnswer { status: code.status(), retry_after: None, body: serde_json::to_vec(&problem).unwrap().into() }
}
