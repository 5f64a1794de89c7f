// What is expected, what is being counted, and what came.
import { useEffect, useRef, useState } from "preact/hooks";
import { Badge, Banner, Button, Choice, Dialog, Empty } from "../design/components";
import { Failure } from "../design/failure";
import { Finder, Progress } from "../design/finder";
import { send, type Problem, type Schemas } from "../lib/client";
import { count as countText, day, decimal, moment, t } from "../lib/i18n";
import { go } from "../lib/router";
import { savedDrafts } from "../lib/saved-draft";
import { productById, useShopData } from "../lib/shop-data";
import { live } from "../lib/stream";
import { uuid7 } from "../lib/ids";
import { plain } from "../till/catalogue";
import { StatusBadge } from "../receipts/status-badge";
import { countOf, freeCount, receivedSoFar, remainder, undoneBy, type Count, type Order, type ReceivedEvent } from "./count";
import { readOrders, readReceived } from "./orders";

const SHOWN = 50;
/** Receptions that the remainder of an order is computed from. */
const LOOKED_AT = 5_000;

type Draft = { form: Schemas["SavedForm"]; draft: Count };

export function ReceptionsScreen() {
  useShopData({ stock: false });
  const [orders, setOrders] = useState<Order[]>();
  const [events, setEvents] = useState<ReceivedEvent[]>([]);
  const [isComplete, setComplete] = useState(true);
  const [drafts, setDrafts] = useState<Draft[]>([]);
  const [shown, setShown] = useState(SHOWN);
  const [problem, setProblem] = useState<Problem>();
  const [starting, setStarting] = useState<Order>();
  const input = useRef<HTMLInputElement>(null);
  const { marks, sync, reached } = live.value;
  useEffect(() => {
    if (reached === false) return;
    const read = async (): Promise<void> => {
      const [expected, received, saved] = await Promise.all([readOrders(), readReceived(LOOKED_AT), savedDrafts<Count>("RECEPTION", "GOODS_RECEIVED")]);
      setOrders(expected.orders);
      setEvents(received.events);
      setComplete(received.isComplete);
      setDrafts(saved);
      setProblem(expected.problem ?? received.problem);
    };
    const timer = setTimeout(() => void read(), orders ? 500 : 0);
    return () => clearTimeout(timer);
  }, [marks?.durable, marks?.acked, sync?.rows, reached]);
  const undone = undoneBy(events);
  const receptions = events.filter((event) => event.action === "GOODS_RECEIVED");
  const openOf = (order: Order) => remainder(order, receivedSoFar(events.filter((event) => event.payload.order === order.id), undone));
  const open = (orders ?? []).filter((order) => openOf(order).length > 0);
  const find = (typed: string): Order[] => open.filter((order) => plain(`${order.name} ${order.id} ${order.supplier}`).includes(plain(typed.trim()))).slice(0, 8);
  const begin = async (count: Count): Promise<void> => {
    const id = uuid7();
    const saved = await send("put", `/api/v1/saved-forms/${id}`, { entity_type: "RECEPTION", action: "GOODS_RECEIVED", draft: count }, { "if-none-match": "*" });
    if (saved.ok) go(`/receptions/count/${id}`);
    else setProblem(saved.problem);
  };
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-receptions")}</h1>
        <Button icon="plus" onClick={() => void begin(freeCount())}>
          {t("reception-free")}
        </Button>
      </div>
      <Failure problem={problem} />
      {drafts.length > 0 && (
        <section class="stack">
          <h2>{t("reception-counting")}</h2>
          <ul class="rows">
            {drafts.map(({ form, draft }) => (
              <li key={form.id}>
                <span class="row-main">
                  <b>{draft.orderName ?? (draft.supplier || t("reception-free"))}</b>
                  <span class="soft small">{t("draft-saved", { at: moment(form.saved_at) })}</span>
                </span>
                <Button kind="primary" onClick={() => go(`/receptions/count/${form.id}`)}>
                  {t("reception-continue")}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="stack">
        <h2>{t("reception-expected")}</h2>
        {open.length > 0 && (
          <Finder label={t("reception-find")} input={input} find={find} keyOf={(order) => order.id} onChoose={setStarting} none={(typed) => t("reception-not-found", { typed })}>
            {(order) => (
              <>
                <b>{order.name}</b> <span class="soft">{order.supplier}</span>
              </>
            )}
          </Finder>
        )}
        {orders && open.length === 0 && (
          <Empty icon="boxes" title={t("reception-none-expected")}>
            {t("reception-none-expected-next")}
          </Empty>
        )}
        {!isComplete && open.length > 0 && <Banner tone="warn">{t("reception-incomplete")}</Banner>}
        <ul class="rows">
          {open.map((order) => {
            const left = openOf(order).length;
            const of = new Set(order.lines.map((line) => line.product)).size;
            return (
              <li key={order.id}>
                <span class="row-main">
                  <b>{order.name}</b>
                  <span class="soft small">
                    {order.supplier}
                    {order.expectedOn && ` · ${t("reception-expected-on", { day: day(order.expectedOn) })}`}
                  </span>
                </span>
                <Progress done={of - left} of={of} label={t("reception-progress", { done: countText(of - left), of: countText(of) })} />
                <Button kind="primary" onClick={() => setStarting(order)}>
                  {t("reception-count")}
                </Button>
              </li>
            );
          })}
        </ul>
      </section>
      <section class="stack">
        <h2>{t("reception-done")}</h2>
        {orders && receptions.length === 0 && <p class="soft">{t("reception-none-done")}</p>}
        {receptions.length > 0 && (
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t("reception-note")}</th>
                <th scope="col">{t("receipts-at")}</th>
                <th scope="col" class="wide-only">
                  {t("reception-goods")}
                </th>
                <th scope="col">{t("receipts-state")}</th>
              </tr>
            </thead>
            <tbody>
              {receptions.slice(0, shown).map((event) => (
                <tr key={event.id} class="link" onClick={() => go(`/receptions/${event.id}`)}>
                  <td>
                    <a href={`#/receptions/${event.id}`}>{event.payload.reference || `${event.epoch}-${event.seq}`}</a> <span class="soft">{event.payload.supplier}</span>
                  </td>
                  <td>{moment(event.occurred_at)}</td>
                  <td class="wide-only soft">{goodsText(event)}</td>
                  <td>
                    {undone.has(event.entity_id) ? (
                      <Badge tone="warn" icon="back">
                        {t("reception-undone")}
                      </Badge>
                    ) : (
                      <StatusBadge status={event.status ?? undefined} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {receptions.length > shown && <Button onClick={() => setShown(shown + SHOWN)}>{t("receipts-more")}</Button>}
      </section>
      {starting && (
        <StartDialog
          order={starting}
          onClose={() => setStarting(undefined)}
          onStart={(blind) => void begin(countOf(starting, openOf(starting), blind, (product) => productById(product)?.name))}
        />
      )}
    </main>
  );
}

/** Blind or not is chosen once, before anything is shown. */
function StartDialog({ order, onClose, onStart }: { order: Order; onClose: () => void; onStart: (blind: boolean) => void }) {
  const [way, setWay] = useState<"open" | "blind">("open");
  return (
    <Dialog title={t("reception-start", { name: order.name })} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onStart(way === "blind");
        }}
      >
        <Choice
          label={t("reception-way")}
          value={way}
          options={[
            { value: "open", label: t("reception-way-open") },
            { value: "blind", label: t("reception-way-blind") },
          ]}
          onChoose={setWay}
        />
        <p class="soft small">{way === "blind" ? t("reception-blind-detail") : t("reception-open-detail")}</p>
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" large>
            {t("reception-count")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function goodsText(event: ReceivedEvent): string {
  const names = event.payload.lines.slice(0, 2).map((line) => `${decimal(line.quantity)} × ${productById(line.product)?.name ?? line.product}`);
  const rest = event.payload.lines.length - names.length;
  return names.join(", ") + (rest > 0 ? ` +${rest}` : "");
}
