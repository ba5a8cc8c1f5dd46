import { allowed } from './problems.ts';
import { alternatives, configJsonSchema, properties, type SchemaNode } from './tree.ts';

const INTRODUCTION = `# Configuration

<!-- Written by \`npm run generate\` from src/config/schema.ts: change the schema, not this page. -->

Menshen reads one YAML file: the one given with \`--config\`, else the one named by \`$MENSHEN_CONFIG\`, else
\`/etc/menshen/menshen.yaml\`, else \`menshen.yaml\` in the working directory. [config/menshen.example.yaml](../../config/menshen.example.yaml)
is a commented one to begin with; \`menshen config check FILE\` says what is wrong with one, with line and column.

- Relative paths are reckoned from the folder of the configuration file.
- Times are whole milliseconds where the key ends in \`Ms\`, seconds where it ends in \`S\`.
- A key that Menshen doesn't know is an error, so that a misspelt one is never silently ignored.
- A key with an empty value is an error as well: leave it out to get the default.
- A file that changes is read at the next start.
- Editors that know the YAML language server complete and check keys by [config/menshen.schema.json](../../config/menshen.schema.json).
`;

const SECRETS = `## Secrets

Wherever the type says *secret*, the file names where the secret is, in one of four ways:

| Form | Meaning |
|---|---|
| \`{ file: PATH }\` | The content of a file, without the newline at its end. Refused if every user can read it. |
| \`{ credential: NAME }\` | A systemd credential (\`LoadCredential=NAME:PATH\` in the unit) |
| \`{ env: NAME }\` | An environment variable |
| \`{ value: TEXT }\` | The secret itself; for trying things out only |

Secrets appear in no log, no event and no error; \`menshen config show\` prints \`***\` for them.
`;

/** docs/reference/config.md: every key with type, default and meaning, out of the schema. */
export function configReference(): string {
  const sections = sectionsOf(configJsonSchema(), '');
  return [INTRODUCTION, ...sections, SECRETS].join('\n');
}

function sectionsOf(node: SchemaNode, at: string): string[] {
  const own = properties(node);
  const nested = own.flatMap(([key, child]) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (child.type === 'object') return sectionsOf(child, path);
    const item = itemOf(child);
    return item?.type === 'object' ? sectionsOf(item, `${path}[]`) : [];
  });
  return [sectionOf(node, at, own), ...nested];
}

function sectionOf(node: SchemaNode, at: string, keys: readonly [string, SchemaNode][]): string {
  const rows = keys.map(([key, child]) => {
    const required = node.required?.includes(key) ? '**required**' : defaultOf(child);
    return `| \`${key}\` | ${typeOf(child)} | ${required} | ${meaningOf(child)} |`;
  });
  const title = at === '' ? '## Top level' : `## \`${at}\``;
  const about = at === '' || node.description === undefined ? '' : `${node.description}.\n\n`;
  return `${title}\n\n${about}| Key | Type | Default | Meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function itemOf(node: SchemaNode): SchemaNode | undefined {
  const items = node.items;
  return typeof items === 'object' && !Array.isArray(items) ? (items as SchemaNode) : undefined;
}

function typeOf(node: SchemaNode): string {
  if (node['x-secret'] === true) return '[secret](#secrets)';
  if (node.type === 'object') return 'mapping, see below';
  if (itemOf(node)?.type === 'object') return 'list of mappings, see below';
  const options = alternatives(node);
  if (options.length > 1) {
    return options.map((option) => `\`{ ${properties(option).map(formOf).join(', ')} }\``).join(' or ');
  }
  return allowed(node);
}

function formOf([key, node]: [string, SchemaNode]): string {
  return `${key}: ${node.const === undefined ? 'N' : String(node.const)}`;
}

function defaultOf(node: SchemaNode): string {
  const value = node.default;
  if (value === undefined) return 'none';
  if (node.type === 'object' && JSON.stringify(value) === '{}') return 'all defaults';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function meaningOf(node: SchemaNode): string {
  const parts = [node.description ?? ''];
  for (const option of node['x-secret'] === true ? [] : alternatives(node).filter((one) => one !== node)) {
    for (const [, child] of properties(option)) {
      if (child.const !== undefined) parts.push(`\`${child.const}\`: ${child.description ?? ''}`);
    }
  }
  return parts.join('. ').replaceAll('|', '\\|');
}
