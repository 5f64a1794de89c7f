import { useState } from "preact/hooks";
import { Badge, Button, Empty, Field } from "../design/components";
import { Failure } from "../design/failure";
import { count, t } from "../lib/i18n";
import { go } from "../lib/router";
import { clientName, formOf, searchClients, type ClientRow } from "./client";
import { clients, clientsProblem, useClients } from "./clients-data";

const SHOWN = 200;

/** The clients that this node knows, with what waits to be sent. */
export function ClientsScreen() {
  useClients();
  const [typed, setTyped] = useState("");
  const rows = clients.value;
  const found = searchClients(rows ?? [], typed).sort((one, other) => clientName(one, one.id).localeCompare(clientName(other, other.id)));
  const problem = clientsProblem.value;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-clients")}</h1>
        <div class="inline">
          <Field label={t("clients-find")} value={typed} onValue={setTyped} autoComplete="off" spellcheck={false} autofocus />
          <Button kind="primary" icon="plus" onClick={() => go("/clients/new")}>
            {t("clients-new")}
          </Button>
        </div>
      </div>
      <Failure problem={problem} />
      {rows && found.length === 0 && (
        <Empty icon="people" title={rows.length === 0 ? t("clients-none") : t("clients-nothing-found", { typed })}>
          {t("clients-none-next")}
        </Empty>
      )}
      {found.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("client-name")}</th>
              <th scope="col">{t("client-city")}</th>
              <th scope="col" class="wide-only">
                {t("client-phone")}
              </th>
              <th scope="col" class="wide-only">
                {t("client-email")}
              </th>
              <th scope="col">{t("receipts-state")}</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, SHOWN).map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {found.length > SHOWN && <p class="soft">{t("stock-more", { number: count(found.length - SHOWN) })}</p>}
    </main>
  );
}

function Row({ row }: { row: ClientRow }) {
  const { city, phone, email } = formOf(row);
  return (
    <tr class="link" onClick={() => go(`/clients/${encodeURIComponent(row.id)}`)}>
      <td>
        <a href={`#/clients/${encodeURIComponent(row.id)}`}>{clientName(row, row.id)}</a>
      </td>
      <td>{city}</td>
      <td class="wide-only number left">{phone}</td>
      <td class="wide-only">{email}</td>
      <td>
        <SyncBadge row={row} />
      </td>
    </tr>
  );
}

/** Whether head office has this version, or a person there has to choose. */
export function SyncBadge({ row }: { row: ClientRow }) {
  if (Object.keys(row.open_conflicts as object).length > 0) {
    return (
      <Badge tone="danger" icon="alert">
        {t("client-in-conflict")}
      </Badge>
    );
  }
  if (!row.is_synced) {
    return (
      <Badge tone="quiet" icon="clock">
        {t("status-pending")}
      </Badge>
    );
  }
  return (
    <Badge tone="good" icon="check">
      {t("status-acked")}
    </Badge>
  );
}
