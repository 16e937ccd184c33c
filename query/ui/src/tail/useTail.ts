import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api } from "../api/client";
import { isObject, parseJson } from "../api/json";
import type { Entry } from "../api/types";
import { arrive, EMPTY_BUFFER, release, withoutKnown, type TailBuffer } from "./buffer";

export type Connection = "off" | "connecting" | "live" | "reconnecting";

export interface Tail {
  buffer: TailBuffer;
  connection: Connection;
  setPaused: (paused: boolean) => void;
  dismissDropped: () => void;
}

/** Milliseconds between redraws while entries pour in. */
const REDRAW = 200;
const RETRY_FIRST = 1000;
const RETRY_MOST = 15_000;
/** Milliseconds after which a search finds every entry that was acknowledged before. */
export const SEARCHABLE = 1200;

/**
 * Follows new entries. `onReady` is called whenever the stream has (again) begun, and once more when all that came
 * before can be searched: it is a search's to bring. `known` holds the ids which that search brought.
 */
export function useTail(on: boolean, query: string, known: ReadonlySet<string>, onReady: () => void): Tail {
  const [kept, setBuffer] = useState<TailBuffer>(EMPTY_BUFFER);
  // Already in the very render that shows the search's answer: no entry is ever on the page twice.
  const buffer = useMemo(() => withoutKnown(kept, known), [kept, known]);
  const [connection, setConnection] = useState<Connection>("off");
  const paused = useRef(false);
  const knownNow = useRef(known);
  const ready = useRef(onReady);

  useEffect(() => {
    ready.current = onReady;
  }, [onReady]);

  useEffect(() => {
    knownNow.current = known;
    setBuffer((last) => withoutKnown(last, known));
  }, [known]);

  useEffect(() => {
    setBuffer(EMPTY_BUFFER);
    if (!on) {
      setConnection("off");
      return;
    }
    setConnection("connecting");
    let source: EventSource | null = null;
    let retry = RETRY_FIRST;
    let retryTimer: ReturnType<typeof setTimeout> | undefined;
    let drawTimer: ReturnType<typeof setTimeout> | undefined;
    let searchableTimer: ReturnType<typeof setTimeout> | undefined;
    let batch: Entry[] = [];

    const draw = () => {
      drawTimer = undefined;
      const arrived = batch;
      batch = [];
      setBuffer((last) => arrive(last, arrived, paused.current, knownNow.current));
    };

    const connect = () => {
      source?.close();
      source = new EventSource(api.tailUrl(query));
      source.addEventListener("ready", () => {
        retry = RETRY_FIRST;
        setConnection("live");
        ready.current();
        clearTimeout(searchableTimer);
        searchableTimer = setTimeout(() => ready.current(), SEARCHABLE);
      });
      source.addEventListener("entry", (event: MessageEvent<string>) => {
        const entry = parseJson(event.data);
        if (!isObject(entry)) return;
        batch.push(entry as unknown as Entry);
        drawTimer ??= setTimeout(draw, REDRAW);
      });
      source.addEventListener("dropped", (event: MessageEvent<string>) => {
        const notice = parseJson(event.data);
        const count = isObject(notice) && typeof notice.count === "number" ? notice.count : 0;
        setBuffer((last) => ({ ...last, dropped: last.dropped + count }));
      });
      source.addEventListener("error", () => {
        setConnection("reconnecting");
        // The browser retries a lost connection by itself, but not one that was refused.
        source?.close();
        void api.checkSession();
        clearTimeout(searchableTimer);
        clearTimeout(retryTimer);
        retryTimer = setTimeout(connect, retry);
        retry = Math.min(retry * 2, RETRY_MOST);
      });
    };
    connect();

    return () => {
      source?.close();
      clearTimeout(retryTimer);
      clearTimeout(drawTimer);
      clearTimeout(searchableTimer);
    };
  }, [on, query]);

  const setPaused = useCallback((pause: boolean) => {
    if (paused.current === pause) return;
    paused.current = pause;
    if (!pause) setBuffer((last) => release(last));
  }, []);

  const dismissDropped = useCallback(() => setBuffer((last) => ({ ...last, dropped: 0 })), []);

  return { buffer, connection, setPaused, dismissDropped };
}
