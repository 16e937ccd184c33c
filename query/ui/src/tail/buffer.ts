import type { Entry } from "../api/types";

/** Entries that arrived live, newest first, within bounds. */
export interface TailBuffer {
  shown: Entry[];
  /** Arrived while the reader had scrolled away. */
  waiting: Entry[];
  /** Let go by the server because this page read too slowly. */
  dropped: number;
  /** Arrived since the last search, whether still kept or not. */
  arrived: number;
}

export const EMPTY_BUFFER: TailBuffer = { shown: [], waiting: [], dropped: 0, arrived: 0 };

/** Entries that are kept, shown and waiting each; the oldest go first. They stay findable by a search. */
export const TAIL_LIMIT = 5000;

/** `batch` in the order of arrival. Entries in `known` are on the page already. */
export function arrive(
  buffer: TailBuffer,
  batch: Entry[],
  paused: boolean,
  known: ReadonlySet<string>,
  limit = TAIL_LIMIT,
): TailBuffer {
  const here = new Set([...buffer.shown, ...buffer.waiting].map((entry) => entry.id));
  const fresh: Entry[] = [];
  for (const entry of batch) {
    if (known.has(entry.id) || here.has(entry.id)) continue;
    here.add(entry.id);
    fresh.push(entry);
  }
  if (!fresh.length) return buffer;
  fresh.reverse();
  const arrived = buffer.arrived + fresh.length;
  return paused
    ? { ...buffer, arrived, waiting: fresh.concat(buffer.waiting).slice(0, limit) }
    : { ...buffer, arrived, shown: fresh.concat(buffer.waiting, buffer.shown).slice(0, limit), waiting: [] };
}

/** Shows what waits. */
export function release(buffer: TailBuffer, limit = TAIL_LIMIT): TailBuffer {
  if (!buffer.waiting.length) return buffer;
  return { ...buffer, shown: buffer.waiting.concat(buffer.shown).slice(0, limit), waiting: [] };
}

/** Takes away what a new search has brought as well. */
export function withoutKnown(buffer: TailBuffer, known: ReadonlySet<string>): TailBuffer {
  const keep = (entry: Entry) => !known.has(entry.id);
  const shown = buffer.shown.filter(keep);
  const waiting = buffer.waiting.filter(keep);
  const taken = buffer.shown.length + buffer.waiting.length - shown.length - waiting.length;
  return taken ? { ...buffer, shown, waiting, arrived: buffer.arrived - taken } : buffer;
}
