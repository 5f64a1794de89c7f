//! Business events with plausible defaults. A test sets the fields that matter: `Sale { total_minor: 511, ..Sale::default()
//! }` is a sale whose total does not match its lines.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// An event of one type, with its entity type, action and payload.
pub trait TestEvent: Serialize {
    /// The entity type, such as `SALE`.
    fn entity_type(&self) -> &str;

    /// The action, such as `SALE_RECORDED`.
    fn action(&self) -> &str;

    /// The payload as JSON.
    fn payload(&self) -> Value {
        serde_json::to_value(self).expect("a test's event is JSON")
    }

    /// The body of `POST /api/v1/events` with a new event id.
    fn draft(&self, entity_id: &str) -> Value {
        json!({
            "id": Uuid::now_v7(), "entity_type": self.entity_type(), "entity_id": entity_id, "action": self.action(),
            "payload": self.payload(),
        })
    }
}

macro_rules! event {
    ($type:ty, $entity_type:literal, $action:literal) => {
        impl TestEvent for $type {
            fn entity_type(&self) -> &str {
                $entity_type
            }

            fn action(&self) -> &str {
                $action
            }
        }
    };
}

/// A line of a sale, a refund or an invoice.
#[derive(Clone, Debug, Serialize)]
pub struct SaleLine {
    /// A product's code.
    pub product: String,
    /// In the product's unit, a decimal.
    pub quantity: String,
    /// In the main unit of the currency, a decimal.
    pub unit_price: String,
    /// The text printed on the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// In percent, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_rate: Option<String>,
}

impl Default for SaleLine {
    fn default() -> SaleLine {
        SaleLine {
            product: "A".to_owned(),
            quantity: "2".to_owned(),
            unit_price: "2.55".to_owned(),
            description: None,
            vat_rate: None,
        }
    }
}

/// How a part of a sale was paid.
#[derive(Clone, Debug, Serialize)]
pub struct Payment {
    /// The means of payment, such as `card`.
    pub method: String,
    /// In the smallest unit of the currency.
    pub amount_minor: i64,
}

/// A sale: by default two pieces of A at 2.55 euros.
#[derive(Clone, Debug, Serialize)]
pub struct Sale {
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// In the smallest unit of the currency. The rules compare it with the lines.
    pub total_minor: i64,
    /// The country that the goods were sold to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The receipt number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_no: Option<String>,
    /// The lines sold.
    pub lines: Vec<SaleLine>,
    /// The payments; omitted from the payload if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
}

impl Default for Sale {
    fn default() -> Sale {
        Sale {
            currency: "EUR".to_owned(),
            total_minor: 510,
            country: None,
            customer: None,
            receipt_no: None,
            lines: vec![SaleLine::default()],
            payments: Vec::new(),
        }
    }
}

impl Sale {
    /// One line in the shape of the Online Retail data: six pieces at 2.55, paid by card.
    pub fn online_retail(product: &str, receipt_no: &str) -> Sale {
        let line = SaleLine { product: product.to_owned(), quantity: "6".to_owned(), ..SaleLine::default() };
        Sale {
            total_minor: 1530,
            country: Some("France".to_owned()),
            receipt_no: Some(receipt_no.to_owned()),
            lines: vec![line],
            payments: vec![Payment { method: "card".to_owned(), amount_minor: 1530 }],
            ..Sale::default()
        }
    }
}

event!(Sale, "SALE", "SALE_RECORDED");

/// Goods that a customer returns.
#[derive(Clone, Debug, Serialize)]
pub struct Refund {
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// In the smallest unit of the currency, positive.
    pub total_minor: i64,
    /// The entity id of the refunded sale.
    pub original: String,
    /// The returned lines.
    pub lines: Vec<SaleLine>,
}

impl Default for Refund {
    fn default() -> Refund {
        Refund {
            currency: "EUR".to_owned(),
            total_minor: 255,
            original: "s-1".to_owned(),
            lines: vec![SaleLine { quantity: "1".to_owned(), ..SaleLine::default() }],
        }
    }
}

event!(Refund, "SALE", "SALE_REFUNDED");

/// A line of a goods receipt: one lot.
#[derive(Clone, Debug, Serialize)]
pub struct ReceptionLine {
    /// A product's code.
    pub product: String,
    /// In the product's unit, a decimal.
    pub quantity: String,
    /// In the main unit of the currency, a decimal.
    pub unit_cost: String,
}

impl Default for ReceptionLine {
    fn default() -> ReceptionLine {
        ReceptionLine { product: "A".to_owned(), quantity: "10".to_owned(), unit_cost: "1.50".to_owned() }
    }
}

/// Goods received from a supplier.
#[derive(Clone, Debug, Serialize)]
pub struct GoodsReception {
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// The received lots.
    pub lines: Vec<ReceptionLine>,
}

impl Default for GoodsReception {
    fn default() -> GoodsReception {
        GoodsReception { currency: "EUR".to_owned(), lines: vec![ReceptionLine::default()] }
    }
}

event!(GoodsReception, "RECEPTION", "GOODS_RECEIVED");

/// The order of a delivery, with the code that its recipient presents.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryOrder {
    /// The number on the delivery note.
    pub reference: String,
    /// The recipient.
    pub client: String,
    /// The code that the driver scans.
    pub qr: String,
    /// In the smallest unit of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_minor: Option<i64>,
}

impl Default for DeliveryOrder {
    fn default() -> DeliveryOrder {
        DeliveryOrder {
            reference: "BL-1".to_owned(),
            client: "Durand".to_owned(),
            qr: "QR-1".to_owned(),
            total_minor: None,
        }
    }
}

event!(DeliveryOrder, "DELIVERY", "DELIVERY_CREATED");

/// A driver's scan at the door.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryValidation {
    /// The scanned code. A code that differs from the order's is quarantined.
    pub qr: String,
    /// The time of the scan, in RFC 3339.
    pub validated_at: String,
    /// The latitude in degrees, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    /// The longitude in degrees, a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
}

impl Default for DeliveryValidation {
    fn default() -> DeliveryValidation {
        DeliveryValidation {
            qr: "QR-1".to_owned(),
            validated_at: "2026-03-01T10:00:00Z".to_owned(),
            latitude: Some("48.85".to_owned()),
            longitude: Some("2.35".to_owned()),
        }
    }
}

event!(DeliveryValidation, "DELIVERY", "DELIVERY_VALIDATED");

/// An invoice: by default for two pieces of A at 2.55 euros.
#[derive(Clone, Debug, Serialize)]
pub struct InvoiceCreation {
    /// The client's id.
    pub client: String,
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// In the smallest unit of the currency. The rules compare it with the lines.
    pub total_minor: i64,
    /// `net` or `gross`: whether the unit prices exclude or include VAT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_basis: Option<String>,
    /// The reference that the till printed before central assigned one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisional_reference: Option<String>,
    /// The invoiced lines.
    pub lines: Vec<SaleLine>,
}

impl Default for InvoiceCreation {
    fn default() -> InvoiceCreation {
        InvoiceCreation {
            client: "c-1".to_owned(),
            currency: "EUR".to_owned(),
            total_minor: 510,
            price_basis: None,
            provisional_reference: None,
            lines: vec![SaleLine::default()],
        }
    }
}

event!(InvoiceCreation, "INVOICE", "INVOICE_CREATED");

/// The cancellation of an invoice: central's answer contains the number of a credit note.
#[derive(Clone, Debug, Serialize)]
pub struct InvoiceCancellation {
    /// The invoice's entity id.
    pub invoice: String,
    /// The reason for the cancellation.
    pub reason: String,
}

impl Default for InvoiceCancellation {
    fn default() -> InvoiceCancellation {
        InvoiceCancellation { invoice: "i-1".to_owned(), reason: "wrong client".to_owned() }
    }
}

event!(InvoiceCancellation, "INVOICE", "INVOICE_CANCELLED");

/// An edit of an entity made of fields, such as a client, product or student.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Edit {
    /// The entity type, such as `CLIENT`.
    #[serde(skip)]
    pub entity_type: &'static str,
    /// `CREATE`, `UPDATE` or `DELETE`.
    #[serde(skip)]
    pub action: &'static str,
    /// The written fields; null removes a field.
    pub fields: Value,
}

impl Default for Edit {
    fn default() -> Edit {
        Edit { entity_type: "CLIENT", action: "CREATE", fields: json!({ "name": "Durand" }) }
    }
}

impl TestEvent for Edit {
    fn entity_type(&self) -> &str {
        self.entity_type
    }

    fn action(&self) -> &str {
        self.action
    }
}

/// Creates a client with a name.
pub fn new_client(name: &str) -> Edit {
    Edit { fields: json!({ "name": name }), ..Edit::default() }
}
