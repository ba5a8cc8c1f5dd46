import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { MqttSchema } from '../../src/config/schema/mqtt.ts';
import { Line } from '../../src/mqtt/index.ts';
import { startMosquitto } from '../support/mosquitto.ts';

it('takes messages at its pace: what has QoS 1 waits and comes, of a flood with QoS 0 the surplus is dropped', async () => {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  const client = await connectAsync(broker.url);
  onTestFinished(() => client.endAsync());
  const seen: string[] = [];
  const line = new Line({
    config: { ...MqttSchema.parse({ url: broker.url }), password: undefined },
    clientId: 'line',
    log: createLogger('test', 'silent'),
    incoming: { burst: 10, perSecond: 40 },
    onUp: () => line.subscribe(['flood/+', 'ready']),
    onDown: () => {},
    onMessage: ({ topic }) => void seen.push(topic),
  });
  line.start();
  onTestFinished(() => line.stop());
  await client.publishAsync('ready', 'x', { qos: 1, retain: true });
  await expect.poll(() => seen, { timeout: 10_000 }).toContain('ready');
  const since = monotonicMs();
  await Promise.all(
    Array.from({ length: 50 }, (_, at) => client.publishAsync(`flood/${at}`, 'x', { qos: 1 })),
  );
  await expect.poll(() => new Set(seen).size, { timeout: 20_000 }).toBe(51);
  // Beyond the burst, and what has come back to it since, one in 25 ms.
  expect(monotonicMs() - since).toBeGreaterThan(900);
  seen.length = 0;
  await Promise.all(Array.from({ length: 2000 }, () => client.publishAsync('flood/0', 'x', { qos: 0 })));
  await client.publishAsync('flood/last', 'x', { qos: 1 });
  await expect.poll(() => seen, { timeout: 20_000 }).toContain('flood/last');
  expect(seen.length).toBeLessThan(1500);
});
