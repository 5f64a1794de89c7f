use comptoir_core::id::TenantId;

use super::answer_cache::AnswerCache;
use super::error::ReportError;
use super::sales::{self, PresentSales, SalesParams, SalesReport, SalesRow};
use super::source::ReportSource;
use super::stock::{self, PresentStock, StockParams, StockReport, StockRow};

/// The reports of this process, with their cached answers.
pub(crate) struct Reports {
    source: ReportSource,
    sales: AnswerCache<PresentSales, SalesRow>,
    stock: AnswerCache<PresentStock, StockRow>,
}

impl Reports {
    pub(crate) fn new(source: ReportSource) -> Reports {
        Reports { source, sales: AnswerCache::default(), stock: AnswerCache::default() }
    }

    /// The source of the read models' lists.
    pub(crate) fn source(&self) -> &ReportSource {
        &self.source
    }

    pub(crate) async fn sales(&self, tenant: TenantId, question: &SalesParams) -> Result<SalesReport, ReportError> {
        sales::report(&self.source, &self.sales, tenant, question).await
    }

    pub(crate) async fn stock(&self, tenant: TenantId, question: &StockParams) -> Result<StockReport, ReportError> {
        stock::report(&self.source, &self.stock, tenant, question).await
    }
}
