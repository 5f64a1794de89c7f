//! The rules of the schema, checked against the catalog and against `migrations/README.md`.

use comptoir_central::database::{make_roles_and_database, migrate};
use comptoir_central::private_postgres::{ADMIN_ROLE, RunningServer, scratch};
use comptoir_test_support::connect_postgres;
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Tables that belong to no tenant: the identity and the token keys of this central, and refinery's history of migrations.
const OF_NO_TENANT: &str = "('central_meta', 'token_key', 'refinery_schema_history')";

/// Tables with keys, verifiers and names of persons: only the service reads them.
const SECRET: &str = "('api_key', 'central_meta', 'token_key', 'app_user', 'user_disabling', 'user_role', 'one_time_link', 'refresh_family', \
    'refresh_token', 'login_failure', 'device_enrolment')";

/// Selects the schemas that the migrations create.
const PROJECT_SCHEMAS: &str = "n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'";

struct Server {
    running: RunningServer,
    _folder: TempDir,
}

impl Server {
    async fn new() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let running = scratch(folder.path()).unwrap();
        make_roles_and_database(&running.connection_string(ADMIN_ROLE, "postgres")).await.unwrap();
        Server { running, _folder: folder }
    }

    async fn migrated() -> (Server, Client) {
        let server = Server::new().await;
        migrate(&server.running.connection_string("comptoir_migrator", "comptoir")).await.unwrap();
        let admin = server.admin("comptoir").await;
        (server, admin)
    }

    async fn admin(&self, database: &str) -> Client {
        connect_postgres(&self.running.connection_string(ADMIN_ROLE, database)).await
    }
}

/// The first column of every row: the objects that break a rule.
async fn offenders(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn tenant_id_leads_every_key_and_row_security_is_forced_on_every_table() {
    let (_server, db) = Server::migrated().await;
    let keys = format!(
        "select c.conrelid::regclass || ' ' || c.conname from pg_constraint c
         join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relname not in {OF_NO_TENANT} and c.contype in ('p', 'u', 'f', 'x')
           and not exists (select from pg_attribute a where a.attrelid = c.conrelid and a.attname = 'tenant_id'
                                                        and a.attnum = c.conkey[1])"
    );
    assert_eq!(offenders(&db, &keys).await, [""; 0], "keys that do not begin with tenant_id");
    let indexes = format!(
        "select i.indexrelid::regclass::text from pg_index i
         join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relname not in {OF_NO_TENANT}
           and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'tenant_id'
                                                        and a.attnum = i.indkey[0])"
    );
    assert_eq!(offenders(&db, &indexes).await, [""; 0], "indexes that do not begin with tenant_id");
    let without_key = format!(
        "select t.oid::regclass::text from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relkind in ('r', 'p')
           and not exists (select from pg_constraint c where c.conrelid = t.oid and c.contype = 'p')"
    );
    assert_eq!(offenders(&db, &without_key).await, [""; 0], "tables without a primary key");
    let open = format!(
        "select t.oid::regclass::text from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relkind in ('r', 'p') and t.relname not in {OF_NO_TENANT}
           and (not t.relrowsecurity or not t.relforcerowsecurity
                or not exists (select from pg_policy p where p.polrelid = t.oid and p.polname = 'one_tenant'))"
    );
    assert_eq!(offenders(&db, &open).await, [""; 0], "tables without row-level security");
    let policies = "select polrelid::regclass::text from pg_policy
         where polname = 'one_tenant' and pg_get_expr(polqual, polrelid)
               <> '(tenant_id = (NULLIF(current_setting(''app.tenant''::text, true), ''''::text))::uuid)'";
    assert_eq!(offenders(&db, policies).await, [""; 0], "policies that read the setting otherwise");
}

#[tokio::test]
async fn nothing_but_a_locked_row_means_order_and_partitions_have_one_level() {
    let (_server, db) = Server::migrated().await;
    let sequences = format!(
        "select t.oid::regclass::text from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relkind = 'S'"
    );
    assert_eq!(offenders(&db, &sequences).await, [""; 0]);
    let identities = "select attrelid::regclass || '.' || attname from pg_attribute where attidentity <> ''";
    assert_eq!(offenders(&db, identities).await, [""; 0]);
    let levels = "select p.inhrelid::regclass::text from pg_inherits p join pg_inherits q on q.inhparent = p.inhrelid";
    assert_eq!(offenders(&db, levels).await, [""; 0]);
    let triggers = "select tgrelid::regclass || ' ' || tgname from pg_trigger where not tgisinternal";
    assert_eq!(offenders(&db, triggers).await, [""; 0], "no triggers: the code that makes a change shows all of it");
}

/// Row-level security and keys as a database that is distributed by tenant accepts them.
#[tokio::test]
async fn the_schema_can_be_distributed_by_tenant() {
    let (_server, db) = Server::migrated().await;
    let sub_selects = "select polrelid::regclass || ' ' || polname from pg_policy
         where polqual::text like '%SUBLINK%' or polwithcheck::text like '%SUBLINK%'";
    assert_eq!(offenders(&db, sub_selects).await, [""; 0], "policies with a sub-select");
    let readers = "select conname::text from pg_constraint where conrelid = 'reader'::regclass and contype = 'f'";
    assert_eq!(offenders(&db, readers).await, [""; 0], "reader is whole on every server, its tenant on one");
    let volatile = "select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'public'::regnamespace and p.provolatile = 'v'";
    assert_eq!(offenders(&db, volatile).await, [""; 0]);
    let settings =
        "select unnest(setconfig)::text from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
         where d.datname = current_database() and s.setrole = 0 order by 1";
    let expected = ["TimeZone=UTC", "jit=off", "lock_timeout=10s", "synchronous_commit=on"];
    assert_eq!(offenders(&db, settings).await, expected);
}

/// Statements that fail, or silently read nothing, in a distributed database.
#[test]
fn no_statement_has_a_form_that_a_shard_cannot_run() {
    const REFUSED: [(&str, &str); 6] = [
        ("set_config('app.tenant'", "only `set local` reaches the tenant's server"),
        ("force_generic_plan", "a generic plan cannot choose the tenant's server"),
        ("select $1, unnest", "select tenant_id from the tenant's row"),
        ("select $1, $2, unnest", "select tenant_id from the tenant's row"),
        ("select $1, * from unnest", "select tenant_id from the tenant's row"),
        ("date_trunc", "not in an update; compute the time in Rust"),
    ];
    fn walk(folder: &std::path::Path, check: &mut dyn FnMut(&std::path::Path, &str)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, check);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
                let words: Vec<String> =
                    std::fs::read_to_string(&path).unwrap().split_whitespace().map(str::to_lowercase).collect();
                check(&path, &words.join(" "));
            }
        }
    }
    let mut breaches = Vec::new();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "migrations"] {
        walk(&source.join(folder), &mut |path, text| {
            for (pattern, instead) in REFUSED.iter().filter(|(pattern, _)| text.contains(pattern)) {
                breaches.push(format!("{}: {pattern}: {instead}", path.display()));
            }
            // A set-returning function cannot be cast, but its array can.
            if text
                .split("unnest($")
                .skip(1)
                .any(|rest| rest.split_once(')').is_some_and(|(_, after)| after.starts_with("::")))
            {
                breaches.push(format!("{}: a cast of unnest: cast its array", path.display()));
            }
        });
    }
    assert_eq!(breaches, [""; 0]);
}

#[tokio::test]
async fn the_log_is_append_only_by_privilege_and_views_obey_their_reader() {
    let (_server, db) = Server::migrated().await;
    let changing = "select t.relname || ' ' || p.privilege from pg_class t
         cross join unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) as p (privilege)
         where t.relname in ('event', 'ingest_batch', 'fork_record') and t.relkind = 'r'
           and has_table_privilege('comptoir_service', t.oid, p.privilege)";
    assert_eq!(offenders(&db, changing).await, [""; 0]);
    let needed = "select p.privilege from unnest(array['SELECT', 'INSERT']) as p (privilege)
         where not has_table_privilege('comptoir_service', 'event', p.privilege)";
    assert_eq!(offenders(&db, needed).await, [""; 0]);
    let watching = format!(
        "select table_name::text from information_schema.role_table_grants where grantee = 'comptoir_watcher'
         and (privilege_type <> 'SELECT' or table_name in ('event', 'fork_record') or table_name in {SECRET})"
    );
    assert_eq!(offenders(&db, &watching).await, [""; 0]);
    let reading = format!(
        "select table_name::text from information_schema.role_table_grants where grantee = 'comptoir_readonly'
         and (privilege_type <> 'SELECT' or table_name in {SECRET})"
    );
    assert_eq!(offenders(&db, &reading).await, [""; 0]);
    let public = "select table_name::text from information_schema.role_table_grants
         where grantee = 'PUBLIC' and table_schema not in ('pg_catalog', 'information_schema')";
    assert_eq!(offenders(&db, public).await, [""; 0]);
    let views = format!(
        "select t.oid::regclass::text from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and (t.relkind = 'm' or (t.relkind = 'v'
               and not coalesce('security_invoker=true' = any (t.reloptions), false)))"
    );
    assert_eq!(offenders(&db, &views).await, [""; 0], "views that run as their owner");
    let definers = format!(
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where {PROJECT_SCHEMAS} and p.prosecdef"
    );
    assert_eq!(offenders(&db, &definers).await, [""; 0], "functions that run as their owner");
    let owners = format!(
        "select t.oid::regclass::text from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relkind in ('r', 'p', 'v') and t.relowner <> 'comptoir_owner'::regrole"
    );
    assert_eq!(offenders(&db, &owners).await, [""; 0]);
}

#[tokio::test]
async fn a_second_migration_run_changes_nothing_and_the_readme_lists_every_table() {
    let (server, db) = Server::migrated().await;
    let before = catalog(&db).await;
    migrate(&server.running.connection_string("comptoir_migrator", "comptoir")).await.unwrap();
    assert_eq!(catalog(&db).await, before);

    let relations = format!(
        "select case n.nspname when 'public' then t.relname else n.nspname || '.' || t.relname end
         from pg_class t join pg_namespace n on n.oid = t.relnamespace
         where {PROJECT_SCHEMAS} and t.relkind in ('r', 'p', 'v') and t.relname <> 'refinery_schema_history' order by 1"
    );
    let listed = |line: &'static str| line.strip_prefix("| `").and_then(|rest| rest.split_once('`'));
    let readme = include_str!("../../migrations/README.md").lines();
    let mut documented: Vec<&str> = readme.filter_map(listed).map(|(name, _)| name).collect();
    documented.sort_unstable();
    assert_eq!(offenders(&db, &relations).await, documented, "left: the database, right: migrations/README.md");
}

/// Lookups by key, with the index that each probes and the last column of that index used.
const LOOKUPS: [(&str, &[&str]); 21] = [
    (include_str!("../../src/state_store/entities_load.sql"), &["entity_pkey entity_id"]),
    (include_str!("../../src/state_store/entity_snapshot_load.sql"), &["entity_snapshot_pkey entity_version"]),
    (include_str!("../../src/state_store/deliveries_load.sql"), &["delivery_pkey delivery_id"]),
    (include_str!("../../src/state_store/invoices_load.sql"), &["invoice_pkey invoice_id"]),
    (include_str!("../../src/state_store/invoice_series_load.sql"), &["invoice_series_pkey year"]),
    (include_str!("../../src/state_store/stock_items_load.sql"), &["stock_item_pkey product"]),
    (include_str!("../../src/state_store/stock_consumed_load.sql"), &["stock_consumed_pkey sale"]),
    (include_str!("../../src/state_store/stock_counts_load.sql"), &["stock_count_pkey event_id"]),
    (
        include_str!("../../src/event_store/quarantined_states.sql"),
        &["event_pkey position", "quarantine_pkey event_id"],
    ),
    (include_str!("../../src/event_store/held_events.sql"), &["event_id_counts_once event_id"]),
    (include_str!("../../src/event_store/stored_between.sql"), &["event_one_per_seq node_seq"]),
    (include_str!("../../src/event_store/rows_entities.sql"), &["entity_pkey entity_id", "event_pkey position"]),
    (include_str!("../../src/feed/rows_deliveries.sql"), &["delivery_pkey delivery_id"]),
    (include_str!("../../src/feed/rows_invoices.sql"), &["invoice_pkey invoice_id"]),
    (include_str!("../../src/feed/rows_stock.sql"), &["stock_item_pkey product"]),
    (include_str!("../../src/event_store/entity_by_id.sql"), &["entity_pkey entity_id", "event_pkey position"]),
    (
        include_str!("../../src/event_store/entity_provenance.sql"),
        &[
            "entity_pkey entity_id",
            "event_in_conflict entity_id",
            "event_of_entity entity_id",
            "event_of_entity entity_id",
            "event_of_entity entity_id",
            "event_of_entity entity_id",
            "event_one_per_seq node_seq",
        ],
    ),
    (
        include_str!("../../src/event_store/delivered_entities.sql"),
        &["event_of_entity entity_id", "event_of_entity entity_id"],
    ),
    (
        include_str!("../../src/event_store/created_keys.sql"),
        &[
            "delivery_pkey delivery_id",
            "entity_pkey entity_id",
            "event_of_entity entity_id",
            "event_pkey position",
            "event_pkey position",
            "event_pkey position",
            "event_pkey position",
            "event_quarantined tenant_id",
            "event_quarantined tenant_id",
            "invoice_pkey invoice_id",
            "stock_item_pkey version",
        ],
    ),
    (
        include_str!("../../src/event_store/device_resends_due.sql"),
        &["device_resend_pkey position", "event_pkey position"],
    ),
    (
        include_str!("../../src/event_store/open_conflicts.sql"),
        &["entity_in_conflict version", "event_id_counts_once event_id"],
    ),
];

/// While a table is empty, the planner sees every index with the same first columns as equal to the key.
#[tokio::test]
async fn a_lookup_by_key_probes_that_key_while_the_tables_are_still_empty() {
    let (server, _admin) = Server::migrated().await;
    let service = connect_postgres(&server.running.connection_string("comptoir_service", "comptoir")).await;
    let settings =
        "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off;
                    set plan_cache_mode = force_generic_plan";
    service.batch_execute(settings).await.unwrap();
    for (sql, expected) in LOOKUPS {
        let parameters = (1..20).take_while(|number| sql.contains(&format!("${number}"))).count();
        let nulls = vec!["null"; parameters].join(", ");
        service.batch_execute(&format!("prepare lookup as {sql}")).await.unwrap();
        let plan = service.simple_query(&format!("explain (format json) execute lookup ({nulls})")).await.unwrap();
        service.batch_execute("deallocate lookup").await.unwrap();
        let plan = plan.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let mut probes = Vec::new();
        collect_probes(&serde_json::from_str(plan.unwrap()).unwrap(), &mut probes);
        probes.sort();
        let as_expected = probes.len() == expected.len()
            && probes.iter().zip(expected).all(|((index, condition), expected)| {
                let (expected_index, last_column) = expected.split_once(' ').unwrap();
                index == expected_index && condition.contains(last_column)
            });
        assert!(as_expected, "{sql}\nprobes {probes:#?}\nexpected {expected:?}");
    }
}

/// O7: a desktop that asks for one type reads the keys of that type alone, in the order of the index, and not the whole tenant.
#[tokio::test]
async fn the_changes_of_one_type_are_filtered_while_their_index_is_read() {
    let (server, _admin) = Server::migrated().await;
    let service = connect_postgres(&server.running.connection_string("comptoir_service", "comptoir")).await;
    let settings = "set enable_seqscan = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan";
    service.batch_execute(settings).await.unwrap();
    let sql = include_str!("../../src/event_store/changed_keys.sql");
    service.batch_execute(&format!("prepare lookup as {sql}")).await.unwrap();
    let nulls = ["null"; 15].join(", ");
    let plan = service.simple_query(&format!("explain (format json) execute lookup ({nulls})")).await.unwrap();
    let plan = plan.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let mut scans = Vec::new();
    collect_scans(&serde_json::from_str(plan.unwrap()).unwrap(), &mut scans);
    let by_change = scans.iter().find(|(index, _)| index == "entity_by_change").expect("entities in their order");
    assert!(by_change.1.contains("$14"), "{scans:#?}");
    let filtered = scans.iter().filter(|(_, filter)| filter.contains("$14")).count();
    assert_eq!(filtered, 8, "every kind of row, and the events of own invoices: {scans:#?}");
}

/// Collects every index scan with its filter, and that of the nodes above it.
fn collect_scans(plan: &Value, scans: &mut Vec<(String, String)>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| collect_scans(part, scans)),
        Value::Object(node) => {
            let first = scans.len();
            node.values().for_each(|part| collect_scans(part, scans));
            let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default();
            let filter = format!("{} {}", text("Filter"), text("One-Time Filter"));
            if let Some(index) = node.get("Index Name").and_then(Value::as_str) {
                scans.push((index.to_owned(), filter));
            } else {
                scans[first..].iter_mut().for_each(|(_, of_scan)| of_scan.push_str(&filter));
            }
        }
        _ => {}
    }
}

/// Collects every index that a plan uses, with its index condition.
fn collect_probes(plan: &Value, probes: &mut Vec<(String, String)>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| collect_probes(part, probes)),
        Value::Object(node) => {
            assert_ne!(node.get("Node Type").and_then(Value::as_str), Some("Seq Scan"), "{plan}");
            let text = |name: &str| node.get(name).and_then(Value::as_str).map(str::to_owned);
            if let Some(index) = text("Index Name") {
                probes.push((index, text("Index Cond").unwrap_or_default()));
            }
            node.values().for_each(|part| collect_probes(part, probes));
        }
        _ => {}
    }
}

/// Everything that the catalog says about comptoir's schemas, line by line.
async fn catalog(client: &Client) -> Vec<String> {
    let project = format!("{PROJECT_SCHEMAS} and t.relname not like 'refinery%'");
    let relations = "from pg_class t join pg_namespace n on n.oid = t.relnamespace";
    let parts = [
        format!(
            "select 'relation ' || t.oid::regclass || ' ' || t.relkind::text || ' ' || coalesce(t.reloptions::text, '') || ' '
                    || t.relrowsecurity || t.relforcerowsecurity || ' ' || coalesce(t.relacl::text, '')
             {relations} where {project} and t.relkind in ('r', 'p', 'v', 'm', 'S')"
        ),
        format!(
            "select 'column ' || t.oid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                    || ' ' || a.attnotnull || ' ' || a.attcollation::regcollation::text
                    || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
             {relations} join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
             left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
             where {project} and t.relkind in ('r', 'p', 'v', 'm')"
        ),
        format!(
            "select 'constraint ' || t.oid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
             {relations} join pg_constraint c on c.conrelid = t.oid where {project}"
        ),
        format!(
            "select 'index ' || pg_get_indexdef(i.indexrelid) {relations} join pg_index i on i.indrelid = t.oid where {project}"
        ),
        format!(
            "select 'policy ' || t.oid::regclass || ' ' || p.polname || ' ' || p.polcmd::text || ' '
                    || (select string_agg(r::regrole::text, ',' order by r::regrole::text) from unnest(p.polroles) r) || ' '
                    || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' '
                    || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
             {relations} join pg_policy p on p.polrelid = t.oid where {project}"
        ),
        format!("select 'view ' || t.oid::regclass || ' ' || pg_get_viewdef(t.oid) {relations} where {project} and t.relkind = 'v'"),
        format!(
            "select 'function ' || p.oid::regprocedure || ' ' || pg_get_functiondef(p.oid)
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {PROJECT_SCHEMAS} and p.prokind = 'f'"
        ),
        format!("select 'schema ' || n.nspname || ' ' || coalesce(n.nspacl::text, '') from pg_namespace n where {PROJECT_SCHEMAS}"),
    ];
    let mut lines = Vec::new();
    for part in parts {
        lines.extend(offenders(client, &part).await);
    }
    lines.sort();
    lines
}
