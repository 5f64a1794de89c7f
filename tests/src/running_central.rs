//! Central in the test's process with one tenant, called through an [`Endpoint`].

use comptoir_core::id::TenantId;
use comptoir_test_support::{TestCentral, TestTenant};

use crate::contract::{Endpoint, IMPATIENT};

/// Central, its tenant and the administrator's token.
pub struct RunningCentral {
    /// The tenant's id.
    pub tenant: TenantId,
    central: TestCentral,
    site: comptoir_core::id::SiteId,
    token: String,
}

impl RunningCentral {
    /// Starts central with a tenant of that name.
    pub async fn open(name: &str) -> RunningCentral {
        let central = TestCentral::new().await;
        let TestTenant { tenant, site, token, .. } = central.tenant(name).await;
        RunningCentral { tenant, central, site, token }
    }

    /// The API as the administrator.
    pub fn admin(&self) -> Endpoint {
        self.endpoint(self.token.clone())
    }

    /// The API as a new node of the tenant's site.
    pub async fn node(&self) -> Endpoint {
        let tenant =
            TestTenant { server: &self.central, tenant: self.tenant, site: self.site, token: self.token.clone() };
        self.endpoint(tenant.node().await.key)
    }

    fn endpoint(&self, key: String) -> Endpoint {
        let impatient = comptoir_central::router_with(self.central.central.clone(), IMPATIENT);
        Endpoint::service(self.central.router.clone(), Some(key)).with_impatient(impatient)
    }
}
