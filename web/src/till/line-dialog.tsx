import { useEffect, useState } from "preact/hooks";
import { Button, Choice, Dialog, Field } from "../design/components";
import { call, type Schemas } from "../lib/client";
import { amountOf, divideHalfUp, minor, price as parsePrice, quantity as parseQuantity, scaled } from "../lib/decimal";
import { clock, decimal, money, t } from "../lib/i18n";
import { mayRecord } from "../session/session-state";
import { cart, drop, replace } from "./sale";

/** Quantity and discount of one line, and what is known of its stock. */
export function LineDialog({ lineKey, onClose }: { lineKey: string; onClose: () => void }) {
  const line = cart.value.lines.find((one) => one.key === lineKey);
  const { currency } = cart.value;
  const [quantity, setQuantity] = useState(line ? line.quantity : "1");
  const [kind, setKind] = useState<"amount" | "percent">("percent");
  const [discount, setDiscount] = useState("");
  const [price, setPrice] = useState(line ? line.unitPrice : "");
  const [reason, setReason] = useState(line?.priceReason ?? "");
  if (!line) return null;
  const many = parseQuantity(quantity);
  const listPrice = line.listPrice ?? line.unitPrice;
  const newPrice = parsePrice(price);
  const isChanged = newPrice !== undefined && newPrice !== parsePrice(listPrice);
  const whole = amountOf(many ?? line.quantity, newPrice ?? line.unitPrice, currency);
  const off = discount ? discountMinor(discount, kind, whole, currency) : line.discountMinor;
  const isValid = many !== undefined && off !== undefined && off <= whole && newPrice !== undefined && (!isChanged || reason.trim() !== "");
  const save = (): void => {
    if (!isValid) return;
    const { listPrice: _, priceReason: __, ...plain } = line;
    const changed = isChanged ? { listPrice, priceReason: reason.trim() } : {};
    replace({ ...plain, ...changed, unitPrice: newPrice, quantity: many, discountMinor: off });
    onClose();
  };
  return (
    <Dialog title={line.name} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <StockFact product={line.product} />
        <Field
          label={t("line-quantity")}
          value={quantity}
          numeric
          autofocus
          onValue={setQuantity}
          error={many === undefined ? t("not-a-quantity") : undefined}
        />
        <div class="pair">
          <Field
            label={t("line-discount")}
            value={discount}
            numeric
            placeholder={line.discountMinor > 0 ? money(line.discountMinor, currency) : "0"}
            onValue={setDiscount}
            error={off === undefined ? t("not-a-discount") : off > whole ? t("line-discount-too-much") : undefined}
          />
          <Choice
            label={t("line-discount-kind")}
            value={kind}
            options={[
              { value: "percent", label: "%" },
              { value: "amount", label: currency },
            ]}
            onChoose={setKind}
          />
        </div>
        {mayRecord("PRICE_OVERRIDDEN", "SALE") ? (
          <>
            <Field label={t("line-price", { currency })} value={price} numeric onValue={setPrice} error={newPrice === undefined ? t("not-a-price") : undefined} />
            {isChanged && (
              <>
                <p class="soft small">{t("line-list-price", { price: money(amountOf("1", listPrice, currency), currency) })}</p>
                <Field label={t("line-price-reason")} value={reason} maxLength={500} required onValue={setReason} />
              </>
            )}
          </>
        ) : (
          <p class="soft small">{t("line-price-right")}</p>
        )}
        <p class="sum">
          <span class="soft">{t("line-total")}</span>
          <b class="number">{money(whole - (off ?? 0), currency)}</b>
        </p>
        <div class="actions">
          <Button
            kind="danger"
            icon="trash"
            onClick={() => {
              drop(lineKey);
              onClose();
            }}
          >
            {t("line-remove")}
          </Button>
          <Button kind="primary" type="submit" disabled={!isValid}>
            {t("line-save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function discountMinor(typed: string, kind: "amount" | "percent", whole: number, currency: string): number | undefined {
  if (kind === "amount") return minor(typed, currency);
  const percent = scaled(typed, 2);
  if (percent === undefined || percent < 0n || percent > 10_000n) return undefined;
  return Number(divideHalfUp(BigInt(whole) * percent, 10_000n));
}

/** "12 (known at 14:05, 3 waiting)": the two figures are never added up, since nobody knows whether central has them already. */
function StockFact({ product }: { product: string }) {
  const [rows, setRows] = useState<Schemas["NodeStockRow"][]>();
  useEffect(() => {
    void call("get", "/api/v1/stock", { query: { product } }).then((answer) => answer.ok && setRows(answer.data.rows));
  }, [product]);
  const row = rows?.[0];
  if (!row) return <p class="soft small">{rows ? t("stock-unknown") : " "}</p>;
  const known = row.quantity == null ? t("stock-unknown") : t("stock-known", { quantity: decimal(row.quantity), at: row.known_at ? clock(row.known_at) : "?" });
  const waits = Number(row.waiting.sold) > 0;
  return (
    <p class="soft small">
      {known}
      {waits && ` · ${t("stock-waiting", { quantity: decimal(row.waiting.sold) })}`}
    </p>
  );
}
