// A device's own identity: its key pair, its enrolment, and the tokens of its user. docs/spec/identity.md of the server has the
// texts that are signed.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { HttpError, request, type TokenSource } from './http.js';
import { Store } from './store.js';

/** A token is renewed when it has less than this left, so that an upload seldom meets an expired one. */
const RENEW_BEFORE_MS = 60_000;
/** "Grace offline: 72h". */
const GRACE_MS = 72 * 3600 * 1000;

interface Tokens {
  access_token: string;
  /** By this device's clock. */
  access_until: number;
  refresh_token: string;
}

interface State {
  /** UUID of this installation. */
  device: string;
  /** PKCS 8, base64. An app keeps it, and the tokens, in the platform's SecureStorage. */
  private_key: string;
  tenant?: string;
  tokens?: Tokens;
  /** When the server last answered, and the highest time ever seen: a clock that is set back extends nothing. */
  last_contact: number;
  highest_time: number;
}

export interface IdentitySettings {
  url: string;
  store: string;
  /** The device's name; a new UUID if absent. */
  device?: string;
  now?: () => number;
}

/** Points at which a test cuts the line or kills the process. */
export interface IdentityHooks {
  /** The server has answered, and the new tokens are not stored. */
  arrived?: () => void;
  /** The new tokens are stored, and not used. */
  stored?: () => void;
}

/** The user has to log in; everything recorded stays in the queue. */
export class LoginRequired extends Error {}

/** The device was revoked, and has destroyed its data. */
export class DeviceRevoked extends Error {}

interface TokenAnswer {
  access_token: string;
  expires_in: number;
  refresh_token: string;
  tenant: string;
}

export class Identity implements TokenSource {
  readonly #store: Store<State>;
  #refreshing: Promise<string> | undefined;
  hooks: IdentityHooks = {};

  constructor(readonly settings: IdentitySettings) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const private_key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const now = (settings.now ?? Date.now)();
    this.#store = new Store<State>(settings.store, { device: settings.device ?? randomUUID(), private_key, last_contact: now, highest_time: now });
    // The key is on the disk before anybody knows it.
    this.#store.save();
  }

  get device(): string {
    return this.#store.state.device;
  }

  get tokens(): Tokens | undefined {
    return this.#store.state.tokens;
  }

  publicKey(): string {
    const der = createPublicKey(this.#privateKey()).export({ format: 'der', type: 'spki' });
    return der.subarray(-32).toString('hex');
  }

  /** Enrols this device with an administrator's code. The same call again, after a lost answer, is no second enrolment. */
  async enrol(code: string, more: { label?: string; replaces?: string } = {}): Promise<void> {
    const public_key = this.publicKey();
    const proof = this.#sign(['comptoir/enrol/1', code, this.device, public_key]);
    const body = { code, name: this.device, public_key, proof, ...more };
    const { tenant } = await request<{ tenant: string }>(`${this.settings.url}/api/v1/devices/enrol`, undefined, body);
    this.#store.state.tenant = tenant;
    this.#store.save();
  }

  async logIn(login: string, password: string): Promise<void> {
    const { tenant } = this.#store.state;
    if (tenant === undefined) throw new Error('the device is not enrolled');
    const { challenge } = await request<{ challenge: string }>(`${this.settings.url}/api/v1/auth/challenge`, undefined);
    const proof = this.#sign(['comptoir/login/1', challenge, tenant, login.toLowerCase(), this.device]);
    const body = { tenant, login, password, device: this.device, challenge, proof };
    this.#keep(await request<TokenAnswer>(`${this.settings.url}/api/v1/auth/login`, undefined, body));
  }

  /** The access token, renewed in time. */
  async token(): Promise<string> {
    const { tokens } = this;
    if (!tokens) throw new LoginRequired('nobody is logged in');
    return this.#now() < tokens.access_until - RENEW_BEFORE_MS ? tokens.access_token : this.renewed(tokens.access_token);
  }

  /** Another token than one that the server refused. Requests that come at the same time share one refresh. */
  async renewed(refused: string): Promise<string> {
    const { tokens } = this;
    if (tokens && tokens.access_token !== refused) return tokens.access_token;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refresh(): Promise<string> {
    const refresh_token = this.tokens?.refresh_token;
    if (refresh_token === undefined) throw new LoginRequired('nobody is logged in');
    const proof = this.#sign(['comptoir/refresh/1', refresh_token, this.device]);
    try {
      const answer = await request<TokenAnswer>(`${this.settings.url}/api/v1/auth/refresh`, undefined, { refresh_token, device: this.device, proof });
      this.hooks.arrived?.();
      return this.#keep(answer);
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) throw new LoginRequired(String(error));
      // Without an answer the old token stays: within half a minute it gives the same successor again.
      throw error;
    }
  }

  /** The refresh token is used once: its successor is on the disk before anything is done with it. */
  #keep({ access_token, expires_in, refresh_token }: TokenAnswer): string {
    this.#store.state.tokens = { access_token, access_until: this.#now() + expires_in * 1000, refresh_token };
    this.contacted();
    this.hooks.stored?.();
    return access_token;
  }

  /** The server has answered. */
  contacted(): void {
    this.#store.state.last_contact = this.#now();
    this.#store.save();
  }

  /** "Après 72h offline → Re-authentification obligatoire". */
  checkGrace(): void {
    const now = this.#now();
    if (now > this.#store.state.last_contact + GRACE_MS) throw new LoginRequired('72 hours without contact: log in again');
  }

  /** Proves to the server that the device's data is destroyed, and destroys the identity. */
  async wiped(unsent: number): Promise<void> {
    const { tenant } = this.#store.state;
    const wiped_at = new Date().toISOString();
    const proof = this.#sign(['comptoir/device-wiped/1', tenant ?? '', this.device, String(unsent), wiped_at]);
    await request(`${this.settings.url}/api/v1/devices/wiped`, undefined, { tenant, device: this.device, unsent, wiped_at, proof });
    this.#store.destroy();
  }

  #now(): number {
    const { state } = this.#store;
    state.highest_time = Math.max(state.highest_time, (this.settings.now ?? Date.now)());
    return state.highest_time;
  }

  #privateKey() {
    return createPrivateKey({ key: Buffer.from(this.#store.state.private_key, 'base64'), format: 'der', type: 'pkcs8' });
  }

  #sign(lines: string[]): string {
    return sign(null, Buffer.from(lines.join('\n')), this.#privateKey()).toString('hex');
  }
}
