// An independent reader of docs/spec/stamp-payload.md and manifest.md, with public keys alone and no libraries: it runs
// wherever there is WebCrypto with Ed25519. Tokens need secret keys; whoever has some gives `openToken`.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const L = 2n ** 252n + 27742317777372353535851937790883648493n, P = 2n ** 255n - 19n;
// The y of the points whose order divides 8, one of order 8 first: R is none of them.
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL = [Y8, P - Y8, 0n, 1n, P - 1n];
const utf8 = (text) => new TextEncoder().encode(text);
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const little = (raw) => BigInt("0x" + Array.from(raw, (b) => b.toString(16).padStart(2, "0")).reverse().join(""));
const base64url = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

async function signed(jwk, message, signature) {
  const y = little(signature.subarray(0, 32)) & (2n ** 255n - 1n);
  if (signature.length !== 64 || little(signature.subarray(32)) >= L || y >= P || SMALL.includes(y)) return false;
  const key = await crypto.subtle.importKey("raw", base64url(jwk.x), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

function checkCharacter(values) {
  // The sum over GF(2^5), x^5 + x^2 + 1, of each digit times x^(place + 1).
  const times = (a) => (a << 1) ^ (a & 16 ? 0b100101 : 0);
  return ALPHABET[values.reduceRight((sum, value) => times(sum ^ value), 0)];
}

function token(text) {
  const values = [...text.replace(/O/g, "0").replace(/[IL]/g, "1")].map((char) => ALPHABET.indexOf(char));
  return values.includes(-1) ? null : { values, token: values.reduce((sum, value) => sum * 32n + BigInt(value), 0n) };
}

const gtinIsRight = (gtin) => [...gtin].reduce((sum, digit, at) => sum + digit * (at % 2 ? 1 : 3), 0) % 10 === 0;
const stripped = (text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
const MALFORMED = { reason: "malformed" };

// {token, gtin, typed}, {signature, index, gtin}, or {reason}.
export function parse(text, hosts) {
  if (text.length > 512) return MALFORMED;
  const bare = stripped(text);
  if (/[^\0-\x7f]/.test(bare)) return MALFORMED;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(bare) ? link(bare.toUpperCase(), hosts) : serial(bare.toUpperCase());
}

function link(text, hosts) {
  const [, host, path] = /^HTTPS?:\/\/([^/?#\s]+)((?:\/[^?#\s]*)?)$/.exec(text) ?? [];
  if (host === undefined) return MALFORMED;
  if (!hosts.includes(host)) return { reason: "foreign" };
  const compact = /^\/(?:01\/(\d{14})\/21\/)?([0-9A-Z]{16})\/?$/.exec(path);
  const sealed = /^\/(\d{155})(?:\/01\/(\d{14})\/21)?\/(\d{12})\/?$/.exec(path);
  if (!compact && !sealed) return MALFORMED;
  const gtin = (compact ? compact[1] : sealed[2]) ?? null;
  if (gtin !== null && !gtinIsRight(gtin)) return MALFORMED;
  if (compact) {
    const found = token(compact[2]);
    return found ? { token: found.token, gtin, typed: false } : MALFORMED;
  }
  const number = BigInt(sealed[1]);
  if (number >= 2n ** 512n) return MALFORMED;
  return { signature: bytes(number.toString(16).padStart(128, "0")), index: Number(sealed[3]), gtin };
}

function serial(text) {
  const found = /^([0-9A-Z]{4})([- ]?)([0-9A-Z]{4})\2([0-9A-Z]{4})\2([0-9A-Z]{4})\2([0-9A-Z])$/.exec(text);
  const read = found && token(found[1] + found[3] + found[4] + found[5]);
  if (!read) return MALFORMED;
  const check = found[6].replace("O", "0").replace(/[IL]/, "1");
  return checkCharacter(read.values) === check ? { token: read.token, gtin: null, typed: true } : { reason: "typing_error" };
}

// RFC 8785 of what JSON.parse gives.
const canonical = (value) =>
  Array.isArray(value) ? `[${value.map(canonical)}]`
  : value !== null && typeof value === "object"
    ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`
    : JSON.stringify(value);

// The manifest, or null.
export async function readManifest(text, keys) {
  let content;
  try { content = JSON.parse(text); } catch { return null; }
  if (text.length > 65536 || content === null || canonical(content) !== stripped(text)) return null;
  const key = keys.find((one) => one.kid === content.kid && one.purpose === "manifest" && one.state !== "compromised");
  if (!key || Object.keys(content).join() !== "kid,manifest,signature" || !/^[\w-]{85}[AQgw]==$/.test(content.signature)) return null;
  const message = utf8(`SLSTAMP/1/manifest\0${canonical(content.manifest)}`);
  return (await signed(key, message, base64url(content.signature))) ? content.manifest : null;
}

// What can be said without a database: {outcome, reason, index, key, batch}.
export async function check(text, { deployment, hosts, keys, manifests, openToken = () => null }) {
  const nothing = { index: null, key: null, batch: null };
  const code = parse(text, hosts);
  if (code.reason) return { outcome: "malformed", reason: code.reason, ...nothing };
  const made = "token" in code ? openToken(code.token) : await sealedBy(code, deployment, keys);
  if (!made) return { outcome: "forged", reason: "forged", ...nothing };
  const batch = manifests.find(({ lo, hi }) => lo <= made.index && made.index < hi);
  const profile = "token" in code ? "compact" : "sealed";
  const agrees = !batch || ((code.typed || (batch.profile === profile && batch.gtin === code.gtin))
    && (profile === "compact" ? batch.epoch === made.epoch : batch.kid === made.key));
  const reason = made.state === "compromised" ? "compromised" : agrees ? null : "forged";
  const said = { index: made.index, key: made.key, batch: batch?.batch ?? null };
  return { outcome: reason ? "forged" : "authentic", reason, ...said };
}

async function sealedBy({ signature, index, gtin }, deployment, keys) {
  const digits = String(index).padStart(12, "0");
  const suffix = utf8(gtin === null ? `/${digits}` : `/01/${gtin}/21/${digits}`);
  const message = joined(utf8("SLSTAMP/1/sealed\0"), bytes(deployment), suffix);
  for (const key of keys.filter((one) => one.purpose === "stamp")) {
    if (await signed(key, message, signature)) return { index, key: key.kid, state: key.state };
  }
  return null;
}
