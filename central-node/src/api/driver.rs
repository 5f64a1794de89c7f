//! The drivers' screens: pages that a phone keeps, so that they open without a network. They use the mobile contract, and
//! central shows them to anybody, because they contain nothing of a tenant.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use axum::routing::get;
use comptoir_http_edge::{PathParams, ProblemResponse, screens_asset, screens_file};
use comptoir_proto::paths;

use crate::central::Central;

/// As `web/scripts/embed.mjs` names them.
const PAGE: &str = "driver.html";
const WORKER: &str = "driver-sw.js";
const MANIFEST: &str = "driver.webmanifest";

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        // Below the folder of its service worker.
        .route(paths::DRIVER_SHORT, get(async || Redirect::permanent(paths::DRIVER)))
        .route(paths::DRIVER, get(async |headers: HeaderMap| screens_file(PAGE, &headers)))
        .route(paths::DRIVER_WORKER, get(async |headers: HeaderMap| screens_file(WORKER, &headers)))
        .route(paths::DRIVER_MANIFEST, get(async |headers: HeaderMap| screens_file(MANIFEST, &headers)))
        .route(paths::SCREENS_ASSET, get(asset))
}

async fn asset(PathParams(name): PathParams<String>, headers: HeaderMap) -> Result<Response, ProblemResponse> {
    screens_asset(&name, &headers)
}
