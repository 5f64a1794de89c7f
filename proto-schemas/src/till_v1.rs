//! Sessions of a node's till: opening float, cash in and out, and the counted closing. `docs/spec/till.md`.

use comptoir_core::till::TillTotals;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::openapi::words;

/// Kinds of notes and coins in one count.
pub const COUNTED_MAX: usize = 40;

/// Notes or coins of one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountedCash {
    /// Of one note or coin, minor units.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub value_minor: i64,
    /// How many.
    #[schemars(range(max = 1_000_000))]
    pub count: u32,
}

/// `POST /api/v1/till/open`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTill {
    /// Cash in the drawer, minor units of the shop's currency.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub float_minor: i64,
    /// The notes and coins, if they were counted; their sum is `float_minor`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 40))]
    pub counted: Vec<CountedCash>,
}

/// `POST /api/v1/till/cash`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveCash {
    /// The id of the event, so that a retry moves nothing twice; without it the request needs an `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Minor units; negative if it was taken out, never zero.
    #[schemars(range(min = -9_007_199_254_740_991_i64, max = 9_007_199_254_740_991_i64))]
    pub amount_minor: i64,
    /// The reason that was given.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// `POST /api/v1/till/close`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseTill {
    /// The session that was counted, so that a retry never closes the next one.
    #[schemars(range(min = 1))]
    pub number: u64,
    /// What was in the drawer, minor units.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub counted_minor: i64,
    /// The notes and coins; their sum is `counted_minor`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 40))]
    pub counted: Vec<CountedCash>,
    /// Why counted and expected differ; needed where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// `GET /api/v1/till`: the session that is open, with its sums so far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TillState {
    /// The shop's currency: `TILL_CURRENCY`, else that of its products, else EUR.
    #[schemars(with = "words::CurrencyCode")]
    pub currency: String,
    /// Whether the screens ask for the float before the first sale: `TILL_SESSIONS`.
    pub asks_for_float: bool,
    /// Absent while the till is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<TillSession>,
    /// Number of the last session that was closed; 0 before the first.
    pub last_closed: u64,
    /// Events that central has not answered for.
    pub unsent: u64,
}

/// An open session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TillSession {
    /// The event that opened it; sales name it in `correlation`.
    pub id: Uuid,
    /// At this node, from 1 without gaps.
    pub number: u64,
    /// When it began.
    #[schemars(with = "words::Instant")]
    pub opened_at: String,
    /// Who opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<String>,
    /// Of every sum.
    #[schemars(with = "words::CurrencyCode")]
    pub currency: String,
    /// Cash in the drawer at the beginning.
    pub float_minor: i64,
    /// The sums so far.
    #[serde(flatten)]
    pub sums: TillSums,
    /// What should be in the drawer now.
    pub expected_minor: i64,
    /// Cash that was put in or taken out, oldest first.
    pub moves: Vec<CashMove>,
}

/// The sums of a session, as a Z report seals them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TillSums {
    /// Number of sales.
    pub sales: u64,
    /// Their totals, tax included.
    pub sales_minor: i64,
    /// Number of refunds and cancelled sales.
    pub refunds: u64,
    /// Their totals.
    pub refunds_minor: i64,
    /// By method of payment: what came in less what was paid back.
    pub payments: Vec<MethodSum>,
    /// By tax rate: tax in the sales less tax in the refunds.
    pub taxes: Vec<TaxSum>,
    /// Cash put in besides sales.
    pub cash_in_minor: i64,
    /// Cash taken out besides refunds.
    pub cash_out_minor: i64,
    /// Sales and refunds in another currency; no sum has them.
    pub other_currencies: u64,
}

/// The sum of one method of payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MethodSum {
    /// `cash`, `card`...; `unspecified` where a sale does not say.
    pub method: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// The sum of one tax rate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxSum {
    /// In per cent.
    #[schemars(with = "words::Decimal")]
    pub rate: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// Cash that was put in or taken out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CashMove {
    /// The event.
    pub id: Uuid,
    /// When the cash moved.
    #[schemars(with = "words::Instant")]
    pub at: String,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Minor units; negative if it was taken out.
    pub amount_minor: i64,
    /// The reason that was given.
    pub reason: String,
}

/// The payload of TILL_OPENED.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TillOpened {
    /// Number of the session.
    pub number: u64,
    /// Of every amount.
    pub currency: String,
    /// Cash in the drawer.
    pub float_minor: i64,
    /// The notes and coins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<CountedCash>,
}

/// The payload of CASH_MOVED.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CashMoved {
    /// Number of the session.
    pub number: u64,
    /// Of the amount.
    pub currency: String,
    /// Minor units; negative if it was taken out.
    pub amount_minor: i64,
    /// The reason that was given.
    pub reason: String,
}

/// The payload of TILL_CLOSED: the Z report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TillClosed {
    /// Number of the session and of the report.
    pub number: u64,
    /// Of every amount.
    pub currency: String,
    /// When the session began.
    pub opened_at: String,
    /// Cash in the drawer at the beginning.
    pub float_minor: i64,
    /// The sums.
    #[serde(flatten)]
    pub sums: TillSums,
    /// What should be in the drawer.
    pub expected_minor: i64,
    /// What was in the drawer.
    pub counted_minor: i64,
    /// Counted less expected.
    pub difference_minor: i64,
    /// The notes and coins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<CountedCash>,
    /// Why counted and expected differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Sales less refunds of all sessions of this node in this currency, with this one.
    pub grand_total_minor: i64,
    /// Events that central had not answered for.
    pub unsent: u64,
}

impl From<&TillTotals> for TillSums {
    fn from(totals: &TillTotals) -> TillSums {
        let method = |(method, sum): (&String, &i64)| MethodSum { method: method.clone(), amount_minor: *sum };
        let tax = |(rate, sum): (&rust_decimal::Decimal, &i64)| TaxSum {
            rate: comptoir_core::money::plain(*rate),
            amount_minor: *sum,
        };
        TillSums {
            sales: totals.sales,
            sales_minor: totals.sales_minor,
            refunds: totals.refunds,
            refunds_minor: totals.refunds_minor,
            payments: totals.by_method.iter().map(method).collect(),
            taxes: totals.taxes.iter().map(tax).collect(),
            cash_in_minor: totals.cash_in_minor,
            cash_out_minor: totals.cash_out_minor,
            other_currencies: totals.other_currencies,
        }
    }
}

/// The sum of counted notes and coins; `None` if it does not fit.
pub fn counted_minor(counted: &[CountedCash]) -> Option<i64> {
    counted.iter().try_fold(0i64, |sum, cash| sum.checked_add(cash.value_minor.checked_mul(i64::from(cash.count))?))
}
