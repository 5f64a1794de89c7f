// Stock as the node knows it: central's figures, how old they are, and what waits here. Nobody changes stock on this screen.
import { useState } from "preact/hooks";
import { Badge, Choice, Empty, Field, type IconName, type Tone } from "../design/components";
import { count, decimal, t } from "../lib/i18n";
import { isStockRead, knownAt, signed, stock, useShopData } from "../lib/shop-data";
import { levelOf, waitingQuantity, type Level, type StockRow } from "../lib/stock-level";
import { isComplete, plain, products, type Product } from "../till/catalogue";

const SHOWN = 200;

type Which = "all" | "low" | "below" | "waiting";

interface Row {
  id: string;
  product: Product | undefined;
  stock: StockRow | undefined;
  level: Level;
  text: string;
}

export function StockScreen() {
  useShopData({ stock: true });
  const [typed, setTyped] = useState("");
  const [which, setWhich] = useState<Which>("all");
  const rows = rowsOf();
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => isWanted(row, which) && words.every((word) => row.text.includes(word)));
  const isRead = isStockRead.value && isComplete.value;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-stock")}</h1>
        <div class="inline">
          <Field label={t("stock-find")} value={typed} onValue={setTyped} autoComplete="off" spellcheck={false} autofocus />
        </div>
      </div>
      <p class="soft small">{t("stock-explained")}</p>
      <Choice
        label={t("stock-which")}
        value={which}
        options={[
          { value: "all", label: t("stock-all") },
          { value: "low", label: t("stock-low-ones") },
          { value: "below", label: t("stock-below-ones") },
          { value: "waiting", label: t("stock-waiting-ones") },
        ]}
        onChoose={setWhich}
      />
      {!isRead && rows.length === 0 && (
        <p class="soft" role="status">
          {t("opening")}
        </p>
      )}
      {isRead && found.length === 0 && (
        <Empty icon="shelf" title={rows.length === 0 ? t("stock-none") : t("stock-nothing-found")}>
          {rows.length === 0 ? t("stock-none-next") : t("stock-nothing-found-next")}
        </Empty>
      )}
      {found.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("stock-product")}</th>
              <th scope="col" class="number">
                {t("stock-quantity")}
              </th>
              <th scope="col" class="wide-only">
                {t("stock-known-when")}
              </th>
              <th scope="col">{t("receipts-state")}</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, SHOWN).map((row) => (
              <tr key={row.id}>
                <td>
                  {row.product?.name ?? row.id} <code class="soft">{row.id}</code>
                </td>
                <td class="number">
                  <Quantity stock={row.stock} />
                </td>
                <td class="wide-only soft">{row.stock?.known_at ? knownAt(row.stock.known_at) : "–"}</td>
                <td>
                  <LevelBadge level={row.level} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > SHOWN && <p class="soft">{t("stock-more", { number: count(found.length - SHOWN) })}</p>}
    </main>
  );
}

/** Every product, and what has stock without being one that this node knows. */
function rowsOf(): Row[] {
  const known = new Set<string>();
  const rows = products.value.map(({ product, text }): Row => {
    known.add(product.id);
    const row = stock.value.get(product.id);
    return { id: product.id, product, stock: row, level: levelOf(row, product), text };
  });
  for (const [id, row] of stock.value) {
    if (!known.has(id)) rows.push({ id, product: undefined, stock: row, level: levelOf(row, undefined), text: plain(id) });
  }
  return rows;
}

function isWanted({ level, stock }: Row, which: Which): boolean {
  switch (which) {
    case "all":
      return true;
    case "low":
      return ["low", "none", "below"].includes(level);
    case "below":
      return level === "below";
    case "waiting":
      return (stock?.waiting.lines ?? 0) > 0;
  }
}

/** The figure, and below it when it was known and what waits: never one number made of both. */
function Quantity({ stock }: { stock: StockRow | undefined }) {
  const waits = stock && stock.waiting.lines > 0;
  return (
    <>
      <b>{stock?.quantity == null ? "?" : decimal(stock.quantity)}</b>
      {waits && <span class="soft small under">{t("stock-waits", { waiting: signed(waitingQuantity(stock)) })}</span>}
      {stock?.known_at && <span class="soft small under narrow-only">{t("stock-known-at", { at: knownAt(stock.known_at) })}</span>}
    </>
  );
}

const LOOKS: Record<Level, { tone: Tone; icon?: IconName }> = {
  unknown: { tone: "quiet" },
  below: { tone: "danger", icon: "alert" },
  none: { tone: "warn", icon: "alert" },
  low: { tone: "warn", icon: "down" },
  enough: { tone: "good", icon: "check" },
};

export function LevelBadge({ level }: { level: Level }) {
  return <Badge {...LOOKS[level]}>{levelText(level)}</Badge>;
}

function levelText(level: Level): string {
  switch (level) {
    case "unknown":
      return t("level-unknown");
    case "below":
      return t("level-below");
    case "none":
      return t("level-none");
    case "low":
      return t("level-low");
    case "enough":
      return t("level-enough");
  }
}
