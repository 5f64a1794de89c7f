//! central-node
