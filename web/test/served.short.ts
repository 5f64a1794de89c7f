// How the screens are served, and how large they are.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { TestNode } from "./node-process";

/** A till's scripts at the first visit. */
const TILL_BYTES_MAX = 60_000;
const EVERYTHING_BYTES_MAX = 90_000;

const assets = "../screens/assets";
let node: TestNode;
before(async () => {
  node = await TestNode.start();
});
after(() => node?.stop());

test("the till's scripts are at most 60 kB in gzip, and all screens together 90", (context) => {
  const size = (name: string): number => readFileSync(`${assets}/${name}.gz`).length;
  const page = readFileSync(`${assets}/index.html`, "utf8");
  const first = [...page.matchAll(/\/assets\/([^"]+\.js)/g)].map((match) => match[1]!);
  assert.ok(first.length > 0, page);
  const catalogue = readdirSync(assets).filter((name) => /^fr-.*\.js$/.test(name));
  const till = [...first, ...catalogue].reduce((sum, name) => sum + size(name), 0);
  const all = readdirSync(assets).filter((name) => name.endsWith(".js")).reduce((sum, name) => sum + size(name), 0);
  context.diagnostic(`scripts in gzip: the till ${till} bytes, all ${all}`);
  assert.ok(till <= TILL_BYTES_MAX, `${till}`);
  assert.ok(all <= EVERYTHING_BYTES_MAX, `${all}`);
});

test("the page is checked at every visit, and what it loads stays for good", async () => {
  const page = await fetch(`${node.url}/`, { headers: { "accept-encoding": "identity" } });
  const html = await page.text();
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const tag = page.headers.get("etag")!;
  const again = await fetch(`${node.url}/`, { headers: { "accept-encoding": "identity", "if-none-match": tag } });
  assert.equal(again.status, 304);
  const script = /src="(\/assets\/[^"]+)"/.exec(html)![1]!;
  for (const [accepted, coding] of [["br, gzip", "br"], ["gzip", "gzip"], ["identity", null]] as const) {
    const answer = await fetch(node.url + script, { headers: { "accept-encoding": accepted } });
    assert.deepEqual([answer.status, answer.headers.get("content-encoding")], [200, coding], accepted);
    assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(answer.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.equal(answer.headers.get("vary"), "accept-encoding");
  }
  assert.equal(gunzipSync(readFileSync(`${assets}/index.html.gz`)).toString(), html);
});

test("the page may run nothing but its own files", async () => {
  const page = await fetch(`${node.url}/`);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), policy);
  assert.ok(!policy.includes("unsafe"), policy);
  const html = await page.text();
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  assert.doesNotMatch(html, /https?:\/\//);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
});

test("the start page stays for who has no script", async () => {
  const start = await fetch(`${node.url}/start`);
  assert.match(await start.text(), /La boutique enregistre/);
});
