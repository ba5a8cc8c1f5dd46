import type { AddressInfo } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { type Logger, MenshenError, messageOf } from '../common/index.ts';
import { defaultModelsDir } from '../vision/models/index.ts';
import { BodyBudget } from './body.ts';
import { Calls } from './call.ts';
import { readCompareCurve } from './compare-curve.ts';
import { Gateway } from './gateway.ts';
import { BODIES, serve } from './http.ts';
import { InferencePool } from './inference/pool.ts';
import { Metrics } from './metrics.ts';
import { checkRequirements } from './requirements.ts';
import { CloudStore } from './store/index.ts';
import { readTls, type TlsFiles } from './tls.ts';

export interface CloudServerOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Null: plain HTTP, on a loopback address only. */
  readonly tls: TlsFiles | null;
  /** Where /metrics is served; a loopback address. Null: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Default: the one that ships with Menshen. */
  readonly modelsDir?: string;
  /** Inference processes; one by default. */
  readonly processes?: number;
  /** Calls that may wait for one. */
  readonly queue?: number;
  /** Left and right in clips are as in a mirror. */
  readonly mirroredClips?: boolean;
  /** Milliseconds in which a whole request must have come. */
  readonly requestMs?: number;
}

interface Running {
  readonly store: CloudStore;
  readonly pool: InferencePool;
  readonly app: FastifyInstance;
  readonly metrics: FastifyInstance | null;
}

/** The six services, served by our own models: a private deployment. */
export class CloudServer {
  readonly #parts: Running;

  private constructor(parts: Running) {
    this.#parts = parts;
  }

  /** Resolves when calls are taken. Throws CLOUD_SERVER_UNUSABLE, CLOUD_SERVER_STORE_UNUSABLE, KEY_*, MODEL*. */
  static async start(options: CloudServerOptions): Promise<CloudServer> {
    const { dataDir, log, modelsDir = defaultModelsDir() } = options;
    checkHosts(options);
    checkRequirements();
    const tls = options.tls === null ? null : readTls(options.tls);
    const opened: (() => unknown)[] = [];
    try {
      const store = CloudStore.open(dataDir);
      opened.push(() => store.close());
      const gateway = new Gateway(store);
      const curve = await readCompareCurve(modelsDir);
      const pool = await InferencePool.start({
        processes: options.processes ?? 1,
        queue: options.queue ?? 32,
        modelsDir,
        mirroredClips: options.mirroredClips ?? false,
        log,
      });
      opened.push(() => pool.close());
      const budget = new BodyBudget(BODIES);
      const metrics = new Metrics(pool, budget);
      const tools = { pool, register: store.register, curve, now: () => new Date() };
      const calls = new Calls({ gateway, store, tools, metrics, log });
      const app = await listen(
        serve({
          log,
          tls,
          gateway,
          calls,
          budget,
          ...(options.requestMs !== undefined && { requestMs: options.requestMs }),
        }),
        options.host,
        options.port,
      );
      opened.push(() => app.close());
      const page = options.metrics === null ? null : await listenForMetrics(metrics, options.metrics);
      return new CloudServer({ store, pool, app, metrics: page });
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  /** The port in use. */
  get port(): number {
    return portOf(this.#parts.app);
  }

  get metricsPort(): number | null {
    return this.#parts.metrics === null ? null : portOf(this.#parts.metrics);
  }

  /** Applications, packages, counts and register of this server. */
  get store(): CloudStore {
    return this.#parts.store;
  }

  /** Process ids of the inference processes. */
  get pids(): readonly number[] {
    return this.#parts.pool.pids;
  }

  /** Answers what is under way, and ends. */
  async stop(): Promise<void> {
    const { app, metrics, pool, store } = this.#parts;
    await app.close();
    await metrics?.close();
    await pool.close();
    store.close();
  }
}

/** Without TLS pictures and keys would cross the network in the clear. */
function checkHosts({ tls, host, metrics }: CloudServerOptions): void {
  const refuse = (what: string) => new MenshenError('CLOUD_SERVER_UNUSABLE', what);
  if (tls === null && !isLoopback(host)) {
    throw refuse(
      `Plain HTTP is served on loopback addresses only, and ${host} is none. Give --cert and --key, or --self-signed.`,
    );
  }
  if (metrics !== null && !isLoopback(metrics.host)) {
    throw refuse(`/metrics is served on loopback addresses only, and ${metrics.host} is none.`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

async function listenForMetrics(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<FastifyInstance> {
  const app = fastify();
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return listen(app, host, port);
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<FastifyInstance> {
  try {
    await app.listen({ host, port });
    return app;
  } catch (error) {
    await app.close();
    throw new MenshenError(
      'CLOUD_SERVER_UNUSABLE',
      `${host}:${port} cannot be listened on: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function portOf(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
