// A draft that saves itself at the node: some seconds after a change, and when the page is hidden or closed. A killed browser loses
// at most what was typed since, and any screen of the shop finds the draft again.
import { signal } from "@preact/signals";
import { call, send, type Problem, type Schemas } from "./client";

type SavedForm = Schemas["SavedForm"];

export type DraftState =
  | { kind: "new" }
  | { kind: "changed" }
  | { kind: "saved"; at: string }
  /** The node did not take it; the next change or tick tries again. */
  | { kind: "failed"; problem: Problem }
  /** Another screen saved this draft in between: a person chooses. */
  | { kind: "elsewhere" };

interface Intended {
  entityType: string;
  action: string;
}

/** A request that outlives its page may carry this much. */
const KEPT_ALIVE_BYTES = 60_000;

/** What the last screen that was left still saves: a list that is opened next waits for it. */
let lastSave: Promise<void> = Promise.resolve();

export class SavedDraft<T> {
  readonly state = signal<DraftState>({ kind: "new" });
  private value: T | undefined;
  private sent = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saving: Promise<void> | undefined;
  private readonly hide = (): void => {
    if (document.visibilityState === "hidden") void this.save();
  };
  private readonly leave = (): void => this.saveLast();

  constructor(
    readonly id: string,
    private readonly intended: Intended,
    private readonly pause: number,
    private etag?: string,
  ) {
    document.addEventListener("visibilitychange", this.hide);
    addEventListener("pagehide", this.leave);
  }

  /** Ends listening; what is not saved yet is saved now. */
  stop(): void {
    document.removeEventListener("visibilitychange", this.hide);
    removeEventListener("pagehide", this.leave);
    lastSave = this.save();
  }

  change(value: T): void {
    this.value = value;
    if (this.state.value.kind === "elsewhere") return;
    if (this.state.value.kind !== "failed") this.state.value = { kind: "changed" };
    this.timer ??= setTimeout(() => void this.save(), this.pause);
  }

  /** Saves what changed, one request at a time. */
  async save(): Promise<void> {
    if (this.saving) await this.saving;
    clearTimeout(this.timer);
    this.timer = undefined;
    const body = this.body();
    if (body === undefined || body === this.sent || this.state.value.kind === "elsewhere") return;
    this.saving = this.put(body);
    await this.saving;
    this.saving = undefined;
    if (this.state.value.kind === "failed") this.timer = setTimeout(() => void this.save(), this.pause);
  }

  /** The draft became an event, or is given up. */
  async remove(): Promise<Problem | undefined> {
    if (this.saving) await this.saving;
    clearTimeout(this.timer);
    this.value = undefined;
    if (this.etag === undefined) return undefined;
    const gone = await send("delete", this.address, undefined, { "if-match": this.etag });
    return gone.ok || gone.problem.code === "NOT_FOUND" ? undefined : gone.problem;
  }

  /** What another screen saved. */
  async theirs(): Promise<T | undefined> {
    const found = await call("get", "/api/v1/saved-forms/{id}", { path: { id: this.id } });
    if (!found.ok) return undefined;
    this.adopt(found.data);
    return draftOf<T>(found.data);
  }

  /** Keeps what is on this screen and saves it over what another screen saved. */
  async keepMine(): Promise<void> {
    const found = await call("get", "/api/v1/saved-forms/{id}", { path: { id: this.id } });
    if (found.ok) this.adopt(found.data);
    this.sent = "";
    await this.save();
  }

  private adopt(form: SavedForm): void {
    this.etag = form.etag;
    this.sent = JSON.stringify(form.body);
    this.state.value = { kind: "saved", at: form.saved_at };
  }

  private get address(): string {
    return `/api/v1/saved-forms/${this.id}`;
  }

  private body(): string | undefined {
    if (this.value === undefined) return undefined;
    return JSON.stringify({ entity_type: this.intended.entityType, action: this.intended.action, draft: this.value });
  }

  private condition(): Record<string, string> {
    return this.etag === undefined ? { "if-none-match": "*" } : { "if-match": this.etag };
  }

  private async put(body: string): Promise<void> {
    const saved = await send<SavedForm>("put", this.address, JSON.parse(body), this.condition());
    if (saved.ok) {
      this.etag = saved.data.etag;
      this.sent = body;
      this.state.value = this.body() === body ? { kind: "saved", at: saved.data.saved_at } : { kind: "changed" };
      return;
    }
    const isElsewhere = saved.problem.code === "PRECONDITION_FAILED" || saved.problem.code === "NOT_FOUND";
    this.state.value = isElsewhere ? { kind: "elsewhere" } : { kind: "failed", problem: saved.problem };
  }

  /** The page goes away: the request goes on without it. */
  private saveLast(): void {
    const body = this.body();
    if (body === undefined || body === this.sent || body.length > KEPT_ALIVE_BYTES || this.state.value.kind === "elsewhere") return;
    this.sent = body;
    void fetch(this.address, { method: "PUT", keepalive: true, body, headers: { "content-type": "application/json", ...this.condition() } }).catch(() => undefined);
  }
}

/** What a saved form holds, if it is a draft of this kind. */
export function draftOf<T>(form: SavedForm): T | undefined {
  const { draft } = form.body as { draft?: T };
  return draft && typeof draft === "object" ? draft : undefined;
}

/** The drafts of one kind that wait at the node, last saved first. */
export async function savedDrafts<T>(entityType: string, action: string): Promise<{ form: SavedForm; draft: T }[]> {
  await lastSave;
  const page = await call("get", "/api/v1/saved-forms", { query: { limit: 1_000 } });
  if (!page.ok) return [];
  return page.data.rows
    .filter((form) => form.entity_type === entityType && form.action === action)
    .flatMap((form) => {
      const draft = draftOf<T>(form);
      return draft ? [{ form, draft }] : [];
    })
    .sort((one, other) => other.form.saved_at.localeCompare(one.form.saved_at));
}
