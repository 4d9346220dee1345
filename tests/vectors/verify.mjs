// Runs the vectors through `reader.mjs`. The test keys open tokens and make scratch codes here; no reader in the field has any.
import { createCipheriv } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { check, readManifest } from "./reader.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url)));
const hex = (text) => Buffer.from(text, "hex");
const be = (number, size) => hex(BigInt(number).toString(16).padStart(size * 2, "0"));
const aes = (key, block) => createCipheriv("aes-256-ecb", hex(key), null).update(block);
const given = read("keys.json");

// FF1 (NIST SP 800-38G), radix 2, n = 80: u = v = 40, b = 5, d = 12; only the last 40 bits of y matter.
function decrypted(token, { epoch, key }) {
  const tweak = Buffer.concat([Buffer.from([1]), hex(given.deployment), be(epoch, 4)]);
  const p = Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 2, 10, 40]), be(80, 4), be(tweak.length, 4)]);
  const mask = (1n << 40n) - 1n;
  let a = token >> 40n, b = token & mask;
  for (let round = 9; round >= 0; round--) {
    const pad = Buffer.alloc((((-tweak.length - 6) % 16) + 16) % 16);
    const whole = Buffer.concat([p, tweak, pad, Buffer.from([round]), be(a, 5)]);
    let r = Buffer.alloc(16);
    for (let at = 0; at < whole.length; at += 16) r = aes(key, Buffer.from(r.map((x, k) => x ^ whole[at + k])));
    const y = BigInt("0x" + r.subarray(0, 12).toString("hex"));
    [a, b] = [(b - y) & mask, a];
  }
  return a === 0n && b < 10n ** 12n ? Number(b) : null;
}

function openToken(token) {
  for (const one of [...given.test_epochs].reverse()) {
    const index = decrypted(token, one);
    if (index !== null) return { index, epoch: one.epoch, key: `epoch-${one.epoch}`, state: one.state };
  }
  return null;
}

function scratchCode(index) {
  const block = aes(given.test_pin_key, Buffer.concat([Buffer.from("SLPIN/1\0"), be(index, 8)]));
  return String(block.readBigUInt64BE() % 10n ** 8n).padStart(8, "0");
}

const manifests = await Promise.all(given.manifests.map((text) => readManifest(text, given.keys)));
const means = { ...given, manifests, openToken };
let count = 0, wrong = 0;
const expect = (right, scenario, one, found) => {
  count++;
  if (!right) wrong++, console.error(scenario, JSON.stringify(one), "gives", JSON.stringify(found));
};
const scenarios = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".json") && name !== "keys.json");
for (const name of scenarios) {
  for (const one of read(name).cases) {
    if ("pin" in one) expect(scratchCode(one.index) === one.pin, name, one);
    else if (!("outcome" in one)) {
      const found = await readManifest(one.text, given.keys);
      expect((found?.batch ?? null) === one.batch, name, one, found);
    } else {
      const found = await check(one.text, means);
      expect(Object.keys(found).every((key) => found[key] === one[key]), name, one, found);
    }
  }
}
console.log(`${count} cases of ${scenarios.length} scenarios, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
