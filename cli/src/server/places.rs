//! Places for connections: in total, and for each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use comptoir_http_edge::{Metric, ServerMetrics, limited_address};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of a server. Its map has at most as many entries as there are places.
pub(super) struct Places {
    free: Arc<Semaphore>,
    per_address: Mutex<HashMap<IpAddr, usize>>,
    per_address_max: usize,
    metrics: Arc<ServerMetrics>,
}

/// A place that is free again when this is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    address: Option<IpAddr>,
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new(connections_max: usize, per_address_max: usize, metrics: Arc<ServerMetrics>) -> Arc<Places> {
        let free = Arc::new(Semaphore::new(connections_max));
        Arc::new(Places { free, per_address: Mutex::default(), per_address_max, metrics })
    }

    /// Waits for a place of the server's total.
    pub(super) async fn free(&self) -> OwnedSemaphorePermit {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return permit;
        }
        self.metrics.count(Metric::ConnectionsFull);
        Arc::clone(&self.free).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Gives a place to a connection. `None` if its address has too many; `None` as address is not limited.
    pub(super) fn occupy(self: &Arc<Self>, permit: OwnedSemaphorePermit, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(limited_address);
        if let Some(address) = address {
            let mut per_address = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = per_address.entry(address).or_default();
            if *count >= self.per_address_max {
                self.metrics.count(Metric::ConnectionsPerAddress);
                return None;
            }
            *count += 1;
        }
        self.metrics.count(Metric::ConnectionsAccepted);
        self.metrics.count(Metric::ConnectionsOpen);
        Some(Place { _permit: permit, address, places: Arc::clone(self) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.metrics.uncount(Metric::ConnectionsOpen);
        let Some(address) = self.address else { return };
        let mut per_address = self.places.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = per_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                per_address.remove(&address);
            }
        }
    }
}
