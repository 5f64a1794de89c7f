// What every screen is held to: the rules of axe, and a finger on a phone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function violations(page: Page): Promise<string[]> {
  // By the browser's own console, which no policy of the page binds.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const found = (await page.evaluate((rules) => (globalThis as unknown as { axe: { run: (what: unknown, how: unknown) => Promise<unknown> } }).axe.run(document, { runOnly: rules }), RULES)) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return found.violations.flatMap(({ id, nodes }) => nodes.map((at) => `${id}: ${at.html.slice(0, 160)} ${at.failureSummary.replace(/\s+/g, " ")}`));
}

/** What is wider than a phone, or too small for a finger. */
export async function unfitFor(page: Page): Promise<string[]> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, .nav-link, .input, .tile, .stop, label.button")]
      .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden]"))
      .filter((one) => one.getBoundingClientRect().height < 43.5 || one.getBoundingClientRect().width < 43.5)
      .map((one) => `small ${one.outerHTML.slice(0, 120)}`),
  );
  return [...(wide > 0 ? [`${wide} px too wide`] : []), ...small];
}
