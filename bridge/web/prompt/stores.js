// Whose key: the files used before and the tokens that are in, and the password.

import { h, icon } from './dom.js';
import { t, n, own } from './text.js';
import { missing, token } from './tokens.js';

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

// stores is the choice of a key file or a token.
export function stores(state, act) {
  const { view } = state;
  const files = state.files.map((f, i) => file(f, i, state, act));
  const tokens = (state.tokens || []).map((x, i) => token(x, i, state, act, password));
  const any = files.length + tokens.length > 0;
  return h('section', { 'aria-labelledby': 'whose' },
    h('h2', { id: 'whose' }, t('whose.title')),
    !any && !view.nofiles && h('p', null, t('key.first')),
    any && h('div.choices', { role: 'radiogroup', 'aria-labelledby': 'whose' }, view.first ? [tokens, files] : [files, tokens]),
    missing(state),
    h('div.views', null,
      any && !view.nofiles && h('button.link', { type: 'button', 'data-focus': 'browse', onclick: act.browse }, t('key.other_file')),
      lookable(state) && h('button.link', { type: 'button', 'data-focus': 'look', onclick: act.look }, t('token.find'))));
}

// lookable tells whether a look for tokens is the person's to begin: it is at
// first, and later where nobody notices a token that is put in.
export function lookable(state) {
  const { view } = state;
  if (!view.tokens || state.looking || (view.nofiles && !state.token)) return false;
  return state.tokens === null || Boolean(state.driver) || !view.watched;
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
      chosen && password(state, act)));
}

// short leaves out the middle of a long file name; its end tells files apart.
function short(name) {
  return name.length > 36 ? `${name.slice(0, 20)}…${name.slice(-14)}` : name;
}

// password is the field and what to check about it. pin is set for a token.
export function password(state, act, pin) {
  const input = passwordField();
  input.removeAttribute('aria-invalid');
  if (pin) input.setAttribute('inputmode', 'numeric');
  else input.removeAttribute('inputmode');
  if (['unlock.wrong_password', 'unlock.wrong_pin', 'unlock.pin_format'].includes(state.trouble)) input.setAttribute('aria-invalid', 'true');
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
  const name = () => (pin ? t(shown() ? 'pin.hide' : 'pin.show') : t(shown() ? 'password.hide' : 'password.show'));
  const eye = h('button.icon', {
    type: 'button', 'data-focus': 'eye', 'aria-pressed': String(shown()), 'aria-label': name(), title: name(),
    onclick: () => {
      input.type = shown() ? 'password' : 'text';
      eye.setAttribute('aria-pressed', String(shown()));
      eye.setAttribute('aria-label', name());
      eye.title = name();
      eye.replaceChildren(icon(shown() ? 'noeye' : 'eye'));
      input.focus();
    },
  }, icon(shown() ? 'noeye' : 'eye'));
  return h('div.password', null,
    h('label', { for: 'password' }, t(pin ? 'pin.label' : 'password.label')),
    h('div.row', null, input, eye),
    h('div', { id: 'password-hints', 'aria-live': 'polite' }, caps, cyrillic),
    state.trouble && trouble(state.trouble),
    !pin && state.view.remember > 0 && tick('remember', state, act, n('memory.offer', state.view.remember)));
}

// tick is a box that asks for nothing more than a yes.
export function tick(name, state, act, text) {
  return h('label.tick', null,
    h('input', { type: 'checkbox', checked: state[name], 'data-focus': name, onchange: (e) => act.tick(name, e.target.checked) }), text);
}

// trouble explains why a store did not open and what to check.
export function trouble(code) {
  return h('p.hint.trouble', { id: 'trouble' }, icon('warning', 16), h('span', null, h('b', null, `${t(code)}. `), t(`${code}.hint`)));
}
