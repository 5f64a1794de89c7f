use super::{Central, Logs, Mode, Process, SettingsError, SettingsReader};

#[derive(Debug)]
struct Read {
    process: Process,
    central: Central,
    logs: Logs,
}

fn read(environment: &[(&str, &str)], file: Option<&str>) -> Result<Read, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("comptoir.toml");
    let path = file.map(|text| std::fs::write(&path, text).map(|()| path.as_path()).unwrap());
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut reader = SettingsReader::new(environment, path)?;
    let read = (Process::read(&mut reader), Central::read(&mut reader), Logs::read(&mut reader));
    reader.check()?;
    let (Some(process), Some(central), Some(logs)) = read else { panic!("nothing is wrong, and something is missing") };
    Ok(Read { process, central, logs })
}

fn wrong(environment: &[(&str, &str)], file: Option<&str>) -> Vec<String> {
    match read(environment, file) {
        Err(SettingsError::Wrong(wrong)) => wrong,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_mode_is_mandatory() {
    let local = read(&[("APP_MODE", "local")], None).unwrap();
    assert_eq!((local.process.mode, local.process.http.listen.to_string().as_str()), (Mode::Local, "127.0.0.1:7401"));
    let central = read(&[("APP_MODE", "central"), ("DATABASE_URL", "postgres://u:hush@h/c")], None).unwrap();
    assert_eq!(central.process.http.listen.port(), 7400);
    assert_eq!(central.central.database_url.as_ref().map(super::Secret::expose), Some("postgres://u:hush@h/c"));
    assert!(!format!("{central:?}").contains("hush"), "a password is never printed");
    assert!(wrong(&[], None)[0].starts_with("APP_MODE: missing"));
}

/// O1.
#[test]
fn the_mode_is_read_in_any_case() {
    for (text, mode) in [("LOCAL", Mode::Local), ("Central", Mode::Central)] {
        assert_eq!(read(&[("APP_MODE", text)], None).unwrap().process.mode, mode);
    }
}

/// O1: the node's own crate checks its settings, and the reader reports them with the others.
#[test]
fn the_errors_of_a_node_s_settings_are_among_the_others() {
    let environment = [("APP_MODE", "local"), ("LISTEN_ADDR", "7401"), ("NODE_ID", "1")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut reader = SettingsReader::new(environment, None).unwrap();
    assert!(Process::read(&mut reader).is_none());
    let errors = comptoir_local::NodeSettings::read(|name| reader.get(name)).unwrap_err();
    errors.iter().for_each(|error| reader.note(error));
    let wrong = match reader.check() {
        Err(SettingsError::Wrong(wrong)) => wrong.join("\n"),
        other => panic!("{other:?}"),
    };
    for name in ["LISTEN_ADDR", "NODE_ID", "CENTRAL_API_URL", "SYNC_API_KEY"] {
        assert!(wrong.contains(name), "{wrong}");
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let wrong = wrong(&[("APP_MODE", "shop"), ("LISTEN_ADDR", "7401"), ("LOG_LEVEL", "loud")], None);
    assert_eq!(wrong.len(), 3, "{wrong:#?}");
    let listen = "LISTEN_ADDR (environment): got \"7401\", expected an address and a port, such as 127.0.0.1:7401";
    assert!(wrong.iter().any(|line| line == listen), "{wrong:#?}");
}

#[test]
fn the_environment_overrides_the_file_and_an_empty_variable_is_absent() {
    let file = "app_mode = \"central\"\nlisten_addr = \"127.0.0.1:1\"\nlog_format = \"json\"\n";
    let read = read(&[("LISTEN_ADDR", "127.0.0.1:2"), ("LOG_FORMAT", "")], Some(file)).unwrap();
    assert_eq!((read.process.mode, read.process.http.listen.port(), read.logs.json), (Mode::Central, 2, true));
}

#[test]
fn a_file_with_an_unknown_name_is_refused() {
    let wrong = wrong(&[("APP_MODE", "central")], Some("lissten_addr = \"127.0.0.1:1\"\n"));
    assert!(wrong[0].contains("lissten_addr") && wrong[0].contains("listen_addr"), "{wrong:#?}");
}

#[test]
fn central_refuses_a_missing_rulebook_file() {
    let wrong = wrong(&[("APP_MODE", "central"), ("RULEBOOK_FILE", "/no/such/rules.toml")], None);
    assert!(wrong[0].starts_with("RULEBOOK_FILE"), "{wrong:#?}");
}

#[test]
fn the_operators_page_documents_every_setting() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/settings.md");
    let page = std::fs::read_to_string(page).unwrap();
    for super::Variable { name, default, consequence } in super::VARIABLES {
        let row = format!("| `{name}` | {default} | {consequence} |");
        assert!(page.contains(&row), "docs/operating/settings.md needs this row: {row}");
    }
}

/// Point 9.
#[test]
fn plain_http_is_for_loopback_unless_a_setting_says_otherwise() {
    for address in ["0.0.0.0:7401", "192.168.1.10:7401", "[::]:7401"] {
        let wrong = wrong(&[("APP_MODE", "local"), ("LISTEN_ADDR", address)], None);
        assert!(wrong[0].contains(address) && wrong[0].contains("ALLOW_PLAIN_HTTP=true"), "{wrong:?}");
        let allowed = [("APP_MODE", "local"), ("LISTEN_ADDR", address), ("ALLOW_PLAIN_HTTP", "yes")];
        assert_eq!(read(&allowed, None).unwrap().process.http.listen.to_string(), address);
    }
    for address in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(read(&[("APP_MODE", "local"), ("LISTEN_ADDR", address)], None).is_ok(), "{address}");
    }
}

#[test]
fn tls_needs_a_place_and_at_central_a_certificate() {
    let tls = |mode: &str, more: &[(&str, &str)]| {
        let settings = [&[("APP_MODE", mode)], more].concat();
        read(&settings, None).map(|read| read.process.http.tls)
    };
    let place = ("TLS_LISTEN_ADDR", "0.0.0.0:7443");
    let (certificate, key) = (("TLS_CERT_FILE", "/c"), ("TLS_KEY_FILE", "/k"));
    assert_eq!(tls("local", &[]).unwrap(), None);
    assert!(tls("local", &[place]).unwrap().is_some_and(|tls| tls.files.is_none()));
    assert!(tls("central", &[place, certificate, key]).unwrap().is_some_and(|tls| tls.files.is_some()));
    for (mode, more, named) in [
        ("central", &[place][..], "TLS_CERT_FILE"),
        ("local", &[place, certificate], "TLS_KEY_FILE"),
        ("local", &[place, key], "TLS_CERT_FILE"),
        ("local", &[certificate, key], "TLS_LISTEN_ADDR"),
        ("local", &[("TLS_LISTEN_ADDR", "7443")], "TLS_LISTEN_ADDR"),
    ] {
        let SettingsError::Wrong(wrong) = tls(mode, more).unwrap_err() else { panic!("{mode} {more:?}") };
        assert!(wrong.len() == 1 && wrong[0].starts_with(named), "{mode} {more:?}: {wrong:?}");
    }
}

/// Point 10.
#[test]
fn limits_are_read_and_checked() {
    let settings = [
        ("APP_MODE", "central"),
        ("CONNECTIONS_MAX", "9"),
        ("CONNECTIONS_PER_ADDRESS_MAX", "8"),
        ("REQUESTS_PER_SECOND", "7"),
        ("TRUSTED_ADDRESSES", "10.0.0.7, ::1"),
    ];
    let limits = read(&settings, None).unwrap().process.http.limits;
    let numbers = (limits.connections_max, limits.connections_per_address_max, limits.requests_per_second);
    assert_eq!(numbers, (9, 8, 7));
    assert!(limits.trusted.contains("10.0.0.7".parse().unwrap()) && !limits.trusted.contains([127, 0, 0, 1].into()));
    let nobody = read(&[("APP_MODE", "central"), ("TRUSTED_ADDRESSES", "none")], None).unwrap();
    assert!(!nobody.process.http.limits.trusted.contains([127, 0, 0, 1].into()));
    for name in ["CONNECTIONS_MAX", "CONNECTIONS_PER_ADDRESS_MAX", "REQUESTS_PER_SECOND", "TRUSTED_ADDRESSES"] {
        for bad in ["0", "-1", "x", "1.5.5"] {
            assert!(wrong(&[("APP_MODE", "central"), (name, bad)], None)[0].starts_with(name), "{name}={bad}");
        }
    }
}
