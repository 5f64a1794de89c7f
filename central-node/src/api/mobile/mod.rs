//! The mobile contract: `docs/spec/mobile.md`.

mod event;
mod outcome;
pub(super) mod pull;
mod push;
mod rows;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use comptoir_proto::paths;

use crate::central::Central;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::MOBILE_PUSH, post(push::push))
        .route(paths::MOBILE_PULL, get(pull::pull))
        .route(paths::MOBILE_STATUS, get(pull::status))
        .route(paths::MOBILE_BOOTSTRAP, get(pull::bootstrap))
}
