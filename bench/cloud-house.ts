import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { CLOUD_APIS } from '../src/cloud/index.ts';
import { CloudStore, type NewApp } from '../src/cloud-server/index.ts';

/** A cloud server in a process of its own. */
export interface CloudHouse {
  readonly port: number;
  readonly app: NewApp;
  /** Certificate that signed the server's own; only with HTTPS. */
  readonly caFile: string;
  stop(): Promise<void>;
}

/** Starts one on loopback, with an application that may call everything often. */
export async function startCloudServer(protocol: 'http' | 'https'): Promise<CloudHouse> {
  const dataDir = mkdtempSync(join(tmpdir(), 'menshen-bench-cloud-'));
  const store = CloudStore.open(dataDir);
  const app = store.apps.add(
    { name: 'bench', apis: CLOUD_APIS, calls: 1e9, validDays: 1, qps: 1000 },
    new Date(),
  );
  store.close();
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const how = protocol === 'http' ? ['--http'] : ['--self-signed'];
  const server = spawn(
    process.execPath,
    ['--import', 'tsx', main, 'cloud', 'serve', ...how, '--listen', '127.0.0.1:0', '--data-dir', dataDir],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  );
  const port = await portOf(server);
  return {
    port,
    app,
    caFile: join(dataDir, 'tls.crt'),
    stop: async () => {
      server.kill('SIGTERM');
      await new Promise((resolve) => server.once('exit', resolve));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function portOf(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const port = /"port":(\d+)/.exec(log)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.once('exit', () => reject(new Error(`The server did not start: ${log}`)));
  });
}

/** Faces of the sample photographs, with half the face's size around; the same woman twice. */
const PORTRAITS = {
  ann: { sample: 3, left: 956, top: 63, width: 462, height: 584 },
  annTilted: { sample: 1, left: 1343, top: 102, width: 470, height: 448 },
} as const;

/** A portrait of 480 pixels, as a door would send it; JPEG. */
export function portrait(who: keyof typeof PORTRAITS): Promise<Buffer> {
  const { sample, ...place } = PORTRAITS[who];
  const photo = fileURLToPath(new URL(`../.cache/demo/sample${sample}.jpg`, import.meta.url));
  return sharp(readFileSync(photo)).extract(place).resize({ height: 480 }).jpeg({ quality: 90 }).toBuffer();
}
