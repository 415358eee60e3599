// Talking to the program behind the window. The token of the address is traded
// for a key that lives in this module only; the address forgets it.

let key = '';
let token = new Uint8Array();
let seal = null; // public key of the program, for passwords

export class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

export async function call(path, body, options = {}) {
  const r = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Tanba-Key': key },
    body: JSON.stringify(body || {}),
    credentials: 'omit',
    redirect: 'error',
    ...options,
  });
  const answer = await r.json().catch(() => ({}));
  if (!r.ok) throw new Refused(r.status, answer.error || '');
  return answer;
}

export async function exchange() {
  const text = location.hash.slice(1);
  history.replaceState(null, '', '/');
  if (!text) throw new Refused(403, 'token');
  token = bytes(text.replaceAll('-', '+').replaceAll('_', '/'));
  const v = await call('/exchange', { token: text });
  key = v.key;
  seal = bytes(v.seal);
  delete v.key;
  delete v.seal;
  return v;
}

// unlock tries a password or PIN. store is the path of a file, or a token.
export const unlock = async (store, password) => call('/unlock', { ...store, ...await sealed(password) });

// sealed is a password or PIN that only the program can read: see seal.go.
export async function sealed(password) {
  const p256 = { name: 'ECDH', namedCurve: 'P-256' };
  const pair = await crypto.subtle.generateKey(p256, false, ['deriveBits']);
  const theirs = await crypto.subtle.importKey('raw', seal, p256, false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, pair.privateKey, 256);
  const secret = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const utf8 = new TextEncoder();
  const aes = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: token, info: utf8.encode('tanba password') },
    secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const plain = utf8.encode(password);
  const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, aes, plain);
  plain.fill(0);
  const own = await crypto.subtle.exportKey('raw', pair.publicKey);
  return { public: base64(own), nonce: base64(nonce), box: base64(box) };
}

export const canSeal = () => Boolean(globalThis.crypto && crypto.subtle);

function bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function base64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}
