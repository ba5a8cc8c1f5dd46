import {
  APIS,
  type CatalogueEntry,
  CLOUD_APIS,
  ENVELOPE_ERRORS,
  GLOBAL_ERRORS,
  IDENTITY_BYTES,
  LOCAL_ERRORS,
  type ManualEntry,
  OTHER_BYTE,
  PORTRAIT_BYTES,
  type ResultByte,
  SERVICE_ERRORS,
} from '../src/cloud/index.ts';

const INTRODUCTION = `# Errors of the cloud

<!-- Written by \`npm run generate\` from src/cloud/catalogue.ts: change the catalogue, not this page. -->

A call to the cloud ends in a result or in one of these codes. *Fault* says where the cause lies: \`input\` (what was
sent), \`face\` (the face in it), \`credentials\` (keys, rights, clock), \`quota\` (the paid calls), \`throttled\` (too many calls
in a short time), \`service\` (the service itself), \`network\` (the way there). *Retry* says whether the same call may
succeed when it is made again later. Menshen itself repeats a call only when the network failed before any answer, within
the call's deadline; an answer is never retried, and after throttling the API rests for a second, as CTYun's manual asks.

Codes of the manual are given with its own words, which a private deployment answers with. The same code can mean
different things for different APIs. An answer is charged, whatever it says; a network failure is not.
`;

const retry = (entry: CatalogueEntry) => (entry.retry ? 'yes' : 'no');

function manualTable(codes: Readonly<Record<string, ManualEntry>>): string {
  const rows = Object.entries(codes).map(([code, entry]) => {
    const words = entry.rows.map(({ message, details }) =>
      details === '' ? message : `${message}: ${details}`,
    );
    return `| \`${code}\` | ${entry.meaning} | ${entry.fault} | ${retry(entry)} | ${words.join('; ')} |`;
  });
  return `| Code | Meaning, and what to do | Fault | Retry | In the manual |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

function byteTable(bytes: Readonly<Record<string, ResultByte>>): string {
  const rows = [...Object.entries(bytes), ['other', OTHER_BYTE] as const].map(
    ([byte, entry]) =>
      `| \`${byte}\` | ${entry.meaning} | ${entry.passed ? 'none' : entry.fault} | ${retry(entry)} | ${entry.said} |`,
  );
  return `| Byte | Meaning | Fault | Retry | In the manual |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

function localTable(): string {
  const rows = Object.entries(LOCAL_ERRORS).map(
    ([code, entry]) => `| \`${code}\` | ${entry.meaning} | ${entry.fault} | ${retry(entry)} |`,
  );
  return `| Code | Meaning, and what to do | Fault | Retry |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** docs/reference/cloud-errors.md: the catalogue of the cloud's errors, one to one. */
export function cloudErrorsPage(): string {
  const services = CLOUD_APIS.map(
    (api) => `## ${api}: ${APIS[api].title} (${APIS[api].section})\n\n${manualTable(SERVICE_ERRORS[api])}`,
  );
  return [
    INTRODUCTION,
    `## Gateway, any API (6.1.3)\n\n${manualTable(GLOBAL_ERRORS)}`,
    `## Encrypted interface, any API (6.2.4)\n\n${manualTable(ENVELOPE_ERRORS)}`,
    ...services,
    `## resStr of real-name authentication\n\nThe first byte judges name and ID number:\n\n${byteTable(IDENTITY_BYTES)}`,
    `The second byte judges the portrait:\n\n${byteTable(PORTRAIT_BYTES)}\nThe third and fourth are to be ignored.\n`,
    `## Of Menshen's own\n\nNo call was made, or no answer that can be used came.\n\n${localTable()}`,
  ].join('\n');
}
