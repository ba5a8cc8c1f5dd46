import type { CloudApi, QuotaWarning } from '../cloud/index.ts';
import type { ErrorCode } from '../common/index.ts';
import type { EventInput } from '../journal/index.ts';
import type { CloudListener } from './cloud-calls.ts';

/** What happens at the cloud, as events of the journal. */
export class CloudEvents implements CloudListener {
  readonly #record: (event: EventInput) => void;

  constructor(record: (event: EventInput) => void) {
    this.#record = record;
  }

  up(): void {
    this.#record({ type: 'cloud.up', data: {} });
  }

  down({ code, message }: { readonly code: ErrorCode; readonly message: string }): void {
    this.#record({ type: 'cloud.down', data: { code, message } });
  }

  quota({ api, remaining, size, threshold, forecastDays }: QuotaWarning): void {
    this.#record({ type: 'cloud.quota_low', data: { api, remaining, size, threshold, forecastDays } });
  }

  cap(api: CloudApi, cap: number): void {
    this.#record({ type: 'cloud.cap_reached', data: { api, cap } });
  }

  skew(skewMs: number, drifted: boolean): void {
    this.#record({ type: 'cloud.clock_skew', data: { skewMs, drifted } });
  }
}
