import type { DoorSettings } from '../settings.ts';
import type { DoorEvent, DoorFault, FaultSource } from '../types.ts';
import type { DoorMemory } from './memory.ts';

type WithoutDoor<E> = E extends unknown ? Omit<E, 'door'> : never;

/** The working copy of one step. */
export class Run {
  memory: DoorMemory;
  readonly events: DoorEvent[] = [];
  readonly now: number;
  readonly settings: DoorSettings;

  constructor(memory: DoorMemory, now: number, settings: DoorSettings) {
    this.memory = memory;
    this.now = now;
    this.settings = settings;
  }

  set(change: Partial<DoorMemory>): void {
    this.memory = { ...this.memory, ...change };
  }

  tell(event: WithoutDoor<DoorEvent>): void {
    this.events.push({ ...event, door: this.settings.door });
  }

  /** Each source has one fault at a time: the first that was told. */
  addFault(fault: DoorFault): void {
    if (this.memory.faults.some(({ source }) => source === fault.source)) return;
    this.set({ faults: [...this.memory.faults, fault] });
    const { code, message } = fault;
    this.tell({ type: 'fault', code, message });
  }

  clearFault(source: FaultSource): void {
    const faults = this.memory.faults.filter((fault) => fault.source !== source);
    if (faults.length === this.memory.faults.length) return;
    this.set({ faults });
    if (faults.length === 0) this.tell({ type: 'fault_cleared' });
  }
}
