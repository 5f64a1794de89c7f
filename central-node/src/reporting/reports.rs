use std::sync::Arc;

use comptoir_core::id::TenantId;

use super::answer_cache::AnswerCache;
use super::error::ReportError;
use super::freshness;
use super::recent_answers::RecentAnswers;
use super::sales::{self, PresentSales, SalesFilter, SalesParams, SalesReport, SalesRow};
use super::source::ReportSource;
use super::stock::{self, PresentStock, StockFilter, StockParams, StockReport, StockRow};
use crate::projections::progress::ProjectionMark;

/// The reports of this process, with their cached answers.
pub(crate) struct Reports {
    source: Arc<ReportSource>,
    sales: Arc<AnswerCache<PresentSales, SalesRow>>,
    recent_sales: RecentAnswers<(TenantId, SalesFilter), SalesReport>,
    stock: Arc<AnswerCache<PresentStock, StockRow>>,
    recent_stock: RecentAnswers<(TenantId, StockFilter), StockReport>,
}

impl Reports {
    pub(crate) fn new(source: ReportSource) -> Reports {
        Reports {
            source: Arc::new(source),
            sales: Arc::default(),
            recent_sales: RecentAnswers::default(),
            stock: Arc::default(),
            recent_stock: RecentAnswers::default(),
        }
    }

    /// The source of the read models' lists.
    pub(crate) fn source(&self) -> &ReportSource {
        &self.source
    }

    pub(crate) async fn sales(&self, tenant: TenantId, question: SalesParams) -> Result<SalesReport, ReportError> {
        let (source, cache) = (Arc::clone(&self.source), Arc::clone(&self.sales));
        if question.as_of.is_some() || question.page.is_some() {
            return sales::report(&source, &cache, tenant, &question).await;
        }
        let (asked, wait, within) = ((tenant, question.filter.clone()), question.wait, source.report_wait);
        freshness::wait_for(&source.progress, tenant, ProjectionMark::Projected, wait).await?;
        let compute = async move { sales::report(&source, &cache, tenant, &question).await };
        self.recent_sales.answer(asked, wait.position, within, compute).await
    }

    pub(crate) async fn stock(&self, tenant: TenantId, question: StockParams) -> Result<StockReport, ReportError> {
        let (source, cache) = (Arc::clone(&self.source), Arc::clone(&self.stock));
        if question.as_of.is_some() || question.page.is_some() {
            return stock::report(&source, &cache, tenant, &question).await;
        }
        let (asked, wait, within) = ((tenant, question.filter.clone()), question.wait, source.report_wait);
        freshness::wait_for(&source.progress, tenant, ProjectionMark::Head, wait).await?;
        let compute = async move { stock::report(&source, &cache, tenant, &question).await };
        self.recent_stock.answer(asked, wait.position, within, compute).await
    }
}
