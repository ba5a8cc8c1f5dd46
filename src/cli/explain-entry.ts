import { type CredentialRecord, type EntryRecord, REASONS } from '../access/index.ts';

/** Characters of the first column. */
const LABEL = 13;

/** What the rules of entry looked at and what they found, for a person. */
export function explainEntry({ input, verdict }: EntryRecord): string[] {
  const { presented, held, entering, leaving, last, lockdown, interlock } = input;
  const whose =
    presented.person === null ? 'nobody' : `${presented.person.name}, ${groupsOf(presented.person)}`;
  const zones = [leaving, entering].filter((zone) => zone !== null);
  const place = last === null ? 'unknown' : `"${last.zone}" for ${seconds(last.agoMs)}`;
  return [
    line('Entry', `${verdict.verdict}, "${verdict.rule}": ${verdict.detail}`),
    line('Presented', `${presented.kind} of ${whose}; door "${input.door}", ${input.direction}`),
    ...held.map(({ kind, person, agoMs }) => line('Held', `${kind} of ${person.name} for ${seconds(agoMs)}`)),
    ...(verdict.wants.length === 0 ? [] : [line('Wanted', verdict.wants.join(' or '))]),
    line('Schedules', schedulesOf(input.schedules)),
    ...zones.map(({ id, people, maxPeople }) =>
      line('Zone', `"${id}" holds ${people}${maxPeople === null ? '' : ` of at most ${maxPeople}`} people`),
    ),
    ...(zones.length === 0 ? [] : [line('Was in', place)]),
    ...(lockdown === null ? [] : [line('Lockdown', `all but ${lockdown.exempt.join(', ') || 'nobody'}`)]),
    ...(interlock === null ? [] : [line('Interlock', `door "${interlock}" is open`)]),
    ...(verdict.violation === null ? [] : [line('Noted', verdict.violation)]),
  ];
}

/** A decision about a card, a PIN or a pass, for a person. */
export function explainCredential(record: CredentialRecord): string[] {
  const { outcome, reason, rule, detail, person, reader, shown, versions } = record;
  return [
    line('Decision', `${outcome}, ${reason}: ${REASONS[reason]}`),
    line('Rule', `"${rule}": ${detail}`),
    line('Person', person === null ? 'nobody' : `${person.name} (${person.id})`),
    line('Read by', `${reader ?? 'nothing: a wait came to its end'}${shown === null ? '' : `, ${shown}`}`),
    '',
    ...explainEntry(record.entry),
    '',
    line(
      'Versions',
      `Menshen ${versions.software}, configuration ${versions.config}, rules ${record.entry.input.rules}`,
    ),
  ];
}

function groupsOf({ groups }: { readonly groups: readonly string[] }): string {
  return groups.length === 0 ? 'of no group' : `of ${groups.join(', ')}`;
}

function schedulesOf(schedules: EntryRecord['input']['schedules']): string {
  return Object.entries(schedules)
    .map(([name, holds]) => `${name} ${holds ? 'holds' : 'does not hold'}`)
    .join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}
