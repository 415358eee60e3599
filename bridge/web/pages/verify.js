// Is the signature of a file good? The files go to the program on this machine
// and nowhere else; only questions about certificates leave it, if the person
// lets them.

import { h, icon } from '/app/dom.js';
import { call, t, say } from '/app/api.js';

const shapes = { good: 'done', warn: 'warning', bad: 'failed' };

export async function verify() {
  const { online, limit } = await call('verify/options');
  let files = [];
  let turn = 0;
  const results = h('div.results', { 'aria-live': 'polite' });
  const input = h('input', { type: 'file', multiple: true, id: 'files', hidden: true, onchange: () => take([...input.files]) });
  const ask = h('input', { type: 'checkbox', id: 'online', checked: online, disabled: !online, 'aria-describedby': 'online-help', onchange: () => files.length && judge() });
  const zone = h('div.drop', null, icon('document', 28),
    h('div.grow', null, h('p', null, t('pages.verify.drop')), h('p.muted.small', null, t('pages.verify.pair'))),
    h('button.primary', { type: 'button', onclick: () => input.click() }, t('pages.verify.choose')), input);

  const take = (list) => {
    input.value = '';
    if (!list.length) return;
    files = list;
    judge();
  };

  const judge = async () => {
    const now = ++turn;
    results.replaceChildren(h('p.muted', { role: 'status' }, t('pages.verify.working')));
    try {
      if (files.reduce((sum, f) => sum + f.size, 0) > limit) throw new Error(t('pages.verify.too_large'));
      const v = await call('verify', null, await pack(files, ask.checked));
      if (now === turn) results.replaceChildren(...show(v));
    } catch (e) {
      if (now === turn) results.replaceChildren(h('div.card.fault', { role: 'alert' }, icon('warning', 28), h('p', null, e.message)));
    }
  };

  const page = h('div', {
    ondragover: (e) => { e.dataTransfer.dropEffect = 'copy'; zone.classList.add('over'); },
    ondragleave: (e) => { if (!page.contains(e.relatedTarget)) zone.classList.remove('over'); },
    ondrop: (e) => { zone.classList.remove('over'); take([...e.dataTransfer.files]); },
  },
  h('p.muted', null, t('pages.verify.text')),
  zone,
  h('div.field.check', null, ask, h('div', null,
    h('label', { for: 'online' }, t('pages.verify.online')),
    h('p.muted.small', { id: 'online-help' }, t(online ? 'pages.verify.online_help' : 'pages.verify.online_off')))),
  results);
  return [page];
}

// pack puts a header with names and sizes before the octets of the files.
async function pack(files, online) {
  const parts = await Promise.all(files.map((f) => f.arrayBuffer().catch(() => { throw new Error(t('pages.verify.unreadable', f.name)); })));
  const header = new TextEncoder().encode(JSON.stringify({ online, files: files.map((f, i) => ({ name: f.name, size: parts[i].byteLength })) }));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, header.length);
  return new Blob([length, header, ...parts]);
}

function show(v) {
  const url = URL.createObjectURL(new Blob([v.report], { type: 'text/html' }));
  say(v.documents.map((d) => `${d.file}: ${d.verdict}`).join('. '));
  return [
    h('h2', null, t('pages.verify.result')),
    h('ul.list', null, v.documents.map((d) => h('li.card', null, verdict(d)))),
    h('div.actions', null, h('a.button', { href: url, download: 'tanba-report.html' }, t('pages.verify.report'))),
  ];
}

function verdict(d) {
  return [
    d.file ? h('h3.wrap', null, d.file) : null,
    h(`p.verdict.${d.kind}`, null, icon(shapes[d.kind], 24), h('span', null, d.signers.length ? t('pages.verify.verdict_' + d.kind) : sentence(d.verdict))),
    d.signers.map((s, i) => [
      d.signers.length > 1 ? h('h4', null, t('pages.verify.signer', i + 1)) : null,
      list(s.lines),
    ]),
    d.lines.length || d.signers.some((s) => s.detail.length) ? h('details', null, h('summary', null, t('pages.verify.details')),
      list(d.lines), d.signers.map((s) => list(s.detail))) : null,
    d.inner ? h('div.inner', null, h('p.muted', null, t('pages.verify.inner')), verdict(d.inner)) : null,
  ];
}

function list(lines) {
  return h('ul.checks', null, lines.map((l) => h(`li.${l.kind}`, null, icon(shapes[l.kind] || 'info', 18), h('span', null, sentence(l.text)))));
}

// The texts are written for the middle of a line.
const sentence = (text) => text.charAt(0).toLocaleUpperCase(document.documentElement.lang) + text.slice(1);
