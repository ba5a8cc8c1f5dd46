/** The six services: each checks the body in clear, has it judged, and words the answer as section 6.3 does. */
import type { CloudApi } from '../../cloud/index.ts';
import { actionLivenessService } from './action-liveness.ts';
import { compareService } from './compare.ts';
import { detectService } from './detect.ts';
import { attributesService, silentLivenessService } from './one-picture.ts';
import { realNameService } from './real-name.ts';
import type { Service } from './service.ts';

export type { Service, Tools } from './service.ts';

export const SERVICES: Readonly<Record<CloudApi, Service>> = {
  detect: detectService,
  attributes: attributesService,
  compare: compareService,
  silentLiveness: silentLivenessService,
  realName: realNameService,
  actionLiveness: actionLivenessService,
};
