import { monitorEventLoopDelay } from 'node:perf_hooks';
import { COMMANDS } from '../../commands/index.ts';
import { jsonOf, MenshenError } from '../../common/index.ts';
import { redactConfig } from '../../config/index.ts';
import { beginTrial, stageChange } from './config-change.ts';
import { diagnostics } from './diagnostics.ts';
import type { CommandParts } from './parts.ts';
import { AnswerLater, bind } from './runner.ts';

const DELAY_RESOLUTION_MS = 20;
const SNAPSHOT_MS = 8000;

export function gateHandlers(parts: CommandParts) {
  const loop = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  loop.enable();
  const loopDelay = () => {
    const ms = Math.max(0, loop.max / 1e6 - DELAY_RESOLUTION_MS);
    loop.reset();
    return Math.round(ms * 10) / 10;
  };
  return {
    'config.get': bind(COMMANDS['config.get'], () => ({
      version: parts.loaded.sha256,
      config: jsonOf(redactConfig(parts.loaded.config)),
    })),
    'config.set': bind(COMMANDS['config.set'], async (params, { command, progress }) => {
      const staged = await stageChange(parts.loaded, params);
      await beginTrial(staged);
      progress(`the change is sound; it is tried for up to ${params.trialS} s`);
      parts.restart({ kind: 'trial', command, staged, trialS: params.trialS });
      throw new AnswerLater();
    }),
    'gate.restart': bind(COMMANDS['gate.restart'], (_, { command, progress }) => {
      progress('the gate ends and starts again');
      parts.restart({ kind: 'restart', command });
      throw new AnswerLater();
    }),
    'gate.log': bind(COMMANDS['gate.log'], ({ level }) => ({ before: parts.setLogLevel(level) })),
    'gate.snapshot': bind(COMMANDS['gate.snapshot'], async ({ camera }) => {
      const host = parts.hosts.get(camera);
      if (host === undefined) {
        throw new MenshenError('COMMAND_NO_SUCH_PART', `there is no camera "${camera}" at work`);
      }
      const picture = await host.snapshot(SNAPSHOT_MS);
      if (picture === null) {
        throw new MenshenError('COMMAND_UNAVAILABLE', `camera "${camera}" gives no picture at present`);
      }
      const { width, height, jpeg } = picture;
      return { camera, width, height, jpeg: Buffer.from(jpeg).toString('base64') };
    }),
    'gate.diagnostics': bind(COMMANDS['gate.diagnostics'], (_, { command }) =>
      diagnostics(parts, command, loopDelay()),
    ),
    'cloud.quota': bind(COMMANDS['cloud.quota'], async () => {
      const state = await parts.cloud?.state();
      if (!state || state.apis.length === 0) {
        throw new MenshenError('COMMAND_UNAVAILABLE', 'no cloud is configured, or its ledger cannot be read');
      }
      const apis = state.apis.map(({ api, today, remaining, size, forecastDays }) => ({
        api,
        today,
        remaining,
        size,
        forecastDays,
      }));
      return { apis };
    }),
    'journal.range': bind(COMMANDS['journal.range'], async ({ after, limit }) => {
      const events = await parts.records.range(after, limit);
      return { events: events.map(jsonOf), next: events.at(-1)?.seq ?? null };
    }),
  };
}
