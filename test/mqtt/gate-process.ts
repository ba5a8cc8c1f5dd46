/** Run by spawnGate: a journal and a link in a process that a test can kill. Arguments: URL, data directory, count. */
import { createLogger } from '../../src/common/index.ts';
import { Journal } from '../../src/journal/index.ts';
import { MqttLink } from '../../src/mqtt/index.ts';

const [url = '', dataDir = '', count = '0'] = process.argv.slice(2);
const log = createLogger('gate-process', 'silent');
const journal = Journal.open({ dataDir, gate: 'gate1', log });
const config = { url, topic: 'menshen', keepaliveS: 30, sessionExpiryS: 3600, replayPerSecond: 50 };
const link = new MqttLink({
  config,
  gate: 'gate1',
  journal,
  log,
  version: '9.9.9',
  reconnect: { minMs: 50, maxMs: 200 },
});
link.start();
for (let n = 0; n < Number(count); n++) {
  journal.append({ type: 'access.denied', data: { n } });
}
setInterval(() => {}, 1000);
