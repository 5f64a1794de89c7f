//! The access matrix: every operation of both OpenAPI documents, asked with every kind of credential about the caller's own
//! site, another site and another tenant. `docs/spec/access-matrix.md` has the expected answers; an operation that is not
//! there fails. After a change run the test with `COMPTOIR_WRITE_SPEC=1`, and read what changed line by line.

mod answer;
mod callers;
mod central;
mod node;
mod places;
mod request;
mod table;

use table::Row;

/// Of another tenant nobody reads or changes anything, whatever the credential.
fn assert_no_row_reaches_another_tenant(rows: &[Row]) {
    for row in rows {
        let reached = matches!(row.answers[2], "allowed" | "shared");
        assert!(!reached, "{} reaches another tenant with {}: {:?}", row.operation, row.caller, row.answers);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn central_answers_every_caller_as_the_access_matrix_says() {
    let rows = central::rows().await;
    table::holds("central", &rows);
    assert_no_row_reaches_another_tenant(&rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_answers_every_caller_as_the_access_matrix_says() {
    let rows = node::rows().await;
    table::holds("node", &rows);
}
