import { readDevicePublicKey } from '../../common/index.ts';
import { type Manifest, openReport, reportTopic, type SiteReport } from '../../site/index.ts';
import type { SiteBook } from './book.ts';
import type { Broker } from './broker.ts';

interface StatusParts {
  readonly book: SiteBook;
  readonly broker: Broker;
  readonly present: Manifest | null;
  /** `mqtt.topic` of the gates. */
  readonly topic: string;
  readonly json: boolean;
}

/** A gate, and its report if its device signed it. */
interface Row {
  readonly gate: string;
  readonly report: SiteReport | null;
  /** Whether it holds what the manifest on the broker says. */
  readonly complete: boolean;
}

/** Prints how far each gate is; the exit status is 1 unless every gate has all. */
export async function showStatus({ book, broker, present, topic, json }: StatusParts): Promise<void> {
  const gates = book.gates();
  const reports = await broker.retained(gates.map(({ id }) => reportTopic(topic, id)));
  const rows = gates.map(({ id, device }): Row => {
    const report = read(reports.get(reportTopic(topic, id)), device, id);
    return { gate: id, report, complete: report !== null && report.root === present?.root };
  });
  const { id: site, version } = book.site;
  if (json) {
    const manifest =
      present === null ? null : { version: present.version, root: present.root, count: present.count };
    console.log(JSON.stringify({ site, version, manifest, gates: rows }, null, 2));
  } else {
    console.log(
      `site ${site}, version ${version}; on the broker: ${present?.version ?? 'none'}, ${present?.count ?? 0} people`,
    );
    if (present !== null && present.version < version) {
      console.log('the broker has an older version than was published: run `menshen site publish`');
    }
    for (const row of rows) for (const line of lines(row)) console.log(line);
  }
  if (rows.some(({ complete }) => !complete)) process.exitCode = 1;
}

function lines({ gate, report, complete }: Row): string[] {
  if (report === null) return [`${gate}: no report that its key has signed`];
  const { state, version, count, pending, faultCount, problem, at, faults } = report;
  const told = complete ? 'has all' : `${state}${problem === null ? '' : ` (${problem})`}`;
  return [
    `${gate}: ${told}, version ${version}, ${count} people, ${pending} to come, ${faultCount} faults, ${at}`,
    ...faults.map(({ id, face, code }) => `  ${id}${face === null ? '' : ` face ${face + 1}`}: ${code}`),
  ];
}

function read(payload: Buffer | undefined, device: string, gate: string): SiteReport | null {
  if (payload === undefined) return null;
  try {
    const report = openReport(payload, readDevicePublicKey(device));
    return report.gate === gate ? report : null;
  } catch {
    return null;
  }
}
