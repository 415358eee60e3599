// What the person may choose. What an administrator has fixed is shown and
// cannot be changed.

import { h, icon } from '/app/dom.js';
import { call, t, say } from '/app/api.js';

export async function settings() {
  const v = await call('settings');
  const s = v.settings;
  const fixed = new Set(v.fixed);
  const fields = {};
  const note = h('p.notice.plain', { role: 'status', hidden: true });

  const field = (name, control, help) => {
    control.id = name;
    if (fixed.has(name)) control.disabled = true;
    if (help) control.setAttribute('aria-describedby', name + '-help');
    fields[name] = control;
    return h('div.field', null,
      h('label', { for: name }, t('pages.settings.' + name)),
      control,
      fixed.has(name) ? h('p.muted.small', null, icon('lock', 16), t('pages.settings.fixed')) : null,
      help ? h('p.muted.small', { id: name + '-help' }, t(`pages.settings.${name}_help`)) : null);
  };
  const text = (value, more = {}) => h('input', { type: 'text', value, autocomplete: 'off', spellcheck: 'false', ...more });
  const choice = (value, options) => {
    const select = h('select', null, options.map(([key, label]) => {
      const o = h('option', null, label);
      o.value = key;
      return o;
    }));
    select.value = String(value);
    return select;
  };
  const box = (name, value, help) => {
    const control = h('input', { type: 'checkbox', checked: value, id: name });
    if (fixed.has(name)) control.disabled = true;
    fields[name] = control;
    return h('div.field.check', null, control, h('div', null, h('label', { for: name }, t('pages.settings.' + name)),
      fixed.has(name) ? h('p.muted.small', null, t('pages.settings.fixed')) : null,
      help ? h('p.muted.small', null, t(`pages.settings.${name}_help`)) : null));
  };

  const form = h('form', {
    novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      try {
        await call('settings/save', {
          language: fields.language.value, phrase: fields.phrase.value.trim(), port: Number(fields.port.value) || 0,
          multisign: fields.multisign.checked, proxy: fields.proxy.value.trim(), tsa: fields.tsa.value.split(/\s+/).filter(Boolean),
          revocation: fields.revocation.value, logLevel: fields.logLevel.value, rememberMinutes: Number(fields.rememberMinutes.value),
          quietHours: fields.quietHours.value.trim(), warnings: fields.warnings.checked ? '' : 'off',
        });
        tell('plain', t('pages.settings.saved'));
      } catch (error) {
        tell('danger', error.message);
      }
    },
  },
  h('fieldset.card', null, h('legend', null, t('pages.settings.you')),
    field('language', choice(s.language, [['', t('pages.settings.system')], ['kk', 'Қазақша'], ['ru', 'Русский'], ['en', 'English']])),
    field('phrase', text(s.phrase, { maxlength: 60 }), true),
    field('rememberMinutes', choice(s.rememberMinutes, [['0', t('pages.settings.never')], ['5', t('pages.settings.minutes', 5)], ['15', t('pages.settings.minutes', 15)]]), true),
    box('warnings', s.warnings !== 'off', true),
    field('quietHours', text(s.quietHours, { placeholder: '22:00-08:00', maxlength: 11 }))),
  h('fieldset.card', null, h('legend', null, t('pages.settings.network')),
    field('proxy', text(s.proxy, { placeholder: t('pages.settings.system') }), true),
    field('tsa', text(s.tsa.join(' '), { placeholder: t('pages.settings.tsa_default') }), true),
    field('revocation', choice(s.revocation, [['', t('pages.settings.revocation_notice')], ['require', t('pages.settings.revocation_require')], ['off', t('pages.off')]]), true)),
  h('fieldset.card', null, h('legend', null, t('pages.settings.program')),
    field('port', text(s.port || '', { inputmode: 'numeric', placeholder: '13579', maxlength: 5 }), true),
    box('multisign', s.multisign, true),
    field('logLevel', choice(s.logLevel, [['', t('pages.settings.log_info')], ['debug', t('pages.settings.log_debug')], ['warn', t('pages.settings.log_warn')]]))),
  note,
  h('div.actions', null, h('button.primary', { type: 'submit' }, t('pages.settings.save'))));

  function tell(kind, message) {
    note.className = `notice ${kind}`;
    note.replaceChildren(icon(kind === 'plain' ? 'done' : 'warning', 18), h('span', null, message));
    note.hidden = false;
    say(message);
  }
  return [form];
}
