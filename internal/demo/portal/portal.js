// A portal's page as its developer would write it: one socket, one question at a
// time, the answer verified by the portal's own server.
'use strict';

let texts = {};
let bridge = 'wss://127.0.0.1:13579';

const element = (id) => document.getElementById(id);
const text = (key) => texts[key] || key;

async function load(lang) {
  const answer = await (await fetch('/texts' + (lang ? '?lang=' + lang : ''))).json();
  texts = answer.texts;
  bridge = answer.bridge;
  document.documentElement.lang = answer.lang;
  document.title = text('demo.title');
  for (const e of document.querySelectorAll('[data-text]')) e.textContent = text(e.dataset.text);
  for (const b of document.querySelectorAll('[data-lang]')) b.setAttribute('aria-current', String(b.dataset.lang === answer.lang));
  if (!element('text').value) element('text').value = text('demo.sample');
}

// call opens a socket, waits for the greeting, sends one request and resolves
// with the one answer.
function call(request) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(bridge);
    let greeted = false;
    socket.onmessage = (event) => {
      if (!greeted) {
        greeted = true;
        socket.send(JSON.stringify(request));
        return;
      }
      resolve(JSON.parse(event.data));
      socket.close();
    };
    socket.onclose = () => reject(new Error(text('demo.no_bridge')));
  });
}

const base64 = (s) => btoa(String.fromCharCode(...new TextEncoder().encode(s)));
const unframe = (pem) => pem.replace(/-----[A-Z ]+-----|\s/g, '');

function show(good, title, facts, raw) {
  const outcome = element('outcome');
  outcome.hidden = false;
  outcome.className = good ? 'good' : 'bad';
  element('outcome-title').textContent = title;
  element('facts').replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => {
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = text(name);
    dd.textContent = value;
    return [dt, dd];
  }));
  element('raw').hidden = !raw;
  element('raw').textContent = raw || '';
}

async function verify(signature) {
  const answer = await fetch('/verify', { method: 'POST', body: JSON.stringify({ signature }) });
  return answer.json();
}

async function signOne() {
  const answer = await call({
    module: 'kz.gov.pki.knca.commonUtils',
    method: 'createCAdESFromBase64',
    args: ['PKCS12', 'SIGNATURE', base64(element('text').value), true],
  });
  if (answer.code !== '200') return refused(answer.message);
  const verdict = await verify(answer.responseObject);
  show(verdict.verified, text(verdict.verified ? 'demo.verified' : 'demo.not_verified'), [
    ['demo.fact.signer', verdict.signer], ['demo.fact.iin', verdict.iin], ['demo.fact.issuer', verdict.issuer],
    ['demo.fact.content', verdict.content], ['demo.fact.error', verdict.error],
  ], answer.responseObject);
}

async function signMany() {
  const documents = [1, 2, 3].map((n) => base64(element('text').value + '\n№ ' + n));
  const answer = await call({
    module: 'kz.gov.pki.knca.basics',
    method: 'sign',
    args: {
      format: 'cms', data: documents, signingParams: { decode: true, encapsulate: true, digested: false, tsaProfile: null },
      signerParams: { extKeyUsageOids: [], chain: [] }, locale: document.documentElement.lang,
    },
  });
  if (!answer.status || !answer.body.result) return refused(answer.message || 'action.canceled');
  const verdicts = await Promise.all(answer.body.result.map((pem) => verify(unframe(pem))));
  const good = verdicts.every((v) => v.verified);
  show(good, text(good ? 'demo.verified_all' : 'demo.not_verified'), [
    ['demo.fact.signer', verdicts[0].signer], ['demo.fact.number', String(verdicts.length)],
    ['demo.fact.error', verdicts.map((v) => v.error || '').join(' ').trim()],
  ], answer.body.result.join(''));
}

async function showKey() {
  const answer = await call({ module: 'kz.gov.pki.knca.commonUtils', method: 'getKeyInfo', args: ['PKCS12'] });
  if (answer.code !== '200') return refused(answer.message);
  const key = answer.responseObject;
  show(true, text('demo.key_shown'), [
    ['demo.fact.signer', key.subjectDn], ['demo.fact.issuer', key.issuerCn], ['demo.fact.algorithm', key.algorithm],
    ['demo.fact.until', new Date(Number(key.certNotAfter)).toLocaleDateString(document.documentElement.lang)],
  ], key.pem);
}

function refused(message) {
  show(false, text(message === 'action.canceled' ? 'demo.cancelled' : 'demo.refused'),
    message === 'action.canceled' ? [] : [['demo.fact.error', message]]);
}

function button(id, action) {
  element(id).addEventListener('click', async () => {
    const buttons = document.querySelectorAll('.buttons button');
    for (const b of buttons) b.disabled = true;
    try {
      await action();
    } catch (error) {
      show(false, text('demo.refused'), [['demo.fact.error', error.message]]);
    }
    for (const b of buttons) b.disabled = false;
  });
}

button('sign', signOne);
button('sign-many', signMany);
button('show-key', showKey);
for (const b of document.querySelectorAll('[data-lang]')) b.addEventListener('click', () => load(b.dataset.lang));
load(new URLSearchParams(location.search).get('lang'));
