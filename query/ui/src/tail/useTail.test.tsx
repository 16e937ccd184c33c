import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useTail } from "./useTail";

/** The stream as the server would open it, driven by hand. */
class FakeSource extends EventTarget {
  static opened: FakeSource[] = [];
  closed = false;

  constructor(readonly url: string) {
    super();
    FakeSource.opened.push(this);
  }

  close() {
    this.closed = true;
  }

  say(event: string, data: unknown = {}) {
    this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(data) }));
  }

  entry(id: string) {
    this.say("entry", { id, receivedAt: "", timestamp: "", message: id });
  }
}

const last = () => FakeSource.opened.at(-1)!;

beforeEach(() => {
  FakeSource.opened = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function follow(query = "level:error") {
  const onReady = vi.fn();
  const known: ReadonlySet<string> = new Set(["known"]);
  const hook = renderHook(({ on, q }) => useTail(on, q, known, onReady), {
    initialProps: { on: true, q: query },
  });
  const drive = (action: () => void) =>
    act(() => {
      action();
      vi.advanceTimersByTime(250);
    });
  const shown = () => hook.result.current.buffer.shown.map(({ id }) => id);
  return { ...hook, onReady, drive, shown };
}

test("connects with the query and shows what arrives, newest first", () => {
  const { result, drive, shown, onReady } = follow();
  expect(new URL(last().url, "http://x").searchParams.get("q")).toBe("level:error");
  expect(result.current.connection).toBe("connecting");
  drive(() => last().say("ready", { from: "2024-01-01T00:00:00Z" }));
  expect(result.current.connection).toBe("live");
  expect(onReady).toHaveBeenCalledTimes(1);
  drive(() => {
    last().entry("a");
    last().entry("known");
    last().entry("b");
  });
  expect(shown()).toEqual(["b", "a"]);
});

test("while paused what arrives waits", () => {
  const { result, drive, shown } = follow();
  drive(() => result.current.setPaused(true));
  drive(() => last().entry("a"));
  expect(shown()).toEqual([]);
  expect(result.current.buffer.waiting).toHaveLength(1);
  drive(() => result.current.setPaused(false));
  expect(shown()).toEqual(["a"]);
});

test("what the server dropped is added up until it is dismissed", () => {
  const { result, drive } = follow();
  drive(() => last().say("dropped", { count: 40 }));
  drive(() => last().say("dropped", { count: 2 }));
  expect(result.current.buffer.dropped).toBe(42);
  drive(() => result.current.dismissDropped());
  expect(result.current.buffer.dropped).toBe(0);
});

test("a lost connection is opened again, ever more slowly, and asks for what was missed", () => {
  const { result, drive, onReady } = follow();
  drive(() => last().say("ready"));
  const first = last();
  drive(() => first.say("error"));
  expect(result.current.connection).toBe("reconnecting");
  expect(first.closed).toBe(true);
  act(() => void vi.advanceTimersByTime(1000));
  expect(FakeSource.opened).toHaveLength(2);
  drive(() => last().say("error"));
  act(() => void vi.advanceTimersByTime(1000));
  expect(FakeSource.opened).toHaveLength(2);
  act(() => void vi.advanceTimersByTime(1000));
  expect(FakeSource.opened).toHaveLength(3);
  drive(() => last().say("ready"));
  expect(result.current.connection).toBe("live");
  expect(onReady).toHaveBeenCalledTimes(2);
});

test("what became searchable only after the stream began is asked for too, once", () => {
  const { drive, onReady } = follow();
  drive(() => last().say("ready"));
  expect(onReady).toHaveBeenCalledTimes(1);
  act(() => void vi.advanceTimersByTime(1000));
  expect(onReady).toHaveBeenCalledTimes(2);
  act(() => void vi.advanceTimersByTime(60_000));
  expect(onReady).toHaveBeenCalledTimes(2);
});

test("a stream that is switched off or lost asks for nothing later", () => {
  const { rerender, drive, onReady } = follow();
  drive(() => last().say("ready"));
  drive(() => last().say("error"));
  act(() => void vi.advanceTimersByTime(5000));
  expect(onReady).toHaveBeenCalledTimes(1);
  drive(() => last().say("ready"));
  rerender({ on: false, q: "level:error" });
  act(() => void vi.advanceTimersByTime(5000));
  expect(onReady).toHaveBeenCalledTimes(2);
});

test("another query begins anew; switching off ends it", () => {
  const { result, rerender, drive, shown } = follow();
  drive(() => last().entry("a"));
  const first = last();
  rerender({ on: true, q: "other" });
  expect(first.closed).toBe(true);
  expect(shown()).toEqual([]);
  rerender({ on: false, q: "other" });
  expect(last().closed).toBe(true);
  expect(result.current.connection).toBe("off");
});

test("what a search brings leaves the tail in the same render", () => {
  const everShown: string[][] = [];
  const { rerender } = renderHook(
    ({ known }) => {
      const tail = useTail(true, "", known, vi.fn());
      everShown.push(tail.buffer.shown.map(({ id }) => id).filter((id) => known.has(id)));
      return tail;
    },
    { initialProps: { known: new Set<string>() } },
  );
  act(() => {
    last().entry("a");
    vi.advanceTimersByTime(250);
  });
  rerender({ known: new Set(["a"]) });
  expect(everShown.flat()).toEqual([]);
});
