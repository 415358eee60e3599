// The catalogue in the language of the page.

let texts = {};
let language = 'ru';

export function setTexts(all) { texts = all; }
export function setLanguage(lang) { language = lang; }
export const lang = () => language;

export function has(key) { return key in (texts[language] || {}); }

// t is the text of a key; {0}, {1}, … become the arguments.
export function t(key, ...args) {
  return fill((texts[language] || {})[key] ?? key, args);
}

// n is the text of a key in the plural form of a number, which is {0}.
export function n(key, number, ...args) {
  const all = texts[language] || {};
  const form = new Intl.PluralRules(language).select(number);
  const text = all[`${key}#${form}`] ?? all[`${key}#other`] ?? all[`${key}#many`] ?? key;
  return fill(text, [new Intl.NumberFormat(language).format(number), ...args]);
}

// own picks the page's language from a text that came in all of them.
export function own(all) { return all ? all[language] : ''; }

function fill(text, args) {
  return text.replace(/\{(\d)\}/g, (whole, i) => (i in args ? args[i] : whole));
}
