//! local-node
