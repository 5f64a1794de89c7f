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
    assert_eq!((local.process.mode, local.process.listen.to_string().as_str()), (Mode::Local, "127.0.0.1:7401"));
    let central = read(&[("APP_MODE", "central"), ("DATABASE_URL", "postgres://u:hush@h/c")], None).unwrap();
    assert_eq!(central.process.listen.port(), 7400);
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
    assert_eq!((read.process.mode, read.process.listen.port(), read.logs.json), (Mode::Central, 2, true));
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
