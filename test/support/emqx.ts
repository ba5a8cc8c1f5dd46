/**
 * The file authorizer of EMQX 5, by its documentation (Access Control, Authorization, Use ACL File): Erlang terms, each ended
 * by a period; the first rule that fits counts. Anything else than the forms that config/acl/emqx.conf needs is refused.
 */
type Term = { atom: string } | { text: string } | { tuple: Term[] } | { list: Term[] };

interface Rule {
  readonly permission: 'allow' | 'deny';
  /** null: everybody. */
  readonly users: readonly string[] | null;
  readonly action: 'publish' | 'subscribe' | 'all';
  readonly topics: readonly string[];
}

/** Written in two parts, because it is no template of this language. */
const USERNAME = ['$', '{username}'].join('');

export type Action = 'publish' | 'subscribe';

/** @throws when the file is not what EMQX documents */
export function readEmqxAcl(file: string): Rule[] {
  return readTerms(file).map(ruleOf);
}

/** Whether a client of this user name may do it; no rule that fits is `authorization.no_match = deny`. */
export function emqxAllows(rules: readonly Rule[], user: string, action: Action, topic: string): boolean {
  const rule = rules.find(
    (one) =>
      (one.users === null || one.users.includes(user)) &&
      (one.action === 'all' || one.action === action) &&
      one.topics.some((filter) => fits(topic.split('/'), filter.replaceAll(USERNAME, user).split('/'))),
  );
  return rule?.permission === 'allow';
}

/** As of a topic, so of a filter that is subscribed: a wildcard in it is a level like any other. */
function fits(topic: readonly string[], filter: readonly string[]): boolean {
  const [level, ...rest] = filter;
  if (level === '#') return true;
  const [first, ...others] = topic;
  if (level === undefined || first === undefined) return level === first;
  return (level === '+' || level === first) && fits(others, rest);
}

const TOKEN = /\s+|%[^\n]*|([a-z][A-Za-z0-9_@]*)|'([^'\\\n]*)'|"([^"\\\n]*)"|([{}[\],.])/y;

function readTerms(file: string): Term[] {
  const tokens: (Term | string)[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < file.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(file);
    if (match === null) throw new Error(`no Erlang at ${at}: ${file.slice(at, at + 20)}`);
    const [, bare, quoted, text, mark] = match;
    const atom = bare ?? quoted;
    if (atom !== undefined) tokens.push({ atom });
    else if (text !== undefined) tokens.push({ text });
    else if (mark !== undefined) tokens.push(mark);
  }
  const terms: Term[] = [];
  while (tokens.length > 0) {
    terms.push(readTerm(tokens));
    if (tokens.shift() !== '.') throw new Error(`term ${terms.length} does not end with a period`);
  }
  return terms;
}

function readTerm(tokens: (Term | string)[]): Term {
  const token = tokens.shift();
  if (token === '{') return { tuple: readMembers(tokens, '}') };
  if (token === '[') return { list: readMembers(tokens, ']') };
  if (token === undefined || typeof token === 'string') throw new Error(`${token} where a term should be`);
  return token;
}

function readMembers(tokens: (Term | string)[], end: string): Term[] {
  const members: Term[] = [];
  for (;;) {
    members.push(readTerm(tokens));
    const mark = tokens.shift();
    if (mark === end) return members;
    if (mark !== ',') throw new Error(`${JSON.stringify(mark)} after a member`);
  }
}

function ruleOf(term: Term): Rule {
  const [first, who, what, where, ...more] = 'tuple' in term ? term.tuple : [];
  const permission = oneOf(first, ['allow', 'deny']);
  if (who === undefined || more.length > 0) throw new Error(`not a rule: ${JSON.stringify(term)}`);
  if (what === undefined) {
    oneOf(who, ['all']);
    return { permission, users: null, action: 'all', topics: ['#'] };
  }
  if (where === undefined || !('list' in where))
    throw new Error(`topics are a list: ${JSON.stringify(term)}`);
  return {
    permission,
    users: usersOf(who),
    action: oneOf(what, ['publish', 'subscribe', 'all']),
    topics: where.list.map(filterOf),
  };
}

function usersOf(who: Term): string[] | null {
  if ('atom' in who) return oneOf(who, ['all']) === 'all' ? null : [];
  const [kind, value, ...more] = 'tuple' in who ? who.tuple : [];
  const name = oneOf(kind, ['user', 'username', 'or']);
  if (value === undefined || more.length > 0) throw new Error(`not a client: ${JSON.stringify(who)}`);
  if (name !== 'or') return [textOf(value)];
  if (!('list' in value)) throw new Error('or takes a list');
  return value.list.flatMap((one) => usersOf(one) ?? []);
}

/** A topic filter of MQTT, with placeholders for whole levels alone: parts of one are not taken by every version. */
function filterOf(term: Term): string {
  const levels = textOf(term).split('/');
  const wrong = levels.some((level, at) => {
    if (level === '#') return at !== levels.length - 1;
    return level !== '+' && level !== USERNAME && /[#+$]|^$/.test(level);
  });
  if (wrong) throw new Error(`not a topic filter: ${levels.join('/')}`);
  return levels.join('/');
}

function oneOf<const T extends string>(term: Term | undefined, names: readonly T[]): T {
  const found = names.find((name) => term !== undefined && 'atom' in term && term.atom === name);
  if (found === undefined) throw new Error(`${JSON.stringify(term)} is none of ${names.join(', ')}`);
  return found;
}

function textOf(term: Term): string {
  if (!('text' in term)) throw new Error(`${JSON.stringify(term)} is no text`);
  return term.text;
}
