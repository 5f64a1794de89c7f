import { useEffect, useRef } from "preact/hooks";
import { Button, Empty, IconButton } from "../design/components";
import { addQuantities, amountOf, compareQuantities } from "../lib/decimal";
import { count, decimal, money, t } from "../lib/i18n";
import { lineMinor, taxes, type Line } from "./cart";
import { cart, drop, edit, held, selected, total, training } from "./sale";

interface Props {
  onPay: () => void;
  onHold: () => void;
  onHeld: () => void;
  onLine: (key: string) => void;
}

export function CartPanel({ onPay, onHold, onHeld, onLine }: Props) {
  const { lines, currency, sent } = cart.value;
  const list = useRef<HTMLOListElement>(null);
  const isClosed = sent !== undefined;
  useEffect(() => {
    list.current?.querySelector(".line.on")?.scrollIntoView({ block: "nearest" });
  }, [selected.value, lines.length]);
  const tax = taxes(lines.map((line) => ({ amountMinor: lineMinor(line, currency), vatRate: line.vatRate })));
  return (
    <section class="cart" aria-label={t("cart-label")}>
      {lines.length === 0 ? (
        <Empty icon="basket" title={t("cart-empty")}>
          {t("cart-empty-next")}
        </Empty>
      ) : (
        <ol class="lines" ref={list} tabIndex={0} aria-label={t("cart-lines")}>
          {lines.map((line) => (
            <CartLine key={line.key} line={line} currency={currency} isClosed={isClosed} onLine={onLine} />
          ))}
        </ol>
      )}
      <div class="pay-bar">
        <div class="total" role="status">
          <span class="soft">{t("cart-total", { pieces_count: lines.length, pieces: count(lines.length) })}</span>
          <b class="number">{money(total.value, currency)}</b>
        </div>
        {tax.length > 0 && (
          <p class="taxes soft small">
            {tax.map(({ rate, minor }) => t("cart-tax", { rate: decimal(rate), amount: money(minor, currency) })).join(" · ")}
          </p>
        )}
        <div class="pay-buttons">
          <Button icon="pause" shortcut="F8" disabled={lines.length === 0 || isClosed || training.value} onClick={onHold}>
            {t("cart-hold")}
          </Button>
          <Button icon="receipt" shortcut="F7" disabled={isClosed || training.value} onClick={onHeld}>
            {held.value.length > 0 ? t("cart-held-count", { number: count(held.value.length) }) : t("cart-held")}
          </Button>
          <Button kind="primary" large shortcut="F9" class="pay" disabled={lines.length === 0 || isClosed} onClick={onPay}>
            {t("cart-pay")}
          </Button>
        </div>
      </div>
    </section>
  );
}

function CartLine({ line, currency, isClosed, onLine }: { line: Line; currency: string; isClosed: boolean; onLine: (key: string) => void }) {
  const isOn = selected.value === line.key;
  const one = compareQuantities(line.quantity, "1") <= 0;
  const price = money(amountOf("1", line.unitPrice, currency), currency);
  return (
    <li class={isOn ? "line on" : "line"}>
      <button
        type="button"
        class="line-text"
        disabled={isClosed}
        title={t("cart-edit", { name: line.name })}
        onClick={() => {
          selected.value = line.key;
          onLine(line.key);
        }}
      >
        <span class="line-name">{line.name}</span>
        <span class="soft small">
          {t("cart-each", { quantity: decimal(line.quantity), price })}
          {line.priceReason && <span class="discount"> {t("cart-price-changed")}</span>}
          {line.discountMinor > 0 && <span class="discount"> {t("cart-discount", { amount: money(line.discountMinor, currency) })}</span>}
        </span>
      </button>
      <span class="line-steps">
        <IconButton
          icon={one ? "trash" : "minus"}
          label={one ? t("cart-remove", { name: line.name }) : t("cart-less", { name: line.name })}
          disabled={isClosed}
          onClick={() => (one ? drop(line.key) : edit(line.key, { quantity: addQuantities(line.quantity, "-1") }))}
        />
        <IconButton
          icon="plus"
          label={t("cart-more", { name: line.name })}
          disabled={isClosed}
          onClick={() => {
            selected.value = line.key;
            edit(line.key, { quantity: addQuantities(line.quantity, "1") });
          }}
        />
      </span>
      <b class="line-amount number">{money(lineMinor(line, currency), currency)}</b>
    </li>
  );
}
