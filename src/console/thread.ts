/** The thread that serves the page: whoever floods it with requests holds up nobody at a door. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../common/index.ts';
import type { ConsoleSettings, FromConsole, ToConsole } from './protocol.ts';
import { ConsoleServer } from './server.ts';

const { host, port, doors }: ConsoleSettings = workerData;
const server = new ConsoleServer(doors);
const tell = (message: FromConsole): void => parentPort?.postMessage(message);

parentPort?.on('message', (message: ToConsole) => {
  if (message.kind === 'prompt') server.show(message.prompt);
  else void server.close().finally(() => parentPort?.close());
});

server.listen(host, port).then(
  (bound) => tell({ kind: 'listening', port: bound }),
  (error: unknown) => {
    tell({ kind: 'failed', why: messageOf(error) });
    parentPort?.close();
  },
);
