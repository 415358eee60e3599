// Whose key: the files used before, the password, and the keys of the file.

import { h, icon, notice } from './dom.js';
import { t, n, own } from './text.js';

// The password field is made once, so that drawing the page anew does not lose
// what is typed.
let field;

export function passwordField() {
  field ||= h('input', {
    type: 'password', id: 'password', 'data-focus': 'password', autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', maxlength: 256, 'aria-describedby': 'password-hints',
  });
  return field;
}

export function forget() {
  if (field) field.value = '';
}

// files is the choice of a key file.
export function files(state, act) {
  const known = state.files;
  return h('section', { 'aria-labelledby': 'whose' },
    h('h2', { id: 'whose' }, t('whose.title')),
    known.length === 0 && h('p', null, t('key.first')),
    known.length > 0 && h('div.choices', { role: 'radiogroup', 'aria-labelledby': 'whose' }, known.map((f, i) => file(f, i, state, act))),
    known.length > 0 && h('button.link', { type: 'button', 'data-focus': 'browse', onclick: act.browse }, t('key.other_file')));
}

// file is one of them; the chosen one holds the password field. It is not a
// label around the field, for a click beside the field would leave it.
function file(f, i, state, act) {
  const chosen = state.file === f;
  const twin = state.files.some((o) => o !== f && o.name === f.name);
  return h('div.choice', { onclick: chosen ? null : () => act.choose(f) },
    h('input', { type: 'radio', name: 'file', id: `file-${i}`, checked: chosen, 'data-focus': `file-${i}`, onchange: () => act.choose(f) }),
    h('div', null,
      h('label', { for: `file-${i}`, title: f.path },
        h('h3', null, f.owner || short(f.name)),
        f.owner && h('p.small.muted', null, short(f.name)),
        twin && h('p.small.muted', null, f.place),
        f.until && h('p', { class: `small ${f.state ? 'ended mark' : 'muted'}` }, f.state && icon('warning', 16), own(f.until))),
      chosen && password(state)));
}

// short leaves out the middle of a long file name; its end tells files apart.
function short(name) {
  return name.length > 36 ? `${name.slice(0, 20)}…${name.slice(-14)}` : name;
}

function password(state) {
  const input = passwordField();
  input.removeAttribute('aria-invalid');
  if (state.trouble === 'unlock.wrong_password') input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', state.trouble ? 'trouble password-hints' : 'password-hints');
  const caps = h('p.hint', { hidden: !state.caps }, icon('warning', 16), t('password.caps'));
  const cyrillic = h('p.hint', { hidden: true }, icon('warning', 16), t('password.cyrillic'));
  const check = () => { cyrillic.hidden = !/[\u0400-\u04ff]/.test(input.value); };
  input.oninput = () => { check(); };
  input.onkeydown = input.onkeyup = (e) => {
    if (!e.getModifierState) return;
    state.caps = e.getModifierState('CapsLock');
    caps.hidden = !state.caps;
  };
  check();
  const shown = () => input.type === 'text';
  const eye = h('button.icon', {
    type: 'button', 'data-focus': 'eye', 'aria-pressed': String(shown()), 'aria-label': shown() ? t('password.hide') : t('password.show'), title: shown() ? t('password.hide') : t('password.show'),
    onclick: () => {
      input.type = shown() ? 'password' : 'text';
      eye.setAttribute('aria-pressed', String(shown()));
      eye.setAttribute('aria-label', shown() ? t('password.hide') : t('password.show'));
      eye.title = eye.getAttribute('aria-label');
      eye.replaceChildren(icon(shown() ? 'noeye' : 'eye'));
      input.focus();
    },
  }, icon(shown() ? 'noeye' : 'eye'));
  return h('div.password', null,
    h('label', { for: 'password' }, t('password.label')),
    h('div.row', null, input, eye),
    h('div', { id: 'password-hints', 'aria-live': 'polite' }, caps, cyrillic),
    state.trouble && trouble(state.trouble));
}

// trouble explains why a file did not open and what to check.
function trouble(code) {
  return h('p.hint.trouble', { id: 'trouble' }, icon('warning', 16), h('span', null, h('b', null, `${t(code)}. `), t(`${code}.hint`)));
}

// keys is the choice among the keys of the open file.
export function keys(state, act) {
  const fit = state.keys.filter((k) => k.fits);
  const unfit = state.keys.filter((k) => !k.fits);
  const chosen = fit.find((k) => k.id === state.key);
  return h('section', { 'aria-labelledby': 'whose' },
    h('h2', { id: 'whose' }, t('whose.title')),
    fit.length === 0 && none(state),
    fit.length > 0 && h('div.choices', { role: 'radiogroup', 'aria-labelledby': 'whose' }, fit.map((k, i) => h('label.choice.key', null,
      h('input', { type: 'radio', name: 'key', checked: k.id === state.key, 'data-focus': `key-${i}`, onchange: () => act.key(k.id) }),
      card(k)))),
    chosen && chosen.confirm && [
      notice('danger', t('warning.expired'), t('key.ended_note')),
      h('label.confirm', null,
        h('input', { type: 'checkbox', checked: state.confirmed, 'data-focus': 'confirm', onchange: (e) => act.confirm(e.target.checked) }),
        t('key.confirm_expired')),
    ],
    chosen && chosen.soon && notice('warn', '', t('key.renew')),
    unfit.length > 0 && (fit.length === 0
      ? h('div.choices', null, h('p.small.muted', null, t('none.holds')), unfit.map(disabled))
      : h('details.more', null, h('summary', null, n('key.unfit_more', unfit.length)), unfit.map(disabled))),
    fit.length === 0 && h('p.small.muted', null, t('none.where')),
    fit.length > 0 && h('button.link', { type: 'button', 'data-focus': 'other', onclick: act.other }, t('key.change')));
}

function card(k) {
  return h('div', null,
    h('h3', null, k.owner || t('key.no_owner')),
    k.organisation
      ? h('p.small', null, k.organisation, k.bin && ` · ${t('key.bin')} ${k.bin}`)
      : k.owner && h('p.small', null, t('key.person')),
    h('div.lines.muted', null,
      k.role && h('span', null, t(k.role)),
      (k.iin || k.use) && h('span', null, [k.iin && `${t('key.iin')} ${k.iin}`, k.use && t(k.use)].filter(Boolean).join(' · ')),
      k.validity && h('span', { class: k.expired || k.soon ? 'mark ended' : '' }, k.expired || k.soon ? icon('warning', 16) : null, [own(k.validity), own(k.left)].filter(Boolean).join(' · ')),
      h('span', null, [k.algorithm, k.issuer].filter(Boolean).join(' · ')),
      k.reason === 'warning.no_client_auth' && h('span', null, t(k.reason))));
}

function disabled(k) {
  return h('div.choice.unfit.key', { 'aria-disabled': 'true' },
    icon('key'),
    h('div', null,
      h('h3', null, k.owner || t('key.no_owner')),
      k.organisation && h('p.small.muted', null, k.organisation),
      h('p.small', null, h('b', null, `${t('key.unfit')}. `), t(k.reason)),
      k.validity && h('p.small.muted', null, [k.use && t(k.use), own(k.validity)].filter(Boolean).join(' · '))));
}

// none says that no key fits, and which one would.
function none(state) {
  const w = state.view.wanted;
  const wishes = [
    w.use && t(w.use),
    ...(w.roles || []).map((r) => t(r)),
    w.iin && `${t('key.iin')} ${w.iin}`,
    w.bin && `${t('key.bin')} ${w.bin}`,
    w.serial && t('none.number', w.serial),
  ].filter(Boolean);
  return notice('danger', t('none.title'), wishes.length > 0 && h('p', null, t('none.wanted')), wishes.length > 0 && h('ul', null, wishes.map((x) => h('li', null, x))));
}
