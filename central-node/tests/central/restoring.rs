//! Central is put back to an older copy of its data directory, as an operator does who has lost the newer one.

use std::path::Path;
use std::process::Command;

use axum::http::StatusCode;
use comptoir_proto::pull_v1::{Cursor, PullResponse};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bootstrapping::load;
use crate::harness::{Node, Scene};
use crate::pulling::{path, pull};

/// A copy of a data directory, owners and all.
pub(crate) struct Backup(TempDir);

impl Backup {
    /// Made while central stands still, as a snapshot of the disk is.
    pub(crate) async fn take(scene: Scene) -> (Scene, Backup) {
        let backup = Backup(tempfile::tempdir().unwrap());
        let scene = scene.while_stopped(|folder| copy(folder, backup.0.path())).await;
        (scene, backup)
    }

    /// What is in the folder now is lost.
    pub(crate) async fn put_back(&self, scene: Scene) -> Scene {
        let put_back = |folder: &Path| {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
            }
            copy(self.0.path(), folder);
        };
        scene.while_stopped(put_back).await
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}

fn client(node: &mut Node, id: &str) {
    node.seal("CLIENT", id, "CREATE", &json!({ "name": id }));
}

async fn refused(scene: &Scene, node: &Node, cursor: &str) -> Value {
    let (status, body) = scene.get(&node.key, &path(Some(cursor), 200, 0)).await;
    assert_eq!((status, &body["code"]), (StatusCode::GONE, &json!("INCARNATION_CHANGED")), "{body}");
    body
}

fn names(page: &PullResponse) -> Vec<&str> {
    page.changes.iter().map(|change| change.key.entity_id.as_str()).collect()
}

#[tokio::test]
async fn a_cursor_of_the_lost_past_is_refused_though_the_log_has_grown_past_it() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let (mut writer, mut lost, reader) = (company.node().await, company.node().await, company.node().await);
    client(&mut writer, "c-kept");
    writer.push_all(&scene).await;
    let old = pull(&scene, &reader, None, 200).await.cursor;
    let (scene, backup) = Backup::take(scene).await;
    for number in 0..3 {
        client(&mut lost, &format!("c-lost-{number}"));
    }
    lost.push_all(&scene).await;
    let read = pull(&scene, &reader, Some(&old), 200).await;
    assert_eq!(names(&read), ["c-lost-0", "c-lost-1", "c-lost-2"]);
    let part_way = pull(&scene, &reader, Some(&old), 1).await;
    let behind = old.parse::<Cursor>().unwrap().behind(&part_way.changes[0], &part_way.cursor.parse().unwrap());

    let scene = backup.put_back(scene).await;
    refused(&scene, &reader, &read.cursor).await;
    // Others write until the head has passed every cursor: nothing but its proof tells the reader's from a good one.
    for number in 0..6 {
        client(&mut writer, &format!("c-new-{number}"));
    }
    let head = writer.push(&scene, 3, 8).await.results.last().unwrap().position;
    assert!(head > read.head, "{head} is past {}", read.head);
    let body = refused(&scene, &reader, &read.cursor).await;
    assert_eq!(body["head"], json!(head), "{body}");
    refused(&scene, &reader, &part_way.cursor).await;
    // The node's own cursor inside that page is of the same past.
    refused(&scene, &reader, &behind.to_string()).await;
    // What was given before the copy was made is true still, and goes on.
    let on = pull(&scene, &reader, Some(&old), 200).await;
    assert_eq!(on.changes.len(), 6, "{:?}", names(&on));
}

#[tokio::test]
async fn a_cursor_without_a_proof_is_taken_as_before() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    client(&mut node, "c-1");
    node.push_all(&scene).await;
    let given: Cursor = pull(&scene, &node, None, 200).await.cursor.parse().unwrap();
    let of_before = Cursor { proof: None, ..given.clone() };
    client(&mut node, "c-2");
    node.push(&scene, 3, 3).await;
    let page = pull(&scene, &node, Some(&of_before.to_string()), 200).await;
    assert_eq!(names(&page), ["c-2"]);
    let now: Cursor = page.cursor.parse().unwrap();
    assert!(now.proof.is_some() && now.proof != given.proof, "from here on it proves itself");
}

#[tokio::test]
async fn a_first_load_that_was_cut_by_a_restore_begins_again() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let (mut writer, reader) = (company.node().await, company.node().await);
    (0..250).for_each(|number| client(&mut writer, &format!("c-{number}")));
    writer.push_all(&scene).await;
    let (scene, backup) = Backup::take(scene).await;
    client(&mut writer, "c-lost");
    let end = writer.seq.0;
    writer.push(&scene, end, end).await;
    let (mark, cursor) = load(&scene, &reader).await;
    assert!(cursor.proof.as_ref().is_some_and(|proof| proof.position == cursor.position), "{cursor:?}");

    let scene = backup.put_back(scene).await;
    let mut other = Node::clone(&writer);
    other.records.pop();
    (other.seq.0, other.chain) = (end - 1, other.records.last().unwrap().1);
    client(&mut other, "c-instead");
    client(&mut other, "c-more");
    other.push(&scene, end, end + 1).await;
    let (status, body) = scene.get(&reader.key, &format!("/api/v1/sync/bootstrap?after={mark}")).await;
    assert_eq!((status, &body["code"]), (StatusCode::GONE, &json!("INCARNATION_CHANGED")), "{body}");
    refused(&scene, &reader, &cursor.to_string()).await;
}
