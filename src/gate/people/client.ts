import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ERRORS, type ErrorCode, MenshenError } from '../../common/index.ts';
import { type PeopleAnswer, PeopleAnswerSchema, type PeopleRequest } from './protocol.ts';

/** Time for a photo on a slow board: networks are opened, a picture of 20 megapixels is decoded and judged. */
const LIMIT_MS = 60_000;
const MAX_ANSWER_BYTES = 100_000;
/** No secrets of the gate's environment for a process that decodes pictures. */
const ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './process.js', import.meta.url);

/** One change of the people after the other: two would wait for each other in the database anyway. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Has a change of the people made by the process for it. `photo`: the picture that it is about, in one piece or several.
 * @throws MenshenError what enrolling throws (ENROLL_..., PICTURE_..., PERSON_...); COMMAND_UNAVAILABLE when the
 * process does not come to an end
 */
export function changePeople(
  request: PeopleRequest,
  photo: readonly Uint8Array[] = [],
): Promise<Extract<PeopleAnswer, { ok: true }>> {
  const turn = last.then(() => run(request, photo));
  last = turn.catch(() => {});
  return turn;
}

async function run(
  request: PeopleRequest,
  photo: readonly Uint8Array[],
): Promise<Extract<PeopleAnswer, { ok: true }>> {
  const answer = parse(await talk([`${JSON.stringify(request)}\n`, ...photo]));
  if (answer.ok) return answer;
  const code = isErrorCode(answer.code) ? answer.code : 'INTERNAL';
  throw new MenshenError(code, answer.message);
}

function talk(request: readonly (string | Uint8Array)[]): Promise<string> {
  const loader = ENTRY.pathname.endsWith('.ts')
    ? ['--import', createRequire(import.meta.url).resolve('tsx')]
    : [];
  const env: NodeJS.ProcessEnv = {};
  for (const name of ENVIRONMENT) if (process.env[name] !== undefined) env[name] = process.env[name];
  const child = spawn(process.execPath, [...loader, fileURLToPath(ENTRY)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    if (answer.length > MAX_ANSWER_BYTES) child.kill('SIGKILL');
  });
  child.stdin.on('error', () => {});
  for (const piece of request) child.stdin.write(piece);
  child.stdin.end();
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(unavailable(error.message)));
    child.once('close', (code, signal) =>
      code === 0 ? resolve(answer) : reject(unavailable(`it ended by ${signal ?? `exit code ${code}`}`)),
    );
  });
}

function parse(text: string): PeopleAnswer {
  try {
    return PeopleAnswerSchema.parse(JSON.parse(text));
  } catch {
    throw unavailable('it gave no answer');
  }
}

function unavailable(why: string): MenshenError {
  return new MenshenError('COMMAND_UNAVAILABLE', `the process that changes people: ${why}`);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
