/**
 * The demo: a real RTSP camera on loopback, a real broker, the daemon, two people enrolled, and four scenes
 * before the door. Exits 0 only if each of them ended as it must. `--keep` goes on until interrupted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMBERS, SCENES } from './cast.ts';
import { makeFilm } from './film.ts';
import { Ledger, type Verdict } from './ledger.ts';
import { bold, cyan, dim, green, red, say, table, yellow } from './screen.ts';
import { enrol, PASSWORD, startDaemon, startStage, USER } from './stage-hands.ts';
import { measureStreamDelay } from './timing.ts';

/** Time for all scenes: two rounds of the film, and the start of everything. */
const PATIENCE_MS = 110_000;

const keep = process.argv.includes('--keep');
const folder = mkdtempSync(join(tmpdir(), 'menshen-demo-'));
const cleanUp: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];

async function main(): Promise<number> {
  console.log(bold('\nMenshen demo: two people are enrolled; four scenes play before the camera\n'));
  const film = await makeFilm(progress());
  const stage = await startStage(folder, film.file, cleanUp);
  say(`camera   ${cyan(stage.camera.url)}   broker   ${cyan(stage.broker.url)}`);
  for (const member of MEMBERS) {
    say(`enrolled ${bold(member.name)} ${dim(await enrol(folder, member))}`);
  }
  const delay = await measureStreamDelay(
    { url: stage.camera.url, username: USER, password: PASSWORD },
    stage.cameraLog,
  );
  say(
    `the stream itself takes ${delay.delivered.toFixed(0)} ms from camera to decoded picture ${dim('(timecode in the picture)')}`,
  );

  const ledger = new Ledger(stage.cameraLog, delay.capture);
  const done = new Promise<void>((resolve) => {
    stage.subscriber.on('message', (topic, payload) => {
      if (topic.includes('/events/')) {
        tell(ledger.take(payload.toString()));
      }
      if (!keep && ledger.complete()) {
        // The last verdict's door events, and a second verdict in the same scene, are still to come.
        setTimeout(resolve, 2500);
      }
    });
    setTimeout(resolve, keep ? 2 ** 31 - 1 : PATIENCE_MS);
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  const daemon = await startDaemon(folder);
  cleanUp.push(() => daemon.stop());
  let closing = false;
  const ended = daemon.ended.then((how) => {
    if (!closing) {
      say(red(`the daemon ended too early: ${how}`));
    }
  });
  await Promise.race([done, ended]);
  closing = true;
  stage.subscriber.removeAllListeners('message');
  return summary(ledger);
}

function progress(): (frames: number, of: number) => void {
  let told = 0;
  return (frames, of) => {
    const quarter = Math.floor((4 * frames) / of);
    if (quarter > told) {
      told = quarter;
      say(dim(`making the film: ${quarter * 25} %`));
    }
  };
}

function tell({ event, verdict }: ReturnType<Ledger['take']>): void {
  if (event.type === 'access.granted' || event.type === 'access.denied') {
    if (verdict !== null) {
      tellVerdict(verdict);
    }
    return;
  }
  const latency =
    verdict?.relayMs == null ? '' : bold(`  ${verdict.relayMs.toFixed(0)} ms from camera to relay`);
  const alarm = event.type.includes('forced') || event.type.includes('held') || event.type.includes('fault');
  const code = typeof event.data.code === 'string' ? ` ${event.data.code}` : '';
  say(`${alarm ? red(event.type) : dim(event.type)}${code}${latency}`);
}

function tellVerdict({ scene, record }: Verdict): void {
  const mark = record.outcome === 'grant' ? green('GRANT') : red('DENY ');
  const best = record.candidates.best;
  const live = record.liveness === null ? '' : `  liveness ${record.liveness.fused.toFixed(2)}`;
  // The best candidate of a denial is evidence, no identity: only its score is shown.
  const score = best === null ? '' : `  best score ${best.score.toFixed(2)}`;
  const who = record.person === null ? '' : `  ${bold(record.person.name)}`;
  say(`${yellow(SCENES[scene].title)}: ${mark} ${record.reason}${who}${live}${score}  ${dim(record.detail)}`);
}

function summary(ledger: Ledger): number {
  const rows = SCENES.map((scene, n) => {
    const here = ledger.verdicts.filter((verdict) => verdict.scene === n);
    const said = [
      ...new Set(
        here.map(({ record }) => `${record.outcome} ${record.reason} ${record.person?.name ?? ''}`.trim()),
      ),
    ];
    const relay = here.flatMap(({ relayMs }) => (relayMs === null ? [] : [`${relayMs.toFixed(0)} ms`]));
    const expected = `${scene.expect.outcome} ${scene.expect.reason} ${scene.expect.person ?? ''}`.trim();
    return [
      scene.title,
      expected,
      said.join(', ') || 'nothing',
      relay.join(', ') || '-',
      ledger.holds(n) ? 'as expected' : 'WRONG',
    ];
  });
  console.log(`\n${table([['scene', 'expected', 'decided', 'camera to relay', 'result'], ...rows])}\n`);
  const right = SCENES.every((_, n) => ledger.holds(n));
  console.log(
    right ? green('All four scenes ended as they must.\n') : red('Not every scene ended as it must.\n'),
  );
  return right ? 0 : 1;
}

let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(red(`the demo failed: ${error instanceof Error ? error.message : String(error)}`));
} finally {
  for (const step of cleanUp.reverse()) {
    await step();
  }
}
process.exit(code);
