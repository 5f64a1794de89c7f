// One client: created, or changed from the version that was read. When somebody else was faster, a person chooses field by field.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Choice } from "../design/components";
import { Failure } from "../design/failure";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { go } from "../lib/router";
import { mayRecord } from "../session/session-state";
import { clashes, clientName, edits, formOf, merged, newFields, type Clash, type ClientForm, type ClientRow } from "./client";
import { ClientFields, fieldLabel } from "./client-fields";
import { clients, useClients } from "./clients-data";
import { SyncBadge } from "./clients-screen";
import { plain } from "../till/catalogue";

interface Read {
  row: ClientRow | undefined;
  etag: string;
  before: ClientForm;
}

export function ClientScreen({ id }: { id: string }) {
  useClients();
  const isNew = id === "new";
  const [eventId, setEventId] = useState(uuid7);
  const [read, setRead] = useState<Read | undefined>(isNew ? { row: undefined, etag: "", before: formOf(undefined) } : undefined);
  const [form, setForm] = useState<ClientForm>(formOf(undefined));
  const [clash, setClash] = useState<Clash[]>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const fetchOne = async (): Promise<Read | undefined> => {
    const found = await call("get", "/api/v1/clients/{id}", { path: { id } });
    if (!found.ok) {
      setProblem(found.problem);
      return undefined;
    }
    return { row: found.data, etag: found.etag ?? "", before: formOf(found.data) };
  };
  useEffect(() => {
    if (isNew) return;
    void fetchOne().then((one) => {
      if (!one) return;
      setRead(one);
      setForm(one.before);
    });
  }, [id]);
  const change = (next: ClientForm): void => {
    setForm(next);
    setSaved(false);
  };
  const changes = read ? edits(read.before, form) : {};
  const mayEdit = mayRecord(isNew ? "CREATE" : "UPDATE", "CLIENT");
  const isReady = form.name.trim() !== "" && (isNew || Object.keys(changes).length > 0);
  const record = async (): Promise<void> => {
    if (!read || !isReady || busy) return;
    setBusy(true);
    const answer = isNew
      ? await send<Schemas["AppendResponse"]>("post", "/api/v1/clients", { id: eventId, fields: newFields(form) })
      : await send<Schemas["AppendResponse"]>("put", `/api/v1/clients/${encodeURIComponent(id)}`, { id: eventId, fields: changes }, { "if-match": read.etag });
    setBusy(false);
    if (answer.ok) {
      setProblem(undefined);
      if (isNew) {
        go(`/clients/${eventId}`);
        return;
      }
      setSaved(true);
      setClash(undefined);
      setEventId(uuid7());
      const now = await fetchOne();
      if (now) {
        setRead(now);
        setForm(now.before);
      }
    } else if (answer.problem.code === "PRECONDITION_FAILED") {
      await compare();
    } else setProblem(answer.problem);
  };
  /** Somebody changed the client since it was read: shows where the two disagree; the rest is put together. */
  const compare = async (): Promise<void> => {
    const now = await fetchOne();
    if (!now || !read) return;
    setClash(clashes(read.before, form, now.before));
    setForm(merged(read.before, form, now.before));
    setRead(now);
    setEventId(uuid7());
  };
  const sameName = isNew && form.name.trim() ? clients.value?.find((row) => plain(clientName(row, row.id)) === plain(form.name.trim())) : undefined;
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/clients")}>
          {t("nav-clients")}
        </Button>
        {read?.row && <SyncBadge row={read.row} />}
      </div>
      <h1>{isNew ? t("clients-new") : read ? clientName(read.row, id) : t("nav-clients")}</h1>
      <Failure problem={problem} />
      {read?.row && Object.keys(read.row.open_conflicts as object).length > 0 && <Banner tone="warn">{t("client-conflict-detail")}</Banner>}
      {saved && (
        <Banner tone="good" role="status">
          {t("client-saved")}
        </Banner>
      )}
      {clash && <ClashList clash={clash} form={form} onChoose={(name, value) => change({ ...form, [name]: value })} />}
      {read && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void record();
          }}
        >
          <ClientFields form={form} onChange={change} />
          {sameName && (
            <Banner tone="info">
              {t("client-same-name")} <a href={`#/clients/${encodeURIComponent(sameName.id)}`}>{clientName(sameName, sameName.id)}</a>
            </Banner>
          )}
          {mayEdit ? (
            <div class="actions">
              <Button kind="primary" type="submit" large busy={busy} disabled={!isReady}>
                {isNew ? t("client-create") : t("client-save")}
              </Button>
            </div>
          ) : (
            <p class="soft">{t("client-read-only")}</p>
          )}
        </form>
      )}
    </main>
  );
}

/** Where two people wrote different things: what each wrote, and whose counts. Nothing is recorded before "save". */
function ClashList({ clash, form, onChoose }: { clash: Clash[]; form: ClientForm; onChoose: (name: Clash["name"], value: string) => void }) {
  return (
    <Banner tone="warn" role="alert">
      <p>{clash.length === 0 ? t("client-changed-merged") : t("client-changed-choose")}</p>
      {clash.length > 0 && (
        <ul class="rows">
          {clash.map(({ name, mine, theirs }) => (
            <li key={name}>
              <span class="row-main">
                <b>{fieldLabel(name)}</b>
              </span>
              <Choice
                label={fieldLabel(name)}
                value={form[name] === mine ? "mine" : "theirs"}
                options={[
                  { value: "theirs", label: t("client-theirs", { value: theirs || "–" }) },
                  { value: "mine", label: t("client-mine", { value: mine || "–" }) },
                ]}
                onChoose={(chosen) => onChoose(name, chosen === "mine" ? mine : theirs)}
              />
            </li>
          ))}
        </ul>
      )}
    </Banner>
  );
}
