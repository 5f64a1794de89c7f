// Users and their devices: invite, roles, revoke. Each change is an event of central's log.
import { useState } from "preact/hooks";
import { Actions, Badge, Banner, Button, Dialog, Empty, Field } from "../design/components";
import { Failure } from "../design/failure";
import type { Answer, Problem } from "../lib/client";
import { count, moment, t } from "../lib/i18n";
import { call, type Schemas } from "./api";
import { useLoaded } from "./loaded";
import { MainArea } from "./main-area";
import { session, siteName } from "./session";

type User = Schemas["UserDto"];
type Device = Schemas["DeviceDto"];
/** What a new user may be given at once; an administrator gives more by `comptoir admin role`. */
const ROLES = ["cashier", "seller", "driver", "warehouse", "secretary", "manager", "auditor", "admin"];

export function PeopleScreen() {
  const users = useLoaded(() => call("get", "/api/v1/users"), []);
  const devices = useLoaded(() => call("get", "/api/v1/devices"), []);
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<{ user: User; what: "device" | "link" }>();
  const [link, setLink] = useState<{ title: string; text: string; until: string }>();
  const [asked, setAsked] = useState<{ user: User } | { device: Device }>();
  const rows = users.data?.rows ?? [];
  const failed = users.problem ?? devices.problem;
  return (
    <MainArea>
      <div class="screen-head">
        <h1>
          {t("office-people")} <Badge tone="quiet">{users.data ? count(rows.filter((user) => !user.disabled_at && !user.erased_at).length) : "…"}</Badge>
        </h1>
        <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
          {t("office-new-user")}
        </Button>
      </div>
      <Failure problem={failed} />
      <table class="table people">
        <thead>
          <tr>
            <th scope="col">{t("office-user")}</th>
            <th scope="col">{t("office-roles")}</th>
            <th scope="col">{t("office-state")}</th>
            <th scope="col">
              <span class="sr-only">{t("office-actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((user) => (
            <tr key={user.id}>
              <th scope="row">
                {user.name ?? t("office-erased")} <span class="soft">{user.login}</span>
              </th>
              <td>
                {user.roles.map((held) => (
                  <span key={`${held.role}/${held.site}`} class="role">
                    {held.role} <span class="soft">{held.site ? siteName(held.site) : t("office-everywhere")}</span>
                  </span>
                ))}
              </td>
              <td>{stateOf(user)}</td>
              <td class="row-actions">
                {!user.erased_at && !user.disabled_at && (
                  <>
                    <Button onClick={() => setShown({ user, what: "device" })}>{t("office-add-device")}</Button>
                    <Button kind="plain" onClick={() => setShown({ user, what: "link" })}>
                      {t("office-new-password")}
                    </Button>
                    <Button kind="plain" onClick={() => setAsked({ user })}>
                      {t("office-disable")}
                    </Button>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <section class="stack">
        <h2>{t("office-devices")}</h2>
        <p class="soft">{t("office-lost")}</p>
        {devices.data && devices.data.rows.length === 0 && (
          <Empty icon="scan" title={t("office-devices-none")}>
            {t("office-devices-none-next")}
          </Empty>
        )}
        {devices.data && devices.data.rows.length > 0 && (
          <table class="table people">
            <thead>
              <tr>
                <th scope="col">{t("office-device")}</th>
                <th scope="col">{t("office-user")}</th>
                <th scope="col">{t("office-last-contact")}</th>
                <th scope="col">{t("office-state")}</th>
                <th scope="col">
                  <span class="sr-only">{t("office-actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {devices.data.rows.map((device) => (
                <tr key={device.id}>
                  <th scope="row">
                    {device.label ?? device.name} <span class="soft">{device.role}</span>
                  </th>
                  <td>{rows.find((user) => user.id === device.user)?.name ?? "–"}</td>
                  <td>{moment(device.last_contact_at)}</td>
                  <td>
                    {device.revoked_at ? (
                      <Badge tone="quiet" icon="lock">
                        {t("office-device-revoked")}
                      </Badge>
                    ) : (
                      <Badge tone="good" icon="check">
                        {t("office-device-active")}
                      </Badge>
                    )}
                  </td>
                  <td class="row-actions">
                    {!device.revoked_at && (
                      <Button kind="danger" onClick={() => setAsked({ device })}>
                        {t("office-revoke")}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {creating && (
        <NewUser
          onClose={() => setCreating(false)}
          onCreated={(made) => {
            setCreating(false);
            users.again();
            setLink(made);
          }}
        />
      )}
      {shown && (
        <Invite
          user={shown.user}
          what={shown.what}
          onClose={() => setShown(undefined)}
          onIssued={(issued) => {
            setShown(undefined);
            setLink(issued);
          }}
        />
      )}
      {link && (
        <Dialog title={link.title} closeLabel={t("close")} onClose={() => setLink(undefined)}>
          <p>{t("office-shown-once", { until: moment(link.until) })}</p>
          <p>
            <code class="once">{link.text}</code>
          </p>
          <Actions>
            <Button kind="primary" onClick={() => setLink(undefined)}>
              {t("office-copied")}
            </Button>
          </Actions>
        </Dialog>
      )}
      {asked && (
        <Confirm
          title={"user" in asked ? t("office-disable-title", { name: asked.user.name ?? "" }) : t("office-revoke-title", { name: asked.device.label ?? asked.device.name })}
          effect={"user" in asked ? t("office-disable-effect") : t("office-revoke-effect")}
          confirm={"user" in asked ? t("office-disable") : t("office-revoke")}
          run={() =>
            "user" in asked
              ? call("patch", "/api/v1/users/{id}", { path: { id: asked.user.id }, body: { disabled: true } as never })
              : call("post", "/api/v1/devices/{id}/revoke", { path: { id: asked.device.id } })
          }
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined);
            users.again();
            devices.again();
          }}
        />
      )}
    </MainArea>
  );
}

function stateOf(user: User) {
  if (user.erased_at) return <Badge tone="quiet">{t("office-erased")}</Badge>;
  if (user.disabled_at)
    return (
      <Badge tone="quiet" icon="lock">
        {t("office-disabled")}
      </Badge>
    );
  if (!user.has_password)
    return (
      <Badge tone="info" icon="clock">
        {t("office-invited")}
      </Badge>
    );
  return (
    <Badge tone="good" icon="check">
      {t("office-active")}
    </Badge>
  );
}

/** A link opens at this central; a person may send it by any means. */
const linkTo = (path: string): string => `${location.origin}${path}`;

function NewUser({ onClose, onCreated }: { onClose: () => void; onCreated: (made: { title: string; text: string; until: string }) => void }) {
  const sites = session.value.state === "in" ? session.value.me.sites : [];
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [role, setRole] = useState("cashier");
  const [site, setSite] = useState(sites[0]?.id ?? "");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const create = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    const roles = [{ role, site: site || null }];
    const answer = await call("post", "/api/v1/users", { body: { login: login.trim(), name: name.trim(), roles } as never });
    setBusy(false);
    if (!answer.ok) return setProblem(answer.problem);
    const made = answer.data as Schemas["LinkAnswer"];
    onCreated({ title: t("office-invitation", { name: name.trim() }), text: linkTo(made.path), until: made.expires_at });
  };
  return (
    <Dialog title={t("office-new-user")} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field label={t("office-name")} value={name} onValue={setName} maxLength={100} required autofocus />
        <Field label={t("office-login")} value={login} onValue={setLogin} maxLength={64} autoCapitalize="none" spellcheck={false} required />
        <label class="field">
          <span>{t("office-role")}</span>
          <select class="input" value={role} onChange={(event) => setRole(event.currentTarget.value)}>
            {ROLES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t("office-site")}</span>
          <select class="input" value={site} onChange={(event) => setSite(event.currentTarget.value)}>
            {sites.map((known) => (
              <option key={known.id} value={known.id}>
                {known.name}
              </option>
            ))}
            <option value="">{t("office-everywhere")}</option>
          </select>
        </label>
        <Failure problem={problem} />
        <Actions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={busy} disabled={!name.trim() || !login.trim()}>
            {t("office-create")}
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}

function Invite({ user, what, onClose, onIssued }: { user: User; what: "device" | "link"; onClose: () => void; onIssued: (issued: { title: string; text: string; until: string }) => void }) {
  const held = user.roles.filter((role) => role.site);
  const [at, setAt] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const issue = async (): Promise<void> => {
    setBusy(true);
    if (what === "link") {
      const answer = await call("post", "/api/v1/users/{id}/reset", { path: { id: user.id } });
      setBusy(false);
      if (!answer.ok) return setProblem(answer.problem);
      const made = answer.data as Schemas["LinkAnswer"];
      return onIssued({ title: t("office-invitation", { name: user.name ?? "" }), text: linkTo(made.path), until: made.expires_at });
    }
    const role = held[at]!;
    const answer = await call("post", "/api/v1/devices/enrolments", { body: { user: user.id, site: role.site, role: role.role } as never });
    setBusy(false);
    if (!answer.ok) return setProblem(answer.problem);
    const made = answer.data as Schemas["EnrolmentAnswer"];
    onIssued({ title: t("office-device-code", { name: user.name ?? "" }), text: made.code, until: made.expires_at });
  };
  return (
    <Dialog title={what === "link" ? t("office-new-password") : t("office-add-device")} closeLabel={t("close")} onClose={onClose}>
      <div class="stack">
        <p>{what === "link" ? t("office-new-password-effect", { name: user.name ?? "" }) : t("office-add-device-effect", { name: user.name ?? "" })}</p>
        {what === "device" && held.length === 0 && <Banner tone="warn">{t("office-no-site-role")}</Banner>}
        {what === "device" && held.length > 1 && (
          <label class="field">
            <span>{t("office-role")}</span>
            <select class="input" value={String(at)} onChange={(event) => setAt(Number(event.currentTarget.value))}>
              {held.map((role, index) => (
                <option key={index} value={String(index)}>
                  {role.role} – {siteName(role.site)}
                </option>
              ))}
            </select>
          </label>
        )}
        <Failure problem={problem} />
        <Actions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" busy={busy} disabled={what === "device" && held.length === 0} onClick={() => void issue()}>
            {t("office-make-code")}
          </Button>
        </Actions>
      </div>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  effect: string;
  confirm: string;
  run: () => Promise<Answer<unknown>>;
  onClose: () => void;
  onDone: () => void;
}

function Confirm({ title, effect, confirm, run, onClose, onDone }: ConfirmProps) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    const answer = await run();
    setBusy(false);
    if (answer.ok) onDone();
    else setProblem(answer.problem);
  };
  return (
    <Dialog title={title} closeLabel={t("close")} onClose={onClose}>
      <div class="stack">
        <p>{effect}</p>
        <Failure problem={problem} />
        <Actions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" busy={busy} onClick={() => void go()}>
            {confirm}
          </Button>
        </Actions>
      </div>
    </Dialog>
  );
}
