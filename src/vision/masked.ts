import type { AlignedSampler } from './aligned-sampler.ts';
import { Embedder } from './embedding.ts';
import { LandmarkFinder } from './landmarks.ts';
import { MaskDetector } from './mask.ts';
import { loadModelIfAny } from './models/index.ts';
import { Network } from './network.ts';
import type { ModelRef } from './types.ts';

/** The networks for masked faces; a catalogue may lack any of them. */
export interface MaskedNetworks {
  readonly mask: Network | null;
  readonly landmarks: Network | null;
  readonly embedding: Network | null;
}

/** Opens them. Throws as `loadModels` does. */
export async function openMasked(dir: string, threads: number): Promise<MaskedNetworks> {
  const open = async (role: 'mask' | 'masked-landmarks' | 'masked-embedding'): Promise<Network | null> => {
    const model = await loadModelIfAny({ dir, role, threads });
    return model === null ? null : new Network(model);
  };
  return {
    mask: await open('mask'),
    landmarks: await open('masked-landmarks'),
    embedding: await open('masked-embedding'),
  };
}

/** What finds, measures and recognises faces that wear a mask. */
export class MaskedFaces {
  readonly detector: MaskDetector | null;
  /** Finds the points beneath a mask. */
  readonly finder: LandmarkFinder | null;
  /** Null also where the network shares the space of another embedding than the one in use (`space`). */
  readonly embedder: Embedder | null;
  readonly #networks: MaskedNetworks;

  constructor(networks: MaskedNetworks, space: ModelRef, sampler: AlignedSampler) {
    const { mask, landmarks, embedding } = networks;
    this.#networks = networks;
    this.detector = mask === null ? null : new MaskDetector(mask);
    this.finder = landmarks === null ? null : new LandmarkFinder(landmarks);
    this.embedder =
      embedding === null || embedding.entry.space !== space.id ? null : new Embedder(embedding, sampler);
  }

  /** Which weights are in use. */
  get models(): { mask?: ModelRef; maskedLandmarks?: ModelRef; maskedEmbedding?: ModelRef } {
    return {
      ...(this.detector === null ? {} : { mask: this.detector.network.ref }),
      ...(this.finder === null ? {} : { maskedLandmarks: this.finder.network.ref }),
      ...(this.embedder === null ? {} : { maskedEmbedding: this.embedder.network.ref }),
    };
  }

  async close(): Promise<void> {
    for (const network of Object.values(this.#networks)) await network?.close();
  }
}
