//! The connection to central of a demonstration. A person cuts it to see the shop go on alone, and joins it again.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// A connection that can be cut. `comptoir up` has one; a shop has none.
pub trait DemoLink: Send + Sync {
    /// Whether the node can reach central.
    fn is_connected(&self) -> BoxFuture<'_, bool>;

    /// Cuts or joins the connection before it returns. Joining a connected one changes nothing.
    fn set_connected(&self, connected: bool) -> BoxFuture<'_, io::Result<()>>;
}

/// The connection of a node, if it can be cut.
pub(crate) type OptionalDemoLink = Option<Arc<dyn DemoLink>>;
