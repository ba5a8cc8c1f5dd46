import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CloudApi } from '../cloud/index.ts';
import type { BodyBudget } from './body.ts';
import type { InferencePool } from './inference/pool.ts';

/** The figures of a cloud server for Prometheus. Nothing in them tells an application or a person. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls: Counter<'api' | 'code'>;
  readonly #seconds: Histogram<'api'>;

  constructor(pool: InferencePool, budget: BodyBudget) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#calls = new Counter({
      name: 'menshen_cloud_calls_total',
      help: 'Calls answered, by API and by code (0: success)',
      labelNames: ['api', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'menshen_cloud_call_seconds',
      help: 'From the end of the request to the answer',
      labelNames: ['api'],
      buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    });
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge('menshen_cloud_waiting', 'Calls that wait for an inference process', () => pool.load.waiting);
    gauge('menshen_cloud_working', 'Calls in the inference processes', () => pool.load.working);
    gauge('menshen_cloud_processes', 'Inference processes that run', () => pool.pids.length);
    gauge('menshen_cloud_body_bytes', 'Bytes of request bodies held', () => budget.held);
  }

  count(api: CloudApi | 'none', code: string, milliseconds: number): void {
    this.#calls.inc({ api, code });
    this.#seconds.observe({ api }, milliseconds / 1000);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
