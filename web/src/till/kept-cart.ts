// The cart of this tab, kept at every change, so that a closed or killed browser loses nothing. Each tab has its own; the cart of
// a tab that is gone is taken over by the next one that opens.
import { emptyCart, type Cart } from "./cart";
import { shopCurrency } from "./till-state";

const PREFIX = "comptoir.cart.";
const OWN = "comptoir.tab";

let own = "";

/** Whether a tab with this id is open: it holds a lock as long as it lives. */
async function isOpen(tab: string): Promise<boolean> {
  if (!navigator.locks) return tab === sessionStorage.getItem(OWN);
  const held = (await navigator.locks.query()).held ?? [];
  return held.some((lock) => lock.name === PREFIX + tab);
}

/** Holds the lock of this tab; false if a copy of this tab, which has the same id, holds it already. */
function hold(tab: string): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(PREFIX + tab, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise<void>(() => undefined) : undefined;
    });
  });
}

/** The cart that this tab goes on with. */
export async function ownCart(): Promise<Cart> {
  const before = sessionStorage.getItem(OWN);
  own = before ?? String(crypto.getRandomValues(new Uint32Array(1))[0]);
  if (!(await hold(own))) {
    own = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    await hold(own);
  }
  sessionStorage.setItem(OWN, own);
  const mine = read(own);
  if (mine) return mine;
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) {
    const tab = name.slice(PREFIX.length);
    const left = read(tab);
    if (tab === own || (await isOpen(tab))) continue;
    localStorage.removeItem(name);
    if (left && left.lines.length > 0) {
      keep(left);
      return left;
    }
  }
  return emptyCart(shopCurrency.value);
}

/** Whether a sale is paid in some tab of this browser, and the node has not said that it has it. */
export function hasUnrecordedSale(): boolean {
  const tabs = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  return tabs.some((name) => read(name.slice(PREFIX.length))?.sent !== undefined);
}

function read(tab: string): Cart | undefined {
  try {
    const cart = JSON.parse(localStorage.getItem(PREFIX + tab) ?? "null") as Cart | null;
    return cart && Array.isArray(cart.lines) && typeof cart.id === "string" ? cart : undefined;
  } catch {
    return undefined;
  }
}

export function keep(cart: Cart): void {
  if (!own) return;
  if (cart.lines.length === 0) localStorage.removeItem(PREFIX + own);
  else localStorage.setItem(PREFIX + own, JSON.stringify(cart));
}
