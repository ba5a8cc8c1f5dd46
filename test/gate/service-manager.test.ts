import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { ServiceManager } from '../../src/gate/service-manager.ts';

/** Listens as systemd does: a datagram socket, one message a line on stdout. Node has none of this family. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('listening', flush=True)
while True: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)`;

const missing = (() => {
  try {
    execFileSync('systemd-notify', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    console.warn('systemd-notify is not installed: talking to systemd is not tested');
    return true;
  }
})();

describe.skipIf(missing)('the service manager', () => {
  let folder: string;
  let listener: ChildProcess;
  let heard = '';

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'menshen-notify-'));
    const socket = join(folder, 'notify');
    listener = spawn('/usr/bin/python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    listener.stdout?.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    if (listener.stdout !== null) {
      await once(listener.stdout, 'data');
    }
    vi.stubEnv('NOTIFY_SOCKET', socket);
    vi.stubEnv('WATCHDOG_USEC', '200000');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    listener.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells systemd that the gate is up, feeds its watchdog while all is well, and says goodbye', async () => {
    let healthy = true;
    const service = new ServiceManager(createLogger('test', 'silent'));
    service.ready(() => healthy);
    await vi.waitFor(() => expect(heard).toMatch(/READY=1[\s\S]*WATCHDOG=1[\s\S]*WATCHDOG=1/), 5000);
    healthy = false;
    await new Promise((resolve) => setTimeout(resolve, 400));
    const fed = heard.split('WATCHDOG=1').length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(heard.split('WATCHDOG=1')).toHaveLength(fed);
    service.stopping();
    await vi.waitFor(() => expect(heard).toContain('STOPPING=1'), 5000);
  });
});
