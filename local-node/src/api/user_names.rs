use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_proto::read_v1::RowList;
use comptoir_proto::session_v1::UserName;

use crate::node::Node;

/// `GET /api/v1/user-names`: the users whom central sent to this node. Names are read here and never copied into rows, so that an
/// erased user's name is gone with the next contact.
pub(super) async fn list(State(node): State<Arc<Node>>) -> Json<RowList<UserName>> {
    let known = node.users().known();
    let users = known.iter().flat_map(|known| known.all());
    let rows = users.map(|user| UserName { id: user.id.uuid(), name: user.name.clone() }).collect();
    Json(RowList { rows, next_cursor: None })
}
