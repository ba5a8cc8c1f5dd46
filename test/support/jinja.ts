import { execFileSync } from 'node:child_process';
import { z } from 'zod';

/** Debian's Python, whose Jinja is the one that Home Assistant's templates are made with. */
const PYTHON = '/usr/bin/python3';
const RENDER = `
import json, sys
from jinja2 import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
environment = ImmutableSandboxedEnvironment(undefined=Undefined)
def render(job):
    value = json.loads(job["payload"])
    return environment.from_string(job["template"]).render(value_json=value, value=job["payload"], this={"state": job["state"]}).strip()
print(json.dumps([render(job) for job in json.load(sys.stdin)]))
`;

export interface Rendering {
  readonly template: string;
  readonly payload: string;
  /** What the entity shows before. */
  readonly state: string;
}

/** Whether Jinja is installed; tests that need it are skipped where it is not. */
export function jinjaInstalled(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import jinja2'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Renders value templates as Home Assistant does: `value_json` is the message, `this.state` what was shown before. */
export function render(jobs: readonly Rendering[]): string[] {
  const output = execFileSync(PYTHON, ['-c', RENDER], { input: JSON.stringify(jobs), encoding: 'utf8' });
  return z.array(z.string()).parse(JSON.parse(output));
}
