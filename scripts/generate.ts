/** `npm run generate`: writes the files that are made from the source. A test fails when one is out of date. */
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../src/cloud-server/index.ts';
import { configJsonSchema, configReference } from '../src/config/index.ts';
import { asyncApiDocument } from './asyncapi/document.ts';
import { mqttPage } from './asyncapi/page.ts';
import { cloudErrorsPage } from './cloud-errors-page.ts';
import { commandsPage } from './commands-page.ts';
import { errorsPage } from './errors-page.ts';
import { kernelModule, rowKernelModule, samplingModule } from './kernel.ts';

export const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  'config/menshen.schema.json': () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  'docs/reference/config.md': configReference,
  'docs/reference/cloud-openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs/reference/asyncapi.json': () => `${JSON.stringify(asyncApiDocument(), null, 2)}\n`,
  'docs/reference/mqtt.md': mqttPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/cloud-errors.md': cloudErrorsPage,
  'src/gallery/kernel.ts': kernelModule,
  'src/gallery/row-kernel.ts': rowKernelModule,
  'src/vision/kernel.ts': samplingModule,
  'docs/reference/commands.md': commandsPage,
};

if (process.argv[1] === import.meta.filename) {
  for (const [path, make] of Object.entries(GENERATED)) {
    writeFileSync(new URL(`../${path}`, import.meta.url), await make());
    console.log(path);
  }
}
