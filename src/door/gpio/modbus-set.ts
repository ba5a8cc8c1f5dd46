/** Sets a coil: run by the dead man's switch of a gate that has died. Usage: modbus-set JSON */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ModbusBoard } from './modbus-board.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 200;

const TaskSchema = z.strictObject({
  host: z.string(),
  port: z.number(),
  unit: z.number(),
  timeoutMs: z.number(),
  coil: z.number(),
  level: z.union([z.literal(0), z.literal(1)]),
});

const { coil, level, ...address } = TaskSchema.parse(JSON.parse(process.argv[2] ?? ''));
const board = new ModbusBoard(address);
for (let attempt = 1; ; attempt += 1) {
  try {
    await board.write(coil, level);
    break;
  } catch (error) {
    if (attempt === ATTEMPTS) throw error;
    await sleep(PAUSE_MS);
  }
}
board.close();
