// A new key instead of one that ends, step by step. Windows ask for passwords and
// PINs; this page only says which step is next and hears how each one ended.

import { h, icon } from '/app/dom.js';
import { call, t, say } from '/app/api.js';

export async function renew() {
  const box = h('div.renew', { 'aria-live': 'polite' });
  let turn = -1;
  const draw = (v) => {
    turn = v.turn;
    box.replaceChildren(...steps(v, act));
  };
  // act begins a step and follows it to its end.
  const act = async (name, body = {}) => {
    try {
      let v = await call('renew/' + name, body);
      draw(v);
      while (v.busy && box.isConnected) {
        v = await call('renew/wait', { turn });
        draw(v);
      }
      if (v.fault) say(t(v.fault));
    } catch (e) {
      box.prepend(h('div.card.fault', { role: 'alert' }, icon('warning'), h('p', null, e.message)));
    }
  };
  const v = await call('renew');
  draw(v);
  if (v.busy) setTimeout(() => act('wait', { turn }));
  return [h('p.muted', null, t('renew.text')), box];
}

// name is what somebody is called, in whatever language that is.
const name = (tag, text) => h(tag, { translate: 'no' }, text);

function steps(v, act) {
  const button = (text, name, body, off) => h('button', { type: 'button', disabled: Boolean(v.busy) || off, onclick: () => act(name, body) }, text);
  return [
    v.fault ? h('div.card.fault', { role: 'alert' }, icon('warning'), h('p', null, t(v.fault))) : '',
    v.busy ? h('div.card', { role: 'status' }, icon('program'), h('p', null, t('renew.window'))) : '',
    v.done ? done(v.done) : '',
    ...v.pending.map((p) => pending(p, v, act, button)),
    v.pending.length ? h('details', { open: Boolean(v.old) }, h('summary', null, t('renew.another')), first(v, act, button)) : first(v, act, button),
  ];
}

// first are the steps before there is a new key.
function first(v, act, button) {
  const same = h('input', { type: 'checkbox' });
  return h('ol.steps', null,
    h('li.card', null, h('h2', null, t('renew.step_key')),
      v.old ? h('p', null, name('span', v.old.owner), ' · ', t('renew.until', v.old.until), ' · ', name('span', v.old.issuer)) : null,
      v.old?.ended ? h('p.notice.danger', null, icon('warning', 18), h('span', null, t('renew.late'))) : null,
      button(t('renew.choose'), 'key')),
    h('li.card', null, h('h2', null, t('renew.step_make')),
      h('p', null, t('renew.make_text')),
      v.old?.algorithm ? h('label.field.check', null, same, h('span', null, t('renew.same', v.old.algorithm))) : null,
      h('button', { type: 'button', disabled: Boolean(v.busy) || !v.old || v.old.ended, onclick: () => act('request', { same: same.checked }) }, t('renew.make'))));
}

function done(d) {
  return h('div.card.well', null, icon('done', 28), h('div', null,
    h('h2', null, t('renew.done', d.until)),
    name('p', d.owner), name('p.muted.wrap', d.place),
    h('p', null, t('renew.done_text'))));
}

// pending is a key that has been made: signing, handing in, loading.
function pending(p, v, act, button) {
  const number = h('input', { type: 'text', id: `number-${p.keyId}`, value: p.application, maxlength: 64, autocomplete: 'off' });
  const files = h('input', { type: 'file', id: `files-${p.keyId}`, multiple: true, accept: '.cer,.crt,.pem,.der' });
  const save = (signed) => async () => {
    const blob = await call('renew/file', { keyId: p.keyId, signed });
    const a = h('a', { href: URL.createObjectURL(blob), download: signed ? 'request.csr.cms' : 'request.csr' });
    a.click();
    URL.revokeObjectURL(a.href);
  };
  const load = async () => {
    const certificates = [];
    for (const f of files.files) certificates.push(base64(new Uint8Array(await f.arrayBuffer())));
    act('install', { keyId: p.keyId, certificates });
  };
  const forget = (e) => {
    if (e.currentTarget.dataset.sure) return act('forget', { keyId: p.keyId });
    e.currentTarget.dataset.sure = '1';
    e.currentTarget.textContent = t('renew.sure');
  };
  return h('section.card', null,
    h('h2', null, t('renew.waiting')),
    name('p', p.owner), h('p.muted.wrap', null, name('span', p.place), ' · ', t('renew.created', p.created)),
    h('ol.steps', { start: 3 },
      h('li', null, h('h3', null, t('renew.step_sign')), p.signed ? h('p.signed', null, icon('done', 18), t('renew.signed')) : button(t('renew.sign'), 'sign', { keyId: p.keyId })),
      h('li', null, h('h3', null, t('renew.step_apply')), h('p', null, t('renew.apply_text')),
        h('div.actions', null,
          h('button', { type: 'button', onclick: save(false) }, t('renew.save_request')),
          p.signed ? h('button', { type: 'button', onclick: save(true) }, t('renew.save_signed')) : null,
          h('a.button', { href: v.cabinet, target: '_blank', rel: 'noopener noreferrer' }, t('renew.cabinet'))),
        h('label', { for: number.id }, t('renew.number')), number,
        h('button', { type: 'button', onclick: async () => { await act('application', { keyId: p.keyId, number: number.value }); say(t('renew.kept')); } }, t('renew.keep'))),
      h('li', null, h('h3', null, t('renew.step_wait')), h('p', null, t('renew.wait_text')),
        h('label', { for: files.id }, t('renew.load')), files,
        h('button', { type: 'button', disabled: Boolean(v.busy), onclick: load }, t('renew.install')))),
    h('button.plain', { type: 'button', onclick: forget }, t('renew.forget')));
}

function base64(bytes) {
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
}
