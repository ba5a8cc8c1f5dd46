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

const LINES = `## Lines

Wherever the type says *line*, the file names a line by its driver. What becomes of a relay when the process ends, for
each driver, stands in [door.md](door.md). A line can be used once only.
`;

/** docs/reference/config.md: every key with type, default and meaning, out of the schema. */
export function configReference(): string {
  const sections = sectionsOf(configJsonSchema(), '');
  return [INTRODUCTION, ...sections, LINES, ...lineSections(), SECRETS].join('\n');
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

/** A section for each driver: the keys of a line that is driven, then those that only one that is watched has. */
function lineSections(): string[] {
  const inputs = lineDrivers('input');
  return lineDrivers('output').map((output) => {
    const driver = String(driverOf(output).const);
    const input = inputs.find((node) => driverOf(node).const === driver);
    const both = [...properties(output), ...(input === undefined ? [] : properties(input))];
    const keys = both.filter(([key], index) => both.findIndex(([other]) => other === key) === index);
    const only = (key: string) => {
      if (input?.properties?.[key] === undefined) return 'relay: ';
      return output.properties?.[key] === undefined ? 'input: ' : '';
    };
    const marked = keys.map(([key, node]): [string, SchemaNode] =>
      key === 'driver'
        ? [key, { ...node, description: '' }]
        : [key, { ...node, description: `${only(key)}${node.description}` }],
    );
    const required = [...(output.required ?? []), ...(input?.required ?? [])];
    const about = { ...output, required, description: driverOf(output).description ?? '' };
    return sectionOf(about, `driver: ${driver}`, marked).replace(/^##/, '###');
  });
}

function driverOf(node: SchemaNode): SchemaNode {
  const driver = properties(node).find(([key]) => key === 'driver')?.[1];
  if (driver === undefined) throw new Error('a line without a driver');
  return driver;
}

/** The drivers of the first place that takes a line of this kind. */
function lineDrivers(kind: 'output' | 'input', node: SchemaNode = configJsonSchema()): SchemaNode[] {
  if (node['x-line'] === kind) return alternatives(node);
  const children = [...properties(node).map(([, child]) => child), ...[itemOf(node) ?? []].flat()];
  return children.map((child) => lineDrivers(kind, child)).find((found) => found.length > 0) ?? [];
}

function itemOf(node: SchemaNode): SchemaNode | undefined {
  const items = node.items;
  return typeof items === 'object' && !Array.isArray(items) ? (items as SchemaNode) : undefined;
}

function typeOf(node: SchemaNode): string {
  if (node['x-secret'] === true) return '[secret](#secrets)';
  if (node['x-line'] !== undefined) return '[line](#lines)';
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
  const whole = node['x-secret'] === true || node['x-line'] !== undefined;
  for (const option of whole ? [] : alternatives(node).filter((one) => one !== node)) {
    for (const [, child] of properties(option)) {
      if (child.const !== undefined) parts.push(`\`${child.const}\`: ${child.description ?? ''}`);
    }
  }
  return parts.join('. ').replaceAll('|', '\\|');
}
