//! The routes of the desktop contract, which `docs/spec/desktop.md` specifies.

mod down;
mod resolve;
mod up;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use comptoir_proto::paths;

use crate::central::Central;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::DESKTOP_UP, post(up::up))
        .route(paths::DESKTOP_DOWN, post(down::down))
        .route(paths::DESKTOP_RESOLVE, post(resolve::resolve))
}
