import { countOf } from "../ui/format";
import type { Connection } from "./useTail";

const STATES: Record<Exclude<Connection, "off">, string> = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Connection lost, reconnecting…",
};

/** The state of the live tail. */
export function TailState({ connection, paused }: { connection: Connection; paused: boolean }) {
  // What says something new is announced only where it stood before it spoke.
  return (
    <span role="status">
      {connection !== "off" && (
        <span className={`tail-state ${connection}${paused ? " paused" : ""}`}>
          <span className="dot" aria-hidden="true" />{" "}
          {connection === "live" && paused ? "Live, paused" : STATES[connection]}
        </span>
      )}
    </span>
  );
}

export function NewEntriesPill({ waiting, onShow }: { waiting: number; onShow: () => void }) {
  if (!waiting) return null;
  return (
    <button type="button" className="pill" onClick={onShow}>
      ↑ {countOf(waiting, "new entry", "new entries")}
    </button>
  );
}

export function DroppedNotice({ dropped, onDismiss }: { dropped: number; onDismiss: () => void }) {
  if (!dropped) return null;
  return (
    <div className="note warn" role="alert">
      <span className="note-text">
        {countOf(dropped, "entry", "entries")} dropped from the live view, which could not keep up. A search
        finds them.
      </span>
      <button type="button" className="button" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
