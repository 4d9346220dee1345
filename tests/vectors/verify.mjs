// An independent reader of the stamp payload (docs/spec/stamp-payload.md), one page, no libraries but Node's crypto.
import { readFileSync } from "node:fs";
import { createCipheriv, createPublicKey, verify } from "node:crypto";

const v = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url)));
const hex = (text) => Buffer.from(text, "hex");
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const be = (n, size) => hex(BigInt(n).toString(16).padStart(size * 2, "0"));
const ecb = (block) => createCipheriv("aes-256-ecb", hex(v.token_key), null).update(block);

function openToken(token) {
  // FF1, radix 2, n = 80: u = v = 40, b = 5, d = 8; only the last 40 bits of y matter.
  const tweak = Buffer.concat([Buffer.from([1]), hex(v.deployment), be(v.epoch, 4)]);
  const p = Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 2, 10, 40]), be(80, 4), be(tweak.length, 4)]);
  const mask = (1n << 40n) - 1n;
  let a = token >> 40n, b = token & mask;
  for (let i = 9; i >= 0; i--) {
    const pad = Buffer.alloc((((-tweak.length - 6) % 16) + 16) % 16);
    const q = Buffer.concat([tweak, pad, Buffer.from([i]), be(a, 5)]);
    let r = Buffer.alloc(16);
    const whole = Buffer.concat([p, q]);
    for (let at = 0; at < whole.length; at += 16) r = ecb(Buffer.from(r.map((x, k) => x ^ whole[at + k])));
    const y = BigInt("0x" + r.subarray(0, 12).toString("hex"));
    [a, b] = [((b - y) % (1n << 40n) + (1n << 40n)) & mask, a];
  }
  return a === 0n && b < 10n ** 12n ? b : null;
}

function parse(text) {
  const folded = text.trim().toUpperCase().replace(/\/$/, "");
  const m = /^HTTPS:\/\/[A-Z0-9.-]+\/(?:(?:01\/(\d{14})\/21\/)?([0-9A-Z]{16})|(\d{155})\/(?:01\/(\d{14})\/21\/)?(\d{12}))$/.exec(folded);
  if (!m) return null;
  const gtin = m[1] ?? m[4] ?? null;
  if (gtin && [...gtin].reduce((sum, d, i) => sum + Number(d) * (i % 2 ? 1 : 3), 0) % 10) return null;
  if (m[2]) {
    let token = 0n;
    for (const char of m[2].replace(/O/g, "0").replace(/[IL]/g, "1")) {
      const value = ALPHABET.indexOf(char);
      if (value < 0) return null;
      token = (token << 5n) | BigInt(value);
    }
    return { gtin, token };
  }
  const signature = BigInt(m[3]);
  return signature >> 512n ? null : { gtin, signature: be(signature, 64), index: BigInt(m[5]) };
}

const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: hex(v.public_key).toString("base64url") } });
function sealed(code) {
  const digits = code.index.toString().padStart(12, "0");
  const suffix = code.gtin ? `/01/${code.gtin}/21/${digits}` : `/${digits}`;
  return verify(null, Buffer.concat([Buffer.from("SLSTAMP/1/sealed\0"), hex(v.deployment), Buffer.from(suffix)]), key, code.signature);
}

let wrong = 0;
const expect = (right, what) => { if (!right) { wrong++; console.error("wrong:", what); } };
for (const stamp of v.stamps) {
  const compact = parse(stamp.compact), seal = parse(stamp.sealed);
  expect(compact && openToken(compact.token) === BigInt(stamp.index) && compact.gtin === stamp.gtin, stamp.compact);
  expect(seal && sealed(seal) && seal.index === BigInt(stamp.index) && seal.gtin === stamp.gtin, stamp.sealed);
  expect(!sealed({ ...seal, index: (seal.index + 1n) % 10n ** 12n }), "a seal of another index");
  const mac = createCipheriv("aes-256-ecb", hex(v.pin_key), null).update(Buffer.concat([Buffer.from("SLPIN/1\0"), be(stamp.index, 8)]));
  expect((BigInt("0x" + mac.subarray(0, 8).toString("hex")) % 10n ** 8n).toString().padStart(8, "0") === stamp.pin, "pin");
}
for (const text of v.malformed) expect(parse(text) === null, text);
console.log(`${v.stamps.length} stamps, ${v.malformed.length} malformed, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
