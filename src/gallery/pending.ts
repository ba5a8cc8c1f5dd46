import type { GalleryChange } from './types.ts';

/** Whom changes were taken over of that nobody was told about yet. */
export class PendingChange {
  #added = new Set<string>();
  #updated = new Set<string>();
  #removed = new Set<string>();

  note(kind: keyof GalleryChange, personId: string): void {
    if (kind === 'removed') {
      this.#updated.delete(personId);
      // Added and removed between two looks: nobody ever saw the person.
      if (!this.#added.delete(personId)) this.#removed.add(personId);
    } else if (kind === 'added') {
      if (this.#removed.delete(personId)) this.#updated.add(personId);
      else this.#added.add(personId);
    } else if (!this.#added.has(personId) && !this.#removed.has(personId)) this.#updated.add(personId);
  }

  /** All of it, which is told then; null when there is nothing. */
  take(): GalleryChange | null {
    const [added, updated, removed] = [this.#added, this.#updated, this.#removed];
    if (added.size + updated.size + removed.size === 0) return null;
    this.#added = new Set();
    this.#updated = new Set();
    this.#removed = new Set();
    return { added: [...added], updated: [...updated], removed: [...removed] };
  }
}
