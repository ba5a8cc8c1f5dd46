import { Agent, request } from 'node:http';
import { quantile } from '../scripts/support/quantile.ts';
import { APIS, type CloudApi, signRequest } from '../src/cloud/index.ts';
import { monotonicMs } from '../src/common/index.ts';
import { defaultModelsDir, loadModels } from '../src/vision/models/index.ts';
import { type CloudHouse, portrait, startCloudServer } from './cloud-house.ts';
import type { BenchRow } from './row.ts';
import { bareRun } from './support/bare-run.ts';

const WARM_UP = 20;
const CALLS = 300;
const BARE_RUNS = 200;
const CONNECTIONS = [1, 4];
/** The networks that a call runs, each as often as it stands here. */
const NETWORKS = {
  detect: ['detection', 'landmarks'],
  compare: ['detection', 'landmarks', 'embedding', 'detection', 'landmarks', 'embedding'],
} as const;
type Measured = keyof typeof NETWORKS;

/**
 * Calls of compare and detect against a server in a process of its own, over kept connections on loopback without TLS,
 * each signed and told apart; and ONNX Runtime alone on the networks such a call runs. The picture is a portrait of
 * 480 pixels, as a door would send it.
 */
export async function benchCloudServer(): Promise<BenchRow[]> {
  const bare = await bareTimes();
  const house = await startCloudServer('http');
  try {
    const rows: BenchRow[] = [];
    const picture = (await portrait('ann')).toString('base64');
    const bodies: Readonly<Record<Measured, object>> = {
      detect: { Action: 'DetectFace', ImageData: picture },
      compare: { img1Base64: picture, img2Base64: picture },
    };
    for (const api of ['detect', 'compare'] as const) {
      const alone = bare[api];
      rows.push(
        told(`cloud.${api}.networks.p50`, alone, 'ms', `ONNX Runtime alone, the networks of one ${api}`),
      );
      for (const connections of CONNECTIONS) {
        const { times, seconds } = await load(house, api, bodies[api], connections);
        const name = `cloud.${api}.${connections}`;
        const what = `${api} over ${connections} connection${connections === 1 ? '' : 's'}, ${CALLS} calls`;
        rows.push(
          told(`${name}.rate`, CALLS / seconds, '/s', `calls a second, ${what}`),
          told(`${name}.p50`, quantile(times, 0.5), 'ms', `median, ${what}`),
          told(`${name}.p99`, quantile(times, 0.99), 'ms', `99th percentile, ${what}`),
          told(
            `${name}.ratio`,
            (1000 * seconds) / CALLS / alone,
            '',
            `time a call takes of the server over its networks alone, ${what}`,
          ),
        );
      }
    }
    return rows;
  } finally {
    await house.stop();
  }
}

function told(id: string, value: number, unit: string, what: string): BenchRow {
  return { id, value, unit, bound: null, holds: true, what };
}

async function load(
  house: CloudHouse,
  api: Measured,
  body: object,
  connections: number,
): Promise<{ times: number[]; seconds: number }> {
  const bytes = Buffer.from(JSON.stringify(body));
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const run = async (count: number): Promise<void> => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) times.push(await timed(() => call(house, api, bytes, agent)));
    };
    await Promise.all(Array.from({ length: connections }, worker));
  };
  await run(WARM_UP);
  times.length = 0;
  const seconds = (await timed(() => run(CALLS))) / 1000;
  agent.destroy();
  return { times, seconds };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = monotonicMs();
  await run();
  return monotonicMs() - begun;
}

function call({ port, app }: CloudHouse, api: CloudApi, body: Buffer, agent: Agent): Promise<void> {
  const { path, version } = APIS[api];
  const headers = {
    ...signRequest({ ...app, body, now: new Date() }).headers,
    'content-type': 'application/json',
    'content-length': body.length,
    appkey: app.appKey,
    ...(version !== null && { version }),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if (text.includes('"statusCode":0')) resolve();
        else reject(new Error(`${api} failed: ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Median milliseconds of ONNX Runtime alone for the networks of one call, one thread. */
async function bareTimes(): Promise<Record<Measured, number>> {
  const roles = ['detection', 'landmarks', 'embedding'] as const;
  const models = await loadModels({ dir: defaultModelsDir(), roles, threads: 1 });
  const medians = new Map<string, number>();
  for (const role of roles) {
    const run = bareRun(models[role]);
    const times: number[] = [];
    for (let i = -WARM_UP; i < BARE_RUNS; i++) {
      const time = await timed(run);
      if (i >= 0) times.push(time);
    }
    medians.set(role, quantile(times, 0.5));
  }
  const sum = (api: Measured) => NETWORKS[api].reduce((total, role) => total + (medians.get(role) ?? 0), 0);
  return { detect: sum('detect'), compare: sum('compare') };
}
