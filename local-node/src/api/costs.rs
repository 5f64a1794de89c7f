//! What goods cost is shown to, and taken from, those who may see it. Everybody else counts goods without their costs: these come
//! from the purchase order, which the node reads for them.

use comptoir_core::fact::Fact;
use comptoir_proto::api_v1::EventDto;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{EntityRow, NodeRow};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::caller::Caller;

/// The entity type of what a shop expects: made of fields, by head office.
pub(super) const PURCHASE_ORDER: &str = "PURCHASE_ORDER";

/// The member of a line that says what one costs.
pub(super) const UNIT_COST: &str = "unit_cost";

/// Refuses costs from somebody who may not see them.
pub(super) fn check(caller: &Caller, fact: &Fact) -> Result<(), Problem> {
    let Fact::GoodsReceived(reception) = fact else { return Ok(()) };
    let named = reception.lines.iter().position(|line| line.unit_cost.is_some());
    match named {
        Some(line) if !caller.sees_costs() => {
            let detail = format!("{caller} is not allowed: see what goods cost; leave {UNIT_COST:?} out");
            Err(Problem::new(ErrorCode::Forbidden, detail).at(format!("/payload/lines/{line}/{UNIT_COST}")))
        }
        _ => Ok(()),
    }
}

/// The event as the caller may see it.
pub(super) fn shown_to(caller: &Caller, mut event: EventDto) -> EventDto {
    if ["RECEPTION", PURCHASE_ORDER].contains(&event.entity_type.as_str()) && !caller.sees_costs() {
        hide(&mut event.payload);
    }
    event
}

/// Takes the costs out of a purchase order for somebody who may not see them.
pub(super) fn hide_in_order(caller: &Caller, order: &mut NodeRow<EntityRow>) {
    if caller.sees_costs() {
        return;
    }
    let pending = order.pending.iter_mut().map(|pending| &mut pending.payload);
    for json in pending.chain([&mut order.row.fields]) {
        *json = without_costs(json);
    }
}

/// What does not read or encode is not shown at all.
fn without_costs(json: &RawValue) -> Box<RawValue> {
    let mut document: Value = serde_json::from_str(json.get()).unwrap_or_default();
    hide(&mut document);
    to_raw_value(&document).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn hide(document: &mut Value) {
    let lines = document.get_mut("lines").and_then(Value::as_array_mut);
    for line in lines.into_iter().flatten().filter_map(Value::as_object_mut) {
        line.remove(UNIT_COST);
    }
}
