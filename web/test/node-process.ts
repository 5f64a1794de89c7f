// Servers for the tests: a node alone, which the test may kill; and all of `comptoir up`, whose link to central can be cut.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BINARY = resolve(process.env["COMPTOIR_BIN"] ?? join(process.cwd(), "../target/debug/comptoir"));
const READY_WITHIN = 60_000;

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "comptoir-web-"));
  // Postgres runs as another user and must be able to enter.
  chmodSync(made, 0o711);
  return made;
}

async function until(what: string, log: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + READY_WITHIN; Date.now() < end; ) {
    if (await isSo()) return;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`${what} did not come:\n${existsSync(log) ? readFileSync(log, "utf8").slice(-4_000) : ""}`);
}

/** A node that no central knows. */
export class TestNode {
  readonly url: string;
  private child: ChildProcess | undefined;

  private constructor(
    readonly dir: string,
    readonly port: number,
    private readonly settings: Record<string, string>,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Without other settings its till sells without sessions. */
  static async start(settings: Record<string, string> = {}): Promise<TestNode> {
    const node = new TestNode(folder(), await freePort(), settings);
    await node.startAgain();
    return node;
  }

  async startAgain(): Promise<void> {
    const log = `${this.dir}/log.txt`;
    const id = "00000000-0000-0000-0000-000000000007";
    const output = openSync(log, "a");
    this.child = spawn(BINARY, ["serve"], {
      env: {
        PATH: process.env["PATH"],
        APP_MODE: "local",
        SYNC_ENABLED: "false",
        TENANT_ID: id,
        SITE_ID: id,
        NODE_ID: id,
        LISTEN_ADDR: `127.0.0.1:${this.port}`,
        DATA_DIR: join(this.dir, "data"),
        TILL_SESSIONS: "off",
        ...this.settings,
      },
      stdio: ["ignore", output, output],
    });
    await until("the node", log, () => fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false));
  }

  /** As a power failure would. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  /** As a full disk would: every write of a file fails from now on, until the node is started again. */
  denyWrites(): void {
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(this.child!.pid), "--fsize=0:unlimited"], { encoding: "utf8" });
    if (status !== 0) throw new Error(`prlimit: ${stderr}`);
  }

  /** The administrator's key, as the header's value. */
  get key(): string {
    return headerKey(join(this.dir, "data/admin.header"));
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function headerKey(path: string): string {
  return readFileSync(path, "utf8").trim().replace(/^authorization:\s*bearer\s+/i, "");
}

export interface TestUser {
  id: string;
  login: string;
}

/** Central and a shop's node, with a link that can be cut. */
export class TestShop {
  private constructor(
    readonly dir: string,
    readonly url: string,
    readonly centralUrl: string,
    readonly key: string,
    readonly adminToken: string,
    readonly site: string,
    private child: ChildProcess,
  ) {}

  /** With `--demo` the company has more sites, and logins for every role. */
  static async start(options = ["--no-sample", "--currency", "EUR"]): Promise<TestShop> {
    const dir = folder();
    const [central, local] = [await freePort(), await freePort()];
    const log = `${dir}/log.txt`;
    const output = openSync(log, "a");
    const data = join(dir, "data");
    const args = ["up", "--till-sessions", "off", "--data-dir", data, "--central-addr", `127.0.0.1:${central}`, "--local-addr", `127.0.0.1:${local}`, ...options];
    const child = spawn(BINARY, args, { stdio: ["ignore", output, output] });
    await until("the shop", log, () => readFileSync(log, "utf8").includes("Comptoir is running"));
    const up = JSON.parse(readFileSync(join(data, "up.json"), "utf8")) as { admin_token: string; site_id: string };
    return new TestShop(data, `http://127.0.0.1:${local}`, `http://127.0.0.1:${central}`, headerKey(join(data, "till.header")), up.admin_token, up.site_id, child);
  }

  /** A user with a role at this shop, once the node knows the password. */
  async user(login: string, name: string, role: string, password: string): Promise<TestUser> {
    const post = async (path: string, body: unknown, token: string): Promise<Record<string, string>> => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const answer = await fetch(`${this.centralUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${text.slice(0, 1_000)}`);
      return JSON.parse(text) as Record<string, string>;
    };
    const made = await post("/api/v1/users", { login, name, roles: [{ role, site: this.site }] }, this.adminToken);
    await post("/api/v1/auth/setup", { code: made["code"], password }, this.adminToken);
    const log = `${this.dir}/../log.txt`;
    await until(`user ${login}`, log, async () => {
      const headers = { "content-type": "application/json", origin: this.url };
      const answer = await fetch(`${this.url}/api/v1/session`, { method: "POST", headers, body: JSON.stringify({ login, password }) });
      if (answer.ok) return true;
      // Each failed login of an account counts: the node is not asked more often than it needs.
      await new Promise((next) => setTimeout(next, 2_000));
      return false;
    });
    return { id: made["user"]!, login };
  }

  cut(): void {
    this.demo("offline");
  }

  join(): void {
    this.demo("online");
  }

  /** Number and sum of the sales that central reports. */
  async sold(): Promise<[number, number]> {
    const headers = { authorization: `Bearer ${this.adminToken}` };
    const report = await fetch(`${this.centralUrl}/api/v1/reports/sales?by=site`, { headers });
    const { rows } = (await report.json()) as { rows: { sales: number; amount_minor: number }[] };
    return [rows[0]?.sales ?? 0, rows[0]?.amount_minor ?? 0];
  }

  /** A second node of the shop at another address of central: its settings. */
  till(centralUrl: string): Record<string, string> {
    const up = JSON.parse(readFileSync(join(this.dir, "up.json"), "utf8")) as { tenant_id: string };
    const args = ["--json", "admin", "--data-dir", this.dir, "node", "create", "--tenant", up.tenant_id, "--site", this.site, "--name", "till 2"];
    const { status, stdout, stderr } = spawnSync(BINARY, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`comptoir admin node create: ${stderr}`);
    const made = JSON.parse(stdout) as { NODE_ID: string; SYNC_API_KEY: string };
    return { SYNC_ENABLED: "true", TENANT_ID: up.tenant_id, SITE_ID: this.site, NODE_ID: made.NODE_ID, CENTRAL_API_URL: centralUrl, SYNC_API_KEY: made.SYNC_API_KEY };
  }

  private demo(word: string): void {
    const { status, stderr } = spawnSync(BINARY, ["demo", word, "--data-dir", this.dir], { encoding: "utf8" });
    if (status !== 0) throw new Error(`comptoir demo ${word}: ${stderr}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGINT");
    await ended;
    rmSync(join(this.dir, ".."), { recursive: true, force: true });
  }
}

/** Records products at central, as head office does: a node's own would have no effect. */
export async function stock(shop: TestShop, products: Product[]): Promise<void> {
  const drafts = products.map(({ code, ...payload }, at) => ({
    id: `0199c0de-0000-7000-8000-${at.toString(16).padStart(12, "0")}`,
    entity_type: "PRODUCT",
    entity_id: code,
    action: "CREATE",
    payload,
  }));
  const answer = await fetch(`${shop.centralUrl}/api/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${shop.adminToken}`, "content-type": "application/json", "idempotency-key": "products" },
    body: JSON.stringify(drafts),
  });
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 2_000));
}

/** The same products as a node lists them, for a node that no central knows. */
export function listed(products: Product[]): { rows: unknown[] } {
  const row = ({ code, ...fields }: Product): unknown => ({ entity_type: "PRODUCT", id: code, version: 1, deleted: false, fields, open_conflicts: {}, is_synced: true, pending: [] });
  return { rows: products.map(row) };
}

type Product = { code: string } & Record<string, unknown>;

export const PRODUCTS: Product[] = [
  { code: "CAF250", name: "Café moulu pur arabica 250 g", price: "4.35", ean: "3271820001234", vat_rate: "5.5", category: "Épicerie" },
  { code: "THE020", name: "Thé vert menthe 20 sachets", price: "2.90", ean: "3271820005678", vat_rate: "5.5", category: "Épicerie" },
  { code: "CAH096", name: "Cahier 96 pages grands carreaux", price: "1.80", ean: "3271820009012", vat_rate: "20", category: "Papeterie" },
  { code: "STY001", name: "Stylo bille bleu", price: "0.95", vat_rate: "20", category: "Papeterie" },
  { code: "LIV778", name: "Le Petit Prince, édition reliée avec les aquarelles de l'auteur, format de poche", price: "12.50", ean: "9782070612758", vat_rate: "5.5", category: "Livres" },
  { code: "ORD900", name: "Ordinateur portable 14 pouces", price: "1234.50", vat_rate: "20", category: "Informatique" },
  { code: "POM001", name: "Pommes golden (kg)", price: "2.499", vat_rate: "5.5", category: "Primeur" },
  { code: "SAC010", name: "Sac cabas réutilisable", price: "0.10", vat_rate: "20", category: "Divers" },
];
