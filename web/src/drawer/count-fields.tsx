// Counting a drawer: a row for each note and coin, or one amount.
import { useEffect, useId, useRef } from "preact/hooks";
import { Choice, Field } from "../design/components";
import { minor } from "../lib/decimal";
import { money, t } from "../lib/i18n";
import { countedMinor, countedOf, denominations, type Counted } from "./denominations";

export interface Count {
  way: "pieces" | "amount";
  typed: Record<number, string>;
  amount: string;
}

export function emptyCount(currency: string, way: Count["way"]): Count {
  return { way: denominations(currency).length > 0 ? way : "amount", typed: {}, amount: "" };
}

/** What was counted; undefined as long as something typed is no number. */
export function resultOf(count: Count, currency: string): { minor: number; counted: Counted[] } | undefined {
  if (count.way === "pieces") {
    const counted = countedOf(currency, count.typed);
    return counted && { minor: countedMinor(counted), counted };
  }
  const amount = minor(count.amount.trim() === "" ? "0" : count.amount, currency);
  return amount === undefined ? undefined : { minor: amount, counted: [] };
}

export function CountFields({ currency, count, label, onCount }: { currency: string; count: Count; label: string; onCount: (count: Count) => void }) {
  const values = denominations(currency);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => root.current?.querySelector("input")?.focus(), [count.way]);
  const wrong = count.way === "amount" && resultOf(count, currency) === undefined;
  return (
    <div class="stack" ref={root}>
      {values.length > 0 && (
        <Choice
          label={t("drawer-way")}
          value={count.way}
          options={[
            { value: "amount", label: t("drawer-way-amount") },
            { value: "pieces", label: t("drawer-way-pieces") },
          ]}
          onChoose={(way) => onCount({ ...count, way })}
        />
      )}
      {count.way === "amount" ? (
        <Field label={label} value={count.amount} numeric placeholder="0" error={wrong ? t("not-a-price") : undefined} onValue={(amount) => onCount({ ...count, amount })} />
      ) : (
        <div class="pieces" role="group" aria-label={label}>
          {values.map((value) => (
            <Piece
              key={value}
              value={value}
              currency={currency}
              typed={count.typed[value] ?? ""}
              onTyped={(text) => onCount({ ...count, typed: { ...count.typed, [value]: text } })}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function Piece({ value, currency, typed, onTyped }: { value: number; currency: string; typed: string; onTyped: (text: string) => void }) {
  const id = useId();
  const isWrong = typed.trim() !== "" && !/^\d{1,6}$/.test(typed.trim());
  return (
    <div class="piece">
      <label for={id} class="number">
        {money(value, currency)}
      </label>
      <input
        id={id}
        class="input number"
        inputMode="numeric"
        autoComplete="off"
        placeholder="0"
        value={typed}
        aria-invalid={isWrong ? "true" : undefined}
        onInput={(event) => onTyped(event.currentTarget.value)}
        onKeyDown={toNext}
      />
      <span class="number soft">{isWrong ? t("drawer-not-pieces") : money(value * Number(typed || 0), currency)}</span>
    </div>
  );
}

/** Enter goes on to the next note or coin; it sends the form only from the last one. */
function toNext(event: KeyboardEvent & { currentTarget: HTMLInputElement }): void {
  if (event.key !== "Enter") return;
  const inputs = [...(event.currentTarget.closest(".pieces")?.querySelectorAll("input") ?? [])];
  const next = inputs[inputs.indexOf(event.currentTarget) + 1];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
