import {
  CST,
  type ErrorCode,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { MenshenError } from '../common/index.ts';
import type { KeyPath } from './tree.ts';

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file, read: its content and where everything stood. */
export interface YamlSource {
  readonly value: unknown;
  /** Where the value (or the key) at this place stands; where it is missing, what should hold it. */
  locate(path: KeyPath, what?: 'key' | 'value'): Position;
}

/** Aliases expand to copies; this many are plenty for a gate and far from a "billion laughs". */
const MAX_ALIASES = 64;
/** No configuration nests deeper, and the parser, which is recursive, takes the process down when its stack runs out. */
const MAX_NESTING = 32;
const MAX_INDENTATION = 200;

/**
 * Reads YAML 1.2 strictly: one document, no unknown tags, no key twice.
 * @throws MenshenError CONFIG_SYNTAX that names file, line and column. The file's own text is never in the
 * message: a mistake in the line of a password must not print the password.
 */
export function readYaml(text: string, path: string): YamlSource {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fail = ({ line, column }: Position, message: string): never => {
    throw new MenshenError('CONFIG_SYNTAX', `${path}:${line}:${column}: ${message}`);
  };

  const tooDeep = firstTooDeep(text);
  if (tooDeep !== undefined) fail({ line: tooDeep, column: 1 }, SYNTAX_FAULTS.RESOURCE_EXHAUSTION);
  const document = parseDocument(text, {
    version: '1.2',
    lineCounter: lines,
    // Pretty errors quote the faulty line.
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) fail(at(fault.pos[0]), SYNTAX_FAULTS[fault.code]);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    fail(
      at(0),
      `an alias (*name) refers to nothing before it, or aliases expand to more than ${MAX_ALIASES} copies`,
    );
  }

  const root: Node | null = document.contents;
  return {
    value,
    locate: (keys, what = 'value') => {
      let node: unknown = root;
      let offset = root?.range?.[0] ?? 0;
      for (const [index, key] of keys.entries()) {
        if (isAlias(node)) node = node.resolve(document);
        const step = descend(node, key);
        if (step === undefined) break;
        node = step.value;
        const wantKey = what === 'key' && index === keys.length - 1;
        offset = (wantKey ? step.key : startOf(step.value)) ?? step.key ?? offset;
      }
      return at(offset);
    },
  };
}

/** The line on which brackets, indicators or indentation go beyond the limits. */
function firstTooDeep(text: string): number | undefined {
  let line = 1;
  let brackets = 0;
  let indicators = 0;
  let before: string = '\n';
  for (const token of new Lexer().lex(text)) {
    const type = before === CST.SCALAR ? 'scalar' : CST.tokenType(token);
    if (type === 'flow-seq-start' || type === 'flow-map-start') brackets++;
    if (type === 'flow-seq-end' || type === 'flow-map-end') brackets--;
    if (type === 'newline') indicators = 0;
    if (brackets === 0 && (type === 'seq-item-ind' || type === 'explicit-key-ind')) indicators++;
    const indented = type === 'space' && before.endsWith('\n') && token.length > MAX_INDENTATION;
    if (brackets > MAX_NESTING || indicators > MAX_NESTING || indented) return line;
    line += token.split('\n').length - 1;
    before = token;
  }
  return undefined;
}

function descend(
  node: unknown,
  key: string | number,
): { key?: number | undefined; value: unknown } | undefined {
  if (isSeq(node) && typeof key === 'number' && key < node.items.length) {
    return { value: node.items[key] };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && item.key.value === String(key),
  );
  return pair && { key: startOf(pair.key), value: pair.value };
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** In our own words, because the parser's quote what stood in the file. */
const SYNTAX_FAULTS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) is not well formed; a value that begins with * must be quoted',
  BAD_COLLECTION_TYPE: 'the tag does not fit what follows it',
  BAD_DIRECTIVE: 'a line beginning with % is no YAML directive; quote the value',
  BAD_DQ_ESCAPE:
    'a backslash sequence in double quotes is not one YAML knows; use single quotes for plain text',
  BAD_INDENT: 'the indentation is wrong; entries of one mapping or list begin in the same column',
  BAD_PROP_ORDER: 'anchor and tag must stand before the value',
  BAD_SCALAR_START: 'a value cannot begin with this character; quote it',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping cannot begin on the line of its key; begin a new, indented line or quote the value',
  BLOCK_IN_FLOW: 'an indented block cannot stand within brackets',
  DUPLICATE_KEY: 'this key stands twice in the same mapping',
  IMPOSSIBLE: 'not valid YAML',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing: a closing quote or bracket, or the colon after a key',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, followed by a colon and a space',
  MULTIPLE_ANCHORS: 'a value can have one anchor only',
  MULTIPLE_DOCS: 'the file holds a second document (---); one is allowed',
  MULTIPLE_TAGS: 'a value can have one tag only',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply or has too many aliases',
  TAB_AS_INDENT: 'a tab is used for indentation; use spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag (!name); a value that begins with ! must be quoted',
  UNEXPECTED_TOKEN: 'something stands here that does not belong',
};
